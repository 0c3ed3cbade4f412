"""The PSF file: what is written is what is read, and the linear variation is evaluated as declared."""

import numpy as np
import pytest
from astropy.io import fits
from swath.errors import InputError
from swath.psf import store


def make(band="r", nplanes=3, **changes):
    planes = np.arange(nplanes * 25, dtype="f4").reshape(nplanes, 5, 5)
    psf = store.BandPsf(band, planes, 250.0, 150.0, 50.0, "stack", False, "", False, 9, 2, 12.0, rms_score=0.01)
    return psf._replace(**changes)


def test_round_trip(tmp_path):
    # red if a header card is misspelt, a score of None becomes a number, or the order of bands is lost
    psfs = [make("g"), make("r", 1, fallback=True, reason="too few stars: 1 of 2;" * 6, rms_score=None)]
    stars = np.zeros(2, store.STARS)
    stars["band"], stars["x"], stars["used"], stars["pooled_from"] = ["g", "r"], [1.5, 2.5], [True, False], "r00_c01"
    store.write(tmp_path / "cell.fits", psfs, stars)
    for wrote, read in zip(psfs, store.read(tmp_path / "cell.fits"), strict=True):
        np.testing.assert_array_equal(wrote.planes, read.planes)
        assert wrote._replace(planes=0) == read._replace(planes=0)
    np.testing.assert_array_equal(stars, store.read_stars(tmp_path / "cell.fits"))


def test_bytes_do_not_depend_on_the_clock(tmp_path):
    for name in "ab":
        store.write(tmp_path / name, [make()], np.zeros(0, store.STARS))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_cell_without_images(tmp_path):
    store.write(tmp_path / "cell.fits", [], np.zeros(0, store.STARS))
    assert store.read(tmp_path / "cell.fits") == []
    assert len(store.read_stars(tmp_path / "cell.fits")) == 0


def test_varying_psf():
    # red if x and y are swapped or the scale is applied twice
    psf = make()
    expected = psf.planes[0] + 2 * psf.planes[1] - psf.planes[2]
    np.testing.assert_allclose(psf.at(350.0, 100.0), expected)
    np.testing.assert_array_equal(make(nplanes=1).at(350.0, 100.0), psf.planes[0])


def test_errors_say_what_to_do(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        store.read(tmp_path / "none.fits")
    fits.PrimaryHDU().writeto(tmp_path / "other.fits")
    with pytest.raises(InputError, match="no table STARS"):
        store.read(tmp_path / "other.fits")
