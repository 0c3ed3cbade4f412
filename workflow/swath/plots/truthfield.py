"""The last row of the truth plots: positions, sizes, zero points and PSFs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from . import style
from .style import Sheet

ASTROMETRY_SNR = 300.0
COLOURS = {"exp": "tab:blue", "dev": "tab:red", "sersic": "tab:orange"}


def draw_offsets(axes: Axes, table: pd.DataFrame) -> None:
    """Offsets of the brightest stars on the sky, with the allowed median."""
    stars = table[(table["type"] == "star") & (table["snr"] > ASTROMETRY_SNR)]
    axes.add_patch(_square(10))
    axes.plot(stars["ra_offset"], stars["dec_offset"], ".", ms=3, color="0.5", label=f"{len(stars)} stars, S/N > 300")
    if len(stars):
        axes.plot(
            stars["ra_offset"].median(), stars["dec_offset"].median(), "+", ms=9, color="tab:blue", label="median"
        )
    axes.set(xlim=(-15, 15), ylim=(-15, 15))
    axes.legend(fontsize=style.TINY, loc="lower left")
    _label(axes, "RA, fit - true, on the sky [mas]", "DEC, fit - true [mas]")


def draw_sizes(axes: Axes, table: pd.DataFrame) -> None:
    """Fitted over true half-light radius against S/N."""
    for kind, colour in COLOURS.items():
        rows = table[(table["type"] == kind) & np.isfinite(table["Re_fit"].astype(float))]
        ratio = 100 * (rows["Re_fit"] / rows["Re"] - 1)
        bright = ratio[rows["snr"] > 20]
        words = f"{kind}: median {bright.median():+.1f} %" if len(bright) else kind
        axes.plot(rows["snr"], ratio, ".", ms=2, color=colour, label=words)
    axes.axhspan(-3, 3, color="tab:green", alpha=0.25, lw=0)
    axes.axvline(20, color="0.15", lw=0.6, ls=":")
    axes.set(xscale="log", ylim=(-60, 60))
    axes.legend(fontsize=style.TINY, loc="lower right")
    _label(axes, "S/N in the best band", "Re: fit / true - 1 [%]")


def draw_zero_points(axes: Axes, bounds: Sequence[Mapping[str, Any]]) -> None:
    """Zero points against what the simulated headers were given."""
    rows = [row for row in bounds if row["bound"] == "zero point - true" and row["value"] is not None]
    if not rows:
        style.say(axes, "no zero point")
        return
    axes.axhspan(-5, 5, color="tab:green", alpha=0.25, lw=0)
    values, errors = ([row[name] for row in rows] for name in ("value", "error"))
    axes.errorbar(range(len(rows)), values, errors, fmt="o", ms=3, lw=1, color="tab:blue")
    axes.axhline(0, color="0.15", lw=0.6)
    axes.set_ylim(-10, 10)
    axes.set_xticks(range(len(rows)), [row["of"] for row in rows])
    _label(axes, "band", "zero point - true [mmag]")


def draw_epsf(sheet: Sheet, axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Flux that a point source gets through each cell's ePSF, against through the true PSF."""
    if not rows:
        style.say(axes, "no PSF")
        return
    table = pd.DataFrame(rows).pivot(index="cell", columns="band", values="bias")
    colours = style.show(axes, table.to_numpy(float), style.symmetric(table.to_numpy(float), 100, 0.5), "RdBu_r")
    axes.set_xticks(range(len(table.columns)), table.columns)
    axes.set_yticks(range(len(table.index)), table.index)
    _label(axes, "band", "")
    axes.tick_params(labelsize=style.TINY)
    place = axes.get_position()
    left, top = place.x1 * sheet.width + 0.06, (1 - place.y1) * sheet.height
    sheet.bar(colours, left, top, 0.1, place.height * sheet.height, "ePSF flux bias [%]")


def _square(half: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((-half, -half), 2 * half, 2 * half, fc="tab:green", alpha=0.25, lw=0)


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, fontsize=style.SMALL)
    axes.set_ylabel(y, fontsize=style.SMALL)
    axes.tick_params(labelsize=style.SMALL)
