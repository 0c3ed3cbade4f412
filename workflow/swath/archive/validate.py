"""Is a fetched file what it should be? Checked before it gets its name; the HDUs were found while it came in."""

import gzip
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from typing import BinaryIO

import numpy as np

from ..config.download import Download
from .faults import FEW, Fault
from .fitsstream import Hdu
from .names import level2_parts

SPHEREX = ("IMAGE", "FLAGS", "VARIANCE", "ZODI")
PSF = ("PSF", "EPSF")
WAVELENGTHS = "WCS-WAVE"
_PIECE = 1 << 23  # bytes read at a time; a multiple of every pixel's size
_FLOATS = {-32: ">f4", -64: ">f8"}


def expected_hdus(url: str, settings: Download) -> tuple[str, ...]:
    """Names of the HDUs that the file behind a URL must have: those of the config, or of SPHEREx for its file names."""
    if settings.hdus is not None:
        return settings.hdus
    is_level2 = level2_parts(url.partition("?")[0].rpartition("/")[2]) is not None
    return (*SPHEREX, WAVELENGTHS) if is_level2 else ()


def validate(file: BinaryIO, hdus: Sequence[Hdu], expected: Collection[str], settings: Download, gzipped: bool) -> None:
    """Check the HDUs of a whole file.

    Raises
    ------
    Fault : HDUs missing or images of different shapes, checksums that do not fit, too many NaN.
    """
    _structure(hdus, expected)
    with gzip.open(file) if gzipped else nullcontext(file) as stream:
        if settings.verify_checksums:
            for hdu in hdus:
                _checksums(stream, hdu)
        _nan_share(stream, hdus, settings.max_nan_fraction)


def _structure(hdus: Sequence[Hdu], expected: Collection[str]) -> None:
    names = [hdu.name for hdu in hdus]
    missing = [name for name in expected if name not in names]
    if missing:
        raise Fault(f"no HDU {', '.join(missing)} (found: {', '.join(filter(None, names)) or 'none with a name'})", FEW)
    shapes = {hdu.name: hdu.shape for hdu in hdus if hdu.name in SPHEREX and hdu.name in expected}
    if len(set(shapes.values())) > 1 or any(len(shape) != 2 or 0 in shape for shape in shapes.values()):
        found = ", ".join(f"{name} {'x'.join(map(str, shape)) or 'without data'}" for name, shape in shapes.items())
        raise Fault(f"images that are not of one shape ({found})", FEW)
    if not any(hdu.size for hdu in hdus):
        raise Fault("no HDU with data", FEW)


def _checksums(stream: BinaryIO, hdu: Hdu) -> None:
    """DATASUM and CHECKSUM (FITS standard 4.0, section 4.4.2.7 and appendix J), where the HDU has them."""
    datasum, checksum = hdu.text("DATASUM"), hdu.text("CHECKSUM")
    if not datasum and not checksum:
        return
    data = sum32(_pieces(stream, hdu, hdu.end - hdu.data))
    if datasum and datasum.strip().isdigit() and int(datasum) != data:
        raise Fault(f"damaged data: DATASUM of HDU {hdu.name or 'PRIMARY'} does not fit")
    if checksum and checksum.strip("0") and _fold(sum32([hdu.header]) + data) != 0xFFFFFFFF:
        raise Fault(f"damaged header or data: CHECKSUM of HDU {hdu.name or 'PRIMARY'} does not fit")


def sum32(pieces: Collection[bytes] | Iterator[bytes]) -> int:
    """The 32-bit ones' complement sum of bytes, in pieces of which all but the last are multiples of four long."""
    total = 0
    for piece in pieces:
        padded = piece if len(piece) % 4 == 0 else piece + bytes(-len(piece) % 4)
        total = _fold(total + int(np.frombuffer(padded, ">u4").sum(dtype=np.uint64)))
    return total


def _fold(total: int) -> int:
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def _nan_share(stream: BinaryIO, hdus: Sequence[Hdu], most: float) -> None:
    """Of the image that holds the sky: IMAGE, or the first one with pixels."""
    images = [hdu for hdu in hdus if hdu.is_image and hdu.size]
    hdu = next((hdu for hdu in images if hdu.name == "IMAGE"), images[0] if images else None)
    kind = _FLOATS.get(hdu.number("BITPIX", 8)) if hdu else None
    if hdu is None or kind is None:
        return
    bad = sum(int(np.count_nonzero(np.isnan(np.frombuffer(piece, kind)))) for piece in _pieces(stream, hdu, hdu.size))
    share = bad / (hdu.size / np.dtype(kind).itemsize)
    if share > most:
        raise Fault(f"{share:.1%} of the pixels are NaN (download.max_nan_fraction: {most:g})", tries=1)


def _pieces(stream: BinaryIO, hdu: Hdu, count: int) -> Iterator[bytes]:
    """The first bytes of an HDU's data; its padding is behind `hdu.size`, and within its checksums."""
    stream.seek(hdu.data)
    while count:
        piece = stream.read(min(count, _PIECE))
        if not piece:
            raise Fault(f"ends within HDU {hdu.name}")
        count -= len(piece)
        yield piece
