"""The Fourier profiles against integrals of the analytic profile."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaincinv, j0
from swath.models import sersic


def exact(index: float, u: float) -> float:
    """Transform of the truncated profile by adaptive quadrature between the zeros of the oscillation."""
    b = gammaincinv(2 * index, 0.5)
    breaks = np.arange(1, int(sersic.TRUNCATION * u / np.pi) + 1) * np.pi / max(u, 1e-9)
    edges = np.concatenate([[0, 1e-3, 1e-2, 0.1], breaks, [sersic.TRUNCATION]])
    edges = np.unique(edges[edges <= sersic.TRUNCATION])

    def integrand(r: float, wave: float) -> float:
        return r * np.exp(-b * r ** (1 / index)) * j0(wave * r)

    def integral(wave: float) -> float:
        return sum(quad(integrand, lo, hi, args=(wave,), epsabs=1e-13)[0] for lo, hi in pairwise(edges))

    return integral(u) / integral(0.0)


@pytest.mark.parametrize("index", [0.5, 0.7, 1.0, 1.63, 2.5, 4.0, 6.0])
@pytest.mark.parametrize("u", [0.05, 0.8, 3.0, 17.0])
def test_transform_is_that_of_the_truncated_profile(index, u):
    # 1e-5 of the flux: a hundredth of what is promised. A wrong b_n, grid or spline shows at once.
    table = sersic.transform(float(np.log(index)))
    assert float(sersic.lookup(table.value, np.float32([u]))[0]) == pytest.approx(exact(index, u), abs=1e-5)


@given(st.floats(0.42, 6.2), st.floats(0.01, 50))
def test_slope_and_index_derivative_are_derivatives(index, u):
    ln_n, h = float(np.log(index)), 1e-3
    at = np.float32([u])

    def value(ln_index: float, wave: float) -> float:
        return float(sersic.lookup(sersic.transform(ln_index).value.astype("f8"), np.array([wave]))[0])

    slope = float(sersic.lookup(sersic.transform(ln_n).slope, at)[0])
    along = float(sersic.lookup(sersic.transform(ln_n).index_derivative, at)[0])
    by_u = (value(ln_n, u * (1 + h)) - value(ln_n, u * (1 - h))) / (2 * h * u)
    by_n = (value(ln_n + h, u) - value(ln_n - h, u)) / (2 * h)
    # The table is linear between nodes in float32: differences of values know the derivative to about 1e-3.
    assert -slope * u == pytest.approx(by_u, abs=2e-3 * (1 + 1 / u))
    assert along == pytest.approx(by_n, abs=1e-3)


def test_half_light_radius_and_normalisation():
    for index in (0.5, 1.0, 4.0):
        b = sersic.b_n(index)
        assert b == pytest.approx(gammaincinv(2 * index, 0.5), rel=1e-3)
        total = quad(lambda r, b=b, n=index: 2 * np.pi * r * np.exp(-b * r ** (1 / n)), 0, np.inf)[0]
        assert sersic.normalisation(index) == pytest.approx(total, rel=3e-3)


@given(st.floats(0.45, 6.2), st.floats(1e-8, 1e-3))
def test_brightness_radius_is_where_the_profile_has_that_brightness(index, level):
    radius = sersic.brightness_radius(index, level)
    brightness = np.exp(-sersic.b_n(index) * radius ** (1 / index)) / sersic.normalisation(index)
    if 0 < radius < sersic.TRUNCATION:
        assert brightness == pytest.approx(level, rel=1e-6)
    else:
        assert radius in (0.0, sersic.TRUNCATION)
