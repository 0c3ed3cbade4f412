"""What an exposure does not hold itself: PSFs and wavelengths kept apart, and which calibration they belong to.

The identifiers of the calibrations that made an image stand in its HISTORY: `[CALIB] <product> <uuid>`.
"""

import os
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from astropy.io import fits

from ..errors import InputError
from .psfset import NAMES, PsfSet, read_psfs
from .wavelength import NAME as WAVES
from .wavelength import WaveTable, read_wave_table

PSF_PRODUCTS, WAVE_PRODUCT = ("average_psf", "epsf"), "spectral_wcs"
MARK = "[CALIB]"
Identifiers = dict[str, str]
# What astropy raises, at once or when values are asked for, where headers or data are damaged; HDUs that it cannot make
# sense of lack attributes.
UNREADABLE = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, ArithmeticError, fits.VerifyError,
)  # fmt: skip


class Calibration(NamedTuple):
    """PSFs, wavelengths, identifiers by product, DETECTOR (0: not said)."""

    psfs: PsfSet | None
    waves: WaveTable | None
    identifiers: Identifiers
    detector: int


def identifiers(headers: Iterable[fits.Header]) -> Identifiers:
    """Product to identifier of the calibrations that headers name; the last one of a product counts."""
    lines = (line.split() for header in headers if "HISTORY" in header for line in header["HISTORY"])
    return {words[1]: words[2] for words in lines if len(words) == 3 and words[0] == MARK}


def read_calibration(path: str | Path) -> Calibration:
    """PSFs and wavelengths of a file; it is opened once, for as long as it does not change.

    Raises
    ------
    InputError : missing or unreadable file, or neither PSFs nor wavelengths in it.
    """
    try:
        state = os.stat(path)
    except OSError as error:
        raise InputError(f"{path}: calibration file cannot be read ({error.strerror})") from None
    return _opened(str(path), state.st_size, state.st_mtime_ns)


def from_hdus(hdus: fits.HDUList) -> Calibration:
    """PSFs and wavelengths of an open file, as far as it has them. InputError where they are damaged."""
    names = [hdu.name for hdu in hdus]
    version = hdus[0].header.get("VERSION")
    psf = next((name for name in NAMES if name in names), None)
    return Calibration(
        read_psfs(hdus[psf], version) if psf else None,
        read_wave_table(hdus[WAVES]) if WAVES in names else None,
        identifiers(hdu.header for hdu in hdus if "HISTORY" in hdu.header),
        int(hdus[0].header.get("DETECTOR", 0) or 0),
    )


def same(one: Mapping[str, str], other: Mapping[str, str], products: Iterable[str]) -> bool | None:
    """Do both name the same calibration of the products? None where either names none of them."""
    pairs = [(one.get(product), other.get(product)) for product in products]
    if not any(a for a, _ in pairs) or not any(b for _, b in pairs):
        return None
    return all(a == b for a, b in pairs)


@lru_cache(maxsize=16)
def _opened(path: str, size: int, changed: int) -> Calibration:
    try:
        with warnings.catch_warnings(action="ignore"), fits.open(path, memmap=True) as hdus:
            found = from_hdus(hdus)
    except InputError as error:
        raise InputError([f"{path}: {problem}" for problem in error.problems]) from None
    except UNREADABLE as error:
        raise InputError(f"{path}: not a readable calibration file ({error})") from None
    if found.psfs is None and found.waves is None:
        raise InputError(f"{path}: neither {' nor '.join((*NAMES, WAVES))} in it; is it a calibration file?")
    return found
