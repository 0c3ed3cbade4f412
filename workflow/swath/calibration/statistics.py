"""Robust location, scatter and straight-line fits of values with unequal errors."""

from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.optimize import minimize_scalar

MAD_TO_SIGMA = 1.4826
MAD_EFFICIENCY = 0.37


class LinearFit(NamedTuple):
    """A weighted least-squares fit; `errors` hold for the scatter that the fit itself leaves."""

    coefficients: np.ndarray
    errors: np.ndarray
    chi2: float
    dof: int


def mad_sigma(values: np.ndarray) -> float:
    """Standard deviation from the median absolute deviation, unbiased for few Gaussian values."""
    n = len(values)
    deviation = np.median(np.abs(values - np.median(values)))
    # Croux & Rousseeuw (1992, COMPSTAT 1, 411): correction factor of the MAD for n values.
    return float(MAD_TO_SIGMA * deviation * n / (n - 0.8))


def clip(values: np.ndarray, errors: np.ndarray, n_sigma: float, max_iters: int) -> np.ndarray:
    """Which values to keep, shape (n,) bool.

    A value goes when it is further from the median than the limit times the scatter (from the MAD), and than
    `n_sigma` times its own error; repeated until nothing changes, at most `max_iters` times. The limit is `n_sigma` for
    many values; for few it is the Student quantile of the same chance, as their MAD is itself uncertain (it is worth
    the standard deviation of 0.37 times as many values), so that luck alone clips as rarely as among many.
    """
    keep = np.ones(len(values), dtype=bool)
    for _ in range(max_iters):
        n = keep.sum()
        if n < 3:
            break
        limit = stats.t.isf(stats.norm.sf(n_sigma), MAD_EFFICIENCY * n)
        distance = np.abs(values - np.median(values[keep]))
        inside = keep & (distance <= np.maximum(limit * mad_sigma(values[keep]), n_sigma * errors))
        if inside.sum() == n:
            break
        keep = inside
    return keep


def intrinsic_scatter(values: np.ndarray, errors: np.ndarray) -> float:
    """Scatter beyond the errors, by restricted maximum likelihood (Patterson & Thompson 1971, Biometrika 58, 545).

    For values ~ N(mu, errors^2 + scatter^2) with unknown mu; the restricted likelihood does not lose the degree of
    freedom that mu takes. 0 for fewer than two values.
    """
    spread = float(np.ptp(values)) if len(values) > 1 else 0.0
    if spread == 0.0:
        return 0.0

    def loss(scatter: float) -> float:
        weights = 1.0 / (errors**2 + scatter**2)
        mean = np.average(values, weights=weights)
        return float(np.sum(weights * (values - mean) ** 2 - np.log(weights)) + np.log(weights.sum()))

    found = minimize_scalar(
        loss, bounds=(1e-6 * spread, 2.0 * spread), method="bounded", options={"xatol": 1e-5 * spread}
    )
    return float(found.x) if found.fun < loss(0.0) else 0.0


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value at half of the weight, interpolated; the plain median for equal weights."""
    order = np.lexsort((weights, values))
    middle = np.cumsum(weights[order]) - 0.5 * weights[order]
    return float(np.interp(0.5 * weights.sum(), middle, values[order]))


def median_error(sigmas: np.ndarray) -> float:
    """Standard error of the median of Gaussian values with `sigmas`, weighted with 1/sigma^2.

    Large samples: pi/2 sum(w^2) / sum(w/sigma)^2. Few values are between a mean and that: for n equal ones
    pi / (2n + pi - 2) (Kendall & Stuart, Advanced Theory of Statistics 1, 14.12), here with the effective number.
    """
    weights = sigmas**-2.0
    effective = weights.sum() ** 2 / (weights**2).sum()
    large = np.pi / 2 * (weights**2).sum() / (weights / sigmas).sum() ** 2
    return float(np.sqrt(large * effective / (effective + np.pi / 2 - 1)))


def linear_fit(design: np.ndarray, values: np.ndarray, sigmas: np.ndarray) -> LinearFit:
    """Weighted least squares of `values` on the columns of `design`, shape (n, parameters), n > parameters.

    The errors are scaled by the root of the reduced chi2: `sigmas` need to be right only relative to each other.
    """
    coefficients, *_ = np.linalg.lstsq(design / sigmas[:, None], values / sigmas, rcond=None)
    chi2 = float((((values - design @ coefficients) / sigmas) ** 2).sum())
    dof = len(values) - design.shape[1]
    scaled = design / sigmas[:, None]
    covariance = np.linalg.pinv(scaled.T @ scaled) * chi2 / dof
    return LinearFit(coefficients, np.sqrt(np.diag(covariance)), chi2, dof)
