"""The HDUs of a FITS file, found while its bytes come in.

Only structure is read here (FITS standard 4.0, sections 3 and 4.4.1): where HDUs begin and end, their names and their
headers as bytes. A file that ends early, or is none, is seen without a second look at it.
"""

import re
import zlib
from math import prod
from typing import NamedTuple

BLOCK, CARD = 2880, 80
GZIP = b"\x1f\x8b"
_LONGEST_HEADER = 4000 * BLOCK
_MOST_AXES = 999
_INFLATED = 1 << 22  # bytes at a time
_END = re.compile(rb"END {5}")
_TEXT = re.compile(rb"\s*'((?:[^']|'')*)'")


class NotFitsError(Exception):
    """These bytes are no FITS file, in a few words."""


class Hdu(NamedTuple):
    """One HDU: its name ('' without EXTNAME), its header as bytes and as cards, and where it stands [bytes].

    `cards` are keywords (eight bytes) with what stands behind their equals sign, of repeated ones the last. `start` is
    the first byte of the header, `data` of the data, `size` the data's length without the padding.
    """

    name: str
    header: bytes
    cards: dict[bytes, bytes]
    start: int
    data: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after the HDU, its padding included."""
        return self.data + -(-self.size // BLOCK) * BLOCK

    def text(self, keyword: str) -> str | None:
        """Value of a string card, or of any other card as it is written; None without such a card."""
        return _text(self.cards, keyword)

    def number(self, keyword: str, default: int) -> int:
        """Value of a whole-number card."""
        return _number(self.cards, keyword, default)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes as numpy counts them, slowest first; () without data."""
        return _axes(self.cards)[::-1]

    @property
    def is_image(self) -> bool:
        """Is it the primary HDU or an IMAGE extension?"""
        return not self.header.startswith(b"XTENSION") or (self.text("XTENSION") or "").strip() == "IMAGE"


class Walker:
    """Takes a file's bytes in order and gathers its HDUs, each as soon as its header is whole.

    Gzipped files are inflated on the way; places are then those in the inflated file, and `gzipped` is true.
    """

    def __init__(self) -> None:
        self.hdus: list[Hdu] = []
        self.gzipped = False
        self._inflate: zlib._Decompress | None = None
        self._header, self._block = bytearray(), bytearray()
        self._at = self._left = 0  # bytes taken; bytes of the present data unit, padding included, yet to come
        self._first: bytes | None = b""  # what came while it was too little to tell a gzipped file

    def feed(self, data: bytes) -> None:
        """Take more bytes.

        Raises
        ------
        NotFitsError : they cannot be those of a FITS file.
        """
        if self._first is not None:
            data = self._first + data
            self._first = data if len(data) < len(GZIP) else None
            if self._first is not None:
                return
            self.gzipped = data.startswith(GZIP)
            self._inflate = zlib.decompressobj(31) if self.gzipped else None
        if self._inflate is None:
            self._take(memoryview(data))
            return
        try:
            while data and not self._inflate.eof:
                self._take(memoryview(self._inflate.decompress(data, _INFLATED)))
                data = self._inflate.unconsumed_tail
        except zlib.error as error:
            raise NotFitsError(f"damaged gzip data ({error})") from None

    @property
    def settled(self) -> int:
        """The first byte of the header that is not whole yet, or else the number of bytes taken."""
        return self._at - len(self._block) - len(self._header)

    def finish(self) -> None:
        """Say that these were all bytes.

        Raises
        ------
        NotFitsError : they end within an HDU.
        """
        if self._first is not None:
            raise NotFitsError("one byte" if self._first else "empty")
        if self._block or self._header:
            self._is_fits()
            raise NotFitsError("ends within a header" if self._header or self.hdus else "ends within its first block")
        if self._left:
            where = f"HDU {len(self.hdus) - 1} {self.hdus[-1].name}".rstrip()
            raise NotFitsError(f"ends within {where}, {self._left} bytes are missing")
        if self._inflate is not None and not self._inflate.eof:
            raise NotFitsError("ends within its gzip data")

    def _take(self, view: memoryview) -> None:
        while view:
            if self._left:
                step = min(self._left, len(view))
                self._left -= step
            else:
                step = min(BLOCK - len(self._block), len(view))
                self._block += view[:step]
                if len(self._block) == BLOCK:
                    self._take_block()
            self._at += step
            view = view[step:]

    def _take_block(self) -> None:
        if not self._header:
            self._is_fits()
        block = bytes(self._block)
        self._header += block
        self._block.clear()
        if any(found.start() % CARD == 0 for found in _END.finditer(block)):
            hdu = _hdu(bytes(self._header), self.hdus[-1].end if self.hdus else 0)
            self.hdus.append(hdu)
            self._left = hdu.end - hdu.data
            self._header.clear()
        elif len(self._header) > _LONGEST_HEADER:
            raise NotFitsError("a header without END")

    def _is_fits(self) -> None:
        expected = b"XTENSION=" if self.hdus else b"SIMPLE  ="
        if not self._header and not self._block.startswith(expected[: len(self._block)]):
            found = bytes(self._block[:24]).decode("ascii", "replace")
            where = "after its last HDU" if self.hdus else "at its start"
            raise NotFitsError(f"not FITS: found {found!r} {where}")


def _hdu(header: bytes, start: int) -> Hdu:
    cards = _cards(header)
    axes = _axes(cards)
    groups = axes[:1] == (0,) and cards.get(b"GROUPS  ", b"").split(b"/")[0].strip() == b"T"
    pixels = prod(axes[1:] if groups else axes) if axes else 0
    count = _length(cards, "GCOUNT", 1) * (_length(cards, "PCOUNT", 0) + pixels)
    size = abs(_number(cards, "BITPIX", 8)) // 8 * count
    return Hdu((_text(cards, "EXTNAME") or "").strip(), header, cards, start, start + len(header), size)


def _cards(header: bytes) -> dict[bytes, bytes]:
    return {
        header[i : i + 8]: header[i + 10 : i + CARD]
        for i in range(0, len(header), CARD)
        if header[i + 8 : i + 9] == b"="
    }


def _axes(cards: dict[bytes, bytes]) -> tuple[int, ...]:
    count = _length(cards, "NAXIS", 0)
    if count > _MOST_AXES:
        raise NotFitsError(f"NAXIS is {count}")
    return tuple(_length(cards, f"NAXIS{i + 1}", 0) for i in range(count))


def _length(cards: dict[bytes, bytes], keyword: str, default: int) -> int:
    number = _number(cards, keyword, default)
    if number < 0:
        raise NotFitsError(f"{keyword} is {number}")
    return number


def _number(cards: dict[bytes, bytes], keyword: str, default: int) -> int:
    value = cards.get(keyword.ljust(8).encode())
    if value is None:
        return default
    try:
        return int(value.split(b"/")[0])
    except ValueError:
        raise NotFitsError(f"{keyword} is no whole number ({value.decode('ascii', 'replace').strip()})") from None


def _text(cards: dict[bytes, bytes], keyword: str) -> str | None:
    value = cards.get(keyword.ljust(8).encode())
    if value is None:
        return None
    found = _TEXT.match(value)
    return (
        (found[1].replace(b"''", b"'") if found else value.split(b"/")[0].strip()).decode("ascii", "replace").rstrip()
    )
