"""Figures whose panels make room for their labels: fonts, lines and colours are all the user's (matplotlibrc)."""

import logging
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from PIL import Image

from ..files import atomic
from .style import COMPRESSION, LARGEST_PIX

log = logging.getLogger(__name__)
LETTER_WIDTH = 0.65  # of the font's size
ROOM_OF_MARKER = 6  # letters


class Fluid:
    """A figure of the given inches, drawn by Agg in all colours.

    Parameters
    ----------
    dpi : resolution; lowered, with a warning, where a side would have more than LARGEST_PIX pixels.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        most = int(LARGEST_PIX / max(width, height))
        if dpi > most:
            log.warning("a figure of %.0f x %.0f inches is drawn at %d dpi instead of %d", width, height, most, dpi)
        self.figure = Figure(figsize=(width, height), dpi=min(dpi, most), layout="constrained")
        self.canvas = FigureCanvasAgg(self.figure)

    def title(self, text: str) -> None:
        """A title over all panels, in as many lines as it takes, to the letter: no `$` in it begins a formula."""
        self.figure.suptitle(textwrap.fill(text, self._letters("figure.titlesize")), parse_math=False)

    def legend(self, handles: Sequence[Artist]) -> None:
        """A legend below all panels, in as many columns as there is room for."""
        widths = [len(str(handle.get_label())) + ROOM_OF_MARKER for handle in handles]
        room = self._letters("legend.fontsize")
        columns = len(handles) if sum(widths) <= room else max(room // max(widths), 1)
        self.figure.legend(handles=handles, loc="outside lower center", ncols=columns)

    def _letters(self, size: str) -> int:
        """About how many letters of the user's font size for `size` a line of the figure holds."""
        points = FontProperties(size=rcParams[size]).get_size_in_points()
        return max(int(72 * self.figure.get_figwidth() / (LETTER_WIDTH * points)), 10)

    def save(self, path: str | Path) -> None:
        """Write the figure as PNG, atomically and without anything that differs between equal figures."""
        with atomic(path) as temporary:
            self.canvas.draw()
            rgba = np.asarray(self.canvas.buffer_rgba())
            opaque = (rgba[..., 3] == 255).all()
            picture = Image.fromarray(np.ascontiguousarray(rgba[..., :3] if opaque else rgba))
            picture.save(temporary, "PNG", compress_level=COMPRESSION)
