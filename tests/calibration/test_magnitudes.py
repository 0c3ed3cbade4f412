"""Magnitudes of fluxes of any sign, against published numbers and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.calibration.magnitudes import asinh_magnitude, magnitude, upper_limit


def test_a_flux_at_the_zero_point():
    mag, err = magnitude(np.array([1.0, 100.0, 0.0, -3.0, np.nan]), np.full(5, 0.01), 25.0, 0.0)
    np.testing.assert_allclose(mag, [25, 20, np.nan, np.nan, np.nan])
    assert err[0] == pytest.approx(0.010857, rel=1e-4)
    assert np.isnan(err[2:]).all()


def test_errors_of_flux_and_zero_point_add_in_quadrature():
    _, err = magnitude(np.array([100.0]), np.array([3.0]), 25.0, 0.04)
    draws = np.random.default_rng(0)
    flux, zero = draws.normal(100, 3, 100000), draws.normal(25, 0.04, 100000)
    assert err[0] == pytest.approx(np.std(zero - 2.5 * np.log10(flux)), rel=0.01)


@pytest.mark.parametrize(
    ("softening", "at_zero", "at_ten"),
    # SDSS DR7, "asinh magnitudes": softening b, magnitude of zero flux, magnitude of flux 10 b, for u g r i z.
    [(1.4e-10, 24.63, 22.12), (0.9e-10, 25.11, 22.60), (1.2e-10, 24.80, 22.29), (1.8e-10, 24.36, 21.85),
     (7.4e-10, 22.83, 20.32)],
)  # fmt: skip
def test_asinh_magnitudes_are_those_of_sdss(softening, at_zero, at_ten):
    mag, _ = asinh_magnitude(np.array([0.0, 10 * softening]), np.ones(2) * softening, 0.0, 0.0, softening)
    np.testing.assert_allclose(mag, [at_zero, at_ten], atol=0.0051)


@settings(deadline=None)
@given(flux=st.floats(1e3, 1e8), zero_point=st.floats(20, 30))
def test_asinh_magnitudes_of_bright_sources_are_ordinary(flux, zero_point):
    given_flux, error = np.array([flux]), np.array([1.0])
    asinh = asinh_magnitude(given_flux, error, zero_point, 0.01, 1.0)
    np.testing.assert_allclose(asinh, magnitude(given_flux, error, zero_point, 0.01), rtol=0, atol=2e-6)


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20, unique=True))
def test_asinh_magnitudes_fall_as_flux_rises(fluxes):
    flux = np.sort(np.array(fluxes))
    mag, err = asinh_magnitude(flux, np.ones(len(flux)), 25.0, 0.0, 1.0)
    assert np.isfinite(mag).all()
    assert np.isfinite(err).all()
    assert (np.diff(mag) <= 0).all()


def test_limits_are_for_undetected_sources_only():
    limit = upper_limit(np.array([-5.0, 0.0, 2.0, 3.0, 50.0, np.nan]), np.ones(6), 25.0, 3.0)
    faintest = 25 - 2.5 * np.log10(3)
    np.testing.assert_allclose(limit, [faintest, faintest, 25 - 2.5 * np.log10(5), np.nan, np.nan, np.nan])
