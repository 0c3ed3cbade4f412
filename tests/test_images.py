import bz2
import gzip

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from swath.errors import InputError
from swath.images import find_image, native, read_box, read_header, read_image, write_fits

PIXELS = np.arange(12, dtype="f4").reshape(3, 4)


@pytest.fixture
def several(tmp_path):
    """An empty primary, a table, a cube, then two images."""
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0])], name="TAB")
    hdus = [fits.PrimaryHDU(), table, fits.ImageHDU(np.zeros((2, 3, 4), "f4"), name="CUBE")]
    hdus += [fits.ImageHDU(PIXELS, name="SCI"), fits.ImageHDU(PIXELS + 100, name="WHT")]
    fits.HDUList(hdus).writeto(tmp_path / "several.fits")
    return tmp_path / "several.fits"


def test_first_two_dimensional_image_is_taken(several):
    assert np.array_equal(read_image(several)[0], PIXELS)
    assert read_header(several)["EXTNAME"] == "SCI"


@pytest.mark.parametrize("hdu", [4, "WHT", "wht"])
def test_image_by_number_or_name(several, hdu):
    assert np.array_equal(read_image(several, hdu)[0], PIXELS + 100)


@pytest.mark.parametrize("hdu", [0, "TAB", "CUBE", 9, "NONE"])
def test_wrong_hdu_is_refused_with_a_list_of_what_is_there(several, hdu):
    with pytest.raises(InputError, match=r"1 TAB table .*3 SCI image 4 x 3"):
        read_image(several, hdu)


def test_file_without_an_image_is_refused():
    with pytest.raises(InputError, match=r"x\.fits: no HDU with a 2-D image"):
        find_image(fits.HDUList([fits.PrimaryHDU()]), None, "x.fits")


@pytest.mark.parametrize("dtype", [">f4", "<f4", ">f8", "<i4", ">i2", "u1"])
def test_any_type_and_byte_order_comes_back_native(tmp_path, dtype):
    fits.writeto(tmp_path / "a.fits", PIXELS.astype(dtype))
    pixels, _ = read_image(tmp_path / "a.fits")
    assert pixels.dtype == np.dtype("=f4")
    assert pixels.dtype.isnative
    assert np.array_equal(pixels, PIXELS)


@given(
    raw=hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)),
    zero=st.sampled_from([0.0, 32768.0, -5.5]),
    scale=st.sampled_from([1.0, 0.25, 3.0]),
)
def test_scaled_integers(tmp_path_factory, raw, zero, scale):
    """Pixels = BZERO + BSCALE x stored integers (FITS standard 4.4.2.5), whatever the integers."""
    path = tmp_path_factory.mktemp("scaled") / "a.fits"
    hdu = fits.PrimaryHDU(raw)
    hdu.header["BSCALE"], hdu.header["BZERO"] = scale, zero
    # astropy would convert on writing: put the stored integers and the cards into the file as they are.
    body = raw.astype(">i2").tobytes()
    path.write_bytes(hdu.header.tostring().encode() + body + bytes(-len(body) % 2880))
    assert np.allclose(read_image(path)[0], zero + scale * raw.astype(float), rtol=1e-6)


def test_blank_integers_become_nan(tmp_path):
    hdu = fits.PrimaryHDU(np.array([[1, -99], [3, 4]], "i2"))
    hdu.header["BLANK"] = -99
    hdu.writeto(tmp_path / "a.fits")
    assert np.array_equal(np.isnan(read_image(tmp_path / "a.fits")[0]), [[False, True], [False, False]])


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_packed_files(tmp_path, suffix, pack):
    fits.writeto(tmp_path / "a.fits", PIXELS)
    packed = tmp_path / f"a.fits{suffix}"
    packed.write_bytes(pack((tmp_path / "a.fits").read_bytes()))
    assert np.array_equal(read_image(packed)[0], PIXELS)
    assert read_header(packed)["NAXIS1"] == 4


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_2"])
def test_tile_compressed_files(tmp_path, kind):
    pixels = np.arange(400, dtype="i2").reshape(20, 20)
    hdu = fits.CompImageHDU(pixels, fits.Header({"FILTER": "r"}), compression_type=kind)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits.fz")
    assert np.array_equal(read_image(tmp_path / "a.fits.fz")[0], pixels)
    header = read_header(tmp_path / "a.fits.fz")
    assert (header["NAXIS1"], header["FILTER"]) == (20, "r")


