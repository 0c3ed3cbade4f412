"""How much of a stacked residual to believe: each part is weighed against its own noise.

The residual is split into its mean over rings and the rest. Both are shrunk as a Wiener filter does, with the prior
that a Moffat describes a PSF up to a fraction of its light at that radius. So the wings of a few faint stars are the
Moffat's, and those of many bright ones are what the stars show.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from ..config.psf import Psf
from . import grid

SMOOTH_PIX = 0.8
RING_PRIOR = 0.3  # ASSUME a PSF's mean profile follows its Moffat to this fraction
SHAPE_PRIOR = 0.15  # ... and its departures from that mean profile are this fraction of the light
HALO_PRIOR = 0.01  # ASSUME about this much of the light may lie in a halo that the Moffat knows nothing of
TWICE = False


def trusted(residual: np.ndarray, variance: np.ndarray, analytic: np.ndarray, settings: Psf) -> np.ndarray:
    """The part of `residual` to add to the Moffat, shape (size, size).

    Parameters
    ----------
    residual, variance : stacked residual of unit-flux stars and its variance per pixel.
    analytic : the Moffat, same shape.
    """
    radius = grid.radii(residual.shape[-1])
    smooth = _smooth(residual)
    rings = _rings(radius)
    mean = _ring_profile(rings, residual, variance, analytic, radius)
    error = variance / (4 * np.pi * SMOOTH_PIX**2)
    prior = (SHAPE_PRIOR * analytic) ** 2
    detail = (smooth - _interpolate(rings, _ring_mean(rings, smooth), radius)) * prior / (prior + error + 1e-30)
    end = settings.local_background.rin_pix if settings.local_background.enabled else radius.max()
    mean = mean * np.clip((end - radius) / (0.25 * end), 0.0, 1.0)
    return mean + detail * grid.fade(radius, *settings.taper_pix)


def _smooth(image):
    once = gaussian_filter(image, SMOOTH_PIX)
    return once + gaussian_filter(image - once, SMOOTH_PIX) if TWICE else once


def _rings(radius: np.ndarray) -> np.ndarray:
    """Ring of each pixel: one pixel wide inside 6 pixels, widening outwards."""
    edges = np.concatenate([np.arange(0.5, 6.0), 6.0 * 1.2 ** np.arange(1, 14)])
    return np.digitize(radius, edges)


def _ring_mean(rings: np.ndarray, image: np.ndarray) -> np.ndarray:
    return np.bincount(rings.ravel(), image.ravel()) / np.maximum(np.bincount(rings.ravel()), 1)


def _interpolate(rings: np.ndarray, values: np.ndarray, radius: np.ndarray) -> np.ndarray:
    middle = _ring_mean(rings, radius)
    return np.interp(radius, middle[np.bincount(rings.ravel()) > 0], values[np.bincount(rings.ravel()) > 0])


def _ring_profile(
    rings: np.ndarray, residual: np.ndarray, variance: np.ndarray, analytic: np.ndarray, radius: np.ndarray
) -> np.ndarray:
    count = np.maximum(np.bincount(rings.ravel()), 1)
    error = _ring_mean(rings, variance) / count + np.median(variance) / 1000
    middle = _ring_mean(rings, radius)
    halo = HALO_PRIOR / (np.pi * 10.0**2) / (1 + (middle / 10.0) ** 2) ** 2
    prior = (RING_PRIOR * _ring_mean(rings, analytic)) ** 2 + halo**2
    return _interpolate(rings, _ring_mean(rings, residual) * prior / (prior + error), radius)
