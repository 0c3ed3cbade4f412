"""Magnitudes, models and how they are drawn, as the figures of the catalogue share them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from . import style

MANY = 1500  # sources from which points are small and have no error bars


class Photometry(NamedTuple):
    """One band of the catalogue, arrays (n,): magnitude and its error, S/N, and whether the zero point is measured."""

    band: str
    mag: np.ndarray
    error: np.ndarray
    snr: np.ndarray
    calibrated: bool
    depth: float

    @property
    def unit(self) -> str:
        """For axis labels."""
        return "[mag]" if self.calibrated else "[mag, not calibrated]"


def read_band(table: pd.DataFrame, band: str, zp_ref: float) -> Photometry:
    """Magnitudes of one band; from fluxes at `zp_ref` where there is no zero point."""
    flux, error, mag, mag_error, depth = (
        table[name.format(band)].to_numpy(float)
        for name in ("FLUX_{}_fit", "FLUXERR_{}_fit", "MAG_{}_fit", "MAGERR_{}_fit", "DEPTH_{}")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        snr = flux / error
        if not np.isfinite(mag).any():
            mag = np.where(flux > 0, zp_ref - 2.5 * np.log10(flux), np.nan)
            mag_error = 2.5 / np.log(10) / snr
            return Photometry(band, mag, mag_error, snr, False, np.nan)
    seen = depth[np.isfinite(depth)]
    return Photometry(band, mag, mag_error, snr, True, float(np.median(seen)) if len(seen) else np.nan)


def handles(models: np.ndarray, drawn: np.ndarray | None = None) -> list[Line2D]:
    """Legend entries of the models that there are, with their numbers of sources and how many of them are drawn."""
    entries = []
    for which, colour, marker in groups(models):
        total = int(which.sum())
        count = f"{total}" if drawn is None else f"{int((which & drawn).sum())} of {total} drawn"
        label = f"{models[which][0]} ({count})"
        entries.append(Line2D([], [], color=colour, marker=marker, ls="", ms=4, label=label))
    return entries


def groups(models: np.ndarray) -> list[tuple[np.ndarray, str, str]]:
    """Which sources have a model, bool (n,), with its colour and marker; models without a source are left out."""
    return [(models == name, *look) for name, look in style.MODELS.items() if (models == name).any()]


def set_range(set_limits: Callable, values: np.ndarray, margin: float, inverted: bool = False) -> None:
    """Limits of an axis from the lowest value to the 99.5th percentile: one wild faint source squeezes no others."""
    low, high = np.percentile(values, (0, 99.5)) + np.array([-margin, margin])
    set_limits(*((high, low) if inverted else (low, high)))
