"""All sources over the white stack: by type, by status, and which are reference stars."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..frames.white import block_average
from ..sources.box import reference_box
from . import style
from .arrays import blocks, extent
from .white import UNIT, averaged, read_white

GALAXIES = ("GAL", "EXP", "DEV", "SERSIC")


class Group(NamedTuple):
    """Sources that are drawn alike; `which` is bool (n,)."""

    label: str
    which: np.ndarray
    marker: str
    colour: str
    size: float
    width: float = 1.0


def draw_overlay(
    white: str | Path, sources: str | Path, output: str | Path, dpi: int, downsample: int | None, unknown_type: str,
    min_box_size_pix: int,
) -> None:  # fmt: skip
    """Draw every source of the list over the cropped white stack.

    Parameters
    ----------
    white : `white/white.fits`. sources : `sources/sources.parquet`.
    downsample : most block averaging [pix], None for as much as the picture asks for.
    unknown_type : model of sources without a known TYPE, for the legend.
    min_box_size_pix : as the `sources` stage used it, for the box of the reference stars.
    """
    _, stack, box, _ = read_white(white)
    table = pd.read_parquet(sources)
    width, height = _panel_size(box)
    factor = blocks(max(stack.shape), max(width, height), dpi, downsample)
    shown = block_average(stack, factor)
    columns = max(int(width / 2.3), 1)
    sheet = style.Sheet(max(width + 1.7, 2.9), height + 1.15 + 0.23 * -(-8 // columns), dpi)
    axes = sheet.axes(0.7, 0.4, width, height)
    colours = style.show(
        axes, shown, style.asinh_norm(shown), style.FLUX, extent((box[0], box[2]), shown.shape, factor)
    )
    style.pixel_axes(axes)
    margin = 0.015 * max(box[1] - box[0], box[3] - box[2])
    axes.set(xlim=(box[0] - margin, box[1] + margin), ylim=(box[2] - margin, box[3] + margin), facecolor="0.2")
    sheet.text(0.7, 0.12, f"{len(table)} sources over the white stack after the crop{averaged(factor)}", style.TITLE)
    handles = [_mark(axes, table, group) for group in groups(table, unknown_type, _scale(len(table)))]
    handles += _draw_box(axes, table, box, min_box_size_pix)
    sheet.legend(handles, 0.7, 0.4 + height + 0.5, columns)
    sheet.bar(colours, 0.7 + width + 0.12, 0.4, 0.15, height, f"white stack, {UNIT}")
    sheet.save(output)


def groups(table: pd.DataFrame, unknown_type: str, size: float) -> list[Group]:
    """Who is drawn how: active sources by TYPE, then the excluded ones, then rings around reference stars."""
    kind = table["TYPE"].astype("str").str.strip().str.upper() if "TYPE" in table else pd.Series([""] * len(table))
    active = ~table["excluded_any"].to_numpy(bool)
    star, galaxy = (kind == "STAR").to_numpy(), kind.isin(GALAXIES).to_numpy()
    saturated = table["excluded_saturation"].to_numpy(bool)
    cropped = table["excluded_crop"].to_numpy(bool) & ~saturated
    injected = table["injected"].to_numpy(bool)
    matched = (table["gaia_source_id"] != "").to_numpy() & ~injected
    return [
        Group("STAR", active & star, "o", "cyan", size),
        Group(", ".join(GALAXIES), active & galaxy, "o", "magenta", size),
        Group(f"UNKNOWN, fitted as {unknown_type}", active & ~star & ~galaxy, "s", "yellow", size),
        Group("excluded: saturation", saturated, "x", "red", size, 1.5),
        Group("excluded: crop", cropped, "x", "orange", size, 1.5),
        Group("matched with a reference star", matched, "o", "dodgerblue", 3.2 * size, 1.8),
        Group("injected reference star", injected, "o", "lime", 3.2 * size, 1.8),
    ]


def _mark(axes: Axes, table: pd.DataFrame, group: Group) -> object:
    """Draw a group and return its legend entry, which counts those that are not in the picture too."""
    x, y = (table[name].to_numpy(float)[group.which] for name in ("x_pix", "y_pix"))
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    seen = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    label = f"{group.label} (N={len(x)}" + (f", {np.sum(~seen)} of them outside)" if (~seen).any() else ")")
    paint = {"c": group.colour} if group.marker == "x" else {"edgecolors": group.colour, "facecolors": "none"}
    return axes.scatter(
        x[seen], y[seen], s=group.size, marker=group.marker, linewidths=group.width, label=label, **paint
    )


def _draw_box(axes: Axes, table: pd.DataFrame, crop: Sequence[int], min_size: int) -> list[Rectangle]:
    """The box in which reference stars were used, where any were."""
    if not (table["gaia_source_id"] != "").any():
        return []
    own = table[~table["excluded_any"].astype(bool) & ~table["injected"].astype(bool) & table["x_pix"].notna()]
    box = reference_box(own["x_pix"].to_numpy(float), own["y_pix"].to_numpy(float), tuple(crop), min_size)
    if box is None:
        return []
    x0, x1, y0, y1 = box
    label = f"box of the reference stars,\nx {x0} to {x1}, y {y0} to {y1} pix"
    corner = (x0 - 0.5, y0 - 0.5)
    return [
        axes.add_patch(Rectangle(corner, x1 - x0, y1 - y0, fill=False, edgecolor="lime", ls="--", lw=1.5, label=label))
    ]


def _panel_size(box: Sequence[int]) -> tuple[float, float]:
    """Width and height [inches] of the picture, the longer side 7."""
    width, height = box[1] - box[0], box[3] - box[2]
    scale = 7 / max(width, height)
    return max(width * scale, 2.0), max(height * scale, 3.0)


def _scale(count: int) -> float:
    """Marker area [pt^2], smaller in crowds."""
    return float(np.clip(20_000 / max(count, 1), 6, 50))
