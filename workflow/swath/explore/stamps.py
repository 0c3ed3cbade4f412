"""Stamps of a patch's sources as one image: data, model and residual of every band."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..config.fit import Fit
from ..files import atomic, write_json
from ..plots.arrays import cutout
from ..plots.rendering import Drawn, positions, read_drawn

# Palette: 0..127 grey for data and model, 128..254 blue to red for the residual, 255 masked.
GREYS, RESIDUALS, MASKED = 128, 127, 255
BLUE_TO_RED = ((5, 48, 97), (67, 147, 195), (247, 247, 247), (214, 96, 77), (103, 0, 31))
MASKED_COLOUR = (88, 84, 110)
# Stamps are cut to this many noise sigmas at the dark end; residuals saturate at PULL_MOST on both sides.
DARK, SOFT, LEAST, PULL_MOST = -2.5, 3.0, 15.0, 5.0
WIDEST = 2048  # pixels of a sheet, where one source is not wider already


class Layout(NamedTuple):
    """Where the stamps are: each source has a block of 3 rows (data, model, residual) and one column per band.

    Blocks stand side by side in rows of `columns`, the first row of blocks at the top.
    """

    columns: int
    rows: int


def make_stamps(
    payload: str | Path,
    fit: str | Path,
    sheet: str | Path,
    index: str | Path,
    settings: Fit,
    side: int,
    added: Sequence[tuple[str | Path, str | Path]] = (),
) -> None:
    """Write the stamps of the sources that a patch owns, and the index that says which is where.

    Parameters
    ----------
    payload, fit : `payload/{patch}.fits` and `fit/{patch}.fits`. settings : as the patch was fitted with.
    sheet : palette PNG; data and model of a source and band share one scale. index : JSON with the rows of the
        source list in the order of the blocks, and the ends of each scale [ct].
    side : pixels per side of a stamp. added : payload and fit of further bands, whose columns follow.
    """
    parts = [read_drawn(*paths, settings) for paths in ((payload, fit), *added)]
    drawn, rows = parts[0], parts[0].owned
    bands = [band for part in parts for band in part.bands]
    layout = layout_of(len(rows), len(bands), side)
    painted = [paint(part, side) for part in parts]
    blocks = np.concatenate([blocks for blocks, _ in painted], axis=2)
    ends = np.concatenate([ends for _, ends in painted], axis=1)
    write_png(sheet, arrange(blocks, layout))
    write_json(
        index,
        {
            "patch": drawn.payload.patch,
            "bands": bands,
            "side": side,
            "columns": layout.columns,
            "rows": [int(row) for row in rows["row"]],
            "ends": [[[float(f"{end:.3g}") for end in band] for band in source] for source in ends],
        },
    )


def layout_of(count: int, bands: int, side: int) -> Layout:
    """How `count` blocks are laid out: as many side by side as fit the width of a sheet."""
    columns = max(min(WIDEST // (bands * side), count), 1)
    return Layout(columns, max(-(-count // columns), 1))


def paint(drawn: Drawn, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of palette indices, (n, 3 side, nband side), first row at the top; ends of the scales (n, nband, 2) [ct].

    A stamp's centre is the pixel that holds the source's fitted position in that band.
    """
    x, y = positions(drawn, drawn.owned)
    x0, _, y0, _ = drawn.payload.roi
    noise = drawn.payload.bands["sky_sigma"].astype(float)
    planes = np.stack([drawn.data, drawn.model, drawn.pulls])
    blocks = np.zeros((len(x), 3 * side, len(noise) * side), "u1")
    ends = np.zeros((len(x), len(noise), 2))
    for source in range(len(x)):
        for band, sigma in enumerate(noise):
            data, model, pull = cutout(planes[:, band], x[source, band] - x0, y[source, band] - y0, side)
            low, high = scale(data, model, sigma)
            ends[source, band] = low, high
            column = np.concatenate([greys(data, low, high, sigma), greys(model, low, high, sigma), residuals(pull)])
            blocks[source, :, band * side : (band + 1) * side] = column
    return blocks, ends


def scale(data: np.ndarray, model: np.ndarray, sigma: float) -> tuple[float, float]:
    """Darkest and brightest value [ct] of a stamp: from below the sky to its peak, or clearly above the sky."""
    sigma = sigma if np.isfinite(sigma) and sigma > 0 else 1.0
    both = np.concatenate([data[np.isfinite(data)], model[np.isfinite(model)]])
    peak = float(np.percentile(both, 99.8)) if both.size else 0.0
    return DARK * sigma, max(peak, LEAST * sigma)


def greys(values: np.ndarray, low: float, high: float, sigma: float) -> np.ndarray:
    """Palette indices of data or model [y, x] between two ends, asinh above a few sigmas, first row at the top."""
    soft = SOFT * (sigma if np.isfinite(sigma) and sigma > 0 else 1.0)
    bottom, top = np.arcsinh(low / soft), np.arcsinh(high / soft)
    level = (np.arcsinh(values / soft) - bottom) / (top - bottom)
    return _indices(level, 0, GREYS)


def residuals(pulls: np.ndarray) -> np.ndarray:
    """Palette indices of residuals in units of the noise [y, x], first row at the top."""
    return _indices((pulls / PULL_MOST + 1) / 2, GREYS, RESIDUALS)


def _indices(level: np.ndarray, first: int, count: int) -> np.ndarray:
    known = np.isfinite(level)
    steps = np.rint(np.clip(np.where(known, level, 0), 0, 1) * (count - 1)).astype("u1")
    return np.where(known, first + steps, MASKED).astype("u1")[::-1]


def arrange(blocks: np.ndarray, layout: Layout) -> np.ndarray:
    """All blocks (n, height, width) in one image, rows of `layout.columns`, the first at the top."""
    count, height, width = blocks.shape
    full = np.zeros((layout.rows * layout.columns, height, width), "u1")
    full[:count] = blocks
    grid = full.reshape(layout.rows, layout.columns, height, width)
    return grid.swapaxes(1, 2).reshape(layout.rows * height, layout.columns * width)


def palette() -> np.ndarray:
    """The 256 colours, (256, 3) bytes."""
    grey = np.repeat(np.linspace(0, 255, GREYS)[:, None], 3, axis=1)
    anchors = np.array(BLUE_TO_RED, float)
    place = np.linspace(0, len(anchors) - 1, RESIDUALS)
    diverging = np.stack([np.interp(place, np.arange(len(anchors)), channel) for channel in anchors.T], axis=1)
    return np.rint(np.concatenate([grey, diverging, [MASKED_COLOUR]])).astype("u1")


def write_png(path: str | Path, indices: np.ndarray) -> None:
    """Write palette indices (ny, nx), first row at the top, as a palette PNG."""
    image = Image.fromarray(indices, mode="P")
    image.putpalette(palette().tobytes())
    with atomic(path) as temporary:
        image.save(temporary, format="PNG", optimize=False, compress_level=6)
