"""What the added sources say about the fluxes and errors of a field, in bounds and in words."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..config.inject import Inject
from ..files import read_json
from ..truth.bounds import Bound, bound
from ..truth.estimate import median, robust_sd
from ..truth.tell import listing
from .bins import judged

log = logging.getLogger(__name__)

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


def closing(verdict: str | Path, summary: str, figure: str) -> str:
    """The last lines of a run: the bounds, how deep the catalogue is complete, and where table and figure are."""
    found = read_json(verdict)
    return "\n".join([listing(found["bounds"]), "", found["sentence"], f"table: {summary}", f"figure: {figure}"])


def tell(verdict: str | Path, summary: str, figure: str) -> None:
    """Keep the closing lines in the log, for the main process to print last."""
    log.info("the verdict:\n%s", closing(verdict, summary, figure))


def sentence(bounds: Sequence[Mapping[str, Any]], complete: Mapping[str, float | None], injected: int) -> str:
    """The verdict in one breath."""
    missed = [row for row in bounds if not row["passed"]]
    deep = ", ".join(f"{band} {'-' if mag is None else f'{mag:.2f}'}" for band, mag in complete.items())
    judged_as = (
        "fluxes are unbiased and their errors hold in every band"
        if not missed
        else "not as they should be: " + ", ".join(f"{row['of']} ({_what(row)})" for row in missed)
    )
    return f"{injected} sources added: {judged_as}. {100 * LEVEL:.0f} % are recovered to [mag]: {deep}"


def _what(row: Mapping[str, Any]) -> str:
    if "median" in row["bound"]:
        return f"fluxes off by {row['value']:+.2f} of their errors"
    return f"errors should be {row['value']:.2f} times as large"
