"""Is a FITS file whole? Told by its size and the headers of all its HDUs; no pixel is read."""

import gzip
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astropy.io import fits

_BLOCK = 2880
_CHUNK = 1 << 22


def truncation(path: str | Path) -> str:
    """A sentence about bytes that the file's headers promise and the file does not hold; '' for a whole file.

    A file compressed with gzip is decompressed only where the size that it states of itself cannot be that of a FITS
    file with its first HDU. Other compressions are found out when the pixels are read.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(6)
        if start.startswith(b"\x1f\x8b"):
            return _gzip_truncation(path)
        return _plain_truncation(path) if start == b"SIMPLE" else ""
    except (OSError, ValueError, TypeError, EOFError, zlib.error) as error:
        return f"{path}: not all of its HDUs can be read ({error}); is it whole?"


def _plain_truncation(path: Path) -> str:
    """Padding after the last HDU's data may lack. astropy ends its list at an HDU whose header is not whole."""
    with _quiet_open(path) as hdus:
        count, last = len(hdus), hdus[-1].fileinfo()
        promised, padded = last["datLoc"] + hdus[-1].size, last["datLoc"] + last["datSpan"]
    held = path.stat().st_size
    if held < promised:
        return _sentence(path, held, promised, "bytes")
    with path.open("rb") as stream:
        stream.seek(padded)
        cut = stream.read(8) == b"XTENSION"
    return f"{path}: the file ends within the header of HDU {count}; copy it again" if cut else ""


def _gzip_truncation(path: Path) -> str:
    promised = _first_hdu(path)
    with path.open("rb") as stream:
        stream.seek(-4, os.SEEK_END)
        (stated,) = struct.unpack("<I", stream.read(4))
    beyond = (stated - promised) % 2**32
    if promised and (beyond == 0 or (stated % _BLOCK == 0 and beyond < 2**31)):
        return ""
    held, whole = _decompressed_size(path)
    if not whole:
        return f"{path}: the compressed file ends early, after {held} bytes decompressed; copy it again"
    return _sentence(path, held, promised, "bytes decompressed") if held < promised else ""


def _first_hdu(path: Path) -> int:
    """Bytes up to the end of the first HDU's data; 0 when its header cannot be read."""
    try:
        with _quiet_open(path) as hdus:
            return hdus[0].fileinfo()["datLoc"] + hdus[0].size
    except (OSError, EOFError, zlib.error):
        return 0


def _decompressed_size(path: Path) -> tuple[int, bool]:
    """How many bytes there are, and whether the stream comes to its end."""
    size = 0
    with gzip.open(path) as stream:
        try:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return size, False
    return size, True


@contextmanager
def _quiet_open(path: Path) -> Iterator[fits.HDUList]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path, memmap=False, lazy_load_hdus=True, disable_image_compression=True) as hdus:
            yield hdus


def _sentence(path: Path, held: int, promised: int, unit: str) -> str:
    return (
        f"{path}: the file is cut short: {held} {unit}, expected at least {promised} as its headers say "
        f"({promised - held} missing); copy it again"
    )
