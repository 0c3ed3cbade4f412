"""The stellar locus: the half-light radius that all stars of a band share, slowly varying over the field."""

from typing import NamedTuple

import numpy as np

# Tukey's biweight, ever narrower: first as wide as the seeing may vary over a frame (ASSUME 20 %), in the end as narrow
# as stars alone are. Galaxies lie on one side of the ridge; a mean or one clipping would be drawn to them.
WIDTHS = (0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.05, 0.05)
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
    centre, scale = (float(x.mean()), float(y.mean())), max(float(np.ptp(x)), float(np.ptp(y)), 1.0) / 2
    residual = size - start
    for width in WIDTHS:
        weight = np.clip(1 - (residual / width) ** 2, 0, None) ** 2
        terms = 6 if weight.sum() >= 30 else 3 if weight.sum() >= 6 else 1
        design, root = _design(x, y, centre, scale, terms), np.sqrt(weight)
        coefficients = np.linalg.lstsq(design * root[:, None], size * root, rcond=None)[0]
        residual = size - design @ coefficients
    near = np.abs(residual) < WIDTHS[-1]
    scatter = 1.4826 * float(np.median(np.abs(residual[near]))) if near.any() else WIDTHS[-1]
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
