"""Zones of the detector that have a PSF each, and the erratum of their centres.

Files of pipeline VERSION 6.5.5 and before list the zones' centres transposed (IRSA, erratum of the PSF header), unless
they were repaired, which `+psffix1` in VERSION tells.
"""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from packaging.version import InvalidVersion, Version

from ..errors import InputError

LAST_TRANSPOSED = Version("6.5.5")
REPAIRED = "psffix"


class Zones(NamedTuple):
    """Centres of the zones, 1-based detector pixels, shapes (n,), in the order of their PSFs."""

    x: np.ndarray
    y: np.ndarray

    def nearest(self, x: float, y: float) -> int:
        """Index of the zone whose centre is nearest to the 0-based detector pixel (x, y)."""
        return int(np.argmin((self.x - (x + 1)) ** 2 + (self.y - (y + 1)) ** 2))


def transposed(version: str | None) -> bool:
    """Are the centres in files of this VERSION transposed?

    ASSUME a file that does not tell its VERSION, or not one in the form of PEP 440, was never repaired.
    """
    try:
        parsed = Version(str(version).strip())
    except InvalidVersion:
        return True
    repaired = any(part.startswith(REPAIRED) for part in (parsed.local or "").replace("-", ".").split("."))
    return Version(parsed.base_version) <= LAST_TRANSPOSED and not repaired


def cube_zones(header: fits.Header, planes: int, version: str | None) -> Zones:
    """The zones of a PSF cube, from the cards XCTR_i and YCTR_i of its header.

    Raises
    ------
    InputError : cards that are missing, or of more planes than there are.
    """
    if f"XCTR_{planes + 1}" in header:
        raise InputError(f"PSF: {planes} planes, and a centre of zone {planes + 1}; the cube is not whole")
    try:
        centres = np.array([[header[f"{axis}CTR_{i + 1}"] for i in range(planes)] for axis in "XY"], dtype=float)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"PSF: cards of zone centres are missing or no numbers ({error})") from None
    # Planes go along x first. The erratum gave them the centres of going along y first: the two are exchanged.
    return Zones(*(centres[::-1] if transposed(version) else centres))
