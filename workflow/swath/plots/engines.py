"""The figure of two engines: flux differences against magnitude, a panel for each band."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from . import style
from .arrays import robust_sd
from .style import MODELS, Sheet

WIDE, HIGH, LEFT, TOP, STEP_X, STEP_Y, COLUMNS = 2.6, 1.8, 0.7, 0.75, 3.2, 2.4, 3
SPAN = 3.0  # axes show at least so many errors to both sides, and at most ten times as many


def draw_engines(fluxes: pd.DataFrame, bands: Sequence[str], output: str | Path, dpi: int) -> None:
    """Draw (the Tractor's flux - native flux) / native error against magnitude.

    Parameters
    ----------
    fluxes : one row for each source and band: model, band, mag, difference.
    """
    columns = min(COLUMNS, len(bands))
    rows = -(-len(bands) // columns)
    sheet = Sheet(LEFT + columns * STEP_X - 0.2, TOP + rows * STEP_Y - 0.2, dpi)
    sheet.text(LEFT, 0.12, "The Tractor's fluxes less the native ones", style.TITLE)
    for index, band in enumerate(bands):
        axes = sheet.axes(LEFT + index % columns * STEP_X, TOP + index // columns * STEP_Y - 0.2, WIDE, HIGH)
        draw_band(axes, fluxes[(fluxes["band"] == band) & fluxes["difference"].notna() & fluxes["mag"].notna()], band)
    sheet.save(output)


def draw_band(axes: Axes, rows: pd.DataFrame, band: str) -> None:
    """One band; what lies beyond the axes is drawn as triangles at their edge."""
    if rows.empty:
        style.say(axes, f"{band}: no flux to compare")
        return
    values = rows["difference"].to_numpy()
    span = float(np.clip(2 * np.percentile(np.abs(values), 95), SPAN, 10 * SPAN))
    axes.axhspan(-1, 1, color="0.93", lw=0)
    axes.axhline(0, color="0.4", lw=0.6)
    for model, (colour, marker) in MODELS.items():
        part = rows[rows["model"] == model]
        if part.empty:
            continue
        inside = part["difference"].abs() <= span
        axes.plot(
            part["mag"][inside], part["difference"][inside], marker, ms=3, alpha=0.7, mew=0, color=colour, label=model
        )
        for sign, shape in ((1, "^"), (-1, "v")):
            beyond = part[sign * part["difference"] > span]
            axes.plot(beyond["mag"], np.full(len(beyond), sign * 0.95 * span), shape, ms=4, mfc="none", color=colour)
    axes.set_ylim(-span, span)
    axes.invert_xaxis()
    about = f"median {np.median(values):+.3f}, robust sd {robust_sd(values):.3f}, {len(values)} fluxes"
    axes.set_title(about, fontsize=style.TINY, pad=2)
    axes.legend(fontsize=style.TINY, loc="best")
    style.label(axes, f"magnitude, {band} [mag]", "difference / error")
