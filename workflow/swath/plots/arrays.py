"""Arrays for drawing: cutouts, mosaics, and how far values scatter."""

from typing import NamedTuple

import numpy as np


def extent(corner: tuple[float, float], shape: tuple[int, int], factor: int = 1) -> tuple[float, float, float, float]:
    """Edges (left, right, bottom, top) of an image [pix] whose first full-resolution pixel is `corner` = (x, y)."""
    x, y = corner[0] - 0.5, corner[1] - 0.5
    return x, x + shape[1] * factor, y, y + shape[0] * factor


def cutout(image: np.ndarray, x: float, y: float, size: int) -> np.ndarray:
    """The (..., size, size) pixels around the pixel that holds (x, y); NaN beyond the image and for a NaN position.

    The position's pixel is `size // 2` from the first row and column.
    """
    out = np.full((*image.shape[:-2], size, size), np.nan, "f4")
    if not (np.isfinite(x) and np.isfinite(y)):
        return out
    x0, y0 = int(np.rint(x)) - size // 2, int(np.rint(y)) - size // 2
    cx0, cx1 = (min(max(v, 0), image.shape[-1]) for v in (x0, x0 + size))
    cy0, cy1 = (min(max(v, 0), image.shape[-2]) for v in (y0, y0 + size))
    out[..., cy0 - y0 : cy1 - y0, cx0 - x0 : cx1 - x0] = image[..., cy0:cy1, cx0:cx1]
    return out


def robust_sd(values: np.ndarray) -> float:
    """Standard deviation from the median absolute deviation about the median, as of a Gaussian; 0 without a value."""
    return float(1.4826 * np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def blocks(side: int, inches: float, dpi: float, most: int | None) -> int:
    """Side [pix] of the blocks to average where `side` pixels are drawn over so many inches; at most `most`."""
    asked = max(round(side / (inches * dpi)), 1)
    return asked if most is None else min(asked, most)


class Mosaic(NamedTuple):
    """Painted tiles in one image; the first row of tiles is at the top, as people read.

    image : RGBA bytes (ny, nx, 4), first row at the bottom, transparent between the tiles.
    left, bottom : lower left corner of each tile [pix], shape (n,). size : (height, width) of a tile.
    """

    image: np.ndarray
    left: np.ndarray
    bottom: np.ndarray
    size: tuple[int, int]


def mosaic(tiles: np.ndarray, columns: int, gap: int = 2) -> Mosaic:
    """Lay RGBA tiles of one size, shape (n, height, width, 4), in rows of `columns`, `gap` pixels apart."""
    count, height, width, _ = tiles.shape
    rows = rows_of(count, columns)
    image = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4), "u1")
    row, column = np.divmod(np.arange(count), columns)
    left, bottom = column * (width + gap), (rows - 1 - row) * (height + gap)
    for tile, x, y in zip(tiles, left, bottom, strict=True):
        image[y : y + height, x : x + width] = tile
    return Mosaic(image, left - 0.5, bottom - 0.5, (height, width))


def rows_of(count: int, columns: int) -> int:
    """Rows of tiles that `count` tiles take, at least one."""
    return max(-(-count // columns), 1)
