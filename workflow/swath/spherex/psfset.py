"""The PSFs of a detector as a file stores them: cube (QR1, QR2) or table (QR3)."""

import hashlib
import math
from functools import lru_cache

import numpy as np
from astropy.io import fits

from ..errors import InputError
from ..images import native
from .celestial import number
from .psf import EffectivePsf, OpticalPsf, PixelPsf
from .zones import Zones, cube_zones

NAMES = ("PSF", "EPSF")
CUBE_FACTOR, TABLE_FACTOR = 10, 5
SMALLEST_PIX = 5


class PsfSet:
    """PSFs by zone; they are read, and their splines made, when asked for."""

    def __init__(self, zones: Zones, stamps: np.ndarray, factor: int, effective: bool) -> None:
        self.zones, self._stamps, self._factor, self._effective = zones, stamps, factor, effective

    def at(self, x: float, y: float) -> tuple[int, PixelPsf]:
        """Zone, counted from 1, and PSF at a 0-based detector pixel."""
        zone = self.zones.nearest(x, y)
        stamp = native(np.asarray(self._stamps[zone]), "f4")
        return zone + 1, _interpolated(_Stamp(stamp), self._factor, self._effective)


class _Stamp:
    """A stamp that is equal to others with the same pixels: exposures share PSFs, and so their splines."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self._digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).digest() + repr(pixels.shape).encode()

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Stamp) and self._digest == other._digest


@lru_cache(maxsize=512)
def _interpolated(stamp: _Stamp, factor: int, effective: bool) -> PixelPsf:
    return (EffectivePsf if effective else OpticalPsf)(stamp.pixels, factor)


def read_psfs(hdu: fits.ImageHDU | fits.BinTableHDU, version: str | None) -> PsfSet:
    """The PSFs of an HDU named PSF or EPSF; `version` is the VERSION of the file that it is in.

    Raises
    ------
    InputError : neither cube nor table, without zones, or with stamps that are none.
    """
    if isinstance(hdu, fits.BinTableHDU):
        return _table(hdu)
    if not hdu.is_image or hdu.header.get("NAXIS") != 3:
        raise InputError(f"{hdu.name}: expected a cube or a table, found {hdu.header.get('NAXIS')} axes")
    factor = _factor(hdu, CUBE_FACTOR)
    _check_stamp(hdu.name, (hdu.header["NAXIS2"], hdu.header["NAXIS1"]), factor)
    zones = cube_zones(hdu.header, hdu.header["NAXIS3"], version)
    return PsfSet(zones, hdu.data, factor, effective=False)


def _table(hdu: fits.BinTableHDU) -> PsfSet:
    missing = {"XCENTER", "YCENTER", "EPSF"} - set(hdu.columns.names)
    if missing:
        raise InputError(f"{hdu.name} lacks the columns {', '.join(sorted(missing))}")
    # ASSUME centres are 1-based detector pixels, as those of the cubes, and were never transposed.
    zones = Zones(*(native(np.asarray(hdu.data[name]), "f8") for name in ("XCENTER", "YCENTER")))
    stamps = hdu.data["EPSF"]
    if stamps.ndim == 2:  # flat, for want of TDIM
        stamps = stamps.reshape(len(stamps), math.isqrt(stamps.shape[1]), -1)
    factor = _factor(hdu, TABLE_FACTOR)
    _check_stamp(hdu.name, stamps.shape[1:], factor)
    return PsfSet(zones, stamps, factor, effective=True)


def _check_stamp(name: str, shape: tuple[int, ...], factor: int) -> None:
    """A stamp has a central sample and shows more than the core, or it is none."""
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] % 2 == 0 or shape[0] < SMALLEST_PIX * factor:
        sides = " x ".join(map(str, shape))
        raise InputError(
            f"{name}: stamps of {sides} samples; expected squares of an odd side, of at least {SMALLEST_PIX} pix"
        )


def _factor(hdu: fits.ImageHDU | fits.BinTableHDU, default: int) -> int:
    """Samples per pixel and axis."""
    factor = number(hdu.header, "OVERSAMP", default)
    if not 1 <= factor <= 100 or factor % 1:
        raise InputError(f"{hdu.name}: OVERSAMP is {factor:g}; expected a whole number from 1 to 100")
    return int(factor)
