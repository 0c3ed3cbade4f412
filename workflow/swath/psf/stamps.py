"""Star stamps: pixels, variances, what to leave out, and the background around each star."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sep
from astropy.io import fits
from scipy.ndimage import binary_dilation
from scipy.stats import sigmaclip

from ..config.psf import Background, LocalBackground
from ..frames.frame import Frame, read_frame
from .grid import radii


class Stamps(NamedTuple):
    """n stamps of size pixels a side; the star's pixel is the middle one.

    data : shape (n, size, size), flux units. variance : sky variance (all of it if `gain` is inf), same shape.
    good : bool, same shape: not masked, inside the image, not a neighbour's.
    corner_x, corner_y : full-frame pixel of the stamp's first column and row, int, shape (n,).
    x, y : full-frame positions of the stars, shape (n,). gain : electrons per flux unit.
    """

    data: np.ndarray
    variance: np.ndarray
    good: np.ndarray
    corner_x: np.ndarray
    corner_y: np.ndarray
    x: np.ndarray
    y: np.ndarray
    gain: float

    @property
    def size(self) -> int:
        """Side of a stamp [pix]."""
        return self.data.shape[-1]

    @property
    def offset(self) -> tuple[np.ndarray, np.ndarray]:
        """(dx, dy) of the stars from their stamps' middle pixels, shape (n,)."""
        half = self.size // 2
        return self.x - self.corner_x - half, self.y - self.corner_y - half

    def take(self, which: np.ndarray) -> "Stamps":
        """The stamps that `which` (bool or index) names."""
        return Stamps(*(field[which] for field in self[:-1]), self.gain)


def join(parts: Sequence[Stamps]) -> Stamps:
    """Stamps of one band, one after the other."""
    columns = zip(*(part[:-1] for part in parts), strict=True)
    return Stamps(*(np.concatenate(column) for column in columns), parts[0].gain)


def read_stamps(
    path: str | Path, stars: np.ndarray, neighbours: np.ndarray, size: int, background: Background
) -> Stamps:
    """Stamps of `stars` (dtype `select.STAR`) from a prepared frame, in their order.

    One cell's stars at a time: only the box around them is read.
    """
    with fits.open(path, memmap=True) as hdus:
        shape = hdus["IMAGE"].shape
    parts, rows = [], []
    for cell in np.unique(stars["cell"]):
        here = np.flatnonzero(stars["cell"] == cell)
        box = bounding_box(stars[here], size, shape, background.boxsize if background.enabled else 0)
        frame = read_frame(path, box)
        if background.enabled:
            frame = frame._replace(image=frame.image - cell_background(frame, background))
        parts.append(cut(frame, (box[0], box[2]), stars[here], neighbours, size))
        rows.append(here)
    return join(parts).take(np.argsort(np.concatenate(rows)))


def bounding_box(stars: np.ndarray, size: int, shape: tuple[int, int], margin: int = 0) -> tuple[int, int, int, int]:
    """Box (x0, x1, y0, y1) that holds the stamps of all stars and a margin, as far as the image does."""
    x, y = np.rint(stars["x"]).astype(int), np.rint(stars["y"]).astype(int)
    reach = size // 2 + margin
    return (
        max(int(x.min()) - reach, 0),
        min(int(x.max()) + reach + 1, shape[1]),
        max(int(y.min()) - reach, 0),
        min(int(y.max()) + reach + 1, shape[0]),
    )


