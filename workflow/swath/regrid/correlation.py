"""What resampling does to noise: less of it in a pixel, shared with the neighbours, as much as before in large areas.

A realisation of the image's noise is resampled along with the image. Its scatter in single pixels, where they lie alike
in the image's pixels, is the variance that errors are to follow; that of sums over apertures, over what independent
pixels of this variance would make of them, is the factor that `noise` measures in finished images, here known without
sources (Labbe et al. 2003, AJ 125, 1107; Casertano et al. 2000, AJ 120, 2747, appendix A).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from ..noise.apertures import disk_weights, empty_places, weighted_sums

PHASES = 16
SMOOTH_PHASES = 0.6
FEWEST = 50


def power(noise: np.ndarray, variance: np.ndarray, good: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By how much the variance of resampled noise is lower than that of the image's pixels, of every pixel.

    A pixel of the grid in the middle of one of the image has all of its noise; on a corner of four it has the mean of
    four. So the answer is a smooth function of the position within the image's pixel, which is found from all pixels
    that lie alike.

    Parameters
    ----------
    noise : (ny, nx) resampled realisation. variance : (ny, nx) resampled variance, without what is sought.
    good : (ny, nx) bool. x, y : (ny, nx) positions in the image.
    """
    # ASSUME scale and orientation are the same over the image, up to what changes the noise by a per cent.
    cells = np.stack([np.floor(np.mod(place + 0.5, 1.0) * PHASES).astype(int) % PHASES for place in (y, x)])
    flat = np.ravel_multi_index(cells, (PHASES, PHASES))
    used = good & (variance > 0)
    index, ratio = flat[used], noise[used] ** 2 / variance[used]
    total, count = (_by_phase(index, weights) for weights in (ratio, np.ones(len(ratio))))
    table = np.divide(total, count, out=np.ones_like(total), where=count > 0)
    return table.ravel()[flat]


def _by_phase(index: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums of values by position within a pixel, smoothed; a pixel turned by 180 degrees is the same."""
    table = np.bincount(index, values, PHASES**2).reshape(PHASES, PHASES).astype(float)
    return ndimage.gaussian_filter(table + table[::-1, ::-1], SMOOTH_PHASES, mode="wrap")


def aperture_factors(
    unit: np.ndarray, blocked: np.ndarray, radii: Sequence[float], most: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Scatter of sums over disks, over that of independent pixels; one entry for each radius.

    Parameters
    ----------
    unit : (ny, nx) realisation of the noise over its standard deviation. blocked : (ny, nx) bool. radii [pix].
    most : apertures of each size.

    Returns
    -------
    Entries radius, area [pix], places, factor and error (both None of fewer than 50 places).
    """
    rows = []
    for radius in (0.5, *radii):
        weights = disk_weights(radius)
        y, x = empty_places(blocked, len(weights), most, rng)
        sums = weighted_sums(unit, y, x, weights) / np.sqrt(weights.sum())
        # The mean is known to be 0: no degree of freedom goes into it.
        factor = float(np.sqrt(np.mean(sums**2))) if len(sums) >= FEWEST else None
        error = None if factor is None else factor / np.sqrt(2 * len(sums))
        rows.append(
            {
                "radius": float(radius),
                "area": float(weights.sum()),
                "places": len(sums),
                "factor": factor,
                "error": error,
            }
        )
    return rows
