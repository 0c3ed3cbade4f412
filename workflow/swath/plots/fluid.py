"""Figures whose panels make room for their labels: fonts, lines and colours are all the user's (matplotlibrc)."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ..files import atomic
from .style import COMPRESSION, LARGEST_PIX

log = logging.getLogger(__name__)


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

    def title(self, text: str, **options: Any) -> None:
        """A title over all panels, to the letter: no `$` in it begins a formula."""
        self.figure.suptitle(text, parse_math=False, **options)

    def save(self, path: str | Path) -> None:
        """Write the figure as PNG, atomically and without anything that differs between equal figures."""
        with atomic(path) as temporary:
            self.canvas.draw()
            rgba = np.asarray(self.canvas.buffer_rgba())
            opaque = (rgba[..., 3] == 255).all()
            picture = Image.fromarray(np.ascontiguousarray(rgba[..., :3] if opaque else rgba))
            picture.save(temporary, "PNG", compress_level=COMPRESSION)
