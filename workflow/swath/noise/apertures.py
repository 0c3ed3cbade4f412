"""Empty apertures: places where nothing is, and sums over them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..psf.grid import radii, resize

REACH_PIX = 15  # a PSF's weights end where they hold KEPT of their power, at the latest here
KEPT = 0.99
CHUNK = 512


def empty_places(blocked: np.ndarray, side: int, most: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """First rows and columns, (n,) each, of at most `most` squares of `side` pixels that hold no blocked pixel.

    The squares are those of a lattice: none overlaps another, so that they are as independent as the noise allows.

    Parameters
    ----------
    blocked : (ny, nx) bool.
    """
    whole = np.zeros((blocked.shape[0] + 1, blocked.shape[1] + 1), np.int64)
    whole[1:, 1:] = blocked.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    rows, columns = (np.arange(0, n - side + 1, side) for n in blocked.shape)
    low, high = np.ix_(rows, columns), np.ix_(rows + side, columns + side)
    inside = whole[high] - whole[rows[:, None], columns + side] - whole[rows[:, None] + side, columns] + whole[low]
    y, x = np.nonzero(inside == 0)
    chosen = np.sort(rng.permutation(len(y))[:most])
    return rows[y[chosen]], columns[x[chosen]]


def weighted_sums(image: np.ndarray, y: np.ndarray, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum of weights times pixels over the squares whose first pixels are (y, x), shape (n,) float64.

    Parameters
    ----------
    image : (ny, nx). weights : (side, side).
    """
    windows = sliding_window_view(image, weights.shape)
    parts = [
        np.einsum("nij,ij->n", windows[y[k : k + CHUNK], x[k : k + CHUNK]], weights) for k in range(0, len(y), CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def disk_weights(radius: float) -> np.ndarray:
    """1 on the pixels whose centres lie within `radius` of the middle one, 0 elsewhere; odd side."""
    size = 2 * int(radius) + 1
    return (radii(size) <= radius).astype(float)


def psf_weights(psf: np.ndarray) -> np.ndarray:
    """A PSF (odd side) as weights: cut to the disk that holds KEPT of the sum of its squares."""
    distance, power = radii(len(psf)), psf**2
    order = np.argsort(distance, axis=None, kind="stable")
    held = np.cumsum(power.ravel()[order]) / power.sum()
    radius = min(distance.ravel()[order][np.searchsorted(held, KEPT)], REACH_PIX)
    return resize(np.where(distance <= radius, psf, 0.0), 2 * int(np.ceil(radius)) + 1)
