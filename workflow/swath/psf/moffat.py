"""The elliptical Moffat profile, integrated over pixels, with its derivatives.

I(x, y) = (beta - 1) sqrt(qxx qyy - qxy^2) / pi (1 + qxx x^2 + 2 qxy x y + qyy y^2)^(-beta) has unit flux
(Moffat 1969, A&A 3, 455, with elliptical isophotes).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .grid import offsets

# Gauss-Legendre, three points per pixel and axis: exact to 1e-5 of the peak for a FWHM of 2 pixels
NODES = np.array([-np.sqrt(0.15), 0.0, np.sqrt(0.15)])
WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0
CORE_PIX = 15  # farther out the centre of a pixel stands for all of it: to 1 % of the light there


class Moffat(NamedTuple):
    """Shape: the inverse-square scales qxx, qxy, qyy [pix^-2] and the exponent beta."""

    qxx: float
    qxy: float
    qyy: float
    beta: float

    @property
    def determinant(self) -> float:
        """qxx qyy - qxy^2, positive for an ellipse."""
        return self.qxx * self.qyy - self.qxy**2

    @property
    def fwhm(self) -> float:
        """Full width at half maximum [pix], geometric mean of both axes."""
        return float(2 * np.sqrt((2 ** (1 / self.beta) - 1) / np.sqrt(self.determinant)))


def from_fwhm(fwhm: float, beta: float) -> Moffat:
    """The round Moffat of a FWHM [pix]."""
    q = 4 * (2 ** (1 / beta) - 1) / fwhm**2
    return Moffat(q, 0.0, q, beta)


def render(moffat: Moffat, size: int, x: np.ndarray | float = 0.0, y: np.ndarray | float = 0.0) -> np.ndarray:
    """Unit-flux stamps, shape (..., size, size), whose centres lie (x, y) off the middle pixel."""
    dx, dy = offsets(size)
    x, y = (np.asarray(value, float)[..., None, None] for value in (x, y))
    image = _profile(moffat, dx - x, dy - y)[0]
    core = slice(max(size // 2 - CORE_PIX, 0), size // 2 + CORE_PIX + 1)
    image[..., core, core] = _integrate(lambda u, v: _profile(moffat, u, v)[0], dx[:, core] - x, dy[core] - y)
    return image


def derivatives(moffat: Moffat, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Light of the pixels at (dx, dy) from the centre, and its derivatives, shape (7, *dx.shape).

    Order: the light itself, then by the centre x, y, then by qxx, qxy, qyy, beta.
    """
    return _integrate(lambda u, v: np.stack(_gradient(moffat, u, v)), dx, dy)


def _profile(moffat: Moffat, dx: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    base = 1 + moffat.qxx * dx**2 + 2 * moffat.qxy * dx * dy + moffat.qyy * dy**2
    peak = (moffat.beta - 1) / np.pi * np.sqrt(moffat.determinant)
    return peak * base**-moffat.beta, base


def _gradient(moffat: Moffat, dx: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, ...]:
    qxx, qxy, qyy, beta = moffat
    value, base = _profile(moffat, dx, dy)
    slope, half = beta * value / base, value / (2 * moffat.determinant)
    return (
        value,
        2 * slope * (qxx * dx + qxy * dy),
        2 * slope * (qxy * dx + qyy * dy),
        half * qyy - slope * dx**2,
        -2 * half * qxy - 2 * slope * dx * dy,
        half * qxx - slope * dy**2,
        value * (1 / (beta - 1) - np.log(base)),
    )


def _integrate(function: Callable[[np.ndarray, np.ndarray], np.ndarray], dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    parts = [
        weight_x * weight_y * function(dx + node_x, dy + node_y)
        for node_y, weight_y in zip(NODES, WEIGHTS, strict=True)
        for node_x, weight_x in zip(NODES, WEIGHTS, strict=True)
    ]
    return sum(parts[1:], start=parts[0])
