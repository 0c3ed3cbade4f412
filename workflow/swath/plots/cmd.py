"""Colours and magnitudes."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from . import style
from .photometry import MANY, Photometry, groups, handles, set_range
from .style import Sheet

LEAST_SNR = 5.0  # of points in the colour-magnitude diagram
BIN_MAG = 0.5  # of the counts
ON_DATA = {"fc": "white", "ec": "none", "pad": 1, "alpha": 0.8}


def colour_pair(photometry: Sequence[Photometry]) -> tuple[Photometry, Photometry] | None:
    """The neighbouring bands in which most sources have S/N above 5, the first of them in doubt; None for one band."""
    pairs = list(pairwise(photometry))
    return max(pairs, key=lambda pair: int(_seen(*pair).sum())) if pairs else None


def draw_cmd(photometry: Sequence[Photometry], models: np.ndarray, dpi: int, depth_sigma: float = 5.0) -> Sheet:
    """Colour against magnitude by model, and how many sources there are at each magnitude.

    depth_sigma : at how many sigma the depths of `photometry` are quoted.
    """
    sheet = Sheet(9.6, 5.2, dpi)
    left, right = sheet.axes(0.7, 0.85, 4.6, 3.7), sheet.axes(6.1, 0.85, 3.2, 3.7)
    sheet.text(0.7, 0.12, "Colours and magnitudes of the fitted sources", style.TITLE)
    pair = colour_pair(photometry)
    if pair is None:
        style.say(left, "one band: no colour")
    else:
        _colours(left, *pair, models)
        sheet.text(0.7, 0.34, f"left: sources with S/N above {LEAST_SNR:g} in {pair[0].band} and {pair[1].band}")
    _counts(right, pair[1] if pair else photometry[0], models, depth_sigma)
    drawn = _seen(*pair) if pair else np.zeros(len(models), bool)
    sheet.legend(handles(models, drawn), 0.7, 0.52, columns=4, dark=False)
    return sheet


def _seen(blue: Photometry, red: Photometry) -> np.ndarray:
    return (blue.snr > LEAST_SNR) & (red.snr > LEAST_SNR) & np.isfinite(blue.mag) & np.isfinite(red.mag)


def _colours(axes: Axes, blue: Photometry, red: Photometry, models: np.ndarray) -> None:
    seen, colour = _seen(blue, red), blue.mag - red.mag
    error = np.hypot(blue.error, red.error)
    few = seen.sum() < MANY
    for which, paint, marker in groups(models):
        part = which & seen
        if few:
            axes.errorbar(colour[part], red.mag[part], red.error[part], error[part], fmt="none", ecolor=paint, lw=0.4,
                          alpha=0.5)  # fmt: skip
        axes.scatter(colour[part], red.mag[part], s=14 if few else 3, c=paint, marker=marker, linewidths=0)
    if not seen.any():
        style.say(axes, "no source with S/N above 5 in two neighbouring bands")
        return
    axes.set_xlim(np.percentile(colour[seen], (0.5, 99.5)) + np.array([-0.1, 0.1]))
    set_range(axes.set_ylim, red.mag[seen], 0.3, inverted=True)
    unit = blue.unit if red.calibrated else red.unit
    style.label(axes, f"{blue.band} - {red.band} {unit}", f"{red.band} {red.unit}", style.LABEL)


def _counts(axes: Axes, one: Photometry, models: np.ndarray, depth_sigma: float) -> None:
    mag = np.where(one.snr > 3, one.mag, np.nan)
    known = mag[np.isfinite(mag)]
    if not len(known):
        style.say(axes, f"no source with S/N above 3 in {one.band}")
        return
    first, last = np.floor(known.min() / BIN_MAG), np.floor(known.max() / BIN_MAG)
    edges = BIN_MAG * np.arange(first, last + 2)
    parts = [(mag[which & np.isfinite(mag)], paint) for which, paint, _ in groups(models)]
    axes.hist([part for part, _ in parts], edges, stacked=True, color=[paint for _, paint in parts])
    if np.isfinite(one.depth):
        axes.axvline(one.depth, color="0.3", ls="--", lw=1)
        words, place = f"depth at \n{depth_sigma:g} sigma ", axes.get_xaxis_transform()
        axes.text(one.depth, 0.98, words, transform=place, ha="right", va="top", fontsize=style.SMALL, bbox=ON_DATA)
    axes.set_title(f"sources with S/N above 3 in {one.band}", fontsize=style.LABEL)
    style.label(axes, f"{one.band} {one.unit}", f"sources per {BIN_MAG:g} mag", style.LABEL)
