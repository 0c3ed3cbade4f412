import numpy as np
import pytest
from astropy.io import fits
from swath.errors import InputError
from swath.frames.frame import celestial_wcs, read_frame, read_header
from swath.images import write_fits

from .synthetic import run_python


@pytest.fixture
def path(tmp_path):
    """A frame of 40 x 30 pix whose pixels tell their own place: image = 100 y + x."""
    y, x = np.mgrid[0:30, 0:40]
    image = (100 * y + x).astype("f4")
    header = fits.Header({"BAND": "r", "ZPREF": 25.0, "GAIN": 4.5, "NOISE": "sky", "SKYSIG": 0.5, "FWHMPIX": 3.25})
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRPIX1=20.0, CRPIX2=15.0, CRVAL1=10.0, CRVAL2=-5.0)
    header.update(CD1_1=-1e-4, CD1_2=0.0, CD2_1=0.0, CD2_2=1e-4)
    planes = {"IMAGE": image, "SIGMA": image + 0.25, "TOTAL": image + 0.5, "MASK": (x % 7).astype("u1")}
    path = tmp_path / "r.fits"
    write_fits(path, [fits.PrimaryHDU(), *(fits.ImageHDU(a, header, name=n) for n, a in planes.items())])
    return path


def test_whole_frame_and_facts(path):
    frame = read_frame(path)
    assert frame.image.shape == frame.shape == (30, 40)
    assert (frame.band, frame.zp_ref, frame.gain, frame.noise) == ("r", 25.0, 4.5, "sky")
    assert (frame.sky_sigma, frame.fwhm_pix) == (0.5, 3.25)
    assert read_header(path)["GAIN"] == 4.5


def test_box_is_half_open_and_x_first(path):
    frame = read_frame(path, (5, 9, 20, 23))
    assert frame.image.shape == (3, 4)
    assert frame.image[0, 0] == 2005
    assert frame.image[-1, -1] == 2208
    assert np.array_equal(frame.mask[0], [5, 6, 0, 1])
    assert np.array_equal(frame.sigma, frame.image + 0.25)
    assert np.array_equal(frame.total, frame.image + 0.5)
    assert frame.shape == (30, 40)


def test_arrays_are_native_and_owned(path):
    frame = read_frame(path)
    for plane in (frame.image, frame.sigma, frame.total, frame.mask):
        assert plane.dtype.isnative
        assert plane.flags.owndata
        assert plane.flags.c_contiguous


@pytest.mark.parametrize("box", [(-1, 5, 0, 5), (0, 41, 0, 5), (5, 5, 0, 5), (0, 5, 3, 31)])
def test_box_beyond_the_frame_is_refused(path, box):
    with pytest.raises(ValueError, match="40 x 30"):
        read_frame(path, box)


def test_another_file_is_refused_with_the_planes_it_lacks(tmp_path):
    write_fits(tmp_path / "other.fits", [fits.PrimaryHDU(), fits.ImageHDU(np.zeros((3, 3), "f4"), name="IMAGE")])
    with pytest.raises(InputError, match="MASK, SIGMA, TOTAL missing"):
        read_frame(tmp_path / "other.fits")


def test_wcs_is_the_full_frames(path):
    sky = celestial_wcs(read_frame(path, (5, 9, 20, 23)).header).pixel_to_world(19.0, 14.0)
    assert sky.ra.deg == pytest.approx(10.0, abs=1e-12)
    assert sky.dec.deg == pytest.approx(-5.0, abs=1e-12)


def test_import_is_light():
    """Every fit job pays for these imports: none of the heavy ones may creep in."""
    heavy = ["astropy.wcs", "astropy.table", "pandas", "photutils", "matplotlib", "scipy", "sep", "pydantic"]
    code = f"import sys, swath.frames.frame; print([m for m in {heavy} if m in sys.modules])"
    assert run_python(code) == "[]"
