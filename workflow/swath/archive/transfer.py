"""The body of one answer, written as it comes: hashed, watched for its speed, looked at as FITS."""

import base64
import binascii
import hashlib
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import requests
import urllib3

from ..config.download import Download
from .faults import Fault, of_error
from .fitsstream import Walker
from .light import Calibration, calibration_of, psf_start

PIECE = 1 << 18  # most bytes taken at a time
_SMALL = 1 << 22
_DIGEST = re.compile(r"(sha-512|sha-256|md5)\s*=\s*:?([A-Za-z0-9+/]+={0,2}):?", re.IGNORECASE)


class Speed:
    """Gives a transfer up that is slower than `download.low_speed_kbs` for `download.low_speed_s`."""

    def __init__(self, settings: Download) -> None:
        self._least, self._over = settings.low_speed_kbs * 1e3, settings.low_speed_s
        self._since, self._count = time.monotonic(), 0

    def add(self, count: int) -> None:
        """Count bytes that came.

        Raises
        ------
        Fault : they were too few.
        """
        self._count += count
        elapsed = time.monotonic() - self._since
        if elapsed >= self._over:
            if self._count < self._least * elapsed:
                raise Fault(f"too slow, {self._count / elapsed / 1e3:.2g} kB/s (download.low_speed_kbs)", keep=True)
            self._since, self._count = time.monotonic(), 0


class Sink:
    """Where a file's bytes go, in order: to the hash, to what looks at them as FITS, and to the disk.

    Parameters
    ----------
    held : says whether the PSF and wavelengths of a calibration are here already; None to keep every file whole.

    Attributes
    ----------
    cut : the first byte of the PSF, where `held` was asked about it. The hash is that of the bytes before.
    stopped : is the rest of the file not wanted?
    """

    def __init__(self, held: Callable[[Calibration], bool] | None) -> None:
        self.walker, self.size = Walker(), 0
        self.cut: int | None = None
        self.calibration: Calibration | None = None
        self.stopped = False
        self._held, self._hash = held, hashlib.sha256()
        self._pending, self._hashed = bytearray(), 0
        self._pieces: list[bytes] = []

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes before `cut`, or of all."""
        return self._hash.hexdigest()

    def take(self, piece: bytes) -> bytes:
        """Take bytes and return those that are to be written.

        Raises
        ------
        NotFitsError : they are not those of a FITS file.
        """
        self.walker.feed(piece)
        if self._held is not None and not self.walker.gzipped and psf_start(self.walker.hdus) is not None:
            self._found(self._held)
        self._settle(piece)
        wanted = piece[: max(0, self.cut - self.size)] if self.stopped and self.cut is not None else piece
        self.size += len(wanted)
        if self.size <= _SMALL:
            self._pieces.append(wanted)
        else:
            self._pieces.clear()
        return wanted

    def opened(self, path: Path) -> BinaryIO:
        """What was written to `path`, to be read; small files without another look at the disk."""
        return io.BytesIO(b"".join(self._pieces)) if self.size <= _SMALL else open(path, "rb")

    def _settle(self, piece: bytes) -> None:
        """Hash what cannot belong to a PSF: a header is known to be that of one only when all of it has come."""
        after = self.size + len(piece)
        settled = self._settled(after)
        if settled == after and not self._pending:
            self._hash.update(piece)
        else:
            self._pending += piece
            count = max(0, settled - self._hashed)
            self._hash.update(self._pending[:count])
            del self._pending[: count if self.cut is None else None]
        self._hashed = max(settled, self._hashed)

    def _settled(self, after: int) -> int:
        if self.cut is not None:
            return self.cut
        return after if self.walker.gzipped else self.walker.settled

    def _found(self, held: Callable[[Calibration], bool]) -> None:
        self._held = None
        self.calibration = calibration_of(self.walker.hdus)
        if self.calibration is not None:
            self.cut = psf_start(self.walker.hdus)
            self.stopped = held(self.calibration)


def body(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes over the network, in pieces as large as there is data.

    Raises
    ------
    Fault : the connection broke or fell silent.
    """
    try:
        while piece := response.raw.read1(PIECE, decode_content=False):
            yield piece
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise of_error(error) from None


def pieces_of(stream: BinaryIO) -> Iterator[bytes]:
    """All of a file."""
    while piece := stream.read(PIECE):
        yield piece


class Declared:
    """The digest of the whole file that a server sends along (RFC 9530, RFC 3230, RFC 1864), where it does."""

    def __init__(self, headers: Mapping[str, str], partial: bool) -> None:
        names = ("Repr-Digest", "Digest") if partial else ("Repr-Digest", "Content-Digest", "Digest", "Content-MD5")
        given = ((name, headers[name]) for name in names if headers.get(name))
        found = (("md5", value) if name == "Content-MD5" else _parsed(value) for name, value in given)
        algorithm, text = next(filter(None, found), ("", ""))
        self._wanted = _decoded(text)
        self._hash: Any = hashlib.new(algorithm.replace("-", "")) if self._wanted else None

    def take(self, piece: bytes) -> None:
        """Take bytes."""
        if self._hash is not None:
            self._hash.update(piece)

    def check(self) -> None:
        """Compare, when all bytes have come.

        Raises
        ------
        Fault : the file is not the one that the server speaks of.
        """
        if self._hash is not None and self._hash.digest() != self._wanted:
            raise Fault(f"damaged: its {self._hash.name} is not the one that the archive sent along")


def _parsed(value: str) -> tuple[str, str] | None:
    found = _DIGEST.search(value)
    return (found[1].lower(), found[2]) if found else None


def _decoded(text: str) -> bytes:
    """A digest from base64; empty where it is none, which is then not checked."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