def test_type_is_kept_on_request(tmp_path):
    fits.writeto(tmp_path / "a.fits", PIXELS.astype("i4"))
    assert read_image(tmp_path / "a.fits", dtype=None)[0].dtype == np.int32


@pytest.mark.filterwarnings("ignore:File may have been truncated")
def test_unreadable_files_are_input_errors(tmp_path):
    fits.writeto(tmp_path / "whole.fits", np.zeros((200, 200), "f4"))
    (tmp_path / "cut.fits").write_bytes((tmp_path / "whole.fits").read_bytes()[:20000])
    (tmp_path / "text.fits").write_text("not a FITS file\n" * 300)
    (tmp_path / "empty.fits").touch()
    packed = gzip.compress(np.random.default_rng(1).bytes(40000))
    (tmp_path / "cut.gz.fits").write_bytes(gzip.compress((tmp_path / "whole.fits").read_bytes())[:-30])
    (tmp_path / "bent.fits").write_bytes(packed[:50] + b"xxxx" + packed[54:])
    for name in ("cut", "text", "empty", "cut.gz", "bent"):
        with pytest.raises(InputError, match=rf"{name}\.fits: not a readable FITS file"):
            read_image(tmp_path / f"{name}.fits")
    with pytest.raises(InputError, match=r"no\.fits: no such file"):
        read_image(tmp_path / "no.fits")


def test_a_changed_byte_that_can_still_be_decompressed_is_found(tmp_path):
    """Stored blocks decompress whatever they hold: only the checksum at the end of the stream tells."""
    fits.writeto(tmp_path / "a.fits", np.zeros((200, 200), "f4"))
    packed = bytearray(gzip.compress((tmp_path / "a.fits").read_bytes(), compresslevel=0))
    packed[50_000] ^= 1
    (tmp_path / "a.fits.gz").write_bytes(packed)
    with pytest.raises(InputError, match=r"a\.fits\.gz: not a readable FITS file \(CRC check failed"):
        read_image(tmp_path / "a.fits.gz")


def test_box_reads_the_same_pixels(several):
    assert np.array_equal(read_box(several, "SCI", (1, 3, 0, 2)), PIXELS[0:2, 1:3])


def test_native_copies_only_where_needed():
    assert np.shares_memory(native(PIXELS), PIXELS)
    assert native(PIXELS.astype(">f4")).dtype.isnative
    assert native(PIXELS[:, ::2]).flags.c_contiguous


def test_written_files_are_the_same_bytes_each_time_and_carry_checksums(tmp_path):
    for name in "ab":
        write_fits(tmp_path / name, [fits.PrimaryHDU(), fits.ImageHDU(PIXELS.copy(), name="X")])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with fits.open(tmp_path / "a", checksum=True) as hdus:
        assert "CHECKSUM" in hdus["X"].header
        assert hdus["X"].verify_checksum() == hdus["X"].verify_datasum() == 1


def half_way(self, path, **options):
    path.write_text("half")
    raise OSError("disk full")


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    (tmp_path / "a.fits").write_text("old")
    monkeypatch.setattr(fits.HDUList, "writeto", half_way)
    with pytest.raises(OSError, match="disk full"):
        write_fits(tmp_path / "a.fits", [fits.PrimaryHDU()])
    assert (tmp_path / "a.fits").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.fits"]
