"""Where the pixels of a grid lie in an image, and whether they are that image's own."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import pixel_to_pixel

ROWS, STEP = 256, 16
# ASSUME no catalogue notices a shift of a thousandth of a pixel: such an image is on the grid already.
SAME_PIX = 1e-3
MARGIN_PIX = 3.0
Box = tuple[int, int, int, int]


class Lie(NamedTuple):
    """Where a box of the grid lies in an image.

    box : (x0, x1, y0, y1) of the grid, half open. x, y : position of every pixel of the box in the image, 0-based,
    shape of the box. area : pixels of the image that a pixel of the grid covers, same shape.
    """

    box: Box
    x: np.ndarray
    y: np.ndarray
    area: np.ndarray


def celestial(header: fits.Header) -> WCS:
    """The celestial WCS of a header."""
    cards = header.copy()
    for key in [name for name in ("NAXIS1", "NAXIS2") if name in cards]:
        del cards[key]
    return WCS(cards, fix=True).celestial


def lie_of(grid: WCS, shape: tuple[int, int], image: WCS, image_shape: tuple[int, int]) -> Lie | None:
    """Where the part of the grid that an image covers lies in it; None where they do not overlap.

    Parameters
    ----------
    shape, image_shape : (ny, nx) of grid and image.
    """
    box = box_of(grid, shape, image, image_shape)
    if box is None:
        return None
    x0, x1, y0, y1 = box
    x, y = (np.empty((y1 - y0, x1 - x0)) for _ in range(2))
    for row in range(y0, y1, ROWS):
        rows = np.s_[row - y0 : min(row + ROWS, y1) - y0]
        yy, xx = np.mgrid[row : min(row + ROWS, y1), x0:x1].astype(float)
        x[rows], y[rows] = pixel_to_pixel(grid, image, xx, yy)
    return Lie(box, x, y, _area(x, y))


def whole_shift(lie: Lie) -> tuple[int, int] | None:
    """(x, y) of the image that is the grid's pixel (0, 0), where their pixels are the same; else None."""
    x0, x1, y0, y1 = lie.box
    yy, xx = np.mgrid[y0:y1, x0:x1]
    shift = [int(np.rint(np.median(place - own))) for place, own in ((lie.x, xx), (lie.y, yy))]
    off = max(np.abs(lie.x - xx - shift[0]).max(), np.abs(lie.y - yy - shift[1]).max())
    return (shift[0], shift[1]) if off <= SAME_PIX else None


def box_of(grid: WCS, shape: tuple[int, int], image: WCS, image_shape: tuple[int, int]) -> Box | None:
    """Box of the grid that holds all pixels whose centres lie in the image, and a few around them."""
    steps = [np.unique(np.append(np.arange(0, n, STEP), n - 1)) for n in shape]
    yy, xx = (part.astype(float) for part in np.meshgrid(*steps, indexing="ij"))
    x, y = pixel_to_pixel(grid, image, xx, yy)
    if not np.isfinite(x + y).any():
        return None
    # An image may lie between the points of the mesh: the length of a step in its pixels is the margin.
    reach = float(np.sqrt(np.nanmedian(_area(x, y)))) + MARGIN_PIX
    ny, nx = image_shape
    inside = (x >= -reach) & (x <= nx - 1 + reach) & (y >= -reach) & (y <= ny - 1 + reach)
    if not inside.any():
        return None
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    x0, y0 = int(xx[0, max(columns[0] - 1, 0)]), int(yy[max(rows[0] - 1, 0), 0])
    x1, y1 = (
        int(axis[min(last + 1, len(axis) - 1)]) + 1 for axis, last in ((xx[0], columns[-1]), (yy[:, 0], rows[-1]))
    )
    return x0, x1, y0, y1


def _area(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|d(x, y) of the image / d(x, y) of the grid|, on every pixel; 1 where a side has one pixel."""
    if min(x.shape) < 2:
        return np.ones(x.shape)
    (xy, xx), (yy, yx) = np.gradient(x), np.gradient(y)
    return np.abs(xx * yy - xy * yx)
