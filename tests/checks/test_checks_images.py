"""Every kind of bad image gets its sentence, before a pixel is read."""

import bz2
import gzip
import shutil

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from swath.checks.fitsfile import truncation
from swath.provenance.digests import stamp
from swath.psf.supplied import side_problems

from .fields import NX, NY, spoil_bytes


def test_a_good_field_has_nothing_to_note(field):
    assert field.errors() == []
    assert field.notes() == []
    assert field.row("image g").found == '300 x 240 pix, 0.400"/pix, ZP 25.000, gain 2, sky sigma 1.5, FWHM 3.00 pix'
    assert field.row("catalogue").found == "30 sources, 30 in the image"


def test_missing_files_of_every_kind_at_once(field):
    field.inputs = {
        "images": [{"path": "g.fits", "weight": "w.fits"}, "none.fits"],
        "catalog": "absent.csv",
        "gaia": "gone.csv",
    }
    errors = field.errors()
    for path in ("w.fits", "none.fits", "absent.csv", "gone.csv"):
        (sentence,) = [error for error in errors if path in error]
        assert f"{field.folder}/{path}" in sentence
        assert "no file" in sentence or "no such file" in sentence


def test_a_missing_image_list(field):
    field.inputs["images"], field.inputs["image_list"] = [], "list.txt"
    assert any("inputs.image_list: no file" in error for error in field.errors())


@pytest.mark.parametrize(
    ("cards", "parts"),
    [
        ({"EGAIN": None}, ["EGAIN is missing", "expected a positive number"]),
        ({"ZP_AUTO": "bright"}, ["ZP_AUTO = 'bright'", "expected a number"]),
        ({"EGAIN": 0}, ["EGAIN = 0, expected a positive number"]),
        ({"EGAIN": -1.5}, ["EGAIN = -1.5, expected a positive number"]),
        ({"SKYSIG": 0.0}, ["SKYSIG = 0.0, expected a positive number"]),
        ({"SKYSIG": -2.0}, ["SKYSIG = -2.0, expected a positive number"]),
        ({"ZP_AUTO": 1e6}, ["ZP_AUTO = 1e+06 and SKYSIG = 1.5 cannot both be true: that makes 1e+06 mag"]),
        ({"SKYSIG": 1e300}, ["ZP_AUTO = 25 and SKYSIG = 1e+300 cannot both be true", "expected -10 to 60"]),
        ({"EGAIN": 1e-300}, ["ZP_AUTO = 25 and EGAIN = 1e-300 cannot both be true"]),
        ({"CRPIX1": 151.0}, ["CRPIX1 = 151.0, expected 150.5", "differ by 0.5 pix", "crpix allows 1e-06"]),
        ({"CRVAL2": 2.3}, ["CRVAL2 = 2.3, expected 2.2", "differ by 0.1 deg"]),
        ({"CTYPE1": "RA---SIN"}, ["CTYPE1 = 'RA---SIN', expected 'RA---TAN'"]),
        ({"CTYPE1": None}, ["no celestial WCS: CTYPE1 missing"]),
    ],
)
def test_headers(field, cards, parts):
    field.image("r", **cards)
    (sentence,) = field.errors()
    for part in (f"{field.folder}/r.fits: ", *parts):
        assert part in sentence


def test_everything_about_one_image_and_about_the_others_at_once(field):
    field.image("g", EGAIN=None, SKYSIG=-1.0)
    field.image("r", shape=(NY, NX + 1), CRPIX2=7.0)
    field.write(RA=None)
    errors = "\n".join(field.errors())
    for part in ("EGAIN", "SKYSIG", "301 x 240 pix, expected 300 x 240", "CRPIX2", "no column RA"):
        assert part in errors


def test_wrong_shapes_of_image_weight_mask_and_psf(field):
    for name, shape in (("w.fits", (NY, 7)), ("m.fits", (9, NX)), ("p.fits", (20, 21))):
        fits.writeto(field.folder / name, np.ones(shape, "f4"))
    field.inputs["images"] = [
        {"path": "g.fits", "weight": "w.fits", "mask": "m.fits", "psf": "p.fits"},
        {"path": "r.fits", "psf": "p.fits"},
    ]
    errors = "\n".join(field.errors(psf={"ngrid": 1, "method": "supplied"}))
    assert "w.fits: 7 x 240 pix, expected 300 x 240 pix as its image has" in errors
    assert "m.fits: 300 x 9 pix, expected 300 x 240 pix" in errors
    assert "p.fits: a PSF of 21 x 20 pix; both sides must be odd" in errors


