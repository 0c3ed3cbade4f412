"""FITS images in and out: native byte order, headers kept, written atomically."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from astropy.io import fits

from .errors import InputError
from .files import atomic
from .provenance.cards import header_cards
from .telemetry import clock

_CHUNK = 1 << 20
Hdu = fits.PrimaryHDU | fits.ImageHDU | fits.BinTableHDU


def native(array: np.ndarray, dtype: str | None = None) -> np.ndarray:
    """Return `array` in native byte order (and as `dtype`), copying only where needed."""
    return np.ascontiguousarray(array, dtype=dtype or array.dtype.newbyteorder("="))


def table_rows(hdu: fits.BinTableHDU) -> np.ndarray:
    """A table as a structured array in native types; the raw records hold truth values as letters, both true."""
    columns = {name: native(np.asarray(hdu.data[name])) for name in hdu.data.names}
    rows = np.zeros(len(hdu.data), [(name, values.dtype, values.shape[1:]) for name, values in columns.items()])
    for name, values in columns.items():
        rows[name] = values
    return rows


def ascii_text(words: Iterable[str]) -> np.ndarray:
    """Words as FITS can hold them, shape (n,): letters beyond ASCII as escapes (\\xe9)."""
    return np.array([word.encode("ascii", "backslashreplace").decode() for word in words], dtype="U")


def find_image(hdus: fits.HDUList, hdu: int | str | None, path: str | Path) -> int:
    """Index of the asked HDU, or of the first one with a 2-D image.

    Raises
    ------
    InputError : no such HDU, or it holds no 2-D image.
    """
    if hdu is None:
        for i, candidate in enumerate(hdus):
            if _is_image(candidate):
                return i
        raise InputError(f"{path}: no HDU with a 2-D image (found: {_listing(hdus)}); name the right one with `hdu:`")
    try:
        index = hdus.index_of(hdu)
        found = hdus[index]
    except (KeyError, IndexError):
        raise InputError(f"{path}: no HDU {hdu!r} (found: {_listing(hdus)})") from None
    if not _is_image(found):
        raise InputError(f"{path}: HDU {hdu!r} is not a 2-D image (found: {_listing(hdus)})")
    return index


def read_header(path: str | Path, hdu: int | str | None = None) -> fits.Header:
    """Header of the image HDU of a FITS file (compressed or not), pixels unread; InputError as `read_image`."""
    with _open(path) as hdus:
        return hdus[find_image(hdus, hdu, path)].header.copy()


@clock("read")
def read_image(
    path: str | Path, hdu: int | str | None = None, dtype: str | None = "f4"
) -> tuple[np.ndarray, fits.Header]:
    """Pixels, shape (ny, nx), in native byte order and scaled by BZERO/BSCALE, and their header.

    `dtype` None keeps the type that the file's values have.

    Raises
    ------
    InputError : missing file, not a FITS file, truncated, damaged in its compressed form, or no such image.
    """
    with _open(path) as hdus:
        image = hdus[find_image(hdus, hdu, path)]
        _check_gzip(path)
        return native(image.data, dtype), image.header.copy()


@clock("read")
def read_box(path: str | Path, name: str, box: Sequence[int]) -> np.ndarray:
    """Pixels of HDU `name` within `box` = (x0, x1, y0, y1), half open; only these are read from disk."""
    with fits.open(path, memmap=True) as hdus:
        return copy_box(hdus[name], box)


def copy_box(hdu: fits.ImageHDU, box: Sequence[int]) -> np.ndarray:
    """Pixels of an open HDU within `box`, as an array of its own that outlives the file."""
    x0, x1, y0, y1 = box
    pixels = hdu.data[y0:y1, x0:x1]  # of a mapped file only these pages are read; `section` goes row by row in Python
    return np.array(pixels, dtype=pixels.dtype.newbyteorder("="))


@clock("write")
def write_fits(path: str | Path, hdus: Sequence[Hdu]) -> None:
    """Write HDUs with CHECKSUM and DATASUM, atomically; nothing that depends on the time of day is stored.

    Within a job the first header says what made the file (`provenance.cards`).
    """
    for keyword, value, comment in header_cards():
        hdus[0].header.set(keyword, value, comment)
    whole = fits.HDUList(list(hdus))
    whole.update_extend()  # else it is done while writing: after the checksum of the first header
    for hdu in whole:
        hdu.add_datasum(when=" ")
        hdu.add_checksum(when=" ", override_datasum=True)
    with atomic(path) as temporary:
        whole.writeto(temporary, overwrite=True)


def _is_image(hdu: Hdu) -> bool:
    return hdu.is_image and hdu.header.get("NAXIS") == 2


def _listing(hdus: fits.HDUList) -> str:
    """Number, name and size of every HDU, for messages."""
    sizes = (" x ".join(str(hdu.header[f"NAXIS{i + 1}"]) for i in range(hdu.header["NAXIS"])) for hdu in hdus)
    kinds = ("image" if hdu.is_image else "table" for hdu in hdus)
    return ", ".join(
        f"{i} {hdu.name or '(no name)'} {kind} {size or 'without data'}"
        for i, (hdu, kind, size) in enumerate(zip(hdus, kinds, sizes, strict=True))
    )


def _check_gzip(path: str | Path) -> None:
    """Read a file compressed with gzip to its end, where its checksum is: astropy stops with the last pixel."""
    with open(path, "rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            return
    with gzip.open(path) as stream:
        while stream.read(_CHUNK):
            pass


def _first_sentence(error: Exception) -> str:
    """astropy's further sentences are advice to programmers."""
    return str(error).split(". ")[0].rstrip(".")


@contextmanager
def _open(path: str | Path) -> Iterator[fits.HDUList]:
    """Open a FITS file; whatever proves unreadable while it is open is an InputError."""
    try:
        with fits.open(path, memmap=False, lazy_load_hdus=True) as hdus:
            yield hdus
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a readable FITS file ({_first_sentence(error)}); is it whole?") from None
