"""The stellar locus: the half-light radius that all stars of a band share, slowly varying over the field."""

from typing import NamedTuple

import numpy as np

START_WIDTH = 0.2  # ASSUME the seeing varies by less than this fraction over a frame
MIN_MODE = 5  # with fewer objects a mode means nothing


class Locus(NamedTuple):
    """ln(half-light radius) = polynomial of the position; `scatter` is its robust standard deviation."""

    coefficients: np.ndarray
    centre: tuple[float, float]
    scale: float
    scatter: float

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Stellar half-light radius [pix] at full-frame positions."""
        design = _design(x, y, self.centre, self.scale, len(self.coefficients))
        return np.exp(design @ self.coefficients)


def fit_locus(x: np.ndarray, y: np.ndarray, hlr: np.ndarray, seed: np.ndarray) -> Locus | None:
    """Find the ridge of bright, round, isolated objects.

    Parameters
    ----------
    x, y, hlr : positions and half-light radii [pix], shape (n,).
    seed : bool, shape (n,): objects known to be stars; three or more of them say where the ridge is.

    Returns
    -------
    The locus, or None when there is nothing to fit.
    """
    if len(x) == 0:
        return None
    size = np.log(hlr)
    start = np.median(size[seed]) if seed.sum() >= 3 else _mode(size)
    keep = np.abs(size - start) < START_WIDTH
    centre, scale = (float(x.mean()), float(y.mean())), max(float(np.ptp(x)), float(np.ptp(y)), 1.0) / 2
    for _ in range(8):
        terms = 6 if keep.sum() >= 40 else 3 if keep.sum() >= 8 else 1
        design = _design(x, y, centre, scale, terms)
        coefficients = np.linalg.lstsq(design[keep], size[keep], rcond=None)[0]
        residual = size - design @ coefficients
        scatter = max(1.4826 * float(np.median(np.abs(residual[keep]))), 1e-3)
        inside = np.abs(residual) < max(3 * scatter, 0.01)
        if inside.sum() == 0 or np.array_equal(inside, keep):
            break
        keep = inside
    return Locus(coefficients, centre, scale, scatter)


def _design(x: np.ndarray, y: np.ndarray, centre: tuple[float, float], scale: float, terms: int) -> np.ndarray:
    u, v = (np.asarray(x) - centre[0]) / scale, (np.asarray(y) - centre[1]) / scale
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v][:terms], axis=-1)


def _mode(values: np.ndarray) -> float:
    """Half-sample mode (Bickel & Fruehwirth 2006); of very few values the smallest.

    ASSUME where almost nothing is known the smallest resolved object is a star.
    """
    ordered = np.sort(values)
    if len(ordered) < MIN_MODE:
        return float(ordered[0])
    while len(ordered) > 3:
        half = (len(ordered) + 1) // 2
        widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
        first = int(np.argmin(widths))
        ordered = ordered[first : first + half]
    return float(np.median(ordered))