def test_unusable_psfs_are_found_before_the_run_all_at_once(field):
    """They used to be found by the job of the first cell, one at a time, or not at all."""
    y, x = np.indices((41, 41)) - 20
    good = np.exp(-(x**2 + y**2) / 6)
    for name, light in (("zero.fits", 0 * good), ("off.fits", np.roll(good, 2, axis=1)), ("good.fits", good)):
        fits.writeto(field.folder / name, light.astype("f4"))
    field.inputs["images"] = [{"path": "g.fits", "psf": "zero.fits"}, {"path": "r.fits", "psf": "off.fits"}]
    errors = field.errors(psf={"ngrid": 1, "method": "supplied"})
    assert len(errors) == 2
    assert "zero.fits: all pixels of the PSF are 0" in errors[0]
    assert "off.fits: the PSF is centred (+2.00, +0.00) pix off its middle pixel" in errors[1]
    assert field.errors() == []  # nobody asks for them
    field.inputs["images"] = [{"path": f"{band}.fits", "psf": "good.fits", "psf_oversampling": 4} for band in "gr"]
    assert field.errors(psf={"ngrid": 1, "method": "supplied", "form": "oversampled"}) == []
    field.inputs["images"][0] |= {"psf_oversampling": None}
    (error,) = field.errors(psf={"ngrid": 1, "method": "supplied", "form": "oversampled"})
    assert "nothing says how many samples this PSF has per pixel" in error


def test_duplicate_bands(field):
    field.image("g", "again.fits")
    field.inputs["images"].append("again.fits")
    (sentence,) = field.errors()
    assert "band g comes from 2 images" in sentence
    assert "again.fits" in sentence


def test_one_file_listed_twice_is_one_problem_that_names_the_list(field):
    field.inputs["added_images"] = ["r.fits"]
    field.inputs["images"].remove("r.fits")
    assert field.row("image list").path == "inputs.images and inputs.added_images of the config"
    field.inputs["added_images"].append("r.fits")
    (sentence,) = field.errors()
    assert sentence.startswith("inputs.added_images[1]")


def test_bands_that_differ_in_case_only(field):
    field.image("G", "r.fits")
    assert any("differ in case only" in error for error in field.errors())


def test_not_a_fits_file(field):
    (field.folder / "r.fits").write_text("hello")
    (sentence,) = field.errors()
    assert sentence.startswith(f"{field.folder}/r.fits: not a readable FITS file")


def test_an_empty_file(field):
    (field.folder / "r.fits").write_bytes(b"")
    (sentence,) = field.errors()
    assert "r.fits: not a readable FITS file" in sentence


@pytest.mark.parametrize("missing", [1, 2880, 200_000])
def test_truncated_images(field, missing):
    """The data end where the padding begins: only bytes of the data count."""
    path = field.folder / "r.fits"
    data = NX * NY * 4
    spoil_bytes(path, path.stat().st_size - (-data % 2880) - missing)
    (sentence,) = field.errors()
    assert f"r.fits: the file is cut short: {path.stat().st_size} bytes" in sentence
    assert f"({missing} missing)" in sentence


def test_padding_may_lack(field):
    path = field.folder / "r.fits"
    spoil_bytes(path, path.stat().st_size - (-NX * NY * 4 % 2880))
    assert field.errors() == []


