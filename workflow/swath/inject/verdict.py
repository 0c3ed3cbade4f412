"""What the added sources say about the fluxes and errors of a field, in bounds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..config.inject import Inject
from ..truth.bounds import Bound, bound
from ..truth.estimate import median, robust_sd
from .bins import judged

MEDIAN, NARROW, WIDE = 0.1, 0.9, 1.15
LEVEL = 0.9  # of the sources that are recovered at the quoted magnitude


def band_bounds(table: pd.DataFrame, bands: Sequence[str], settings: Inject) -> list[Bound]:
    """Median and robust sd of each band's pulls, of all fluxes that are judged."""
    bounds = []
    for band in bands:
        pulls = judged(table, band, settings.min_snr)["pull"].to_numpy()
        name, subject = f"flux pulls, S/N > {settings.min_snr:g}", band
        bounds.append(bound(f"{name}: median", subject, "", median(pulls), MEDIAN, MEDIAN))
        bounds.append(bound(f"{name}: robust sd", subject, "", robust_sd(pulls), 1 - NARROW, WIDE - 1, 1.0))
    return bounds


def complete_to(summary: pd.DataFrame, band: str) -> float | None:
    """Magnitude to which LEVEL of the added sources are recovered, between the bins' middles; None beyond them."""
    rows = summary[(summary["band"] == band) & (summary["type"] == "all")]
    middle, share = ((rows["mag_min"] + rows["mag_max"]) / 2).to_numpy(), rows["recovered"].to_numpy()
    below = np.flatnonzero(share < LEVEL)
    if not len(below) or below[0] == 0:
        return None
    k = below[0]
    return float(np.interp(LEVEL, [share[k], share[k - 1]], [middle[k], middle[k - 1]]))
