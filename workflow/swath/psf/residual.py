"""What the stars have in common beyond their Moffat: stacked, and believed as far as it stands out of its noise.

The stacked residual is split into its mean over rings and the rest. Both are shrunk as a Wiener filter does, with the
prior that a Moffat describes a PSF up to a fraction of its light at that radius. So the wing of a few faint stars is
the Moffat's, and that of many bright ones is what the stars show.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from ..config.psf import Psf
from . import grid
from .stamps import Stamps
from .starfit import StarFit

SMOOTH_PIX = 0.8
PIXEL_CLIP, PIXEL_ERROR = 5.0, 0.05  # pixels are clipped at so many sigma, where sigma holds this fraction of the light
RING_PRIOR = 0.6  # ASSUME a PSF's mean profile follows its Moffat to this fraction
SHAPE_PRIOR = 0.15  # ASSUME its departures from that mean profile are of this fraction
FINE_PRIOR = 0.05  # ASSUME structure finer than SMOOTH_PIX is of this fraction
HALO_PRIOR, HALO_PIX = 0.01, 10.0  # ASSUME about this much light in a halo of this scale, unknown to the Moffat
LEVEL_PIXELS = 1000  # the zero of the profile is known as well as the mean of about so many pixels: the annulus


def stack_residual(
    stamps: Stamps, background: np.ndarray, light: np.ndarray, fits: StarFit, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean residual of the unit-flux stars on the PSF's centre, and its variance, shape (size, size) each.

    A masked pixel counts as equal to the model with weight 0: nothing is interpolated across it.
    """
    flux = np.where(fits.flux > 0, fits.flux, 1.0)[:, None, None]
    residual = (stamps.data - background[:, None, None]) / flux - light
    variance = (stamps.variance + np.maximum(flux * light, 0) / stamps.gain) / flux**2
    seen = stamps.good & (weight > 0)[:, None, None]
    seen &= (residual - _common(residual, seen, fits)) ** 2 <= PIXEL_CLIP**2 * (variance + (PIXEL_ERROR * light) ** 2)
    residual = grid.shift(np.where(seen, residual, 0.0), -fits.dx, -fits.dy)
    share = weight[:, None, None] * seen
    total = np.maximum(share.sum(0), 1e-30)
    return (share * residual).sum(0) / total, (share**2 * np.where(seen, variance, 0.0)).sum(0) / total**2


def _common(residual: np.ndarray, seen: np.ndarray, fits: StarFit) -> np.ndarray:
    """What most stars have in common, at each star's place, shape (n, size, size): outliers are outliers from it."""
    centred = grid.shift(np.where(seen, residual, 0.0), -fits.dx, -fits.dy)
    part = seen.any((1, 2))
    # of one or two stars nobody can tell what is common
    median = np.median(centred[part], axis=0) if part.sum() > 2 else np.zeros(residual.shape[1:])
    return grid.shift(np.broadcast_to(median, residual.shape), fits.dx, fits.dy)


def trusted(residual: np.ndarray, variance: np.ndarray, analytic: np.ndarray, settings: Psf) -> np.ndarray:
    """The part of a stacked residual to add to the Moffat `analytic`; all of shape (size, size)."""
    radius = grid.radii(residual.shape[-1])
    rings = _rings(radius)
    smooth = gaussian_filter(residual, SMOOTH_PIX)
    shape, fine = (part - _spread(rings, _mean(rings, part), radius) for part in (smooth, residual - smooth))
    detail = _shrunk(shape, variance / (4 * np.pi * SMOOTH_PIX**2), SHAPE_PRIOR * analytic)
    detail += _shrunk(fine, variance, FINE_PRIOR * analytic)
    profile = _spread(rings, _profile(rings, residual, variance, analytic, radius), radius)
    return profile * _end(radius, settings) + detail * grid.fade(radius, *settings.taper_pix)


def _shrunk(part: np.ndarray, variance: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """A part of the residual, shrunk by its noise against the size that it may have."""
    return part * prior**2 / (prior**2 + variance + 1e-30)


def _profile(
    rings: np.ndarray, residual: np.ndarray, variance: np.ndarray, analytic: np.ndarray, radius: np.ndarray
) -> np.ndarray:
    """Mean residual of each ring, shrunk."""
    error = _mean(rings, variance) / np.maximum(np.bincount(rings.ravel()), 1) + np.median(variance) / LEVEL_PIXELS
    halo = HALO_PRIOR / (np.pi * HALO_PIX**2) / (1 + (_mean(rings, radius) / HALO_PIX) ** 2) ** 2
    prior = (RING_PRIOR * _mean(rings, analytic)) ** 2 + halo**2
    return _mean(rings, residual) * prior / (prior + error)


def _end(radius: np.ndarray, settings: Psf) -> np.ndarray:
    """1, falling to 0 where the annulus begins, whose light each star's residual counts as background."""
    end = settings.local_background.rin_pix if settings.local_background.enabled else radius.max()
    return np.clip((end - radius) / (0.25 * end), 0.0, 1.0)


def _rings(radius: np.ndarray) -> np.ndarray:
    """Ring of each pixel: one pixel wide inside 6 pixels, widening outwards."""
    edges = np.concatenate([np.arange(0.5, 6.0), 6.0 * 1.2 ** np.arange(1, 16)])
    return np.digitize(radius, edges)


def _mean(rings: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Mean of an image over each ring; 0 for a ring without pixels."""
    return np.bincount(rings.ravel(), image.ravel()) / np.maximum(np.bincount(rings.ravel()), 1)


def _spread(rings: np.ndarray, values: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Interpolate a value per ring over the pixels."""
    there = np.bincount(rings.ravel()) > 0
    return np.interp(radius, _mean(rings, radius)[there], values[there])
