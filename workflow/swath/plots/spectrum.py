"""The combined figure of a target: spectrum with times as colours, light curve with wavelengths as colours."""

from pathlib import Path

import numpy as np
from matplotlib import colormaps, rcParams
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from matplotlib.lines import Line2D

from ..config.lightcurve import SpectrumFigure
from ..spectra.read import read_lightcurve
from .fluid import Fluid
from .points import Points, points, value_range

GREY = "0.55"
MARKERS = {"rejected": "x", "upper_limit": "v", "good": "o"}  # in the order in which they are drawn
WORDS = {"rejected": "rejected", "upper_limit": "upper limit", "good": "good"}
LONGEST_NAME = 70
LEAST_DAYS, LEAST_UM = 0.5, 0.02


def combined_plot(lightcurve: str | Path, figure: str | Path, settings: SpectrumFigure) -> None:
    """Draw the spectrum (top) and the light curve (bottom) of one target.

    Good measurements are filled circles, upper limits triangles that point down, rejected ones grey crosses; values
    beyond the axis are carets at its edge, and exposures without a value are ticks at the bottom of the light curve.

    Parameters
    ----------
    lightcurve : the target's `lightcurve.csv` (`.ecsv` and `.vot` will do). figure : output path, PNG.
    settings : section `lightcurve.figure`.
    """
    table = read_lightcurve(lightcurve)
    drawn = points(table, settings.use_magnitude)
    sheet = Fluid(*settings.figsize, settings.dpi)
    sheet.title(table.attrs["target"][:LONGEST_NAME])
    top, bottom = sheet.figure.subplots(2, 1)
    first = float(np.floor(drawn.mjd.min())) if len(drawn.mjd) else 0.0
    times = ScalarMappable(Normalize(*_ends(drawn.mjd - first, LEAST_DAYS, 0)), colormaps[settings.date_cmap])
    waves = ScalarMappable(Normalize(*_ends(drawn.wavelength, LEAST_UM, 0)), colormaps[settings.wavelength_cmap])
    _panel(top, drawn, drawn.wavelength, times.to_rgba(drawn.mjd - first), settings)
    _panel(bottom, drawn, drawn.mjd, waves.to_rgba(drawn.wavelength), settings)
    _unmeasured(bottom, drawn.unmeasured)
    bottom.ticklabel_format(axis="x", useOffset=False, style="plain")
    _across(top, drawn.wavelength, LEAST_UM, "wavelength [µm]")
    _across(bottom, np.concatenate([drawn.mjd, drawn.unmeasured]), LEAST_DAYS, "MJD [d]")
    if len(drawn.mjd):
        sheet.figure.colorbar(times, ax=top, label=f"days since MJD {first:.0f}", pad=0.01)
        sheet.figure.colorbar(waves, ax=bottom, label="wavelength [µm]", pad=0.01)
    if handles := _handles(drawn, settings):
        sheet.legend(handles)
    sheet.save(figure)


def _panel(axes: Axes, drawn: Points, x: np.ndarray, colours: np.ndarray, settings: SpectrumFigure) -> None:
    """One panel: the points over `x`, in their colours (n, 4)."""
    low, high = value_range(drawn, settings)
    axes.set_ylim(*((high, low) if settings.use_magnitude else (low, high)))
    axes.set_ylabel("AB magnitude" if settings.use_magnitude else "flux density [µJy]")
    if not len(x):
        axes.text(0.5, 0.5, "no measurement", transform=axes.transAxes, ha="center", va="center")
        axes.set_yticks([])
        return
    colours[drawn.kind == "rejected"] = to_rgba(GREY)
    inside = (drawn.value >= low) & (drawn.value <= high)
    for kind, marker in MARKERS.items():
        _markers(axes, drawn, x, colours, inside & (drawn.kind == kind), marker, settings)
    above = drawn.value < low if settings.use_magnitude else drawn.value > high
    _beyond(axes, x[above], colours[above], "^", 0.98)
    _beyond(axes, x[~inside & ~above], colours[~inside & ~above], "v", 0.02)


def _markers(
    axes: Axes, drawn: Points, x: np.ndarray, colours: np.ndarray, part: np.ndarray, marker: str,
    settings: SpectrumFigure,
) -> None:  # fmt: skip
    if not part.any():
        return
    if settings.show_errorbars and marker != "v":
        axes.errorbar(
            x[part], drawn.value[part], drawn.error[part], fmt="none", ecolor=colours[part], zorder=1,
            elinewidth=settings.errorbar_linewidth, alpha=settings.errorbar_alpha,
        )  # fmt: skip
    size = _size(marker, settings)
    axes.scatter(
        x[part], drawn.value[part], size**2, colours[part], marker=marker, alpha=settings.marker_alpha, zorder=2,
        linewidths=size / 5 if marker == "x" else 0,
    )  # fmt: skip


def _beyond(axes: Axes, x: np.ndarray, colours: np.ndarray, marker: str, height: float) -> None:
    """Hollow triangles at an edge of the axes, for values beyond it."""
    place = axes.get_xaxis_transform()
    axes.scatter(x, np.full(len(x), height), 25, "none", marker=marker, edgecolors=colours, transform=place, lw=0.8)


def _unmeasured(axes: Axes, times: np.ndarray) -> None:
    """Ticks at the bottom edge, for exposures without a value."""
    axes.scatter(times, np.zeros(len(times)), 200, GREY, marker="|", transform=axes.get_xaxis_transform(), lw=1)


def _across(axes: Axes, values: np.ndarray, least: float, label: str) -> None:
    axes.set(xlim=_ends(values, least), xlabel=label)
    if not len(values):
        axes.set_xticks([])


def _ends(values: np.ndarray, least: float, margin: float = 0.03) -> tuple[float, float]:
    """From the lowest to the highest value and a margin, at least `least` to either side of a single value."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    wider = margin * (high - low) if high > low else least
    return low - wider, high + wider


def _size(marker: str, settings: SpectrumFigure) -> float:
    sizes = {"o": settings.marker_size_good, "v": settings.marker_size_upper_limit, "x": settings.marker_size_rejected}
    return sizes[marker]


def _handles(drawn: Points, settings: SpectrumFigure) -> list[Line2D]:
    """Legend entries of the kinds that there are, with their numbers."""
    low, high = value_range(drawn, settings)
    counts = {kind: int((drawn.kind == kind).sum()) for kind in MARKERS}
    entries = [
        (
            marker,
            _size(marker, settings),
            WORDS[kind],
            counts[kind],
            rcParams["text.color"] if kind != "rejected" else GREY,
        )
        for kind, marker in reversed(MARKERS.items())
    ]
    entries += [
        ("^", 5, "beyond the axis", int(((drawn.value < low) | (drawn.value > high)).sum()), "none"),
        ("|", 8, "no value", drawn.lost, GREY),
    ]
    return [
        Line2D([], [], ls="", marker=marker, ms=size, color=rcParams["text.color"] if colour == "none" else colour,
               markerfacecolor=colour, label=f"{words} ({count})")
        for marker, size, words, count, colour in entries
        if count
    ]  # fmt: skip
