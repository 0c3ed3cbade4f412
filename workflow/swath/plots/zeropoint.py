"""The zero points: star by star against magnitude, over the field, against colour."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from ..files import read_json
from ..tables import read_table
from . import style
from .style import Sheet
from .zpcolor import draw_line, draw_stars, robust_range, slope_text

Facts = Mapping[str, Any]
MARKED = 3.0  # sigma from which a colour term is in red
COLUMNS, PANEL_WIDTH, PANEL_HEIGHT = 3, 3.3, 2.9


def draw_zeropoint(
    stars: str | Path,
    facts: str | Path,
    per_band: Mapping[str, str | Path],
    field: str | Path,
    color: str | Path,
    dpi: int,
    trend_sigma: float,
) -> None:
    """Draw a figure per band, the map of the residuals and the colour terms.

    Parameters
    ----------
    stars, facts : `zeropoint/zp_all_bands__per_object.csv` and `zeropoint/zeropoint.json`.
    per_band : band -> output path; a band that the tile does not have gets a figure that says so.
    field, color : output paths. trend_sigma : significance from which a trend is marked.
    """
    table = read_table(stars, allow_empty=True)
    known = read_json(facts)
    bands = {row["band"]: (row, _of_band(table, row["band"])) for row in known["bands"]}
    for band, path in per_band.items():
        draw_band(
            band, *bands.get(band, ({"reason": "no such band in this tile"}, table[:0])), known["zp_ref"], dpi
        ).save(path)
    draw_map(bands, trend_sigma, dpi).save(field)
    draw_color(bands, known["color"], dpi).save(color)


def draw_band(band: str, summary: Facts, stars: pd.DataFrame, zp_ref: float, dpi: int) -> Sheet:
    """Every star's zero point against its reference magnitude: kept, clipped and left out, and the result."""
    sheet = Sheet(7.2, 5.1, dpi)
    axes = sheet.axes(0.8, 1.25, 6.2, 3.3)
    sheet.text(0.8, 0.12, f"{band}: {_result(summary)}", style.TITLE)
    sheet.text(0.8, 0.36, _counts(summary, stars), style.SMALL)
    usable = stars[np.isfinite(stars["zp"]) & np.isfinite(stars["gaiaxp_mag"])]
    if not len(usable):
        style.say(axes, "no star with a zero point")
        return sheet
    axes.axhline(zp_ref, color="0.4", ls=":", lw=1, label=f"zp_ref {zp_ref:g} mag")
    if summary.get("zp_median") is not None:
        _band_of(axes, summary)
    axes.set_ylim(*_range(usable, summary, zp_ref))
    for which, colour, marker, name in _groups(usable):
        _points(axes, usable[which], colour, marker, name)
    style.label(axes, f"reference magnitude in {band} [mag]", "zero point of the star [mag]", style.LABEL)
    sheet.legend(axes.get_legend_handles_labels()[0], 0.8, 0.72, columns=3, dark=False)
    return sheet


def draw_map(bands: Mapping[str, tuple[Facts, pd.DataFrame]], trend_sigma: float, dpi: int) -> Sheet:
    """Residuals of the kept stars over the field, one panel per band, with the plane through them."""
    kept = {band: _kept(stars) for band, (_, stars) in bands.items()}
    everything = pd.concat(list(kept.values())) if kept else pd.DataFrame({"residual": [], "x": [], "y": []})
    norm = style.symmetric(everything["residual"].to_numpy(float), 95, 0.005)
    sheet, panels = _panels(len(bands), 0.8, dpi)
    sheet.text(0.3, 0.12, "Residual of the zero point over the field", style.TITLE)
    for axes, (band, (summary, _)) in zip(panels, bands.items(), strict=True):
        stars = kept[band]
        text = _trend(summary)
        strong = (summary.get("trend_sigma") or 0) > trend_sigma
        axes.set_title(f"{band}: {text}", fontsize=style.SMALL)
        if strong:
            axes.title.set_color("red")
        if not len(stars):
            style.say(axes, textwrap.fill(summary.get("reason") or "no star", 40))
            continue
        axes.scatter(
            stars["x"],
            stars["y"],
            c=stars["residual"],
            norm=norm,
            cmap=style.RESIDUAL,
            s=34,
            edgecolors="0.3",
            linewidths=0.5,
        )
        axes.set(xlim=_wide(everything["x"]), ylim=_wide(everything["y"]))
        axes.set_aspect("equal", adjustable="box")
        style.pixel_axes(axes)
    bar = ScalarMappable(norm, style.RESIDUAL)
    sheet.bar(bar, 0.7, sheet.height - 0.55, 3.6, 0.12, "zero point of the star - zero point of the band [mag]")
    return sheet


