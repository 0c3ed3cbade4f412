"""Shares of a point source's light in pixels, against Gaussians that are integrated over pixels exactly."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from swath.errors import InputError
from swath.spherex.psf import EffectivePsf, OpticalPsf
from swath.spherex.psfset import read_psfs

from spherex import optics

ZONE = (93.227, 1947.772)
OPTICAL = {d: OpticalPsf(optics.cube(d)[110], 10) for d in (1, 6)}
EFFECTIVE = {d: EffectivePsf(optics.epsf(d)[1][420], 5) for d in (1, 6)}
place = st.floats(-0.5, 0.5)


def shares(psf, x, y):
    return psf.shares(np.arange(-7, 8) - x, np.arange(-7, 8) - y)


@given(place, place, st.sampled_from([1, 6]))
def test_cube_integrated_over_pixels(x, y, detector):
    """Spline of the light's running sum: 2e-5 where steps of a tenth of a pixel would leave 2e-2."""
    truth = optics.share(detector, ZONE, 7 + x, 7 + y, (15, 15))
    assert np.abs(shares(OPTICAL[detector], x, y) - truth).max() < 2e-5
    assert shares(OPTICAL[detector], x, y).sum() == pytest.approx(1.0, abs=1e-9)


@given(place, place, st.sampled_from([1, 6]))
def test_table_sampled(x, y, detector):
    """Cubic interpolation at five samples per pixel, and a stamp that ends at 3.2 pixels."""
    centre = tuple(optics.epsf(detector)[0][:, 420])
    truth = optics.share(detector, centre, 7 + x, 7 + y, (15, 15))
    assert np.abs(shares(EFFECTIVE[detector], x, y) - truth).max() < 4e-4


@pytest.mark.parametrize("psfs", [OPTICAL, EFFECTIVE])
def test_fwhm_is_that_of_the_psf_with_its_pixel(psfs):
    """Between the optics' alone and that of a wider pixel; both formats give the same to 1 percent."""
    for detector, psf in psfs.items():
        optics_alone = optics.FWHM_ARCSEC[detector] / optics.PIXEL_ARCSEC
        assert optics_alone < psf.fwhm < np.hypot(optics_alone, 1.0)
        assert psf.fwhm == pytest.approx(OPTICAL[detector].fwhm, rel=0.03)


def test_stamps_without_light_are_told():
    with pytest.raises(InputError, match="expected finite samples"):
        OpticalPsf(np.zeros((101, 101)), 10)
    with pytest.raises(InputError, match="expected finite samples"):
        EffectivePsf(np.full((33, 33), np.nan), 5)


def cube(shape, zones):
    header = fits.Header([(f"{axis}CTR_{i + 1}", 100.0 + 10 * i) for i in range(zones) for axis in "XY"])
    return fits.ImageHDU(np.ones(shape, "f4"), header, name="PSF")


@pytest.mark.parametrize(
    ("shape", "zones", "told"),
    [
        ((7, 50, 20), 7, "stamps of 50 x 20 samples"),
        ((4, 100, 100), 4, "stamps of 100 x 100 samples"),
        ((4, 31, 31), 4, "at least 5 pix"),
        ((4, 101, 101), 5, "4 planes, and a centre of zone 5"),
        ((4, 101, 101), 3, "cards of zone centres are missing"),
    ],
)
def test_cubes_that_are_not_whole_are_told(shape, zones, told):
    """Their fluxes were wrong by a factor, with nothing to tell them by."""
    with pytest.raises(InputError, match=told):
        read_psfs(cube(shape, zones), "6.5.6")
