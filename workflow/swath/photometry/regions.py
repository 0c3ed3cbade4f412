"""Pixels of the aperture and of its background, on a stamp around a target."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from photutils.geometry import circular_overlap_grid

from ..config.aperture import Aperture


class Stamp(NamedTuple):
    """A stamp of (ny, nx) pixels whose first one is (x0, y0); the target is `x`, `y` [pix] from that one's centre."""

    x0: int
    y0: int
    nx: int
    ny: int
    x: float
    y: float

    @property
    def columns(self) -> np.ndarray:
        """Distances of the pixels' centres from the target along x, (nx,)."""
        return np.arange(self.nx) - self.x

    @property
    def rows(self) -> np.ndarray:
        """Distances of the pixels' centres from the target along y, (ny,)."""
        return np.arange(self.ny) - self.y

    @property
    def distance(self) -> np.ndarray:
        """Distances of the pixels' centres from the target, (ny, nx)."""
        return np.hypot(self.columns, self.rows[:, None])


def stamp_around(x: float, y: float, radius: float, settings: Aperture) -> Stamp:
    """The stamp that holds an aperture of `radius` and all of its background, at the 0-based pixel (x, y)."""
    half = [radius + 1.0] * 2
    if settings.background == "window":
        half = [max(half[0], side / 2) for side in settings.window_size[::-1]]
    else:
        half = [max(half[0], settings.max_outer_radius)] * 2
    low = [int(np.floor(c - h)) for c, h in zip((x, y), half, strict=True)]
    high = [int(np.ceil(c + h)) for c, h in zip((x, y), half, strict=True)]
    return Stamp(*low, high[0] - low[0] + 1, high[1] - low[1] + 1, x - low[0], y - low[1])


def aperture_weights(stamp: Stamp, radius: float) -> np.ndarray:
    """Share of every pixel that lies in the circle, (ny, nx); exact."""
    left, bottom = stamp.columns[0] - 0.5, stamp.rows[0] - 0.5
    return circular_overlap_grid(left, left + stamp.nx, bottom, bottom + stamp.ny, stamp.nx, stamp.ny, radius, 1, 1)


def background_regions(stamp: Stamp, radius: float, settings: Aperture) -> Iterator[np.ndarray]:
    """Regions (ny, nx) to try for the background, one after the other.

    `annulus`: from aperture.annulus_inner_offset beyond the aperture's edge, of area aperture.min_annulus_area or up to
    aperture.max_outer_radius, then growing in steps. `window`: the box without that disc, once.
    """
    distance = stamp.distance
    inner = radius + settings.annulus_inner_offset
    beyond = distance >= inner
    if settings.background == "window":
        height, width = settings.window_size
        yield beyond & (np.abs(stamp.rows[:, None]) <= height / 2) & (np.abs(stamp.columns) <= width / 2)
        return
    largest = settings.max_outer_radius
    outer = min(np.sqrt(settings.min_annulus_area / np.pi + inner**2), largest)
    yield beyond & (distance < outer)
    for _ in range(settings.max_annulus_attempts):
        if outer >= largest:
            return
        outer = min(outer + settings.annulus_expansion_step, largest)
        yield beyond & (distance < outer)