def draw_color(bands: Mapping[str, tuple[Facts, pd.DataFrame]], color: Sequence[str] | None, dpi: int) -> Sheet:
    """Residuals of the kept stars against their reference colour, with the fitted colour term."""
    sheet, panels = _panels(len(bands), 0.2, dpi)
    about = "bars: each star's error with the scatter beyond the errors added, as the line's fit weights them; "
    sheet.text(0.3, 0.34, f"{about}arrows: stars beyond the axes; in red: a slope above {MARKED:g} sigma", style.SMALL)
    name = f"{color[0]} - {color[1]}" if color else "no colour: a single band"
    sheet.text(0.3, 0.12, f"Colour terms, colour {name}", style.TITLE)
    for axes, (band, (summary, stars)) in zip(panels, bands.items(), strict=True):
        part = _kept(stars)
        part = part[np.isfinite(part["color"].astype(float))]
        slope, error = summary.get("color_term"), summary.get("color_term_err")
        text = "no colour term: too few stars" if slope is None else slope_text(slope, error)
        axes.set_title(f"{band}: {text}", fontsize=style.SMALL)
        if slope is not None and abs(slope) > MARKED * error:
            axes.title.set_color("red")
        if not len(part):
            style.say(axes, textwrap.fill(summary.get("reason") or "no kept star with a colour", 40))
            continue
        axes.set(xlim=robust_range(part["color"]), ylim=robust_range(part["residual"], part["sigma"]))
        draw_stars(axes, part)
        axes.axhline(0, color="0.4", ls=":", lw=1)
        if slope is not None:
            draw_line(axes, part, slope, error)
        style.label(axes, f"{name} [mag]", "residual [mag]")
    return sheet


def _of_band(table: pd.DataFrame, band: str) -> pd.DataFrame:
    """The stars of a band; truth values as bool, numbers as float."""
    part = table[table["band"] == band]
    numbers = ("gaiaxp_mag", "zp", "zp_err", "x", "y", "residual", "sigma", "color")
    flags = {name: part[name].astype(str) == "True" for name in ("is_kept", "is_clipped")}
    return part.assign(**flags, **{name: part[name].astype(float) for name in numbers})


def _kept(stars: pd.DataFrame) -> pd.DataFrame:
    return stars[stars["is_kept"].astype(bool) & np.isfinite(stars["residual"].astype(float))]


def _groups(stars: pd.DataFrame) -> Iterator[tuple[np.ndarray, str, str, str]]:
    kept, clipped = (stars[name].to_numpy(bool) for name in ("is_kept", "is_clipped"))
    yield kept, style.KEPT, "o", "kept"
    yield clipped, style.CLIPPED, "x", "clipped"
    yield ~kept & ~clipped, style.LEFT_OUT, "s", "left out"


def _result(summary: Facts) -> str:
    if summary.get("zp_median") is None:
        return "no zero point"
    value, error, offset = (summary[name] for name in ("zp_median", "zp_err", "zp_minus_ref"))
    return f"zero point {value:.4f} ± {error:.4f} mag ({offset:+.4f} from zp_ref)"


