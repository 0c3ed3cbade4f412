"""The white stack before and after the crop."""

from pathlib import Path

import numpy as np
from astropy.io import fits
from matplotlib.patches import Rectangle

from ..frames.white import block_average
from . import style
from .arrays import extent

UNIT = "flux per pixel [ct]"


def draw_white(white: str | Path, output: str | Path, dpi: int, downsample: int) -> None:
    """Draw the uncropped preview with the crop box, and the cropped stack, on one colour scale.

    Parameters
    ----------
    white : `white/white.fits`. downsample : block averaging [pix]; the preview of a large image has its own already.
    """
    preview, stack, box, factor = read_white(white)
    further = max(downsample // factor, 1)
    preview, factor = block_average(preview, further), factor * further
    cropped = block_average(stack, downsample)
    norm = style.asinh_norm(cropped if np.isfinite(cropped).any() else preview)
    sheet = style.Sheet(11.2, 5.4, dpi)
    before, after = sheet.axes(0.7, 0.45, 4.4, 4.4), sheet.axes(5.75, 0.45, 4.4, 4.4)
    style.show(before, preview, norm, style.FLUX, extent((0, 0), preview.shape, factor))
    colours = style.show(after, cropped, norm, style.FLUX, extent((box[0], box[2]), cropped.shape, downsample))
    x0, x1, y0, y1 = box
    before.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor="orange", lw=1.2))
    before.set_title(f"before the crop, with the crop box ({factor} x {factor} pix averaged)", fontsize=style.TITLE)
    after.set_title(f"after the crop, {x1 - x0} x {y1 - y0} pix ({downsample} x {downsample} pix averaged)",
                    fontsize=style.TITLE)  # fmt: skip
    ny, nx = preview.shape[0] * factor, preview.shape[1] * factor
    before.set(xlim=(-0.03 * nx, 1.03 * nx), ylim=(-0.03 * ny, 1.03 * ny), facecolor="0.2")
    for axes in (before, after):
        axes.set_aspect("equal")
        style.pixel_axes(axes)
    sheet.bar(colours, 10.35, 0.45, 0.15, 4.4, f"white stack, {UNIT}")
    sheet.save(output)


def read_white(path: str | Path) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int, int], int]:
    """Preview, cropped stack, crop box (x0, x1, y0, y1) and the preview's block size [pix]."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus["WHITE"].header
        box = tuple(int(header[name]) for name in ("CROPX0", "CROPX1", "CROPY0", "CROPY1"))
        preview, stack = (np.asarray(hdus[name].data, "f4") for name in ("PREVIEW", "WHITE"))
        return preview, stack, box, int(hdus["PREVIEW"].header["DOWNSAMP"])