@pytest.mark.parametrize("where", ["second image", "its header", "table"])
def test_truncation_of_any_hdu(field, where):
    hdus = [fits.PrimaryHDU(np.zeros((NY, NX), "f4"), field.header("r")), fits.ImageHDU(np.ones((50, 50)), name="MORE")]
    if where == "table":
        hdus[1] = fits.BinTableHDU.from_columns([fits.Column("a", "D", array=np.ones(1000))])
    path = field.folder / "r.fits"
    fits.HDUList(hdus).writeto(path, overwrite=True)
    assert field.errors() == []
    first = 2880 * (1 + -(-NX * NY * 4 // 2880))
    spoil_bytes(path, first + (100 if where == "its header" else 2880 + 500))
    (sentence,) = field.errors()
    assert "cut short" in sentence or "ends within the header of HDU 1" in sentence


@given(st.data())
def test_a_cut_at_any_byte_is_found_unless_whole_hdus_are_left(tmp_path_factory, data):
    """Undetectable: cuts in the padding after an HDU, and at most a few letters of the next header."""
    path = tmp_path_factory.mktemp("cut") / "a.fits"
    hdus = [fits.PrimaryHDU(np.zeros((7, 9), "i2")), fits.ImageHDU(np.ones((30, 31))), fits.ImageHDU(np.ones(1, "u1"))]
    fits.HDUList(hdus).writeto(path)
    with fits.open(path) as opened:
        spans = [
            (hdu.fileinfo()["datLoc"] + hdu.size, hdu.fileinfo()["datLoc"] + hdu.fileinfo()["datSpan"])
            for hdu in opened
        ]
    size = data.draw(st.integers(spans[0][0] - 100, path.stat().st_size))
    spoil_bytes(path, size)
    undetectable = any(end <= size < padded + len("XTENSION") for end, padded in spans)
    assert (truncation(path) == "") == undetectable


@pytest.mark.parametrize("kind", ["fz", "bz2", "integers", "extension", "cube beside it"])
def test_whole_files_of_every_kind_pass(field, kind):
    path, header = field.folder / "r.fits", field.header("r")
    pixels = np.random.default_rng(3).normal(0, 3, (NY, NX)).astype("f4")
    hdus = {
        "fz": [fits.PrimaryHDU(), fits.CompImageHDU(pixels, header)],
        "integers": [fits.PrimaryHDU(pixels.astype("i2"), header)],
        "extension": [fits.PrimaryHDU(header=header), fits.ImageHDU(pixels, header)],
        "cube beside it": [fits.PrimaryHDU(np.zeros((3, 4, 5))), fits.ImageHDU(pixels, header)],
    }.get(kind, [fits.PrimaryHDU(pixels, header)])
    fits.HDUList(hdus).writeto(path, overwrite=True)
    if kind == "bz2":
        (field.folder / "r.fits.bz2").write_bytes(bz2.compress(path.read_bytes()))
        field.inputs["images"][1] = "r.fits.bz2"
    assert field.errors() == []


def test_truncated_companions(field):
    fits.writeto(field.folder / "w.fits", np.ones((NY, NX), "f4"))
    spoil_bytes(field.folder / "w.fits", 100_000)
    field.inputs["images"][1] = {"path": "r.fits", "weight": "w.fits"}
    (sentence,) = field.errors()
    assert "w.fits: the file is cut short" in sentence


def compressed(field, pixels=None, extension=False):
    path = field.folder / "r.fits"
    if extension:
        pixels = np.random.default_rng(1).normal(size=(NY, NX)).astype("f4")
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(pixels, field.header("r"))]
        fits.HDUList(hdus).writeto(path, overwrite=True)
    packed = field.folder / "r.fits.gz"
    with path.open("rb") as source, gzip.open(packed, "wb") as target:
        shutil.copyfileobj(source, target)
    field.inputs["images"][1] = "r.fits.gz"
    return packed


def test_a_file_that_may_not_be_read(field, monkeypatch):
    """As for a user without permission (a test may run as root, who has it always)."""

    def refuse(self, *arguments, **keywords):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert "g.fits: not all of its HDUs can be read" in truncation(field.folder / "g.fits")
    monkeypatch.setattr("swath.provenance.digests.sha256", refuse)
    assert stamp(field.folder / "g.fits") == ""


def test_whole_gzip_files_pass(field):
    compressed(field)
    assert field.errors() == []


@pytest.mark.parametrize("extension", [False, True])
def test_truncated_gzip_files(field, extension):
    path = compressed(field, extension=extension)
    spoil_bytes(path, path.stat().st_size * 2 // 3 if extension else path.stat().st_size - 12)
    (sentence,) = field.errors()
    assert "r.fits.gz: the compressed file ends early" in sentence


def test_gzip_of_a_truncated_file(field):
    spoil_bytes(field.folder / "r.fits", 50_001)
    compressed(field)
    (sentence,) = field.errors()
    assert "r.fits.gz: the file is cut short: 50001 bytes decompressed" in sentence


def test_axes_that_are_not_equatorial(field):
    for band in "gr":
        field.image(band, CTYPE1="GLON-TAN", CTYPE2="GLAT-TAN")
    assert any("GLON-TAN, GLAT-TAN; expected RA and DEC" in error for error in field.errors())


def test_a_crop_and_a_grid_that_leave_too_little(field):
    assert "crop.margin" in field.errors(crop={"margin": 200})[0]
    assert "expected at least 16" in field.errors(psf={"ngrid": 9}, patches={"ngrid": 9})[0]


def test_a_supplied_psf_of_one_pixel_is_no_profile():
    assert side_problems("p.fits", (1, 1)) == ["p.fits: a PSF of 1 x 1 pix; expected at least 5 on each side"]
    assert side_problems("p.fits", (5, 7)) == []
