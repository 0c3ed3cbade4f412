"""Robust location and scatter of values that come in groups, with their standard errors."""

from typing import NamedTuple

import numpy as np

from ..streams import stream

RESAMPLES = 400
TO_SIGMA = 1.4826


class Estimate(NamedTuple):
    """A number, its standard error, and from how many sources it comes."""

    value: float
    error: float
    sources: int


def median(values: np.ndarray) -> Estimate:
    """Median of all values of shape (sources, k); NaN where there is none. A source's values are drawn together."""
    return _resampled(values, lambda sample: np.nanmedian(sample, axis=(-2, -1)))


def robust_sd(values: np.ndarray) -> Estimate:
    """Standard deviation from the median absolute deviation about the median; as `median`."""
    return _resampled(values, _mad)


def _mad(sample: np.ndarray) -> np.ndarray:
    middle = np.nanmedian(sample, axis=(-2, -1), keepdims=True)
    return TO_SIGMA * np.nanmedian(np.abs(sample - middle), axis=(-2, -1))


def _resampled(values: np.ndarray, statistic: object) -> Estimate:
    """The bootstrap over sources (Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 6).

    A source's bands share the error of its shape: they are no independent values.
    """
    if not len(values):
        return Estimate(np.nan, np.nan, 0)
    values = np.asarray(values, float).reshape(len(values), -1)
    values = values[np.isfinite(values).any(axis=1)]
    if not len(values):
        return Estimate(np.nan, np.nan, 0)
    draws = stream(0, "bootstrap").integers(0, len(values), (RESAMPLES, len(values)))
    return Estimate(float(statistic(values)), float(np.std(statistic(values[draws]))), len(values))
