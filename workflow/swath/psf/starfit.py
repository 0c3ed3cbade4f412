"""Flux and position of every star for a given PSF, how much each star says, and which of them is odd."""

from typing import NamedTuple

import numpy as np

from . import grid
from .stamps import Stamps

SNR_CAP = 300.0  # ASSUME no star says more about the PSF than one of this S/N: its own peculiarities are systematic
CLIP_ERROR = 0.02  # a star may differ from the PSF by this fraction of its light before it counts as odd
CLIP_SIGMA = 4.0  # robust standard deviations of the misfit
CLIP_RADIUS = 10  # pixels
FEW = 3  # of so few stars nobody can tell which is odd


class StarFit(NamedTuple):
    """Per star, shape (n,): flux, and offset (dx, dy) from the stamp's middle pixel."""

    flux: np.ndarray
    dx: np.ndarray
    dy: np.ndarray


def refine(stamps: Stamps, background: np.ndarray, light: np.ndarray, fits: StarFit) -> StarFit:
    """One Gauss-Newton step of flux and position of every star.

    Parameters
    ----------
    background : level of each star, subtracted, shape (n,).
    light : the PSF at each star, at its place in its stamp, for unit flux, shape (n, size, size).
    """
    count = len(light)
    grad_y, grad_x = np.gradient(light, axis=(1, 2))
    columns = np.stack([light, -grad_x, -grad_y], axis=1).reshape(count, 3, -1)
    data = (stamps.data - background[:, None, None]).reshape(count, -1)
    flux, along_x, along_y = solve(columns, fit_weights(stamps, light, fits), data).T
    step = np.clip(np.stack([along_x, along_y]) / np.where(flux == 0, 1, flux), -0.5, 0.5)
    return StarFit(flux, fits.dx + step[0], fits.dy + step[1])


def fit_weights(stamps: Stamps, light: np.ndarray, fits: StarFit) -> np.ndarray:
    """Inverse variances of the pixels that stars are fitted on, shape (n, pixels).

    Noise alone: an error of the model that grew with the light would make flux and shape hang on the wing, where the
    PSF is known least.
    """
    inner = grid.radii(stamps.size) < stamps.size // 4
    return (inverse_variance(stamps, light, fits) * inner).reshape(len(light), -1)


def solve(columns: np.ndarray, inverse: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Weighted least squares star by star: columns (n, k, pixels), weights and data (n, pixels), result (n, k).

    A star without usable pixels gets zeros.
    """
    weighted = columns * inverse[:, None]
    normal = weighted @ columns.swapaxes(1, 2)
    normal += np.eye(columns.shape[1]) * (np.trace(normal, axis1=1, axis2=2) == 0)[:, None, None]
    return np.linalg.solve(normal, weighted @ data[:, :, None])[..., 0]


def inverse_variance(stamps: Stamps, light: np.ndarray, fits: StarFit, model_error: float = 0.0) -> np.ndarray:
    """Weights of the pixels of each star, shape (n, size, size): sky, photons of the model, and its own error."""
    model = np.maximum(fits.flux[:, None, None] * light, 0)
    return stamps.good / (stamps.variance + model / stamps.gain + (model_error * model) ** 2)


def weights(stamps: Stamps, light: np.ndarray, fits: StarFit) -> np.ndarray:
    """Weight of each star's unit-flux image, shape (n,): S/N^2, levelling off at SNR_CAP^2."""
    information = (light**2 * inverse_variance(stamps, light, fits)).sum((1, 2))
    square = np.maximum(fits.flux, 0) ** 2 * information
    return square / (1 + square / SNR_CAP**2)


def usable(stamps: Stamps, background: np.ndarray, light: np.ndarray, fits: StarFit, least: int) -> np.ndarray:
    """Stars that look like the others, bool (n,): misfit within CLIP_SIGMA of the median.

    At least `least` and half of the stars stay, as far as they have positive flux.
    """
    positive = fits.flux > 0
    if positive.sum() <= FEW:
        return positive
    misfit = np.where(positive, _misfit(stamps, background, light, fits), np.inf)
    median = np.median(misfit[positive])
    spread = max(1.4826 * np.median(np.abs(misfit[positive] - median)), 0.1 * median)
    stay = np.sort(misfit)[min(max(least, (len(misfit) + 1) // 2), len(misfit)) - 1]
    return positive & (misfit <= max(median + CLIP_SIGMA * spread, stay))


def _misfit(stamps: Stamps, background: np.ndarray, light: np.ndarray, fits: StarFit) -> np.ndarray:
    """Root mean square of residual over noise and allowed error within CLIP_RADIUS, shape (n,)."""
    residual = stamps.data - background[:, None, None] - fits.flux[:, None, None] * light
    inverse = inverse_variance(stamps, light, fits, CLIP_ERROR) * (grid.radii(stamps.size) < CLIP_RADIUS)
    return np.sqrt((inverse * residual**2).sum((1, 2)) / np.maximum((inverse > 0).sum((1, 2)), 1))
