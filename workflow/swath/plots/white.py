"""The white stack before and after the crop."""

from pathlib import Path

import numpy as np
from astropy.io import fits
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..frames.white import block_average
from . import style
from .arrays import blocks, extent

UNIT = "flux per pixel [ct]"
HALF, WHOLE = 4.4, 7.0  # inches: side of each of two panels, and of a single one


def draw_white(white: str | Path, output: str | Path, dpi: int, downsample: int | None) -> None:
    """Draw the uncropped preview with the crop box beside the cropped stack, or the stack alone where both are one.

    Parameters
    ----------
    white : `white/white.fits`. downsample : most block averaging [pix], None for as much as the panels ask for; the
        preview of a large image has its own already.
    """
    preview, stack, box, factor = read_white(white)
    if _uncropped(preview, stack, box, factor):
        _alone(stack, dpi, downsample).save(output)
    else:
        _both(preview, stack, box, factor, dpi, downsample).save(output)


def read_white(path: str | Path) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int, int], int]:
    """Preview, cropped stack, crop box (x0, x1, y0, y1) and the preview's block size [pix]."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus["WHITE"].header
        box = tuple(int(header[name]) for name in ("CROPX0", "CROPX1", "CROPY0", "CROPY1"))
        preview, stack = (np.asarray(hdus[name].data, "f4") for name in ("PREVIEW", "WHITE"))
        return preview, stack, box, int(hdus["PREVIEW"].header["DOWNSAMP"])


def averaged(factor: int) -> str:
    """How far an image is averaged, for the end of its title."""
    return f", {factor} x {factor} pix averaged" if factor > 1 else ""


def _uncropped(preview: np.ndarray, stack: np.ndarray, box: tuple[int, int, int, int], factor: int) -> bool:
    """Does the cropped stack hold all that the preview shows?"""
    blocks_of_stack = tuple(-(-side // factor) for side in stack.shape)
    return box[0] == box[2] == 0 and blocks_of_stack == preview.shape


def _alone(stack: np.ndarray, dpi: int, most: int | None) -> style.Sheet:
    ny, nx = stack.shape
    factor = blocks(max(ny, nx), WHOLE, dpi, most)
    shown = block_average(stack, factor)
    norm = style.asinh_norm(shown)
    wide, high = (max(WHOLE * side / max(ny, nx), 2.0) for side in (nx, ny))
    sheet = style.Sheet(max(wide + 1.9, 6.0), high + 1.0, dpi)
    axes = sheet.axes(0.7, 0.45, wide, high)
    colours = style.show(axes, shown, norm, style.FLUX, extent((0, 0), shown.shape, factor))
    axes.set_title(f"white stack, {nx} x {ny} pix, nothing is cropped{averaged(factor)}", fontsize=style.TITLE)
    _square(axes)
    sheet.bar(colours, wide + 0.9, 0.45, 0.15, high, f"white stack, {UNIT}")
    return sheet


def _both(
    preview: np.ndarray, stack: np.ndarray, box: tuple[int, int, int, int], factor: int, dpi: int, most: int | None
) -> style.Sheet:  # fmt: skip
    """Both on one colour scale."""
    x0, x1, y0, y1 = box
    further = max(blocks(max(preview.shape) * factor, HALF, dpi, most) // factor, 1)
    preview, factor = block_average(preview, further), factor * further
    own = blocks(max(stack.shape), HALF, dpi, most)
    cropped = block_average(stack, own)
    norm = style.asinh_norm(cropped if np.isfinite(cropped).any() else preview)
    sheet = style.Sheet(11.2, 5.4, dpi)
    before, after = sheet.axes(0.7, 0.45, HALF, HALF), sheet.axes(5.75, 0.45, HALF, HALF)
    style.show(before, preview, norm, style.FLUX, extent((0, 0), preview.shape, factor))
    colours = style.show(after, cropped, norm, style.FLUX, extent((x0, y0), cropped.shape, own))
    before.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor="orange", lw=1.2))
    before.set_title(f"before the crop, with the crop box{averaged(factor)}", fontsize=style.TITLE)
    after.set_title(f"after the crop, {x1 - x0} x {y1 - y0} pix{averaged(own)}", fontsize=style.TITLE)
    ny, nx = preview.shape[0] * factor, preview.shape[1] * factor
    before.set(xlim=(-0.03 * nx, 1.03 * nx), ylim=(-0.03 * ny, 1.03 * ny), facecolor="0.2")
    for axes in (before, after):
        _square(axes)
    sheet.bar(colours, 10.35, 0.45, 0.15, HALF, f"white stack, {UNIT}")
    return sheet


def _square(axes: Axes) -> None:
    axes.set_aspect("equal")
    style.pixel_axes(axes)
