"""The background of one PSF cell: the frame (its sky is subtracted already), the map, the difference."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from ..config.psf import Psf
from ..frames.frame import Frame, read_frame
from ..frames.white import block_average
from ..psf.stamps import cell_background
from . import style
from .arrays import blocks, extent
from .style import Sheet

NAMES = ("frame", "background", "frame - background")


def draw_background(
    cell: str,
    box: Sequence[int],
    frames: Sequence[str | Path],
    settings: Psf,
    dpi: int,
    colorbar: bool,
    downsample: int | None,
) -> Sheet:
    """Per band the cell's pixels, their large-scale background, and the difference, in units of the sky's sigma.

    When `psf.background` is off nothing is subtracted anywhere: the map then shows what the frame's sky left.
    """
    factor = blocks(box[1] - box[0], 2.6, dpi, downsample)
    norm, fine = Normalize(-3.0, 3.0), Normalize(-0.5, 0.5)
    sheet = Sheet(9.4, 0.75 + 2.95 * max(len(frames), 1) + 0.7, dpi)
    sheet.text(0.2, 0.12, f"Background of cell {cell}", style.TITLE)
    state = "subtracted before the stars are cut out"
    if not settings.background.enabled:
        state = "a check only: psf.background.enabled is false, nothing of it is subtracted"
    sheet.text(0.2, 0.34, f"The map is {state}; mesh of {settings.background.boxsize} pix, sources masked.")
    for index, path in enumerate(frames):
        frame, top = read_frame(path, box), 0.95 + 2.95 * index
        raw, background = frame.image, cell_background(frame, settings.background)
        sheet.text(0.75, top - 0.22, _headline(frame, background), style.SMALL)
        for column, image in enumerate((raw, background, raw - background)):
            shown = block_average(np.where(frame.mask == 0, image, np.nan) / frame.sky_sigma, factor)
            left, scale = 0.75 + 2.75 * column, fine if column == 1 else norm
            if column == 0:
                axes = sheet.axes(left, top, 2.6, 2.2)
                style.show(axes, shown, scale, style.LEVEL, extent((box[0], box[2]), shown.shape, factor))
                style.pixel_axes(axes)
            else:
                sheet.picture(style.paint(shown, scale, style.LEVEL), left, top, 2.6, 2.2, frame=True)
            sheet.text(left + 0.06, top + 0.05, NAMES[column], style.SMALL)
    if colorbar:
        for place, scale, label in ((0.75, norm, "frame, difference"), (5.0, fine, "background")):
            bar = ScalarMappable(scale, style.colours(style.LEVEL))
            sheet.bar(bar, place, sheet.height - 0.55, 3.6, 0.12, f"{label}: flux per pixel / sky sigma")
    return sheet


def _headline(frame: Frame, background: np.ndarray) -> str:
    header, sigma = frame.header, frame.sky_sigma
    if not np.isfinite(sigma):
        return f"{frame.band}: every pixel is masked"
    sky = f"sky already subtracted from the frame: {header.get('SKYMODEL', 'unknown')}"
    if "SKYC0" in header:
        slope = np.hypot(header.get("SKYCX", 0.0), header.get("SKYCY", 0.0))
        sky += f", {header['SKYC0']:.4g} ct at the centre, slope {slope / sigma:.3f} sigma over the image"
    level, spread = np.mean(background) / sigma, np.std(background) / sigma
    return f"{frame.band}: background here {level:+.3f} ± {spread:.3f} sigma; {sky}"
