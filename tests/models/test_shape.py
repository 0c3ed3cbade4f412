"""Ellipses in and out, and the derivatives of their matrix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.models import shape

ellipses = st.tuples(st.floats(0.1, 100), st.floats(0.001, 0.9), st.floats(-89.9, 90))
shapes = st.tuples(st.floats(-1, 4), st.floats(-2, 2), st.floats(-2, 2))


@given(ellipses)
def test_ellipse_round_trip(ellipse):
    assert shape.to_ellipse(shape.from_ellipse(*ellipse)) == pytest.approx(ellipse, rel=1e-9, abs=1e-9)


@given(ellipses)
def test_matrix_has_the_axes_of_the_ellipse(ellipse):
    re, ell, phi = ellipse
    (xx, xy, yy), _ = shape.matrix(shape.from_ellipse(re, ell, phi))
    values, vectors = np.linalg.eigh([[xx, xy], [xy, yy]])
    assert np.sqrt(values[::-1]) == pytest.approx([re, re * (1 - ell)], rel=1e-6)
    major = np.array([np.cos(np.radians(phi)), np.sin(np.radians(phi))])
    if ell > 0.01:  # a round shape has no axis
        assert abs(vectors[:, 1] @ major) == pytest.approx(1, abs=1e-6)


@given(shapes)
def test_matrix_derivatives(values):
    at = np.array(values)
    _, slopes = shape.matrix(at)
    for k in range(3):
        h = np.zeros(3)
        h[k] = 1e-5
        numeric = (shape.matrix(at + h)[0] - shape.matrix(at - h)[0]) / 2e-5
        assert slopes[k] == pytest.approx(numeric, rel=1e-4, abs=1e-6 * np.exp(2 * at[0]))


def test_derivatives_are_smooth_where_the_shape_is_round():
    # A cusp at ellipticity 0 would make the fit of round galaxies bounce.
    centre = shape.matrix(np.array([1.0, 0.0, 0.0]))[1]
    for e1, e2 in ((1e-7, 0), (0, 1e-7), (-1e-7, 1e-7), (2e-4, 0), (0.011, 0)):
        near = shape.matrix(np.array([1.0, e1, e2]))[1]
        assert near == pytest.approx(centre, abs=3 * (abs(e1) + abs(e2)) * np.exp(2) + 1e-9)


def test_errors_match_a_sampled_posterior():
    rng = np.random.default_rng(1)
    at = np.array([1.2, 0.5, -0.3])
    root = rng.normal(size=(3, 3)) * 0.01
    covariance = root @ root.T + 1e-5 * np.eye(3)
    draws = rng.multivariate_normal(at, covariance, size=200_000)
    sampled = [np.std(values) for values in shape.to_ellipse(draws)]
    # 2e5 draws know a standard deviation to 0.16 %; first order adds a little.
    assert shape.ellipse_errors(at, covariance) == pytest.approx(sampled, rel=0.02)


def test_angle_of_a_round_shape_has_the_error_of_a_uniform_one():
    assert shape.ellipse_errors(np.array([1.0, 1e-12, 0.0]), 0.1 * np.eye(3))[2] == pytest.approx(180 / np.sqrt(12))
