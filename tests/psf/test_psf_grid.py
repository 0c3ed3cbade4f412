"""Stamps' geometry against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.psf import grid
from swath.psf.moffat import from_fwhm, render

OFFSET = st.floats(-0.5, 0.5)


def gaussian(size, sigma, x=0.0, y=0.0):
    dx, dy = grid.offsets(size)
    return np.exp(-((dx - x) ** 2 + (dy - y) ** 2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)


@given(st.floats(3.0, 25.0))
def test_disk_has_the_area_of_a_circle(radius):
    # red if the rim is a whole pixel too wide or too narrow; the linear rim is right to 2 %
    assert grid.disk(61, radius).sum() == pytest.approx(np.pi * radius**2, rel=0.02)


@given(OFFSET, OFFSET)
def test_shift_moves_a_star_exactly(x, y):
    # sigma 1.7 pixels is band-limited to 1e-6; red if x and y are swapped or the sign is wrong
    moved = grid.shift(gaussian(41, 1.7), x, y)
    np.testing.assert_allclose(moved, gaussian(41, 1.7, x, y), atol=2e-6)


def test_shift_of_many_takes_an_offset_each():
    images = np.stack([gaussian(41, 1.7), gaussian(41, 2.5)])
    moved = grid.shift(images, np.array([0.3, -0.2]), np.array([0.1, 0.4]))
    np.testing.assert_allclose(moved[1], gaussian(41, 2.5, -0.2, 0.4), atol=2e-6)


@given(OFFSET, OFFSET, st.floats(2.5, 6.0), st.floats(2.0, 5.0))
def test_centre_of_a_symmetric_star(x, y, fwhm, beta):
    # the limit for a PSF is 0.02 pixels; narrower ones are undersampled
    image = render(from_fwhm(fwhm, beta), 55, x, y)
    assert grid.centre(image, fwhm) == pytest.approx((x, y), abs=2e-3)


@given(st.integers(2, 20), st.integers(2, 20), st.integers(2, 20))
def test_resize_keeps_the_middle(half_y, half_x, half):
    image = np.zeros((2 * half_y + 1, 2 * half_x + 1))
    image[half_y, half_x], image[half_y, half_x + 1], image[half_y - 1, half_x] = 1, 2, 3
    out = grid.resize(image, 2 * half + 1)
    assert (out[half, half], out[half, half + 1], out[half - 1, half]) == (1, 2, 3)
    assert out.sum() == image[half_y - min(half, half_y) : half_y + min(half, half_y) + 1].sum()


def test_fade_is_one_then_zero():
    r = np.linspace(0, 12, 100)
    weight = grid.fade(r, 6.0, 10.0)
    assert (weight[r <= 6] == 1).all()
    assert (weight[r >= 10] == 0).all()
    assert (np.diff(weight) <= 0).all()


def test_second_derivatives_are_changes_of_the_second_moments():
    # dG/d(sigma^2) = laplace(G) / 2 for a Gaussian, along one axis d2G/dx2 / 2: red if a factor or a sign is lost
    size, plus, cross = grid.second_derivatives(gaussian(41, 2.0))
    step = 1e-4
    wider = (gaussian(41, np.sqrt(4 + step)) - gaussian(41, np.sqrt(4 - step))) / (2 * step)
    np.testing.assert_allclose(size / 2, wider, atol=1e-7)
    dx, dy = grid.offsets(41)
    np.testing.assert_allclose(plus, gaussian(41, 2.0) * (dx**2 - dy**2) / 16, atol=1e-7)
    np.testing.assert_allclose(cross, gaussian(41, 2.0) * 2 * dx * dy / 16, atol=1e-7)
