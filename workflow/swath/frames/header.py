"""What the header of one input image says. Cheap: the plan of a run calls it for every image."""

import math
import re
from typing import NamedTuple

from astropy.io import fits

from ..config.inputs import Image, Keywords
from ..errors import InputError
from ..images import read_header
from .wcscards import CARDS, pixel_scale, wcs_problems

# ASSUME the noise of a pixel, and one electron, lie between these magnitudes at any telescope.
_MAGNITUDES = -10.0, 60.0
BAND_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


class ImageFacts(NamedTuple):
    """Facts of one input image; fluxes in the image's own units.

    shape : (ny, nx). zero_point [mag]. gain : electrons per image unit. sky_sigma : None when a weight map is given
    and the header is silent. saturation, fwhm_pix : None when the header is silent. header : the image's, completed
    from the primary header.
    """

    band: str
    path: str
    hdu: int | str | None
    shape: tuple[int, int]
    zero_point: float
    gain: float
    sky_sigma: float | None
    saturation: float | None
    fwhm_pix: float | None
    header: fits.Header


def image_facts(image: Image, keywords: Keywords) -> ImageFacts:
    """Read the header of one image, no pixels.

    Raises
    ------
    InputError : unreadable file, or every key that is missing, not a number or out of range, and what was expected.
    """
    facts, problems = examine(image, keywords)
    if facts is None or problems:
        raise InputError(problems)
    return facts


def examine(image: Image, keywords: Keywords) -> tuple[ImageFacts | None, list[str]]:
    """What the header of one image says and all that is wrong with it, its weight and its mask, one sentence each.

    Facts that are wrong are NaN (numbers), None (optional ones) or '' (the band); without a header there are none.
    """
    try:
        header = full_header(image.path, image.hdu)
    except InputError as error:
        return None, error.problems
    problems: list[str] = []

    def number(name: str, required: bool, positive: bool = True) -> float | None:
        value, problem = _number(header, getattr(keywords, name), required, positive)
        advice = f"mend the header, or name another key in inputs.keywords.{name}"
        problems.extend([f"{problem}; {advice}"] if problem else [])
        return math.nan if required and value is None else value

    band = image.band or _band(header, keywords.band, problems)
    zero_point = number("zero_point", required=True, positive=False)
    gain = number("gain", required=True)
    sky_sigma = number("sky_sigma", required=image.weight is None)
    amounts = (keywords.sky_sigma, sky_sigma, sky_sigma), (keywords.gain, gain, 1 / gain)
    problems += next(filter(None, (_absurd(zero_point, keywords.zero_point, *amount) for amount in amounts)), [])
    saturation = number("saturation", required=False)
    fwhm_pix, fwhm_arcsec = (number(name, required=False) for name in ("fwhm_pix", "fwhm_arcsec"))
    shape = header["NAXIS2"], header["NAXIS1"]
    faults = wcs_problems(header)
    sentences = [f"{image.path}: {problem}" for problem in problems + faults]
    sentences += _companion_problems(image.weight, image.weight_hdu, shape)
    sentences += _companion_problems(image.mask, image.mask_hdu, shape)
    if fwhm_pix is None and fwhm_arcsec is not None and not faults:
        fwhm_pix = fwhm_arcsec / pixel_scale(header)
    facts = ImageFacts(band, image.path, image.hdu, shape, zero_point, gain, sky_sigma, saturation, fwhm_pix, header)
    return facts, sentences


def full_header(path: str, hdu: int | str | None) -> fits.Header:
    """Header of an image with the cards of the primary header that it lacks (unless it says INHERIT = F).

    Multi-extension files keep FILTER and the like in the primary header. A WCS is taken from one header only.
    """
    header = read_header(path, hdu)
    if header.get("INHERIT") is not False:
        primary = fits.getheader(path, 0).copy(strip=True)
        own_wcs = "CTYPE1" in header
        header.extend(
            (card for card in primary.cards if card.keyword and not (own_wcs and CARDS.fullmatch(card.keyword))),
            unique=True,
        )
    return header


def _band(header: fits.Header, key: str, problems: list[str]) -> str:
    if key not in header:
        problems.append(f"{key} (name of the band) is missing; add it or set `band:` in the image list")
        return ""
    name = str(header[key]).strip()
    if not BAND_NAME.fullmatch(name):
        problems.append(
            f"{key} = {name!r} is not usable as a band name (letters, digits, _ . + -); set `band:` in the image list"
        )
    return name


def _absurd(zero_point: float, key: str, name: str, value: float | None, units: float | None) -> list[str]:
    """A value that cannot be true with this zero point; single precision might not hold the scaled frame.

    units : what it amounts to in image units; None or NaN for a value that is missing or wrong.
    """
    if units is None or not math.isfinite(units) or not math.isfinite(zero_point):
        return []
    magnitude, (low, high) = zero_point - 2.5 * math.log10(units), _MAGNITUDES
    if low <= magnitude <= high:
        return []
    return [
        f"{key} = {zero_point:g} and {name} = {value:g} cannot both be true: that makes {magnitude:.6g} mag, expected "
        f"{low:g} to {high:g}; mend the header, or name other keys in inputs.keywords"
    ]


def _companion_problems(path: str | None, hdu: int | str | None, shape: tuple[int, int]) -> list[str]:
    """What is wrong with a weight or mask image, if there is one."""
    if path is None:
        return []
    try:
        header = read_header(path, hdu)
    except InputError as error:
        return error.problems
    found = header["NAXIS2"], header["NAXIS1"]
    if found == shape:
        return []
    expected = f"expected {shape[1]} x {shape[0]} pix as its image has"
    return [f"{path}: {found[1]} x {found[0]} pix, {expected}; list the right file"]


def _number(header: fits.Header, key: str, required: bool, positive: bool) -> tuple[float | None, str | None]:
    """Value of a header key and what is wrong with it."""
    expected = "a positive number" if positive else "a number"
    try:
        value = header.get(key)
    except fits.VerifyError:
        return None, f"{key}: expected {expected}, found the unreadable card {header.cards[key].image.strip()!r}"
    if value is None or isinstance(value, fits.card.Undefined):
        return None, f"{key} is missing, expected {expected}" if required else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None, f"{key} = {value!r}, expected {expected}"
    if positive and value <= 0:
        return None, f"{key} = {value!r}, expected {expected}"
    return float(value), None
