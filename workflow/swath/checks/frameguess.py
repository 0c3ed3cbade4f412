"""In which other coordinates would the catalogue lie on the image?"""

from collections.abc import Callable

import numpy as np

from ..sources.exclusion import inside
from ..sources.positions import Field, to_pixels

_MOST = 2000
_HALF, _NEARLY_ALL = 0.5, 0.95
_FEW_TIMES = 5

Coordinates = tuple[np.ndarray, np.ndarray]


def better_frame(first: np.ndarray, second: np.ndarray, field: Field) -> str:
    """'FK4 (B1950) ...; 50 of 56 sources lie in the image then' where that explains the positions better; or ''.

    Parameters
    ----------
    first, second : the columns RA and DEC as given, shape (n,).

    Galactic, ecliptic and B1950 coordinates, hours, radians and exchanged columns are tried. One of them is better
    when at least half of the sources lie in the image with it, and five times as many as without it; or nearly all
    with it and a tenth less without it.
    """
    step = max(1, len(first) // _MOST)
    first, second = first[::step], second[::step]
    known = np.isfinite(first) & np.isfinite(second)
    first, second, total = first[known], second[known], int(known.sum())
    if not total:
        return ""
    now = count_inside(*_within(first, second), field)
    counts = {text: count_inside(*read(first, second), field) for text, read in _READINGS.items()}
    text, best = max(counts.items(), key=lambda item: item[1])
    explains = best >= max(1, _HALF * total) and best >= _FEW_TIMES * now
    if not explains and not (best >= _NEARLY_ALL * total and now < (_NEARLY_ALL - 0.1) * total):
        return ""
    return f"{text}; {best} of {total} sources lie in the image then, {now} as they are"


def count_inside(ra: np.ndarray, dec: np.ndarray, field: Field) -> int:
    """How many positions [deg] lie in the image; those that are not numbers do not."""
    ny, nx = field.shape
    return int(inside(*to_pixels(field.wcs, ra, dec), (0, nx, 0, ny)).sum())


def _within(ra: np.ndarray, dec: np.ndarray) -> Coordinates:
    """RA and DEC, NaN where the latter is beyond the poles."""
    return ra, np.where(np.abs(dec) <= 90, dec, np.nan)


def _from(frame: str, **details: str) -> Callable[[np.ndarray, np.ndarray], Coordinates]:
    def read(lon: np.ndarray, lat: np.ndarray) -> Coordinates:
        from astropy.coordinates import SkyCoord

        good = np.abs(lat) <= 90
        ra, dec = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
        icrs = SkyCoord(lon[good], lat[good], unit="deg", frame=frame, **details).icrs
        ra[good], dec[good] = icrs.ra.deg, icrs.dec.deg
        return ra, dec

    return read


_READINGS: dict[str, Callable[[np.ndarray, np.ndarray], Coordinates]] = {
    "RA looks like hours: multiply it by 15": lambda a, b: _within(15 * a, b),
    "RA and DEC look exchanged: rename the columns": lambda a, b: _within(b, a),
    "RA and DEC look like radians: multiply them by 180 / pi": lambda a, b: _within(np.degrees(a), np.degrees(b)),
    "RA and DEC look like galactic l and b: convert them to ICRS": _from("galactic"),
    "RA and DEC look like FK4 (B1950): convert them to ICRS": _from("fk4", equinox="B1950"),
    "RA and DEC look like ecliptic longitude and latitude: convert them to ICRS": _from("barycentricmeanecliptic"),
}
