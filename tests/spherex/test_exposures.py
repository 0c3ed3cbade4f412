"""Whole files, light ones with their calibration, and files that are not what they should be."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from swath.config.aperture import Aperture
from swath.errors import InputError
from swath.photometry.measure import measure
from swath.spherex.mef import read_exposure

from spherex.build import SKY, Scene, write, write_calibration

SCENE = Scene(detector=2, size=(20, 16), at=(700.2, 300.4))


@pytest.mark.parametrize("release", ["qr1", "qr2", "qr3"])
def test_a_light_file_and_its_calibration_are_the_whole_file(tmp_path, release):
    scene = Scene(detector=2, size=(20, 16), at=(700.2, 300.4), release=release)
    write(tmp_path / "whole.fits", scene)
    write(tmp_path / "light.fits", scene, psf=False)
    write_calibration(tmp_path / "cal.fits", 2, release)
    whole, light = (
        read_exposure(tmp_path / name, calibration)
        for name, calibration in (("whole.fits", None), ("light.fits", tmp_path / "cal.fits"))
    )
    assert whole.wavelength(3.0, 4.0) == light.wavelength(3.0, 4.0)
    (zone, psf), (light_zone, light_psf) = (exposure.psfs.at(700.0, 300.0) for exposure in (whole, light))
    assert zone == light_zone
    assert psf is light_psf  # one spline for all exposures with this PSF
    assert whole.same_calibration is True
    assert light.same_calibration is True


def test_pixels_beyond_the_file_are_not_numbers(tmp_path):
    write(tmp_path / "a.fits", SCENE)
    exposure = read_exposure(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        truth = {name: hdus[name].data for name in ("IMAGE", "VARIANCE", "ZODI", "FLAGS")}
    pixels = exposure.pixels(-3, 10, 8, 9)
    assert pixels.inside.sum() == 5 * 6
    for name in ("image", "variance", "zodi", "flags"):
        assert np.array_equal(getattr(pixels, name)[:6, 3:], truth[name.upper()][10:16, :5])
        assert getattr(pixels, name).dtype.isnative
    assert np.isnan(pixels.image[~pixels.inside]).all()
    assert not exposure.pixels(100, 100, 4, 4).inside.any()


def test_the_highest_flag_is_one_bit(tmp_path):
    """FLAGS are signed: bit 31 alone is the lowest number there is."""
    write(tmp_path / "a.fits", Scene())
    with fits.open(tmp_path / "a.fits", mode="update") as hdus:
        hdus["FLAGS"].data[5, 4] = -(2**31)
    assert read_exposure(tmp_path / "a.fits").pixels(4, 5, 1, 1).flags.item() == 2**31


def test_identifiers_of_calibrations_are_compared(tmp_path):
    """Same detector, other calibration: used, and told. A calibration that says nothing: unknown."""
    write(tmp_path / "light.fits", SCENE, psf=False)
    write_calibration(tmp_path / "other.fits", 2, "qr1")
    assert read_exposure(tmp_path / "light.fits", tmp_path / "other.fits").same_calibration is False
    with fits.open(tmp_path / "other.fits") as hdus:
        del hdus[0].header["HISTORY"]
        hdus.writeto(tmp_path / "silent.fits")
    assert read_exposure(tmp_path / "light.fits", tmp_path / "silent.fits").same_calibration is None


def test_a_calibration_of_another_detector_is_refused(tmp_path):
    write(tmp_path / "light.fits", SCENE, psf=False)
    write_calibration(tmp_path / "cal.fits", 3)
    with pytest.raises(InputError, match="of detector 3; expected 2"):
        read_exposure(tmp_path / "light.fits", tmp_path / "cal.fits")


def test_a_calibration_that_is_replaced_is_read_again(tmp_path):
    write(tmp_path / "light.fits", SCENE, psf=False)
    write_calibration(tmp_path / "cal.fits", 2, "qr1")
    assert read_exposure(tmp_path / "light.fits", tmp_path / "cal.fits").same_calibration is False
    write_calibration(tmp_path / "new.fits", 2, "qr2")
    (tmp_path / "new.fits").rename(tmp_path / "cal.fits")
    assert read_exposure(tmp_path / "light.fits", tmp_path / "cal.fits").same_calibration is True


def damaged(path, how):
    """The file `path`, spoilt."""
    data = path.read_bytes()
    if how == "truncated":
        path.write_bytes(data[:9000])
    elif how == "html":
        path.write_bytes(b"<html>503 Service Unavailable</html>")
    elif how == "empty":
        path.write_bytes(b"")
    else:
        with fits.open(path) as hdus:
            hdus = fits.HDUList([hdu.copy() for hdu in hdus])
        if how == "shapes":
            hdus["FLAGS"].data = hdus["FLAGS"].data[:5]
        elif how == "unit":
            hdus["IMAGE"].header["BUNIT"] = "DN"
        elif how == "place":
            del hdus["IMAGE"].header["CRPIX1A"]
        elif how == "variance":
            del hdus["VARIANCE"]
        hdus.writeto(path, overwrite=True)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("truncated", "is it whole"),
        ("html", "not a readable Level-2 file"),
        ("empty", "not a readable Level-2 file"),
        ("shapes", "planes of different"),
        ("unit", "'DN'; expected MJy/sr"),
        ("place", "CRPIX1A is missing"),
        ("variance", "no HDU VARIANCE"),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path, how, said):
    write(tmp_path / "a.fits", SCENE, psf=False)
    damaged(tmp_path / "a.fits", how)
    with pytest.raises(InputError, match=said) as caught:
        read_exposure(tmp_path / "a.fits")
    assert "a.fits" in str(caught.value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_headers_with_one_damaged_card_are_used_or_refused(tmp_path, data):
    """Whatever a card says: an exposure, or one sentence about the file; never an error that nobody foresaw."""
    path = tmp_path / "a.fits"
    write(path, SCENE, psf=False)
    content = bytearray(path.read_bytes())
    cards = [i for i in range(0, len(content), 80) if content[i + 8 : i + 10] == b"= "]
    card = data.draw(st.sampled_from(cards), "card")
    value = data.draw(
        st.text("0123456789.'-+ETF /nx", max_size=30) | st.sampled_from(["NaN", "1E400", "T", "-1"]), "value"
    )
    content[card + 10 : card + 80] = value.encode().rjust(20).ljust(70)
    path.write_bytes(content)
    try:
        measure(read_exposure(path), *SKY, Aperture())
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017, either outcome is right


def test_missing_files_say_so(tmp_path):
    write(tmp_path / "light.fits", SCENE, psf=False)
    with pytest.raises(InputError, match="no such file"):
        read_exposure(tmp_path / "b.fits")
    with pytest.raises(InputError, match="calibration file cannot be read"):
        read_exposure(tmp_path / "light.fits", tmp_path / "cal.fits")
    with pytest.raises(InputError, match="neither PSF nor EPSF nor WCS-WAVE"):
        read_exposure(tmp_path / "light.fits", tmp_path / "light.fits")
