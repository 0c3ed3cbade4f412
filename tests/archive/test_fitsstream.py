"""HDUs found in a stream, against astropy; and that no cut goes unseen."""

import gzip
import io
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from archive.mefs import mef
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from swath.archive.fitsstream import BLOCK, NotFitsError, Walker
from swath.archive.validate import sum32


def walked(pieces: list[bytes], finish: bool = True) -> Walker:
    walker = Walker()
    for piece in pieces:
        walker.feed(piece)
    if finish:
        walker.finish()
    return walker


def cut(content: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, *(place % len(content) for place in places), len(content)})
    return [content[a:b] for a, b in pairwise(ends)]


def odd_file() -> bytes:
    """Compressed image, ASCII table, variable-length table, CONTINUE and HIERARCH cards, quotes, random groups."""
    header = fits.Header({"EXTNAME": "O'HARA", "LONG": "x" * 200})
    header["HIERARCH a long keyword"] = 1
    image = np.arange(600, dtype=np.int16).reshape(20, 30)
    varied = np.empty(2, dtype=object)
    varied[:] = [np.arange(5), np.arange(900)]
    columns = [fits.Column("a", "PJ()", array=varied)]
    groups = fits.GroupData(np.zeros((3, 1, 4, 5), np.float32), parnames=["U"], pardata=[np.zeros(3)], bitpix=-32)
    hdus = [
        fits.GroupsHDU(groups),
        fits.ImageHDU(image, header),
        fits.CompImageHDU(image, name="PACKED"),
        fits.TableHDU.from_columns([fits.Column("b", "A10", array=np.array(["x", "y"]))], name="ASCII"),
        fits.BinTableHDU.from_columns(columns, name="VARIED"),
        fits.ImageHDU(name="NOTHING"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "odd.fits"
        fits.HDUList(hdus).writeto(path)
        return path.read_bytes()


MEF = mef(1)
CONTENTS = {"mef": MEF, "odd": odd_file(), "gzip": gzip.compress(MEF)}


@pytest.mark.parametrize("kind", CONTENTS)
@given(places=st.lists(st.integers(1, 10**7), max_size=12))
def test_hdus_are_those_of_astropy_however_the_bytes_come(kind, places):
    content = CONTENTS[kind]
    walker = walked(cut(content, places))
    plain = gzip.decompress(content) if kind == "gzip" else content
    with fits.open(io.BytesIO(plain), disable_image_compression=True) as hdus:
        expected = [(hdu.name, *(hdu.fileinfo()[key] for key in ("hdrLoc", "datLoc"))) for hdu in hdus]
        sizes = [hdu.size for hdu in hdus]
    found = [(hdu.name, hdu.start, hdu.data) for hdu in walker.hdus]
    assert [("PRIMARY" if i == 0 else name, a, b) for i, (name, a, b) in enumerate(found)] == expected
    assert [hdu.size for hdu in walker.hdus] == sizes
    assert walker.gzipped == (content[:2] == b"\x1f\x8b")


@given(length=st.integers(0, len(MEF) - 1), places=st.lists(st.integers(1, 10**7), max_size=4))
def test_only_a_cut_between_hdus_looks_whole(length, places):
    ends = {hdu.end for hdu in walked([MEF]).hdus}
    pieces = cut(MEF[:length], places) if length else []
    if length in ends:
        assert walked(pieces).hdus[-1].end == length
    else:
        with pytest.raises(NotFitsError, match=r"ends within|empty|one byte"):
            walked(pieces)


@given(length=st.integers(1, 100_000))
def test_a_cut_gzip_file_never_looks_whole(length):
    packed = CONTENTS["gzip"]
    with pytest.raises(NotFitsError):
        walked([packed[: -1 - length % (len(packed) - 1)]])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>" * 3, "found '<html>"),
        (b"<html>" * 3000, "found '<html>"),
        (MEF + b"junk", "after its last HDU"),
        (MEF + bytes(BLOCK), "after its last HDU"),
        (MEF.replace(b"NAXIS1  =                   40", b"NAXIS1  =                 many", 1), "no whole number"),
        (MEF.replace(b"NAXIS1  =                   40", b"NAXIS1  =                  -40", 1), "NAXIS1 is -40"),
        (MEF.replace(b"NAXIS   =                    2", b"NAXIS   =      999999999999999", 1), "NAXIS is 9999"),
        (b"\x1f\x8b" + bytes(100), "gzip"),
    ],
)
def test_what_is_no_fits_file_is_told(content, words):
    with pytest.raises(NotFitsError, match=words):
        walked([content])


def test_values_of_cards():
    out = io.BytesIO()
    fits.PrimaryHDU(header=fits.Header({"A": "it's", "B": 12, "C": True, "D": ""})).writeto(out)
    (hdu,) = walked([out.getvalue()]).hdus
    assert [hdu.text(key) for key in "ABCDE"] == ["it's", "12", "T", "", None]
    assert hdu.number("B", 0) == 12
    assert hdu.number("E", 7) == 7


@given(st.lists(st.integers(0, 2**32 - 1), max_size=300), st.integers(0, 80))
def test_sums_are_those_of_astropy(words, parts):
    data = np.array(words, dtype=">u4")
    expected = fits.ImageHDU()._compute_checksum(np.frombuffer(data.tobytes(), np.uint8))
    pieces = [data[i : i + 1 + parts].tobytes() for i in range(0, len(data), 1 + parts)]
    assert sum32(pieces) == int(expected)
