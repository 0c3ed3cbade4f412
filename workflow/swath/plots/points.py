"""A light curve as it is drawn: what stands on the flux axis, and how far the axis reaches."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..config.lightcurve import SpectrumFigure
from ..spectra.judge import sound


class Points(NamedTuple):
    """The measurements that can be drawn, arrays (n,), and those that cannot.

    value, error : flux [uJy] or magnitude; of upper limits the limit, with an error of NaN.
    kind : 'good', 'rejected' or 'upper_limit'. sound : bool, neither flagged nor an outlier.
    unmeasured : times [MJD] of exposures without a value. lost : how many of these there are, also of unknown time.
    """

    wavelength: np.ndarray
    mjd: np.ndarray
    value: np.ndarray
    error: np.ndarray
    kind: np.ndarray
    sound: np.ndarray
    unmeasured: np.ndarray
    lost: int


def points(table: pd.DataFrame, use_magnitude: bool) -> Points:
    """The points of a light curve; those of largest S/N last, so that they lie on top."""
    value, error, limit = ("mag_ab", "mag_ab_error", "upper_limit_mag") if use_magnitude else (
        "flux", "flux_error", "upper_limit"
    )  # fmt: skip
    limited = (table["class"] == "upper_limit").to_numpy()
    values = np.where(limited, table[limit], table[value])
    errors = np.where(limited, np.nan, table[error])
    drawn = np.isfinite(values) & np.isfinite(table["wavelength"]) & np.isfinite(table["mjd"])
    times = table["mjd"].to_numpy()
    order = np.flatnonzero(drawn)[np.argsort(table["snr"].to_numpy()[drawn], kind="stable")]
    kind = table["class"].to_numpy(object)
    wavelength = table["wavelength"].to_numpy()
    taken = (column[order] for column in (wavelength, times, values, errors, kind, sound(table)))
    return Points(*taken, times[~drawn & np.isfinite(times)], int((~drawn).sum()))


def value_range(points: Points, settings: SpectrumFigure) -> tuple[float, float]:
    """Lower and upper end of the value axis.

    Percentiles of what is neither flagged nor an outlier (of all, where nothing is left), and a margin; (0, 1)
    without a value.
    """
    values = points.value[points.sound] if points.sound.any() else points.value
    if not len(values):
        return 0.0, 1.0
    # Values themselves and nothing between two of them: a wild one is either on the axis or not.
    ends = (settings.ylim_percentile_min, settings.ylim_percentile_max)
    low, high = np.percentile(values, ends, method="nearest")
    if high <= low:
        error = np.nan_to_num(points.error[np.abs(points.value - low).argmin()])
        low, high = low - max(3 * error, 0.1 * abs(low), 1e-3), high + max(3 * error, 0.1 * abs(high), 1e-3)
    margin = settings.ylim_padding_fraction * (high - low)
    return float(low - margin), float(high + margin)
