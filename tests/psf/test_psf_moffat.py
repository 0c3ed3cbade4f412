"""The Moffat profile, its derivatives, and the joint fit to many stars."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stardata import moffat_stars, stamps_of
from swath.psf.grid import offsets
from swath.psf.joint import fit_moffat
from swath.psf.moffat import Moffat, derivatives, from_fwhm, render
from swath.psf.starfit import StarFit

ELLIPSES = st.builds(
    lambda a, b, t, beta: Moffat(a + t, t, b + t, beta),
    st.floats(0.02, 0.15), st.floats(0.02, 0.15), st.floats(-0.005, 0.02), st.floats(1.8, 5.0),
)  # fmt: skip


@given(ELLIPSES)
@settings(deadline=None, max_examples=30)
def test_derivatives_are_those_of_the_light(moffat):
    # red if a term of the gradient is wrong: the fit would still end, but slowly and elsewhere
    x, y = np.array([0.3, -2.0, 1.0, 4.0]), np.array([-0.2, 1.5, 3.0, -1.0])
    found = derivatives(moffat, x, y)
    np.testing.assert_allclose(found[1], _slope(lambda h: derivatives(moffat, x - h, y)[0]), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(found[2], _slope(lambda h: derivatives(moffat, x, y - h)[0]), rtol=1e-5, atol=1e-9)
    for i in range(4):
        step = np.zeros(4)
        step[i] = 1.0
        numeric = _slope(lambda h, step=step: derivatives(Moffat(*(np.array(moffat) + h * step)), x, y)[0])
        np.testing.assert_allclose(found[3 + i], numeric, rtol=1e-4, atol=1e-8)


def _slope(function, step=1e-6):
    return (function(step) - function(-step)) / (2 * step)


def test_unit_flux_and_width():
    # beta 4: 1 - (1 + (100 / alpha)^2)^-3 of the light lies within 100 pixels, all but 1e-8
    moffat = from_fwhm(3.7, 4.0)
    assert render(moffat, 201).sum() == pytest.approx(1, abs=1e-4)
    assert moffat.fwhm == pytest.approx(3.7)


def test_as_galsim_draws_it():
    galsim = pytest.importorskip("galsim")
    profile = galsim.Moffat(beta=3.0, fwhm=2.5).shear(g1=0.05, g2=-0.03).shift(0.2, -0.35)
    alpha = 2.5 / 2 / np.sqrt(2 ** (1 / 3.0) - 1)
    shear = galsim.Shear(g1=0.05, g2=-0.03).getMatrix()
    form = np.linalg.inv(shear @ shear.T) / alpha**2
    found = render(Moffat(form[0, 0], form[0, 1], form[1, 1], 3.0), 41, 0.2, -0.35)
    drawn = profile.drawImage(nx=41, ny=41, scale=1.0, dtype=float).array
    # galsim's own Fourier accuracy is 1e-4 of the flux per pixel at the peak
    np.testing.assert_allclose(found, drawn, atol=2e-3 * drawn.max())


def test_joint_fit_finds_the_common_shape():
    stamps, flux, *_ = moffat_stars(6)
    start = StarFit(flux * 0.7, *(np.round(value, 1) for value in stamps.offset))
    found, fits = fit_moffat(stamps, np.zeros(6), from_fwhm(5.0, 2.5), start, 12.0, np.ones(6))
    np.testing.assert_allclose(found, from_fwhm(4.0, 3.5), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(fits.flux, flux, rtol=1e-3)
    np.testing.assert_allclose([fits.dx, fits.dy], stamps.offset, atol=1e-3)


def test_joint_fit_heeds_neither_masked_pixels_nor_stars_without_weight():
    stamps, flux, *_ = moffat_stars(5)
    rubbish = stamps.data.copy()
    good = stamps.good.copy()
    rubbish[:, :, 33], good[:, :, 33] = 1e6, False
    rubbish[4] = 1e5
    masked = stamps_of(rubbish, stamps.x, stamps.y, 1e-3, good=good)
    weight = np.array([1, 1, 1, 1, 0.0])
    found, _ = fit_moffat(masked, np.zeros(5), from_fwhm(4.5, 3.0), StarFit(flux, *stamps.offset), 12.0, weight)
    np.testing.assert_allclose(found, from_fwhm(4.0, 3.5), rtol=1e-3, atol=1e-5)


def test_shape_within_its_errors():
    # 8 stars of S/N 100 to 3000: the cap by MODEL_ERROR leaves the FWHM to about 0.5 %
    stamps, flux, *_ = moffat_stars(8, sigma=1.0, seed=3)
    found, _ = fit_moffat(stamps, np.zeros(8), from_fwhm(5.0, 2.5), StarFit(flux, *stamps.offset), 12.0, np.ones(8))
    assert found.fwhm == pytest.approx(4.0, rel=0.01)


def test_offsets_are_counted_from_the_middle_pixel():
    dx, dy = offsets(5)
    assert dx.shape == (1, 5)
    assert dy[0, 0] == dx[0, 0] == -2
