"""FITS images in and out: native byte order, headers kept, written atomically."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from .errors import InputError
from .files import atomic

Hdu = fits.PrimaryHDU | fits.ImageHDU | fits.BinTableHDU


def native(array: np.ndarray, dtype: str | None = None) -> np.ndarray:
    """Return `array` in native byte order (and as `dtype`), copying only where needed."""
    return np.ascontiguousarray(array, dtype=dtype or array.dtype.newbyteorder("="))


def find_image(hdus: fits.HDUList, hdu: int | str | None, path: str | Path) -> int:
    """Index of the asked HDU, or of the first one with a 2-D image.

    Raises
    ------
    InputError : no such HDU, or it holds no 2-D image.
    """
    listing = ", ".join(f"{i} {h.name or '(no name)'} {h.shape}" for i, h in enumerate(hdus))
    if hdu is None:
        for i, candidate in enumerate(hdus):
            if candidate.is_image and candidate.header.get("NAXIS") == 2:
                return i
        raise InputError(f"{path}: no HDU with a 2-D image (found: {listing}); name the right one with `hdu:`")
    try:
        index = hdus.index_of(hdu)
        found = hdus[index]
    except (KeyError, IndexError):
        raise InputError(f"{path}: no HDU {hdu!r} (found: {listing})") from None
    if not found.is_image or found.header.get("NAXIS") != 2:
        raise InputError(f"{path}: HDU {hdu!r} is not a 2-D image (found: {listing})")
    return index


def read_header(path: str | Path, hdu: int | str | None = None) -> fits.Header:
    """Header of the image HDU of a FITS file (compressed or not), pixels unread; InputError as `read_image`."""
    with _open(path) as hdus:
        return hdus[find_image(hdus, hdu, path)].header.copy()


def read_image(
    path: str | Path, hdu: int | str | None = None, dtype: str | None = "f4"
) -> tuple[np.ndarray, fits.Header]:
    """Pixels, shape (ny, nx), in native byte order and scaled by BZERO/BSCALE, and their header.

    `dtype` None keeps the type that the file's values have.

    Raises
    ------
    InputError : missing file, not a FITS file, truncated, or no such image.
    """
    with _open(path) as hdus:
        image = hdus[find_image(hdus, hdu, path)]
        try:
            return native(image.data, dtype), image.header.copy()
        except (OSError, ValueError, TypeError, EOFError) as error:
            raise InputError(f"{path}: the pixels cannot be read ({error}); is the file truncated?") from None


def read_box(path: str | Path, name: str, box: Sequence[int]) -> np.ndarray:
    """Pixels of HDU `name` within `box` = (x0, x1, y0, y1), half open; only these are read from disk."""
    x0, x1, y0, y1 = box
    with fits.open(path, memmap=True) as hdus:
        return native(hdus[name].section[y0:y1, x0:x1])


def write_fits(path: str | Path, hdus: Sequence[Hdu]) -> None:
    """Write HDUs with CHECKSUM and DATASUM, atomically; nothing that depends on the time of day is stored."""
    for hdu in hdus:
        hdu.add_datasum(when=" ")
        hdu.add_checksum(when=" ", override_datasum=True)
    with atomic(path) as temporary:
        fits.HDUList(list(hdus)).writeto(temporary, overwrite=True)


def _open(path: str | Path) -> fits.HDUList:
    try:
        return fits.open(path, memmap=False, lazy_load_hdus=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not a readable FITS file ({error})") from None
