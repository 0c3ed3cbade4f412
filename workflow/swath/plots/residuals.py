"""How well the sources of a catalogue are fitted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import TwoSlopeNorm
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from . import style
from .arrays import robust_sd
from .choice import reduced_chi2
from .photometry import MANY, Photometry, groups, handles, set_range
from .style import Sheet

BINS = np.linspace(-5, 5, 41)
TICKS = [factor * 10.0**power for power in range(-2, 6) for factor in (1, 2, 5)]


def draw_residuals(
    table: pd.DataFrame, photometry: Sequence[Photometry], models: np.ndarray, dpi: int
) -> Sheet:  # fmt: skip
    """Per band chi2 per pixel against magnitude and the pulls of chi2, by model; and chi2 over the field."""
    high, top = 2.3, 0.95
    sheet = Sheet(9.6, top + high * len(photometry) + 5.6, dpi)
    sheet.text(
        0.15, 0.12, "How well the sources are fitted: chi2 of the good pixels in each source's core", style.TITLE
    )
    usual = "line: running median; grey: here 95 % of the sources would lie if model and noise were right"
    sheet.text(0.15, 0.34, usual)
    sheet.legend(handles(models), 0.15, 0.52, columns=4, dark=False)
    chi2 = np.stack([table[f"CHI2_{one.band}"].to_numpy(float) for one in photometry], axis=1)
    npix = np.stack([table[f"NPIX_{one.band}"].to_numpy(float) for one in photometry], axis=1)
    for index, one in enumerate(photometry):
        place = top + high * index
        _against_magnitude(sheet.axes(0.75, place, 4.9, high - 0.6), one, chi2[:, index], npix[:, index], models)
        _pulls(sheet.axes(6.4, place, 2.9, high - 0.6), one.band, chi2[:, index], npix[:, index], models)
    _map(sheet, table, photometry, reduced_chi2(chi2, npix), top + high * len(photometry) + 0.2)
    return sheet


def pulls(chi2: np.ndarray, npix: np.ndarray) -> np.ndarray:
    """(chi2 - npix) / sqrt(2 npix): near a unit Gaussian where the model is right; NaN without pixels."""
    good = npix > 0
    return np.divide(chi2 - npix, np.sqrt(2 * npix), out=np.full(len(npix), np.nan), where=good)


def running_median(x: np.ndarray, y: np.ndarray, least: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Medians of `y` in about ten groups of equal number along `x`, each of at least `least` points."""
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, max(min(len(x) // least, 10), 1))
    return np.array([np.median(x[part]) for part in parts]), np.array([np.median(y[part]) for part in parts])


def _against_magnitude(
    axes: Axes, one: Photometry, chi2: np.ndarray, npix: np.ndarray, models: np.ndarray
) -> None:  # fmt: skip
    ratio = np.divide(chi2, npix, out=np.full(len(chi2), np.nan), where=npix > 0)
    known = np.isfinite(ratio) & np.isfinite(one.mag) & (ratio > 0)
    axes.set_ylabel(f"{one.band}: chi2 / pixel", fontsize=style.SMALL)
    axes.tick_params(labelsize=style.SMALL)
    axes.set_xlabel(f"{one.band} {one.unit}", fontsize=style.SMALL, labelpad=1)
    if not known.any():
        style.say(axes, f"no source with a flux above 0 and good pixels in {one.band}")
        return
    spread = 2 * np.sqrt(2 / np.median(npix[known]))
    axes.axhspan(max(1 - spread, 0.05), 1 + spread, color="0.9", lw=0)
    for which, paint, marker in groups(models):
        part = which & known
        axes.scatter(one.mag[part], ratio[part], s=9 if len(chi2) < MANY else 2, c=paint, marker=marker, linewidths=0)
    axes.plot(*running_median(one.mag[known], ratio[known]), color="black", lw=1)
    axes.set_yscale("log")
    bottom, top = min(0.4, 0.9 * ratio[known].min()), max(2.5, 1.2 * ratio[known].max())
    axes.set_ylim(bottom, top)
    step = 1 if top / bottom < 100 else 3
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in TICKS[::step] if bottom < tick < top]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    set_range(axes.set_xlim, one.mag[known], 0.5)


def _pulls(axes: Axes, band: str, chi2: np.ndarray, npix: np.ndarray, models: np.ndarray) -> None:
    values = pulls(chi2, npix)
    for which, paint, _ in groups(models):
        part = values[which & np.isfinite(values)]
        if not len(part):
            continue
        label = f"{models[which][0]}: {np.median(part):+.2f} ± {robust_sd(part):.2f}"
        share = np.full(len(part), 1 / (len(part) * (BINS[1] - BINS[0])))
        axes.hist(part, BINS, weights=share, histtype="step", color=paint, lw=1, label=label)
    axes.plot(BINS, np.exp(-(BINS**2) / 2) / np.sqrt(2 * np.pi), color="0.4", ls=":", lw=1, label="unit Gaussian")
    axes.set_xlabel(f"{band}: (chi2 - pixels) / √(2 pixels)", fontsize=style.SMALL, labelpad=1)
    axes.set_ylabel("density of each model", fontsize=style.SMALL)
    axes.set_xlim(-5, 5)
    axes.tick_params(labelsize=style.SMALL)
    low, high = int((values < -5).sum()), int((values > 5).sum())
    for count, text, place, height in ((low, f"← {low} more", 0.02, 0.92), (high, f"{high} more →", 0.98, 0.3)):
        if count:
            side = "left" if place < 0.5 else "right"
            axes.text(place, height, text, transform=axes.transAxes, ha=side, fontsize=style.SMALL, color="0.25")
    axes.legend(fontsize=style.TINY, loc="upper right", frameon=False, title="median ± MAD", title_fontsize=style.TINY)


def _map(
    sheet: Sheet, table: pd.DataFrame, photometry: Sequence[Photometry], ratio: np.ndarray, top: float
) -> None:  # fmt: skip
    """chi2 per pixel of all bands together at every source's place, the worst on top."""
    axes = sheet.axes(0.75, top + 0.25, 4.4, 4.4)
    axes.set_title("chi2 / pixel of all bands together over the field", fontsize=style.LABEL)
    x, y = (table[f"{name}_pix"].to_numpy(float) for name in "xy")
    order = np.argsort(np.nan_to_num(ratio), kind="stable")
    order = order[np.isfinite(ratio[order]) & np.isfinite(x[order]) & np.isfinite(y[order])]
    if not len(order):
        style.say(axes, "no source with good pixels")
        return
    norm = TwoSlopeNorm(1.0, 0.5, 2.0)
    beyond = {(True, True): "both", (True, False): "min", (False, True): "max"}
    extend = beyond.get((bool((ratio[order] < 0.5).any()), bool((ratio[order] > 2).any())), "neither")
    axes.scatter(x[order], y[order], c=np.clip(ratio[order], 0.5, 2), norm=norm, cmap=style.RESIDUAL,
                 s=18 if len(order) < MANY else 4, edgecolors="0.4", linewidths=0.3)  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    style.pixel_axes(axes)
    sheet.bar(ScalarMappable(norm, style.RESIDUAL), 5.35, top + 0.25, 0.15, 4.4, "chi2 / pixel, all bands", extend)
    _worst(sheet, table, ratio, 6.2, top + 0.25)


def _worst(sheet: Sheet, table: pd.DataFrame, ratio: np.ndarray, left: float, top: float, most: int = 20) -> None:
    """The worst sources by name."""
    order = np.argsort(-np.nan_to_num(ratio), kind="stable")[: min(most, int(np.isfinite(ratio).sum()))]
    lines = [f"{ratio[row]:8.2f}   {table['ID'].iloc[row]}   {table['patch_tag'].iloc[row]}" for row in order]
    sheet.text(left, top, "\n".join(["worst chi2 / pixel, ID, patch", *lines]), style.SMALL, linespacing=1.5)
