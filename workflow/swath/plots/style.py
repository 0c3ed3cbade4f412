"""The look of all figures, and files that are the same bytes for the same data.

Figures are laid out in inches and drawn by Agg, whatever the user's matplotlibrc says about backend and layout; its
fonts, colours and line widths hold. Only sizes, colour maps and the meaning of colours are set here, for all figures.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import AsinhNorm, Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ..files import atomic
from .arrays import robust_sd
from .palette import reduced

log = logging.getLogger(__name__)

TITLE, LABEL, SMALL, TINY = 10, 8, 7, 6  # font sizes [pt]
FLUX, STAMP, RESIDUAL, LEVEL = "gray", "viridis", "RdBu_r", "coolwarm"  # colour maps: images, cutouts, differences, sky
MODELS = {"star": ("tab:blue", "o"), "exp": ("tab:orange", "s"), "dev": ("tab:red", "D"), "sersic": ("tab:purple", "^")}
KEPT, CLIPPED, LEFT_OUT = "tab:blue", "tab:red", "0.6"  # stars of a zero point
GOOD, POOLED, BAD = "0.4", "orange", "red"  # frames of PSFs
LARGEST_PIX = 30_000  # Agg ends at 2^16; image viewers do earlier
MASKED = "0.6"
COMPRESSION = 4  # of PNGs: 6 takes twice the time for 5 % less


class Placed(NamedTuple):
    """Where a picture lies on its sheet: its lower left corner and the size of its pixels [inches]."""

    left: float
    bottom: float
    wide: float
    high: float

    def at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of the picture in inches from the lower left corner of the sheet: coordinates of `Sheet.ground`."""
        return self.left + (x + 0.5) * self.wide, self.bottom + (y + 0.5) * self.high


