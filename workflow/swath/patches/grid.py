"""The division of the crop box into PSF cells, and of cells into patches. Pure arithmetic: the planner uses it."""

from typing import NamedTuple

import numpy as np

Box = tuple[int, int, int, int]


class Cell(NamedTuple):
    """One PSF cell; box is (x0, x1, y0, y1), half open, full-frame pixels."""

    tag: str
    row: int
    col: int
    box: Box


class Patch(NamedTuple):
    """One fitting patch of a cell; base is the box whose sources it owns."""

    tag: str
    cell: str
    row: int
    col: int
    base: Box


def edges(low: int, high: int, count: int) -> np.ndarray:
    """Integer borders of `count` nearly equal parts of [low, high), shape (count + 1,)."""
    return low + np.rint(np.arange(count + 1) * (high - low) / count).astype(int)


def cells(box: Box, ngrid: int) -> list[Cell]:
    """The cells of a crop box, row by row."""
    xs, ys = edges(box[0], box[1], ngrid), edges(box[2], box[3], ngrid)
    return [
        Cell(f"r{row:02d}_c{col:02d}", row, col, _box(xs, ys, row, col)) for row in range(ngrid) for col in range(ngrid)
    ]


def patches(cell: Cell, ngrid: int) -> list[Patch]:
    """The patches of a cell, row by row."""
    xs, ys = edges(cell.box[0], cell.box[1], ngrid), edges(cell.box[2], cell.box[3], ngrid)
    return [
        Patch(f"{cell.tag}_pr{row:02d}_pc{col:02d}", cell.tag, row, col, _box(xs, ys, row, col))
        for row in range(ngrid)
        for col in range(ngrid)
    ]


def owners(x: np.ndarray, y: np.ndarray, crop: Box, boxes: list[Box]) -> np.ndarray:
    """Index of the box that owns each position, (n,) int, -1 where none does.

    The pixel that holds a position decides; positions beyond the crop box by a fraction of a pixel belong to its
    border. Boxes do not overlap, so that each position has at most one owner.
    """
    px = np.clip(np.rint(x), crop[0], crop[1] - 1)
    py = np.clip(np.rint(y), crop[2], crop[3] - 1)
    owner = np.full(len(px), -1)
    for index, (x0, x1, y0, y1) in enumerate(boxes):
        owner[(px >= x0) & (px < x1) & (py >= y0) & (py < y1)] = index
    return owner


def least_halo(psf_size: int, halo_min: int) -> int:
    """Halo [pix] that every patch has: the PSF's half side plus 2, or the configured minimum."""
    return max((psf_size - 1) // 2 + 2, halo_min)


def grow(box: Box, margin: int, shape: tuple[int, int]) -> Box:
    """A box widened by `margin` on all sides and cut to an image of `shape` (ny, nx)."""
    x0, x1, y0, y1 = box
    return max(x0 - margin, 0), min(x1 + margin, shape[1]), max(y0 - margin, 0), min(y1 + margin, shape[0])


def inside(x: np.ndarray, y: np.ndarray, box: Box) -> np.ndarray:
    """(n,) bool: the pixel that holds the position lies in the box."""
    px, py = np.rint(x), np.rint(y)
    return (px >= box[0]) & (px < box[1]) & (py >= box[2]) & (py < box[3])


def _box(xs: np.ndarray, ys: np.ndarray, row: int, col: int) -> Box:
    return int(xs[col]), int(xs[col + 1]), int(ys[row]), int(ys[row + 1])
