"""The measurements of a target at a glance: signal to noise, errors, bands, flags."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import AsinhNorm
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ..config.lightcurve import LightCurve
from ..spectra.judge import flag_names
from ..spectra.read import read_lightcurve
from ..spherex.maskbits import DOCUMENTED, mask_of
from .fluid import Fluid
from .spectrum import GREY, LONGEST_NAME
from .style import asinh_ticks

COLOURS = {"good": "tab:blue", "upper_limit": "tab:orange", "rejected": GREY}
WORDS = {"good": "good", "upper_limit": "upper limit", "rejected": "rejected"}
SIZE = (10.0, 8.0)
BINS = 40
FEWEST_TICKS = 3
REJECTING, HARMLESS = "tab:red", "lightsteelblue"
MOST_BANDS, MOST_LETTERS, MOST_FLAGS = 24, 40, 14  # that there is room for


def summary_plot(lightcurve: str | Path, figure: str | Path, settings: LightCurve) -> None:
    """Draw a page of four panels: S/N histogram, flux against error, counts by band, counts by flag.

    Parameters
    ----------
    lightcurve : the target's `lightcurve.csv` (`.ecsv` and `.vot` will do). figure : output path, PNG.
    settings : section `lightcurve`.
    """
    table = read_lightcurve(lightcurve)
    sheet = Fluid(*SIZE, settings.figure.dpi)
    sheet.title(f"{table.attrs['target'][:LONGEST_NAME]}: {_counted(table)}")
    panels = sheet.figure.subplots(2, 2)
    _signal_to_noise(panels[0, 0], table, settings)
    _errors(panels[0, 1], table)
    _bands(panels[1, 0], table)
    _flags(panels[1, 1], table, settings.bad_flags)
    threshold = Line2D([], [], color=rcParams["text.color"], ls="--", label=f"S/N {settings.sigma_threshold:g}")
    bad = Patch(color=REJECTING, label="flag that rejects")
    sheet.legend([*(Patch(color=COLOURS[kind], label=word) for kind, word in WORDS.items()), bad, threshold])
    sheet.save(figure)


def _counted(table: pd.DataFrame) -> str:
    counts = Counter(table["class"])
    lost = int((table["status"] != "ok").sum())
    words = [
        f"{counts[kind]} {word}{'s' * (kind == 'upper_limit' and counts[kind] != 1)}" for kind, word in WORDS.items()
    ]
    return f"{len(table)} exposures, {', '.join(words)} ({lost} not measured)"


def _signal_to_noise(axes: Axes, table: pd.DataFrame, settings: LightCurve) -> None:
    """Histogram by class; equal bins in asinh(S/N), which show negative and large values alike."""
    snr = table["snr"].to_numpy()
    known = np.isfinite(snr)
    axes.set(xlabel="S/N", ylabel="measurements", title="signal to noise")
    if not known.any():
        _nothing(axes)
        return
    low, high = min(snr[known].min(), settings.sigma_threshold), max(snr[known].max(), settings.sigma_threshold)
    edges = np.sinh(np.linspace(np.arcsinh(low) - 0.1, np.arcsinh(high) + 0.1, BINS + 1))
    parts = {kind: snr[known & (table["class"] == kind)] for kind in COLOURS}
    axes.hist(list(parts.values()), edges, stacked=True, histtype="stepfilled", color=list(COLOURS.values()))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _asinh_axis(axes.xaxis, edges[0], edges[-1], 1.0)
    axes.axvline(settings.sigma_threshold, color=rcParams["text.color"], ls="--")


def _errors(axes: Axes, table: pd.DataFrame) -> None:
    """Flux against its error; fluxes linear around 0."""
    flux, error = table["flux"].to_numpy(), table["flux_error"].to_numpy()
    known = np.isfinite(flux) & (error > 0)
    axes.set(xlabel="flux error [µJy]", ylabel="flux density [µJy]", title="flux and error")
    if not known.any():
        _nothing(axes)
        return
    for kind, colour in COLOURS.items():
        part = known & (table["class"] == kind).to_numpy()
        axes.scatter(error[part], flux[part], 9 if known.sum() < 2000 else 3, colour, linewidths=0)
    least, most = float(error[known].min()), float(error[known].max())
    _asinh_axis(axes.xaxis, least / 1.2, most * 1.2, least / 4)
    width = float(np.median(error[known]))
    low, high = np.arcsinh(np.array([flux[known].min(), flux[known].max()]) / width)
    margin = 0.05 * max(high - low, 1)
    _asinh_axis(axes.yaxis, width * np.sinh(low - margin), width * np.sinh(high + margin), width)


def _bands(axes: Axes, table: pd.DataFrame) -> None:
    """Counts by band and class."""
    bands = sorted(table["band"].unique())
    axes.set(xlabel="band", ylabel="exposures", title="bands")
    if not bands:
        _nothing(axes)
        return
    base = np.zeros(len(bands))
    for kind, colour in COLOURS.items():
        counts = np.array([((table["band"] == band) & (table["class"] == kind)).sum() for band in bands])
        axes.bar(bands, counts, bottom=base, color=colour)
        base += counts
    axes.set_ylim(0, 1.06 * base.max())
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xticks(range(0, len(bands), -(-len(bands) // MOST_BANDS)))
    axes.tick_params(axis="x", rotation=90 if sum(map(len, bands)) > MOST_LETTERS else 0)


def _flags(axes: Axes, table: pd.DataFrame, bad: Collection[str | int]) -> None:
    """How many measurements have each flag, those that reject in red; the most frequent ones."""
    counts = Counter(name for names in table["flag_names"] for name in names.split())
    axes.set(xlabel="measurements", title="flags in the aperture")
    if not counts:
        _nothing(axes, "no flag")
        return
    rejecting = set(flag_names([mask_of(bad, DOCUMENTED)], DOCUMENTED)[0].split())
    names = sorted(counts, key=lambda name: (counts[name], name in rejecting, name))[-MOST_FLAGS:]
    bars = axes.barh(
        names, [counts[name] for name in names], color=[REJECTING if name in rejecting else HARMLESS for name in names]
    )
    axes.bar_label(bars, padding=2)
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(counts) > len(names):
        axes.set_xlabel(f"measurements ({len(counts) - len(names)} more flags)")
    axes.set_ylim(-0.6, max(len(names), 4) - 0.4)


def _asinh_axis(axis: Axis, low: float, high: float, width: float) -> None:
    """An axis from `low` to `high` that is linear within `width` of 0 and logarithmic far from it.

    Where too few round numbers lie between the two for that to be read, it is linear.
    """
    ticks = [tick for tick in asinh_ticks(AsinhNorm(width, vmin=low, vmax=high)) if low <= tick <= high]
    if len(ticks) < FEWEST_TICKS:
        getattr(axis.axes, f"set_{axis.axis_name}lim")(low, high)
        return
    getattr(axis.axes, f"set_{axis.axis_name}scale")("asinh", linear_width=width)
    getattr(axis.axes, f"set_{axis.axis_name}lim")(low, high)
    axis.set_ticks(ticks, labels=[f"{value:g}" for value in ticks])
    axis.set_ticks([], minor=True)


def _nothing(axes: Axes, words: str = "no measurement") -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center")
    axes.set(xticks=[], yticks=[])