class Sheet:
    """A figure of `width` x `height` inches, laid out in inches from its top left corner.

    Pictures that need no ticks are drawn on one invisible ground: axes of their own would cost most of the time.

    Parameters
    ----------
    dpi : resolution; lowered, with a warning, where a side would have more than LARGEST_PIX pixels.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        self.width, self.height = width, height
        most = LARGEST_PIX / max(width, height)
        if dpi > most:
            log.warning("a figure of %.0f x %.0f inches is drawn at %d dpi instead of %d", width, height, most, dpi)
        self.figure = Figure(figsize=(width, height), dpi=min(dpi, int(most)), layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self.ground = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height), autoscale_on=False)
        self.ground.set_axis_off()

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes whose frame (without labels) is the given box [inches]."""
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)

    def picture(
        self, rgba: np.ndarray, left: float, top: float, width: float, height: float, frame: bool = False
    ) -> Placed:
        """Draw painted pixels (ny, nx, 4), first row at the bottom, into the given box [inches]."""
        bottom = self.height - top - height
        picture(self.ground, rgba, (left, left + width, bottom, bottom + height))
        if frame:
            self.ground.add_patch(Rectangle((left, bottom), width, height, fill=False, lw=0.8))
        return Placed(left, bottom, width / rgba.shape[1], height / rgba.shape[0])

    def text(self, left: float, top: float, text: str, size: float = LABEL, **options: Any) -> None:
        """Text whose top left corner is at the given place [inches]."""
        options = {"ha": "left", "va": "top", "fontsize": size} | options
        self.figure.text(left / self.width, 1 - top / self.height, text, **options)

    def bar(
        self, colours: ScalarMappable, left: float, top: float, width: float, height: float, label: str,
        extend: str = "neither",
    ) -> None:  # fmt: skip
        """Colour bar in the given box [inches], horizontal when wider than high; `extend` as Matplotlib's."""
        lying = width > height
        axes = self.axes(left, top, width, height)
        bar = self.figure.colorbar(colours, cax=axes, orientation="horizontal" if lying else "vertical", extend=extend)
        bar.set_label(label, fontsize=SMALL)
        bar.ax.tick_params(labelsize=SMALL)
        bar.minorticks_off()
        bar.locator = MaxNLocator(max(int(1.6 * max(width, height)), 2))
        if isinstance(colours.norm, AsinhNorm):
            ticks = asinh_ticks(colours.norm)
            bar.set_ticks(ticks, labels=[f"{value:.3g}" for value in ticks])

    def legend(
        self, handles: Sequence[Artist], left: float, top: float, columns: int = 1, dark: bool = True
    ) -> None:  # fmt: skip
        """Legend whose top left corner is at the place; on dark ground for markers that are drawn over images."""
        look = {"facecolor": "0.35", "labelcolor": "white", "framealpha": 1, "labelspacing": 0.9}
        self.figure.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(left / self.width, 1 - top / self.height), ncols=columns,
            borderaxespad=0, fontsize=SMALL, **(look if dark else {"frameon": False}),
        )  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write the figure as PNG, atomically and without anything that differs between equal figures."""
        with atomic(path) as temporary:
            self.canvas.draw()
            reduced(np.asarray(self.canvas.buffer_rgba())).save(temporary, "PNG", compress_level=COMPRESSION)


def colours(name: str) -> Colormap:
    """A colour map in which masked pixels are grey."""
    return colormaps[name].with_extremes(bad=MASKED)


def asinh_norm(values: np.ndarray, low: float = 1.0, high: float = 99.7, width: float = 3.0) -> AsinhNorm:
    """Colour scale between two percentiles of the finite values, linear within `width` robust sigmas of 0."""
    finite = values[np.isfinite(values)]
    bottom, top = limits(finite, low, high)
    return AsinhNorm(max(width * robust_sd(finite), (top - bottom) / 1e4), vmin=bottom, vmax=top)


def asinh_ticks(norm: AsinhNorm, apart: float = 0.1) -> np.ndarray:
    """Round values, at least `apart` of the colour bar from each other: 0, powers of ten, then 3 and 5 times them."""
    most = max(abs(norm.vmin), abs(norm.vmax))
    powers = 10.0 ** np.arange(np.ceil(np.log10(most)), np.floor(np.log10(most)) - 5, -1)
    wanted = [0.0, *(sign * factor * power for factor in (1, 3, 5) for power in powers for sign in (1, -1))]
    chosen: list[float] = []
    for value in wanted:
        place = float(norm(value))
        if 0 <= place <= 1 and all(abs(place - float(norm(other))) >= apart for other in chosen):
            chosen.append(value)
    return np.array(sorted(chosen))


def limits(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Two percentiles of the finite values, apart from each other; (0, 1) without any."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    bottom, top = (float(v) for v in np.percentile(finite, (low, high)))
    return (bottom, top) if top > bottom else (bottom - 0.5, bottom + 0.5)


def symmetric(values: np.ndarray, percentile: float, least: float = 0.0) -> Normalize:
    """Colour scale from -v to v, with v the percentile of the absolute finite values, at least `least`."""
    finite = np.abs(values[np.isfinite(values)])
    top = max(float(np.percentile(finite, percentile)) if finite.size else 0.0, least) or 1.0
    return Normalize(-top, top)


def paint(values: np.ndarray, norm: Normalize, colour: str) -> np.ndarray:
    """Values (...) as RGBA bytes (..., 4); NaN is grey."""
    flat = norm(np.ma.masked_invalid(values).ravel())
    return colours(colour)(flat, bytes=True).reshape(*values.shape, 4)


def show(
    axes: Axes, image: np.ndarray, norm: Normalize, colour: str, extent: Sequence[float] | None = None
) -> ScalarMappable:
    """Draw an image [y, x], first row at the bottom; NaN is grey. Returns what a colour bar is made from.

    Parameters
    ----------
    extent : (left, right, bottom, top) of the image's edges in data units; pixels where not given.
    """
    picture(axes, paint(image, norm, colour), extent)
    return ScalarMappable(norm, colours(colour))


def picture(axes: Axes, rgba: np.ndarray, extent: Sequence[float] | None = None) -> None:
    """Draw painted pixels (ny, nx, 4), first row at the bottom."""
    axes.imshow(rgba, origin="lower", interpolation="nearest", aspect="auto", extent=extent)


def pixel_axes(axes: Axes, x: bool = True, y: bool = True) -> None:
    """Label axes in full-frame pixels; those switched off have neither label nor numbers."""
    axes.tick_params(labelsize=SMALL, labelbottom=x, labelleft=y)
    axes.set_xlabel("x [pix]" if x else "", fontsize=SMALL)
    axes.set_ylabel("y [pix]" if y else "", fontsize=SMALL)


def label(axes: Axes, x: str, y: str, size: float = SMALL) -> None:
    """What the axes show, with units; numbers small."""
    axes.set_xlabel(x, fontsize=size)
    axes.set_ylabel(y, fontsize=size)
    axes.tick_params(labelsize=SMALL)


def say(axes: Axes, text: str) -> None:
    """Axes that hold a sentence instead of a figure."""
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=LABEL, wrap=True)
