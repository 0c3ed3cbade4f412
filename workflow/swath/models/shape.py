"""Elliptical shapes in coordinates without singularities.

A shape is (ln r, e1, e2): r = sqrt(a b) and (e1, e2) = ln(a/b) (cos 2 phi, sin 2 phi), the conformal shear. Its
matrix C = r^2 exp(E), with E = [[e1, e2], [e2, -e1]], is smooth everywhere, round shapes included, so that the
fit has no cusp there (a major-axis radius with any polar ellipticity has one).
"""

import math
from collections.abc import Sequence

import numpy as np


def from_ellipse(re: np.ndarray, ell: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """(ln r, e1, e2), shape (..., 3), from major-axis Re [pix], ELL = 1 - b/a and phi [deg CCW from x]."""
    stretch = -np.log1p(-np.asarray(ell, float))
    angle = np.radians(2 * np.asarray(phi, float))
    return np.stack([np.log(re) - stretch / 2, stretch * np.cos(angle), stretch * np.sin(angle)], axis=-1)


def to_ellipse(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Major-axis Re [pix], ELL = 1 - b/a, phi [deg CCW from x, in (-90, 90]] from (..., 3) shapes."""
    log_r, e1, e2 = np.moveaxis(np.asarray(shape, float), -1, 0)
    stretch = np.hypot(e1, e2)
    return np.exp(log_r + stretch / 2), -np.expm1(-stretch), np.degrees(np.arctan2(e2, e1)) / 2


def ellipse_errors(shape: np.ndarray, covariance: np.ndarray) -> tuple[float, float, float]:
    """Standard errors of Re [pix], ELL and phi [deg] of one shape (3,) with covariance (3, 3), to first order.

    A shape too round for its errors has no angle: the error of phi is capped at that of a uniform one, 52 degrees.
    """
    log_r, e1, e2 = shape
    stretch = max(float(np.hypot(e1, e2)), 1e-9)
    c, s = e1 / stretch, e2 / stretch
    re = np.exp(log_r + stretch / 2)
    gradients = np.array(
        [
            [re, re * c / 2, re * s / 2],
            [0.0, np.exp(-stretch) * c, np.exp(-stretch) * s],
            [0.0, -s / (2 * stretch), c / (2 * stretch)],
        ]
    )
    errors = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradients, covariance, gradients), 0))
    return float(errors[0]), float(errors[1]), float(min(np.degrees(errors[2]), 180 / np.sqrt(12)))


def matrix(shape: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """C as (Cxx, Cxy, Cyy), shape (3,), and its derivatives by ln r, e1, e2, shape (3, 3), for one shape (3,)."""
    log_r, e1, e2 = map(float, shape)
    stretch = math.hypot(e1, e2)
    cosh, area = math.cosh(stretch), math.exp(2 * log_r)
    sinhc = math.sinh(stretch) / stretch if stretch > 1e-4 else 1 + stretch**2 / 6
    bend = (cosh - sinhc) / stretch**2 if stretch > 1e-2 else 1 / 3 + stretch**2 / 30
    xx, xy, yy = area * (cosh + sinhc * e1), area * sinhc * e2, area * (cosh - sinhc * e1)
    across = area * bend * e1 * e2
    by_e1 = area * (sinhc * (e1 + 1) + bend * e1 * e1), across, area * (sinhc * (e1 - 1) - bend * e1 * e1)
    by_e2 = area * sinhc * e2 + across, area * (sinhc + bend * e2 * e2), area * sinhc * e2 - across
    return np.array((xx, xy, yy)), np.array(((2 * xx, 2 * xy, 2 * yy), by_e1, by_e2))
