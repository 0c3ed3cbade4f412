"""The figure of known sources in the user's field: a row of panels for each band."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..config.inject import Inject
from ..files import read_json
from ..inject.bins import judged
from ..inject.verdict import MEDIAN, NARROW, WIDE
from ..tables import read_table
from ..truth.bounds import SIGMAS
from . import style
from .arrays import robust_sd
from .style import Sheet

BOX_WIDE, BOX_HIGH, LEFT, TOP, STEP_X, STEP_Y = 2.1, 1.45, 0.75, 1.15, 2.85, 2.1
INK, SOFT, ALLOWED, MISSED = "0.15", "0.75", "tab:green", "tab:red"
KINDS = {"star": ("tab:blue", "o", "stars"), "galaxy": ("tab:orange", "s", "galaxies")}
REACH, LINEAR = 30.0, 1.0  # percent: end of the axis of the biases, and how far it is linear


def draw_inject(
    sources: str | Path,
    summary: str | Path,
    verdict: str | Path,
    noise: Mapping[str, str | Path],
    settings: Inject,
    output: str | Path,
    dpi: int,
) -> None:
    """Draw completeness, bias, medians, widths and histogram of the pulls, and the noise of empty sky, band by band.

    Parameters
    ----------
    sources, summary, verdict : what the rule `inject_summary` wrote. noise : band to `noise/{band}.json`.
    """
    table, bins, found = read_table(sources), read_table(summary), read_json(verdict)
    table = table.assign(usable=table["usable"].astype(str) == "True")
    sheet = Sheet(LEFT + 6 * STEP_X - 0.35, TOP + len(noise) * STEP_Y, dpi)
    missed = sum(not row["passed"] for row in found["bounds"])
    state = "fluxes and errors hold" if not missed else f"{missed} of {len(found['bounds'])} bounds missed"
    copies = "1 copy" if found["realisations"] == 1 else f"{found['realisations']} copies"
    title = f"{found['injected']} known sources in {copies} of the field: {state}"
    sheet.text(LEFT, 0.12, title, style.TITLE)
    for line, text in enumerate(_about(settings, found["untested"])):
        sheet.text(LEFT, 0.36 + 0.14 * line, text, style.SMALL)
    for row, (band, path) in enumerate(noise.items()):
        of_band = bins[bins["band"].astype(str) == band]
        draw_completeness(_panel(sheet, row, 0), of_band, band)
        draw_bias(_panel(sheet, row, 1), of_band, band)
        middle, width = (item for item in found["bounds"] if item["of"] == band)
        draw_medians(_panel(sheet, row, 2), of_band, band, middle)
        draw_widths(_panel(sheet, row, 3), of_band, band, width)
        draw_pulls(_panel(sheet, row, 4), judged(table, band, settings.min_snr)["pull"].to_numpy(), band)
        draw_noise(_panel(sheet, row, 5), read_json(path), found["noise_factor"]["applied"][band])
    sheet.save(output)


def draw_completeness(axes: Axes, bins: pd.DataFrame, band: str) -> None:
    """Fractions that are recovered, by kind, and that stand out on the white stack."""
    for kind, (colour, marker, words) in KINDS.items():
        rows = bins[bins["type"] == kind]
        axes.errorbar(
            _middle(rows), 100 * rows["recovered"], 100 * rows["recovered_err"], fmt=f"{marker}-", ms=3, lw=1,
            color=colour, label=f"{words} recovered",
        )  # fmt: skip
    rows = bins[bins["type"] == "all"]
    axes.plot(_middle(rows), 100 * rows["detected"], "--", lw=1, color=INK, label="all, detected on white")
    axes.set_ylim(0, 106)
    axes.legend(fontsize=style.TINY, loc="lower left")
    style.label(axes, f"true magnitude, {band} [mag]", "of the added sources [%]")


def draw_bias(axes: Axes, bins: pd.DataFrame, band: str) -> None:
    """Median of fit / true - 1, on an axis that is linear within LINEAR percent and logarithmic beyond."""
    _by_kind(axes, bins, "bias")
    axes.set_yscale("symlog", linthresh=LINEAR, linscale=1.5)
    axes.set_ylim(-REACH, REACH)
    ticks = (-10, -3, -1, -0.5, 0, 0.5, 1, 3, 10)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.axhline(0, color=INK, lw=0.6)
    style.label(axes, f"true magnitude, {band} [mag]", "flux: median of fit/true - 1 [%]")


def draw_medians(axes: Axes, bins: pd.DataFrame, band: str, judged_row: Mapping[str, Any]) -> None:
    """Medians of the pulls, by magnitude and of all."""
    _draw_judged(axes, judged_row)
    _by_kind(axes, bins, "pull_median")
    axes.axhline(0, color=INK, lw=0.6)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -0.3), max(high, 0.3))
    style.label(axes, f"true magnitude, {band} [mag]", "median of (fit - true) / error")


def draw_widths(axes: Axes, bins: pd.DataFrame, band: str, judged_row: Mapping[str, Any]) -> None:
    """Robust standard deviations of the pulls, by magnitude and of all."""
    _draw_judged(axes, judged_row)
    _by_kind(axes, bins, "pull_sd")
    axes.axhline(1, color=INK, lw=0.6)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.7), max(high, 1.4))
    style.label(axes, f"true magnitude, {band} [mag]", "robust sd of (fit - true) / error")


def draw_pulls(axes: Axes, pulls: np.ndarray, band: str) -> None:
    """Histogram of all pulls of a band with the unit Gaussian."""
    if len(pulls):
        axes.hist(np.clip(pulls, -5, 5), np.linspace(-5, 5, 41), density=True, color=SOFT)
        far = int((np.abs(pulls) > 5).sum())
        text = f"median {np.median(pulls):+.2f}\nrobust sd {robust_sd(pulls):.2f}\n{len(pulls)} fluxes\n{far} beyond ±5"
        axes.text(0.03, 0.95, text, transform=axes.transAxes, fontsize=style.TINY, va="top")
    grid = np.linspace(-5, 5, 201)
    axes.plot(grid, np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi), color="tab:blue", lw=1)
    style.label(axes, f"(fit - true) / error, {band}", "probability density")


def draw_noise(axes: Axes, facts: Mapping[str, Any], applied: float) -> None:
    """Noise of sums over empty sky against the area they cover."""
    rows = [row for row in facts["apertures"] if row["factor"] is not None]
    disks = [row for row in rows if row["kind"] != "psf"]
    axes.errorbar(
        [row["area"] for row in disks], [row["factor"] for row in disks], [row["error"] for row in disks], fmt="o-",
        ms=3, lw=1, color=INK, label="pixels, apertures",
    )  # fmt: skip
    for row in rows:
        if row["kind"] == "psf":
            label = f"PSF: {row['factor']:.3f} ± {row['error']:.3f}"
            axes.errorbar(row["area"], row["factor"], row["error"], fmt="D", ms=5, color="tab:red", label=label)
    axes.axhline(1, color=INK, lw=0.6)
    axes.set_xscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.8), max(high, 1.2))
    state = f"errors hold {applied:.3f}" if applied != 1 else "not in the errors"
    axes.plot([], [], " ", label=state)
    axes.legend(fontsize=style.TINY, loc="best")
    style.label(axes, f"area, {facts['band']} [pix]", "noise of sky / declared")


def _about(settings: Inject, untested: Sequence[str]) -> list[str]:
    """What is drawn, in lines."""
    later = f" Not tested, because added later: {', '.join(untested)}." if untested else ""
    return [
        f"Bias and pulls: usable fluxes of true S/N > {settings.min_snr:g}. Recovered: usable, S/N > "
        f"{settings.min_snr:g}, within {settings.recovery_sigma:g} errors of the truth. Points are bins of magnitude "
        "with standard errors; they are not judged one by one.",
        "Judged are all fluxes of a band together: the dashed line, red where it does not, must lie in the green, "
        f"which reaches ±{MEDIAN:g} (medians), {NARROW:g} to {WIDE:g} (robust sd), or {SIGMAS:g} standard errors, "
        f"whichever is more.{later}",
    ]


def _draw_judged(axes: Axes, row: Mapping[str, Any]) -> None:
    """The number of all fluxes of a band together, and where it may be."""
    if row["value"] is None:
        return
    axes.axhspan(row["low"], row["high"], color=ALLOWED, alpha=0.3, lw=0)
    colour = INK if row["passed"] else MISSED
    axes.axhline(row["value"], color=colour, ls="--", lw=1)
    words = f"all: {row['value']:.3f} ± {row['error']:.3f}, allowed {row['low']:.3f} to {row['high']:.3f}"
    axes.set_title(words, fontsize=style.TINY, color=colour, loc="left", pad=2)


def _by_kind(axes: Axes, bins: pd.DataFrame, name: str) -> None:
    for kind, (colour, marker, words) in KINDS.items():
        rows = bins[(bins["type"] == kind) & bins[name].notna()]
        shift = 0.03 if kind == "galaxy" else -0.03  # so that bars do not hide each other
        axes.errorbar(
            _middle(rows) + shift, rows[name], rows[f"{name}_err"], fmt=marker, ms=3, lw=1, color=colour, label=words
        )


def _middle(rows: pd.DataFrame) -> np.ndarray:
    return ((rows["mag_min"] + rows["mag_max"]) / 2).to_numpy(float)


def _panel(sheet: Sheet, row: int, column: int) -> Axes:
    return sheet.axes(LEFT + column * STEP_X, TOP + row * STEP_Y - 0.25, BOX_WIDE, BOX_HIGH)