def cut(frame: Frame, corner: tuple[int, int], stars: np.ndarray, neighbours: np.ndarray, size: int) -> Stamps:
    """Stamps from a frame whose arrays begin at the full-frame pixel `corner` = (x0, y0)."""
    count, half = len(stars), size // 2
    left = np.rint(stars["x"]).astype(int) - half
    bottom = np.rint(stars["y"]).astype(int) - half
    data, variance = np.zeros((2, count, size, size))
    good = np.zeros((count, size, size), bool)
    for i in range(count):
        inner, outer = _overlap(int(left[i]) - corner[0], int(bottom[i]) - corner[1], size, frame.image.shape)
        data[i][inner], variance[i][inner] = frame.image[outer], frame.sigma[outer].astype(float) ** 2
        good[i][inner] = frame.mask[outer] == 0
        good[i] &= ~neighbour_mask(stars[i], neighbours, left[i], bottom[i], size)
    good &= np.isfinite(variance) & (variance > 0)
    gain = frame.gain if frame.noise == "sky" else np.inf
    data, variance = np.where(good, data, 0.0), np.where(good, variance, np.inf)
    return Stamps(data, variance, good, left, bottom, stars["x"].astype(float), stars["y"].astype(float), gain)


def neighbour_mask(star: np.ndarray, neighbours: np.ndarray, left: int, bottom: int, size: int) -> np.ndarray:
    """Pixels of a stamp that lie in the ellipse of another object, bool (size, size).

    The entry within the star's half-light radius is the star itself. Its core of one FWHM is never masked: whatever
    is detected there is a fragment of the star, or so faint that selection let it pass.
    """
    mask = np.zeros((size, size), bool)
    x, y = neighbours["x"] - left, neighbours["y"] - bottom
    near = (np.abs(x - size // 2) < size // 2 + neighbours["a"]) & (np.abs(y - size // 2) < size // 2 + neighbours["a"])
    near &= np.hypot(neighbours["x"] - star["x"], neighbours["y"] - star["y"]) > star["hlr"]
    if near.any():
        part = neighbours[near]
        sep.mask_ellipse(mask, x[near], y[near], *(part[name].astype(float) for name in ("a", "b", "theta")))
    rows, columns = np.indices(mask.shape)
    mask[np.hypot(columns + left - star["x"], rows + bottom - star["y"]) < 2 * star["hlr"]] = False
    return mask


def annulus(size: int, local: LocalBackground) -> np.ndarray:
    """Pixels of the background annulus, clamped to the stamp, bool (size, size)."""
    outer = min(local.rout_pix, size // 2 + 0.5)
    inner = min(local.rin_pix, outer - 5)
    r = radii(size)
    return (r >= inner) & (r <= outer)


def local_background(stamps: Stamps, light: np.ndarray, local: LocalBackground) -> np.ndarray:
    """Clipped median of each star's annulus after the star's own `light` (n, size, size) is taken off, shape (n,).

    0 when switched off, or where fewer than `min_pixels` usable pixels are left.
    """
    level = np.zeros(len(stamps.data))
    if not local.enabled:
        return level
    ring = annulus(stamps.size, local)
    for i in range(len(level)):
        values = (stamps.data[i] - light[i])[ring & stamps.good[i]]
        if len(values) >= local.min_pixels:
            level[i] = np.median(sigmaclip(values, local.clip_sigma, local.clip_sigma).clipped)
    return level


def cell_background(frame: Frame, settings: Background) -> np.ndarray:
    """Two-dimensional background of the frame's pixels with sources masked, same shape."""
    bad = frame.mask != 0
    image = np.where(bad, np.float32(0), frame.image).astype("f4")
    sigma = np.where(bad, np.float32(np.inf), frame.sigma)
    sources = image > settings.mask_sigma * sigma
    if settings.mask_dilate:
        sources = binary_dilation(sources, np.ones((3, 3), bool), iterations=settings.mask_dilate)
    grown = sources | bad
    side = settings.boxsize
    mesh = sep.Background(image, mask=grown, bw=side, bh=side, fw=settings.filtersize, fh=settings.filtersize)
    return mesh.back(dtype="f4")


def _overlap(left: int, bottom: int, size: int, shape: tuple[int, int]) -> tuple[tuple[slice, slice], ...]:
    """Slices of a stamp and of the image where they overlap."""
    inner, outer = [], []
    for start, length in ((bottom, shape[0]), (left, shape[1])):
        low, high = max(start, 0), min(start + size, length)
        outer.append(slice(low, high))
        inner.append(slice(low - start, high - start))
    return tuple(inner), tuple(outer)
