"""Which sources are kept out of the fit, and why; no row is ever removed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from ..config.sources import SaturationCut
from ..flags import MASK
from ..images import read_box
from .positions import Box


class Saturation:
    """The saturated pixels of each band, kept as positions: band after band is read, never all at once.

    Parameters
    ----------
    frames : prepared frames, one per band.
    shape : (ny, nx) of the full frame.
    """

    def __init__(self, frames: Iterable[str | Path], shape: tuple[int, int]) -> None:
        self.trees = [KDTree(saturated_pixels(path, shape)) for path in frames]

    def excluded(self, x: np.ndarray, y: np.ndarray, cut: SaturationCut) -> np.ndarray:
        """Is a saturated pixel's centre within `cut.radius_pix` of x, y, or x, y in such a pixel? Shape (n,), bool.

        In any band, or in every band with `cut.require_all_bands`. Positions that are not numbers: no.
        """
        near = np.array([near_pixels(tree, x, y, cut.radius_pix) for tree in self.trees])
        return near.all(axis=0) if cut.require_all_bands else near.any(axis=0)


def saturated_pixels(path: str | Path, shape: tuple[int, int]) -> np.ndarray:
    """x, y of the saturated pixels of a prepared frame, shape (n, 2)."""
    ny, nx = shape
    y, x = np.nonzero(read_box(path, "MASK", (0, nx, 0, ny)) & MASK["SATURATED"])
    return np.stack([x, y], axis=-1).astype(float)


def near_pixels(tree: KDTree, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Is a pixel of `tree` within `radius` of x, y, or is it the pixel under x, y? Shape (n,), bool."""
    near = np.zeros(len(x), bool)
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if tree.n and len(good):
        points = np.stack([x[good], y[good]], axis=-1)
        distance, _ = tree.query(points)
        under, _ = tree.query(np.rint(points), p=np.inf)
        near[good] = (distance <= radius) | (under == 0)
    return near


def inside(x: np.ndarray, y: np.ndarray, box: Box) -> np.ndarray:
    """Does the box hold the pixel of each position? Shape (n,), bool; positions that are not numbers: no.

    Pixels reach half a pixel around their centres: x0 - 0.5 <= x < x1 - 0.5.
    """
    x0, x1, y0, y1 = box
    return (x >= x0 - 0.5) & (x < x1 - 0.5) & (y >= y0 - 0.5) & (y < y1 - 0.5)


def reasons(crop: Sequence[bool], saturation: Sequence[bool]) -> list[str]:
    """'', 'crop', 'saturation' or 'crop+saturation' of each source."""
    words = {(False, False): "", (True, False): "crop", (False, True): "saturation", (True, True): "crop+saturation"}
    return [words[bool(first), bool(second)] for first, second in zip(crop, saturation, strict=True)]
