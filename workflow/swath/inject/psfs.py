"""The PSF of one band at any place of the field, as the photometry takes it: of the place's cell, or between cells."""

from collections.abc import Mapping

import numpy as np

from ..models.psfcells import Cells
from ..patches.grid import Box, inside
from ..psf.grid import resize
from ..psf.store import BandPsf
from .add import PsfAt

# ASSUME the stamp at the images' sampling is the PSF between the pixels too (FWHM of 2.5 pix or more), and all of it:
# what `psf.form` may add (more samples per pixel, wings beyond the stamp) is not in the added light.


def psf_field(cells: Mapping[str, BandPsf], boxes: Mapping[str, Box], interpolate: bool) -> PsfAt:
    """A function of (x, y) that returns the stamp (m, m) there.

    Parameters
    ----------
    cells, boxes : PSFs and boxes of the cells in use, by tag. interpolate : as `psf.interpolate`.
    """
    if interpolate and len(cells) > 1:
        return _between(cells)

    def own(x: float, y: float) -> np.ndarray:
        place = np.array([x]), np.array([y])
        tag = next(tag for tag in cells if inside(*place, boxes[tag])[0])
        return cells[tag].at(x, y).astype(float)

    return own


def _between(cells: Mapping[str, BandPsf]) -> PsfAt:
    psfs = list(cells.values())
    places = np.array([[int(part[1:]) for part in tag.split("_")] for tag in cells])
    rows, columns = (np.unique(places[:, axis], return_inverse=True) for axis in (0, 1))
    centre_y = np.array([psfs[int(np.flatnonzero(rows[1] == k)[0])].y0 for k in range(len(rows[0]))])
    centre_x = np.array([psfs[int(np.flatnonzero(columns[1] == k)[0])].x0 for k in range(len(columns[0]))])
    grid = Cells(centre_x, centre_y, columns[1], rows[1], np.array([psf.scale for psf in psfs]))
    size = max(psf.planes.shape[-1] for psf in psfs)

    def between(x: float, y: float) -> np.ndarray:
        parts = zip(grid.weights(x, y), psfs, strict=True)
        return sum(weight * resize(psf.at(x, y).astype(float), size) for weight, psf in parts if weight > 0)

    return between
