"""Sky and detector coordinates of SPHEREx images, cutouts included, from the numbers of the header alone.

astropy's own reading of such a header takes the lookup table of key W along, warns of SIP in it, and costs 5 ms.
"""

import math

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, Sip

from ..errors import InputError

PRECISION = 1e-9  # of inverted distortions [pix]
MAX_ORDER = 9  # of SIP polynomials, by their convention


def celestial(header: fits.Header) -> WCS:
    """The celestial WCS of an image: gnomonic, with SIP distortions of any order (Shupe et al. 2005) or none.

    Raises
    ------
    InputError : a missing card, or another projection.
    """
    kind = tuple(str(header.get(f"CTYPE{axis}", "")) for axis in (1, 2))
    if kind not in (("RA---TAN-SIP", "DEC--TAN-SIP"), ("RA---TAN", "DEC--TAN")):
        raise InputError(f"CTYPE1, CTYPE2 are {kind[0]!r}, {kind[1]!r}; expected RA---TAN-SIP and DEC--TAN-SIP")
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = list(kind)
    wcs.wcs.crpix = reference = [number(header, "CRPIX1"), number(header, "CRPIX2")]
    wcs.wcs.crval = [number(header, "CRVAL1"), number(header, "CRVAL2")]
    wcs.wcs.cd = _matrix(header)
    wcs.wcs.lonpole = number(header, "LONPOLE", 180.0)
    if kind[0].endswith("SIP"):
        wcs.sip = Sip(*(_coefficients(header, name) for name in ("A", "B", "AP", "BP")), reference)
    wcs.wcs.set()
    return wcs


def to_pixel(wcs: WCS, ra: float, dec: float) -> tuple[float, float]:
    """0-based pixel of a position [deg, ICRS]; NaN where the projection does not reach it."""
    if _separation(wcs.wcs.crval, (ra, dec)) > 60:  # beyond, the distortions are meaningless, and they may return
        return math.nan, math.nan
    x, y = wcs.all_world2pix(ra, dec, 0, tolerance=PRECISION, maxiter=50, quiet=True)
    return float(x), float(y)


def pixel_area(wcs: WCS, x: float, y: float) -> float:
    """Solid angle [arcsec2] of the pixel at (x, y), 0-based: the area spanned by its sides' midpoints on the sky."""
    ra, dec = np.radians(wcs.all_pix2world([x - 0.5, x + 0.5, x, x], [y, y, y - 0.5, y + 0.5], 0))
    points = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    area = np.linalg.norm(np.cross(points[1] - points[0], points[3] - points[2]))
    return float(area) * math.degrees(3600.0) ** 2


def detector_offset(header: fits.Header) -> tuple[float, float]:
    """What to add to a 0-based pixel of the file for the 0-based detector pixel (key A, whose CRVAL is 0)."""
    return tuple(
        1.0 + number(header, f"CRVAL{axis}A") - number(header, f"CRPIX{axis}A") * number(header, f"CDELT{axis}A", 1.0)
        for axis in (1, 2)
    )


def number(header: fits.Header, card: str, default: float | None = None) -> float:
    """A card's value as a number, `default` where it is missing; InputError where there is none."""
    value = header.get(card, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"card {card} is {'missing' if value is None else repr(value)}; expected a number")
    return float(value)


def _matrix(header: fits.Header) -> np.ndarray:
    if "CD1_1" in header:
        return np.array([[number(header, f"CD{i}_{j}", 0.0) for j in (1, 2)] for i in (1, 2)])
    unit = np.eye(2)
    return np.array(
        [
            [number(header, f"CDELT{i}", 1.0) * number(header, f"PC{i}_{j}", unit[i - 1, j - 1]) for j in (1, 2)]
            for i in (1, 2)
        ]
    )


def _coefficients(header: fits.Header, name: str) -> np.ndarray | None:
    """The square matrix of a SIP polynomial; None where the header has none."""
    if f"{name}_ORDER" not in header:
        return None
    order = int(number(header, f"{name}_ORDER"))
    if not 0 <= order <= MAX_ORDER:
        raise InputError(f"card {name}_ORDER is {order}; expected 0 to {MAX_ORDER}")
    return np.array(
        [
            [number(header, f"{name}_{i}_{j}", 0.0) if i + j <= order else 0.0 for j in range(order + 1)]
            for i in range(order + 1)
        ]
    )


def _separation(one: np.ndarray, other: tuple[float, float]) -> float:
    """Angle between two positions [deg]."""
    a, b, c, d = np.radians([one[0], one[1], other[0], other[1]])
    return math.degrees(math.acos(min(1.0, max(-1.0, np.sin(b) * np.sin(d) + np.cos(b) * np.cos(d) * np.cos(a - c)))))
