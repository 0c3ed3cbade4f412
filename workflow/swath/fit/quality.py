"""How well each source is described: chi2, pixels, masks, neighbours."""

from dataclasses import dataclass

import numpy as np

from ..flags import MASK
from ..models.render import Stamp
from .scene import Pixels

# ASSUME the core of a source is where its unit-flux image exceeds this fraction of its peak.
_CORE = 0.05


@dataclass
class Quality:
    """Per source; (n, nband) unless said.

    chi2, npix : over the good pixels of the core. masked_fraction : of the core, pixels beyond the patch count as
    masked. blend_fraction : (n,) share of neighbours in the light under the source's own profile.
    saturated, masked_centre : (n,) bool, in any band. truncated : (n,) bool, the core reaches beyond the pixels.
    """

    chi2: np.ndarray
    npix: np.ndarray
    masked_fraction: np.ndarray
    blend_fraction: np.ndarray
    saturated: np.ndarray
    masked_centre: np.ndarray
    truncated: np.ndarray


def measure(
    pixels: Pixels,
    mask: np.ndarray,
    stamps: list[Stamp],
    outlines: list[tuple[int, int, int, int]],
    positions: np.ndarray,
    flux: np.ndarray,
    model: np.ndarray,
    residual: np.ndarray,
    weights: np.ndarray,
) -> Quality:
    """Quality of every source from its stamp.

    Parameters
    ----------
    mask : (nband, ny, nx) mask bits. stamps, outlines : as drawn, and the boxes of the uncut stamps.
    positions : (n, 2). flux : (n, nband). model : (nband, ny, nx) of all sources without sky.
    residual, weights : as fitted.
    """
    n, nband = flux.shape
    quality = Quality(
        np.full((n, nband), np.nan),
        np.zeros((n, nband), int),
        np.ones((n, nband)),
        np.full(n, np.nan),
        np.zeros(n, bool),
        np.zeros(n, bool),
        np.zeros(n, bool),
    )
    for s, stamp in enumerate(stamps):
        x0, x1, y0, y1 = stamp.box
        if x1 <= x0 or y1 <= y0:
            quality.truncated[s] = True
            continue
        window = (slice(None), slice(y0, y1), slice(x0, x1))
        unit = stamp.templates[:, 0]
        core = unit > _CORE * unit.max(axis=(1, 2), keepdims=True)
        quality.truncated[s] = _is_cut(core.any(axis=0), stamp.box, outlines[s])
        good = pixels.good[window] & core
        quality.npix[s] = good.sum(axis=(1, 2))
        chi2 = (residual[window].astype("f8") ** 2 * weights[window] * good).sum(axis=(1, 2), dtype="f8")
        quality.chi2[s] = np.where(quality.npix[s] > 0, chi2, np.nan)
        quality.masked_fraction[s] = 1 - quality.npix[s] / np.maximum(core.sum(axis=(1, 2)), 1)
        quality.saturated[s] = (((mask[window] & MASK["SATURATED"]) > 0) & core).any()
        quality.masked_centre[s] = _centre_masked(pixels.good, positions[s])
        quality.blend_fraction[s] = _blend(unit, flux[s], model[window])
    return quality


def _is_cut(core: np.ndarray, box: tuple[int, int, int, int], outline: tuple[int, int, int, int]) -> bool:
    """Does the core (ny, nx) touch a border at which its stamp was cut?"""
    borders = (core[:, 0], core[:, -1], core[0], core[-1])
    return any(a != b and border.any() for a, b, border in zip(box, outline, borders, strict=True))


def _centre_masked(good: np.ndarray, position: np.ndarray) -> bool:
    x, y = np.rint(position).astype(int)
    inside = 0 <= x < good.shape[2] and 0 <= y < good.shape[1]
    return not inside or not good[:, y, x].all()


def _blend(unit: np.ndarray, flux: np.ndarray, model: np.ndarray) -> float:
    """Neighbours' share of the light weighted with the source's profile, over the bands where it shines."""
    own = flux * (unit**2).sum(axis=(1, 2), dtype="f8")
    total_light = (unit * model).sum(axis=(1, 2), dtype="f8")
    others = np.maximum(total_light - own - 1e-4 * np.abs(own), 0)
    own = np.abs(own)
    total = own.sum() + others.sum()
    return float(others.sum() / total) if total > 0 else 0.0
