"""The verdict on added sources in words: what was missed, by how much, what of it empty sky explains, where to look."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import RunError
from ..files import read_json
from ..truth.tell import listing
from .verdict import LEVEL

log = logging.getLogger(__name__)

ADVICE = (
    "where to look next: a departure of the brightest bins is one of the PSF or the models; one of the faint bins is "
    "one of the sky, of neighbours that the catalogue lacks, or of correlated noise (noise.correct_errors)"
)


def sentence(bounds: Sequence[Mapping[str, Any]], complete: Mapping[str, float | None], injected: int) -> str:
    """The verdict in one breath."""
    bad = [row for row in bounds if not row["passed"]]
    deep = ", ".join(f"{band} {'-' if mag is None else f'{mag:.2f}'}" for band, mag in complete.items())
    state = "fluxes and errors keep all bounds"
    if bad:
        state = f"{len(bad)} of {len(bounds)} bounds missed ({', '.join(dict.fromkeys(row['of'] for row in bad))})"
    return f"{injected} sources added: {state}. {100 * LEVEL:.0f} % are recovered to [mag]: {deep}"


def missed(
    bounds: Sequence[Mapping[str, Any]],
    summary: pd.DataFrame,
    measured: Mapping[str, float | None],
    applied: Mapping[str, float],
) -> list[str]:
    """A sentence for every bound that is missed.

    Parameters
    ----------
    bounds : rows of `truth.rows.bound_row`. summary : from `bins.binned`. measured, applied : band to the noise factor
        of empty sky (None: too little of it) and to the one that the errors hold.
    """
    said = []
    for row in (row for row in bounds if not row["passed"]):
        band = row["of"]
        bins = summary[(summary["band"] == band) & (summary["type"] == "all")]
        said.append(_sentence(row, bins, measured[band], applied[band]))
    return said


def closing(verdict: str | Path, summary: str, figure: str) -> str:
    """The last lines of a run: the bounds, how deep the catalogue is complete, and where table and figure are."""
    found = read_json(verdict)
    lines = [*_remarks(found), f"table: {summary}", f"figure: {figure}"]
    return "\n".join([listing(found["bounds"]), "", found["sentence"], *lines])


def tell(verdict: str | Path, summary: str, figure: str) -> None:
    """Keep the closing lines in the log, for the main process to print last; print the bounds where some are missed.

    Raises
    ------
    RunError : bounds are missed, one sentence for each.
    """
    found = read_json(verdict)
    log.info("the verdict:\n%s", closing(verdict, summary, figure))
    if not found["passed"]:
        print(f"{listing(found['bounds'])}\n\n{found['sentence']}", flush=True)
        count = f"{len(found['missed'])} of {len(found['bounds'])} bounds missed"
        raise RunError(_remarks(found), f"inject: {count}; table: {summary}; figure: {figure}")


def _remarks(found: Mapping[str, Any]) -> list[str]:
    untested = f"not tested, because added later (inputs.added_images): {', '.join(found['untested'])}"
    return [*found["missed"], *([ADVICE] if found["missed"] else []), *([untested] if found["untested"] else [])]


def _sentence(row: Mapping[str, Any], bins: pd.DataFrame, measured: float | None, applied: float) -> str:
    if row["value"] is None:
        return f"{row['of']}: no usable flux of enough S/N, so that nothing can be said"
    value, allowed = f"{row['value']:.3f} ± {row['error']:.3f}", f"allowed {row['low']:.3f} to {row['high']:.3f}"
    if "median" in row["bound"]:
        return f"{row['of']}: fluxes are off by {value} of their errors, {allowed}; {_furthest(bins, 'pull_median', 0)}"
    state = "too small" if row["value"] > 1 else "too large"
    sky = _empty_sky(row, measured, applied)
    return (
        f"{row['of']}: errors look {state}, pulls scatter by {value}, {allowed}; {sky}; {_furthest(bins, 'pull_sd', 1)}"
    )


def _empty_sky(row: Mapping[str, Any], measured: float | None, applied: float) -> str:
    """What the noise of empty sky explains of a scatter of pulls."""
    if measured is None:
        return "too little empty sky to say what of it is noise"
    if np.isclose(measured, applied):
        return f"the noise of empty sky (factor {measured:.3f}) is in the errors already"
    left = row["value"] * applied / measured
    inside = "within" if row["low"] <= left <= row["high"] else "not within"
    return (
        f"the noise of empty sky is {measured:.3f} times the declared one, errors hold {applied:.3f}: with all of it "
        f"the scatter would be {left:.3f}, {inside} what is allowed"
    )


def _furthest(bins: pd.DataFrame, name: str, about: float) -> str:
    """The bin of magnitude whose number departs most, in units of its error."""
    known = bins[np.isfinite(bins[name]) & (bins[f"{name}_err"] > 0)]
    if not len(known):
        return "no bin of magnitude has enough fluxes to say where"
    worst = known.loc[((known[name] - about).abs() / known[f"{name}_err"]).idxmax()]
    place = f"{worst['mag_min']:.1f} to {worst['mag_max']:.1f} mag"
    return f"furthest off at {place}: {worst[name]:.2f} ± {worst[f'{name}_err']:.2f}"
