"""The celestial WCS as header cards: cheap enough for planning, nothing rewritten. No astropy.wcs here."""

import math
import re

from astropy.io import fits

LINEAR = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
DISTORTION = re.compile(r"[AB]_\d+_\d+|PV[12]_\d+")
TABLES = re.compile(r"(?:CPDIS|D2IMDIS|CPERR)[12]")
CARDS = re.compile(
    r"(?:CTYPE|CUNIT|CRPIX|CRVAL|CDELT|CROTA)[12]|(?:CD|PC)[12]_[12]|PV[12]_\d+|PS[12]_\d+|LONPOLE|LATPOLE"
    r"|(?:A|B|AP|BP)_(?:ORDER|DMAX|\d+_\d+)|RADESYS|RADECSYS|EQUINOX|MJD-OBS|DATE-OBS|MJD-AVG|DATE-AVG|TIMESYS"
)


def copy_cards(header: fits.Header) -> list[fits.Card]:
    """The cards of the primary WCS and of the date of observation, to the letter, in their order."""
    return [card for card in header.cards if CARDS.fullmatch(card.keyword)]


def shift_origin(header: fits.Header, x0: int, y0: int) -> None:
    """Let the WCS of `header` speak of the image that begins at pixel (x0, y0), 0-based; in place.

    SIP and PV distortions count from CRPIX or from the intermediate plane, so that moving CRPIX is all.
    """
    header["CRPIX1"] -= x0
    header["CRPIX2"] -= y0


def linear_matrix(header: fits.Header) -> list[float]:
    """CD1_1, CD1_2, CD2_1, CD2_2 [deg/pix], whether written as CD, PC times CDELT, or CDELT and CROTA2.

    Greisen & Calabretta (2002), A&A 395, 1061, sections 2 and 6.
    """
    if any(key in header for key in LINEAR):
        return [float(header.get(key, 0.0)) for key in LINEAR]
    steps = [float(header.get(f"CDELT{i}", 1.0)) for i in (1, 2)]
    if "CROTA2" in header and not any(f"PC{i}_{j}" in header for i in (1, 2) for j in (1, 2)):
        cos, sin = math.cos(math.radians(header["CROTA2"])), math.sin(math.radians(header["CROTA2"]))
        return [steps[0] * cos, -steps[1] * sin, steps[0] * sin, steps[1] * cos]
    return [steps[i - 1] * float(header.get(f"PC{i}_{j}", float(i == j))) for i in (1, 2) for j in (1, 2)]


def pixel_scale(header: fits.Header) -> float:
    """Side of a square of the pixel's area at the reference pixel [arcsec]."""
    a, b, c, d = linear_matrix(header)
    return 3600 * math.sqrt(abs(a * d - b * c))


def wcs_terms(header: fits.Header) -> dict[str, float | str]:
    """All that decides where a pixel lies on the sky, in one form for every way of writing it."""
    numbers = {key: float(header.get(key, 0.0)) for key in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")}
    distortion = {key: float(header[key]) for key in header if DISTORTION.fullmatch(key)}
    names = {key: str(header.get(key, "")).strip() for key in ("CTYPE1", "CTYPE2")}
    return names | numbers | dict(zip(LINEAR, linear_matrix(header), strict=True)) | distortion


def wcs_problems(header: fits.Header) -> list[str]:
    """Why the header's WCS cannot be used; empty when it can."""
    missing = [key for key in ("CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2") if key not in header]
    if not any(key in header for key in (*LINEAR, "CDELT1", "CDELT2")):
        missing.append("CD1_1 (or CDELT1)")
    if missing:
        return [f"no celestial WCS: {', '.join(missing)} missing; calibrate its astrometry"]
    tables = sorted(key for key in header if TABLES.fullmatch(key))
    problems = [f"{key}: distortion tables cannot be kept; resample the image or use SIP" for key in tables]
    units = {key: header.get(key, "deg") for key in ("CUNIT1", "CUNIT2")}
    problems += [f"{key} = {unit!r}, expected 'deg'" for key, unit in units.items() if str(unit).strip() != "deg"]
    try:
        singular = not 0 < pixel_scale(header) < math.inf
        wcs_terms(header)
    except (TypeError, ValueError, fits.VerifyError) as error:
        return [*problems, f"the WCS holds something that is not a number ({error})"]
    return [*problems, "the CD matrix (or PC times CDELT) is singular"] if singular else problems