def _counts(summary: Facts, stars: pd.DataFrame) -> str:
    """Scatter, halves, and why stars were left out; or why there is no zero point. At most two lines."""
    if summary.get("zp_median") is None:
        return textwrap.fill(summary.get("reason") or "", 110)
    text = f"scatter beyond the errors {summary['scatter']:.4f} mag"
    if summary.get("half_pull") is not None:
        difference, pull = summary["half_difference"], abs(summary["half_pull"])
        text += f"; halves of the stars differ by {difference:+.4f} mag ({pull:.1f} sigma)"
    others = stars[~stars["is_kept"] & ~stars["is_clipped"]]["reason"].value_counts()
    left_out = "; ".join(f"{n} {reason}" for reason, n in others.items())
    return textwrap.fill(text, 110) + (f"\n{textwrap.shorten('left out: ' + left_out, 120)}" if left_out else "")


def _band_of(axes: Axes, summary: Facts) -> None:
    """The zero point with its error, and the scatter of the stars about it."""
    middle, error, scatter = (summary[name] for name in ("zp_median", "zp_err", "zp_err_mad"))
    axes.axhline(middle, color="black", lw=1, label=f"zero point {middle:.4f} ± {error:.4f} mag")
    axes.axhspan(middle - error, middle + error, color="black", alpha=0.25, lw=0)
    for side in (-1, 1):
        axes.axhline(middle + side * scatter, color="black", ls="--", lw=0.6,
                     label=f"scatter of the stars (MAD) {scatter:.4f} mag" if side > 0 else None)  # fmt: skip


def _points(axes: Axes, stars: pd.DataFrame, colour: str, marker: str, name: str) -> None:
    """Stars with their errors; those beyond the axes are arrow heads at the edge."""
    low, high = axes.get_ylim()
    x, zp = stars["gaiaxp_mag"].to_numpy(), stars["zp"].to_numpy()
    inside = (zp >= low) & (zp <= high)
    label = f"{name} ({len(stars)}" + (f", {np.sum(~inside)} beyond the axis)" if (~inside).any() else ")")
    face = colour if marker == "o" else "none"
    axes.errorbar(
        x[inside], zp[inside], stars["zp_err"][inside], fmt=marker, color=colour, ms=4, lw=0.8, mfc=face, label=label
    )
    for which, head, edge in ((zp > high, "^", high), (zp < low, "v", low)):
        if which.any():
            axes.plot(x[which], np.full(which.sum(), edge), head, color=colour, ms=6, clip_on=False)


def _range(stars: pd.DataFrame, summary: Facts, zp_ref: float) -> tuple[float, float]:
    """Range of the kept stars with their errors (all stars without any), widened for others that are not far off."""
    part = stars[stars["is_kept"]] if stars["is_kept"].any() else stars
    values = [*(part["zp"] - part["zp_err"]), *(part["zp"] + part["zp_err"])]
    values += [zp_ref] if summary.get("zp_median") is None else [summary["zp_median"]]
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.08 * (high - low) + 0.005
    others = stars["zp"][~stars["is_kept"]]
    near = others[(others > 3 * low - 2 * high) & (others < 3 * high - 2 * low)]
    return min(low, near.min() if len(near) else low) - margin, max(high, near.max() if len(near) else high) + margin


def _trend(summary: Facts) -> str:
    if summary.get("trend_sigma") is None:
        return "no plane: too few stars"
    x, y = (f"{summary[f'trend_{axis}']:+.3f} ± {summary[f'trend_{axis}_err']:.3f}" for axis in "xy")
    return f"mag per 1000 pix\nx {x}, y {y}; {summary['trend_sigma']:.1f} sigma"


def _panels(count: int, foot: float, dpi: int) -> tuple[Sheet, list[Axes]]:
    columns, lines = min(max(count, 1), COLUMNS), max(-(-count // COLUMNS), 1)
    sheet = Sheet(0.3 + PANEL_WIDTH * max(columns, 2), 0.4 + PANEL_HEIGHT * lines + foot, dpi)
    places = [divmod(index, COLUMNS) for index in range(count)]
    return sheet, [
        sheet.axes(0.75 + PANEL_WIDTH * column, 0.85 + PANEL_HEIGHT * line, PANEL_WIDTH - 0.75, PANEL_HEIGHT - 0.95)
        for line, column in places
    ]


def _wide(values: pd.Series) -> tuple[float, float]:
    """Range of the values with a margin."""
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) + 5
    return low - margin, high + margin
