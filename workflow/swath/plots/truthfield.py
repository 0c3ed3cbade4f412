"""The last row of the truth plots: positions, sizes, zero points and PSFs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..truth.bounds import ASTROMETRY_SNR, SIZE_SNR
from . import style
from .style import Sheet

COLOURS = {"exp": "tab:blue", "dev": "tab:red", "sersic": "tab:orange"}


def draw_offsets(axes: Axes, table: pd.DataFrame) -> None:
    """Offsets of the brightest stars on the sky, with the allowed median."""
    stars = table[(table["type"] == "star") & (table["snr"] > ASTROMETRY_SNR)]
    axes.add_patch(Rectangle((-10, -10), 20, 20, fc="tab:green", alpha=0.25, lw=0))
    words = f"{len(stars)} stars, S/N > {ASTROMETRY_SNR:g}"
    axes.plot(stars["ra_offset"], stars["dec_offset"], ".", ms=3, color="0.5", label=words)
    reach = 15.0
    if len(stars):
        ra, dec = stars["ra_offset"].median(), stars["dec_offset"].median()
        axes.plot(ra, dec, "+", ms=9, color="tab:blue", label="median")
        reach = float(np.nanmax([reach, 1.2 * abs(ra), 1.2 * abs(dec)]))
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.legend(fontsize=style.TINY, loc="lower left")
    style.label(axes, "RA, fit - true, on the sky [mas]", "DEC, fit - true [mas]")


def draw_sizes(axes: Axes, table: pd.DataFrame) -> None:
    """Fitted over true half-light radius against S/N."""
    for kind, colour in COLOURS.items():
        rows = table[(table["type"] == kind) & np.isfinite(table["Re_fit"].astype(float))]
        ratio = 100 * (rows["Re_fit"] / rows["Re"] - 1)
        bright = ratio[rows["snr"] > SIZE_SNR]
        words = f"{kind}: median {bright.median():+.1f} %" if len(bright) else kind
        axes.plot(rows["snr"], ratio, ".", ms=2, color=colour, label=words)
    axes.axhspan(-3, 3, color="tab:green", alpha=0.25, lw=0)
    axes.axvline(SIZE_SNR, color="0.15", lw=0.6, ls=":")
    axes.set(xscale="log", ylim=(-60, 60))
    axes.legend(fontsize=style.TINY, loc="lower right")
    style.label(axes, "S/N in the best band", "Re: fit / true - 1 [%]")


def draw_zero_points(axes: Axes, bounds: Sequence[Mapping[str, Any]]) -> None:
    """Zero points against what the simulated headers were given."""
    rows = [row for row in bounds if row["bound"] == "zero point - true" and row["value"] is not None]
    if not rows:
        style.say(axes, "no zero point")
        return
    axes.axhspan(-5, 5, color="tab:green", alpha=0.25, lw=0)
    values, errors = ([row[name] or 0.0 for row in rows] for name in ("value", "error"))
    axes.errorbar(range(len(rows)), values, errors, fmt="o", ms=3, lw=1, color="tab:blue")
    axes.axhline(0, color="0.15", lw=0.6)
    reach = max(10.0, 1.1 * float(np.max(np.abs(values) + np.array(errors))))
    axes.set_ylim(-reach, reach)
    axes.set_xticks(range(len(rows)), [row["of"] for row in rows])
    style.label(axes, "band", "zero point - true [mmag]")


def draw_epsf(sheet: Sheet, axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Flux that a point source gets through each cell's ePSF, against through the true PSF."""
    if not rows:
        style.say(axes, "no PSF")
        return
    table = pd.DataFrame(rows).pivot(index="cell", columns="band", values="bias")
    colours = style.show(axes, table.to_numpy(float), style.symmetric(table.to_numpy(float), 100, 0.5), "RdBu_r")
    axes.set_xticks(range(len(table.columns)), table.columns)
    axes.set_yticks(range(len(table.index)), table.index)
    style.label(axes, "band", "")
    axes.tick_params(labelsize=style.TINY)
    place = axes.get_position()
    left, top = place.x1 * sheet.width + 0.06, (1 - place.y1) * sheet.height
    sheet.bar(colours, left, top, 0.1, place.height * sheet.height, "ePSF flux bias [%]")
