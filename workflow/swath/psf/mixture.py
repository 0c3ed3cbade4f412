"""A PSF stamp as a mixture of elliptical Gaussians (Hogg & Lang 2013, PASP 125, 719, describe the use)."""

import numpy as np
from scipy.optimize import least_squares
from scipy.special import erf

from .grid import offsets

OVERSAMPLE = np.linspace(-1 / 3, 1 / 3, 3)


def fit_mixture(stamp: np.ndarray, count: int) -> np.ndarray:
    """The mixture of `count` concentric Gaussians nearest to a stamp (size, size), drawn on its pixels.

    Least squares over amplitude, ln sigma and two shear components of each; all amplitudes are positive.
    """
    peak = float(stamp.max())
    width = np.sqrt(stamp.sum() / (2 * np.pi * peak))
    start = np.concatenate(
        [
            np.log(np.full(count, stamp.sum() / count)),
            np.log(width * np.geomspace(0.7, 4.0, count)),
            np.zeros(2 * count),
        ]
    )

    def misfit(values: np.ndarray) -> np.ndarray:
        return ((_draw(values, stamp.shape[-1]) - stamp) / peak).ravel()

    return _draw(least_squares(misfit, start, ftol=1e-6, max_nfev=200).x, stamp.shape[-1])


def _draw(values: np.ndarray, size: int) -> np.ndarray:
    """Mixture on pixels, averaged over 3 x 3 points of each."""
    amplitude, log_sigma, e1, e2 = np.split(values, 4)
    x, y = offsets(size)
    image = np.zeros((size, size))
    for a, s, p, q in zip(np.exp(amplitude), np.exp(-2 * log_sigma), np.tanh(e1), np.tanh(e2), strict=True):
        for u in OVERSAMPLE:
            for v in OVERSAMPLE:
                form = (1 - p) * (x + u) ** 2 + (1 + p) * (y + v) ** 2 - 2 * q * (x + u) * (y + v)
                image += a * s / (2 * np.pi * 9) * np.exp(-0.5 * s * form)
    return image


def circular(size: int, sigmas: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Sum of round Gaussians, integrated exactly over the pixels, shape (size, size)."""
    edges = np.arange(size + 1) - size / 2
    image = np.zeros((size, size))
    for sigma, share in zip(sigmas, shares, strict=True):
        line = np.diff(erf(edges / (sigma * np.sqrt(2)))) / 2
        image += share * np.outer(line, line)
    return image
