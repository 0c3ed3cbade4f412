"""Asinh magnitudes: the logarithmic ones for bright fluxes, finite for all."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.config.aperture import Aperture
from swath.photometry.magnitudes import ab_magnitude

ASINH, LOG = (Aperture(magnitude=kind, asinh_softening=20.0) for kind in ("asinh", "log"))


@given(st.floats(1e4, 1e9), st.floats(0.1, 100))
def test_bright_fluxes_have_their_ab_magnitude(flux, error):
    """At 500 softenings the two differ by 1e-6 mag."""
    mag, mag_err = ab_magnitude(flux, error, ASINH)
    assert mag == pytest.approx(-2.5 * math.log10(flux * 1e-29) - 48.6, abs=1e-5)  # uJy in cgs
    assert ab_magnitude(flux, error, LOG) == pytest.approx((mag, mag_err), abs=1e-5)


@given(st.floats(-1e6, 1e6), st.floats(0.1, 100))
def test_every_flux_has_one_and_errors_are_slopes(flux, error):
    step = 1e-3
    mag, mag_err = ab_magnitude(flux, error, ASINH)
    slope = (ab_magnitude(flux - step, 1, ASINH)[0] - ab_magnitude(flux + step, 1, ASINH)[0]) / (2 * step)
    assert math.isfinite(mag)
    assert mag_err == pytest.approx(slope * error, rel=1e-3, abs=1e-5)


def test_zero_and_less():
    assert ab_magnitude(0.0, 1.0, ASINH)[0] == pytest.approx(23.9 - 2.5 * math.log10(20.0))
    assert all(map(math.isnan, ab_magnitude(0.0, 1.0, LOG)))
    assert all(map(math.isnan, ab_magnitude(-5.0, 1.0, LOG)))
