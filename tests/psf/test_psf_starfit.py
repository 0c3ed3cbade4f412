"""Flux and position of stars for a given PSF; odd stars."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stardata import moffat_stars, stamps_of
from swath.psf import starfit
from swath.psf.moffat import from_fwhm, render
from swath.psf.starfit import StarFit

PSF = from_fwhm(4.0, 3.5)


def settle(stamps, fits, rounds=6):
    for _ in range(rounds):
        light = render(PSF, stamps.size, fits.dx, fits.dy)
        fits = starfit.refine(stamps, np.zeros(len(light)), light, fits)
    return fits, render(PSF, stamps.size, fits.dx, fits.dy)


@given(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8))
@settings(deadline=None, max_examples=25)
def test_centres_and_fluxes_are_found_from_anywhere_near(x, y):
    image = 500 * render(PSF, 61, 0.31, -0.22)[None]
    fits, _ = settle(stamps_of(image, [0.31], [-0.22]), StarFit(np.array([300.0]), np.array([x]), np.array([y])), 12)
    assert fits.flux[0] == pytest.approx(500, rel=1e-4)
    assert (fits.dx[0], fits.dy[0]) == pytest.approx((0.31, -0.22), abs=1e-3)


def test_masked_pixels_do_not_matter():
    image = 500 * render(PSF, 61, 0.3, 0.1)[None]
    good = np.ones(image.shape, bool)
    good[0, 28:31, 31] = False
    image[0, 28:31, 31] = 1e5
    fits, _ = settle(stamps_of(image, [0.3], [0.1], good=good), StarFit(np.array([400.0]), np.zeros(1), np.zeros(1)))
    assert fits.flux[0] == pytest.approx(500, rel=1e-3)
    assert (fits.dx[0], fits.dy[0]) == pytest.approx((0.3, 0.1), abs=2e-3)


def test_a_star_without_pixels_has_no_flux():
    stamps = stamps_of(np.zeros((1, 61, 61)), [0.0], [0.0], good=np.zeros((1, 61, 61), bool))
    fits, light = settle(stamps, StarFit(np.ones(1), np.zeros(1), np.zeros(1)))
    assert fits.flux[0] == 0
    assert starfit.weights(stamps, light, fits)[0] == 0
    assert not starfit.usable(stamps, np.zeros(1), light, fits, 1).any()


def test_weights_are_the_square_of_the_signal_to_noise_until_the_cap():
    stamps, flux, *_ = moffat_stars(3, low=2.0, high=2.0)
    stamps = stamps_of(stamps.data, stamps.x, stamps.y, sigma=1.0)
    light = render(PSF, 61, *stamps.offset)
    expected = flux**2 * (light**2).sum((1, 2))
    found = starfit.weights(stamps, light, StarFit(flux, *stamps.offset))
    # a star of S/N 13 feels the cap of 300 by 0.2 %
    np.testing.assert_allclose(found, expected, rtol=3e-3)
    bright = starfit.weights(stamps, light, StarFit(flux * 1e6, *stamps.offset))
    np.testing.assert_allclose(bright, starfit.SNR_CAP**2, rtol=1e-3)


def odd_ones(count, odd, least=2):
    """`odd` of `count` stars are galaxies; which are found usable?"""
    stamps, flux, *_ = moffat_stars(count, sigma=1.0, low=4.0, high=4.3, seed=5)
    data = stamps.data.copy()
    for i in range(odd):
        data[i] = flux[i] * render(from_fwhm(6.0, 3.5), 61, stamps.offset[0][i], stamps.offset[1][i])
    stamps = stamps._replace(data=data)
    light = render(PSF, 61, *stamps.offset)
    return starfit.usable(stamps, np.zeros(count), light, StarFit(flux, *stamps.offset), least)


def test_galaxies_among_the_stars_are_clipped():
    assert odd_ones(10, 2).tolist() == [False] * 2 + [True] * 8


def test_of_three_nobody_is_clipped_and_half_always_stay():
    assert odd_ones(3, 1).all()
    assert odd_ones(4, 3, least=4).all()
    assert odd_ones(6, 5).sum() >= 3
