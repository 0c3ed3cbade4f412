"""The page of truth plots: what came out of the simulated field against what went in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..files import read_json
from ..tables import read_table
from ..truth.bounds import FLUX_BIAS, PULL_SNR
from . import style
from .arrays import robust_sd
from .style import Sheet
from .truthfield import draw_epsf, draw_offsets, draw_sizes, draw_zero_points

KINDS = {"star": "stars", "exp": "exponential", "dev": "de Vaucouleurs", "sersic": "Sersic"}
WIDE, HIGH, LEFT, TOP, STEP_X, STEP_Y = 2.65, 1.75, 0.75, 0.95, 3.4, 2.45
BIN_MAG, FEWEST = 0.5, 5
REACH, LINEAR = 30.0, 1.0  # percent: end of the axis of the flux errors, and how far it is linear
INK, ACCENT, SOFT = "0.15", "tab:blue", "0.75"


def draw_truth(sources: str | Path, verdict: str | Path, output: str | Path, bands: Sequence[str], dpi: int) -> None:
    """Draw the page: bias, scatter, pulls and completeness by type; positions, sizes, zero points, PSFs of the field.

    Parameters
    ----------
    sources, verdict : `truth/sources.csv` and `truth/verdict.json`. bands : in order.
    """
    table, found = read_table(sources), read_json(verdict)
    active = table[table["active"].astype(str) == "True"]
    missed = len(found["missed"])
    sheet = Sheet(LEFT + 4 * STEP_X, TOP + 5 * STEP_Y + 0.1, dpi)
    state = "all bounds kept" if found["passed"] else f"{missed} bounds missed"
    sheet.text(LEFT, 0.12, f"Simulated field against its truth: {len(active)} sources, {state}", style.TITLE)
    about = f"Fluxes are those of all bands; true magnitudes are those of {bands[len(bands) // 2]}, whatever the band."
    sheet.text(LEFT, 0.36, about)
    completeness = pd.DataFrame(found["completeness"])
    for column, (kind, words) in enumerate(KINDS.items()):
        fluxes = _fluxes(active[active["type"] == kind], bands)
        sheet.text(LEFT + column * STEP_X + WIDE / 2, TOP - 0.08, words, style.TITLE, ha="center", va="bottom")
        draw_bias(_panel(sheet, 0, column), fluxes, FLUX_BIAS[kind])
        draw_scatter(_panel(sheet, 1, column), fluxes)
        draw_pulls(_panel(sheet, 2, column), fluxes)
        draw_completeness(_panel(sheet, 3, column), completeness, kind)
    draw_offsets(_panel(sheet, 4, 0), active)
    draw_sizes(_panel(sheet, 4, 1), active)
    draw_zero_points(_panel(sheet, 4, 2), found["bounds"])
    draw_epsf(sheet, _panel(sheet, 4, 3), found["epsf"])
    sheet.save(output)


def draw_bias(axes: Axes, fluxes: pd.DataFrame, allowed: float) -> None:
    """Relative flux error against true magnitude; the bar of each magnitude is the median's error.

    The axis is linear within LINEAR percent, which shows the allowed band, and logarithmic beyond.
    """
    percent = 100 * fluxes["bias"]
    beyond = int((percent.abs() > REACH).sum())
    label = f"flux ({beyond} of {len(percent)} beyond)" if beyond else "flux"
    axes.plot(fluxes["mag"], percent, ".", ms=2, mew=0, color="0.45", alpha=0.6, zorder=2, label=label)
    axes.axhspan(-allowed, allowed, color="tab:green", alpha=0.35, lw=0, label=f"±{allowed:g} %")
    axes.axhline(0, color=INK, lw=0.6)
    rows = [(mag, 100 * part["bias"].median(), _median_error(100 * part["bias"])) for mag, part in _binned(fluxes)]
    if rows:
        axes.errorbar(*zip(*rows, strict=True), fmt="o", ms=3, lw=1, color=ACCENT, label="median", zorder=3)
    axes.set_yscale("symlog", linthresh=LINEAR, linscale=1.5)
    axes.set_ylim(-REACH, REACH)
    ticks = (-10, -3, -1, -0.5, 0, 0.5, 1, 3, 10)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    style.label(axes, "true magnitude [mag]", "flux: (fit - true) / true [%]")
    axes.legend(fontsize=style.TINY, loc="lower left")


def draw_scatter(axes: Axes, fluxes: pd.DataFrame) -> None:
    """Robust scatter of the fluxes against the error that the fit quotes."""
    rows = [(mag, 100 * robust_sd(part["bias"]), 100 * (part["err"]).median()) for mag, part in _binned(fluxes)]
    if rows:
        mags, scatter, quoted = zip(*rows, strict=True)
        axes.plot(mags, scatter, "o", ms=3, color=ACCENT, label="robust scatter")
        axes.plot(mags, quoted, "-", lw=1, color=INK, label="median quoted error")
        axes.set_yscale("log")
        axes.legend(fontsize=style.TINY, loc="upper left")
    style.label(axes, "true magnitude [mag]", "scatter of the flux [%]")


def draw_pulls(axes: Axes, fluxes: pd.DataFrame) -> None:
    """Histogram of the pulls of all fluxes that the verdict judges, with the unit Gaussian."""
    pulls = fluxes.loc[fluxes["snr"] > PULL_SNR, "pull"].to_numpy()
    edges = np.linspace(-5, 5, 41)
    if len(pulls):
        axes.hist(np.clip(pulls, -5, 5), edges, density=True, color=SOFT)
        text = f"median {np.median(pulls):+.2f}\nrobust sd {robust_sd(pulls):.2f}\n{len(pulls)} fluxes"
        axes.text(0.03, 0.95, text, transform=axes.transAxes, fontsize=style.TINY, va="top")
    grid = np.linspace(-5, 5, 201)
    axes.plot(grid, np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi), color=ACCENT, lw=1)
    style.label(axes, f"(fit - true) / error, S/N > {PULL_SNR:g}", "probability density")


def draw_completeness(axes: Axes, rows: pd.DataFrame, kind: str) -> None:
    """Fractions of the sources that are detected on the white stack, and that are fitted and converged."""
    rows = rows[rows["type"] == kind] if len(rows) else rows
    if len(rows):
        axes.plot(rows["mag"], 100 * rows["detected"], "o-", ms=3, lw=1, color=ACCENT, label="detected, white stack")
        axes.plot(rows["mag"], 100 * rows["converged"], "s--", ms=3, lw=1, color=INK, label="fitted and converged")
        axes.legend(fontsize=style.TINY, loc="lower left")
    axes.set_ylim(0, 108)
    style.label(axes, "true magnitude [mag]", "of the sources [%]")


def _panel(sheet: Sheet, row: int, column: int) -> Axes:
    return sheet.axes(LEFT + column * STEP_X, TOP + row * STEP_Y, WIDE, HIGH)


def _fluxes(table: pd.DataFrame, bands: Sequence[str]) -> pd.DataFrame:
    """All fluxes of all bands in one column each: mag, bias, err (relative), pull, snr."""
    parts = [_of_band(table, band) for band in bands]
    return pd.concat(parts).dropna()


def _of_band(table: pd.DataFrame, band: str) -> pd.DataFrame:
    true, flux, error = (table[f"{name}_{band}"].astype(float) for name in ("true", "flux", "err"))
    columns: Mapping[str, Any] = {"mag": table["mag"], "bias": (flux - true) / true, "err": error / true}
    return pd.DataFrame({**columns, "pull": (flux - true) / error, "snr": table[f"snr_{band}"]})


def _binned(fluxes: pd.DataFrame) -> list[tuple[float, pd.DataFrame]]:
    middle = (np.floor(fluxes["mag"] / BIN_MAG) + 0.5) * BIN_MAG
    return [(float(mag), part) for mag, part in fluxes.groupby(middle) if len(part) >= FEWEST]


def _median_error(values: pd.Series) -> float:
    return 1.2533 * robust_sd(values) / np.sqrt(len(values))
