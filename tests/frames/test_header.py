import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from swath.config.inputs import Image, Keywords
from swath.errors import InputError
from swath.frames.header import examine, image_facts

from .synthetic import HEADER, header, run_python, write_image


def facts(path, keywords=None, **image):
    return image_facts(Image(path=str(path), **image), keywords or Keywords())


def problems(path, **image):
    with pytest.raises(InputError) as caught:
        facts(path, **image)
    return "\n".join(caught.value.problems)


def test_facts_of_a_complete_header(tmp_path):
    known = facts(write_image(tmp_path / "r.fits", SATURATE=5000.0, PEEING=3.5))
    assert (known.band, known.shape, known.hdu) == ("r", (40, 60), None)
    assert (known.zero_point, known.gain, known.sky_sigma) == (27.5, 4.0, 2.0)
    assert (known.saturation, known.fwhm_pix) == (5000.0, 3.5)


def test_what_is_optional_is_none(tmp_path):
    known = facts(write_image(tmp_path / "r.fits"))
    assert (known.saturation, known.fwhm_pix) == (None, None)


def test_seeing_in_arcsec_becomes_pixels_with_the_wcs(tmp_path):
    """The peer takes arcseconds for pixels; an independent WCS library gives the scale."""
    path = write_image(tmp_path / "r.fits", SEEING=1.2)
    scale = np.sqrt(np.prod(proj_plane_pixel_scales(WCS(fits.getheader(path))))) * 3600
    assert facts(path).fwhm_pix == pytest.approx(1.2 / scale, rel=1e-3)  # the two scales are not quite orthogonal
    assert facts(write_image(tmp_path / "both.fits", SEEING=1.2, PEEING=2.0)).fwhm_pix == 2.0


def test_own_keywords_and_band_name(tmp_path):
    path = write_image(tmp_path / "r.fits", FILTER=None, MAGZERO=26.0, ZP_AUTO=None)
    known = facts(path, Keywords(zero_point="MAGZERO"), band="m400")
    assert (known.band, known.zero_point) == ("m400", 26.0)


@pytest.mark.parametrize("key", ["FILTER", "ZP_AUTO", "SKYSIG", "EGAIN"])
def test_each_required_key_is_missed_by_name(tmp_path, key):
    text = problems(write_image(tmp_path / "r.fits", **{key: None}))
    assert re.search(rf"r\.fits: {key} .*missing", text)
    assert text.count("\n") == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EGAIN", 0),
        ("EGAIN", -1.5),
        ("SKYSIG", 0.0),
        ("SKYSIG", "2.0"),
        ("ZP_AUTO", True),
        ("ZP_AUTO", "25 mag"),
        ("SATURATE", -1),
        ("PEEING", 0.0),
        ("SEEING", "bad"),
    ],
)
def test_impossible_values_are_quoted(tmp_path, key, value):
    assert f"{key} = {value!r}, expected a" in problems(write_image(tmp_path / "r.fits", **{key: value}))


@pytest.mark.parametrize("text", ["NaN", "1,5", "inf", "", "'4", "4 5"])
@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_values_that_fits_cannot_hold(tmp_path, text):
    """Other software writes such cards; they are unreadable or empty, never a number."""
    path = tmp_path / "r.fits"
    cards = header().tostring().replace(f"{'EGAIN   =                  4.0':<80}", f"{'EGAIN   = ' + text:<80}")
    primary = fits.PrimaryHDU(np.zeros((4, 6), "f4")).header.tostring(endcard=False, padding=False)
    path.write_bytes((primary + cards).ljust(2880).encode() + bytes(2880))
    assert "EGAIN" in problems(path)


def test_zero_point_may_be_zero_or_negative(tmp_path):
    assert facts(write_image(tmp_path / "r.fits", ZP_AUTO=-2.5)).zero_point == -2.5
    assert facts(write_image(tmp_path / "q.fits", ZP_AUTO=0)).zero_point == 0.0


def test_weight_map_replaces_sky_sigma(tmp_path):
    weight = write_image(tmp_path / "w.fits")
    assert facts(write_image(tmp_path / "r.fits", SKYSIG=None), weight=weight).sky_sigma is None


@pytest.mark.parametrize("name", ["SDSS r", "r/2", "", "-r"])
def test_band_names_must_do_as_file_names(tmp_path, name):
    path = write_image(tmp_path / "r.fits", FILTER=name)
    assert "FILTER" in problems(path)
    assert facts(path, band="r").band == "r"


def test_what_is_wrong_leaves_the_rest_known(tmp_path):
    """The other checks go on with what is there: band, shape, WCS."""
    path = write_image(tmp_path / "a.fits", EGAIN=None, SKYSIG=-1.0)
    known, found = examine(Image(path=path), Keywords())
    assert [sentence.split(" ")[1] for sentence in found] == ["EGAIN", "SKYSIG"]
    assert (known.band, known.shape, known.zero_point) == ("r", (40, 60), 27.5)
    assert np.isnan(known.gain)
    assert np.isnan(known.sky_sigma)


def test_without_a_header_nothing_is_known(tmp_path):
    known, (sentence,) = examine(Image(path=str(tmp_path / "none.fits")), Keywords())
    assert known is None
    assert sentence.endswith("none.fits: no such file")


def test_a_missing_wcs_names_its_keys(tmp_path):
    path = write_image(tmp_path / "c.fits", SEEING=1.0, CTYPE1=None, CD1_1=None, CD1_2=None, CD2_1=None, CD2_2=None)
    assert "c.fits: no celestial WCS: CTYPE1, CD1_1" in problems(path)


def test_companions_must_exist_and_have_the_images_shape(tmp_path):
    path = write_image(tmp_path / "r.fits")
    small = write_image(tmp_path / "small.fits", np.ones((40, 59), "f4"))
    text = problems(path, weight=str(tmp_path / "none.fits"), mask=small)
    assert "none.fits: no such file" in text
    assert "small.fits: 59 x 40 pix, expected 60 x 40 pix" in text


def test_keys_of_the_primary_header_count_for_an_extension(tmp_path):
    """Multi-extension files: FILTER and the like in the primary header, pixels and WCS in the extension."""
    wcs = {key: value for key, value in HEADER.items() if key[:2] in ("CT", "CR", "CD")}
    primary = fits.PrimaryHDU(header=header(EGAIN=9.0, CRVAL1=1.0, PC1_1=5.0, COMMENT="x"))
    extension = fits.ImageHDU(np.zeros((5, 7), "f4"), fits.Header(wcs | {"EGAIN": 3.0}), name="SCI")
    fits.HDUList([primary, extension]).writeto(tmp_path / "m.fits")
    known = facts(tmp_path / "m.fits")
    assert (known.shape, known.zero_point, known.gain) == ((5, 7), 27.5, 3.0)
    assert known.header["CRVAL1"] == HEADER["CRVAL1"]
    assert "PC1_1" not in known.header
    extension.header["INHERIT"] = False
    fits.HDUList([primary, extension]).writeto(tmp_path / "n.fits")
    assert "ZP_AUTO is missing" in problems(tmp_path / "n.fits")


def test_planning_imports_no_wcs_and_no_tables():
    """The Snakefile runs again in every cluster job: headers and grids must stay cheap."""
    heavy = ["astropy.wcs", "astropy.table", "pandas", "photutils", "matplotlib", "scipy", "sep"]
    code = f"import sys, swath.frames.align, swath.frames.crop; print([m for m in {heavy} if m in sys.modules])"
    assert run_python(code) == "[]"
