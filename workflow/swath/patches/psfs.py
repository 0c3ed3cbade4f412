"""The PSFs of a patch: from the files of its cell (and of the cells around it) to what its payload holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from ..images import native, table_rows
from ..models.psf import PixelPsf
from ..models.psfcells import Cells
from ..psf.grid import upsample
from ..psf.store import BandPsf, read
from .grid import Box


class Parts(NamedTuple):
    """What PSFs may have beside their planes, see `PixelPsf`; None for what they have not."""

    half: int | None = None
    wings: np.ndarray | None = None
    cells: Cells | None = None


def patch_psf(own: str | Path, around: Sequence[str | Path], roi: Box) -> tuple[PixelPsf, list[BandPsf]]:
    """The PSFs of all bands for a patch, in full-frame pixels, and those of its own cell.

    Parameters
    ----------
    own : `epsf/{cell}.fits` of the patch's cell. around : those of neighbouring cells, to be interpolated with it; of
        them, the ones that count somewhere in the region `roi` are taken.
    """
    cells = {Path(path).stem: read(path) for path in (own, *around)}
    chosen, grid = _around(cells, roi) if around else (list(cells), None)
    return _joined([cells[tag] for tag in chosen], grid), cells[Path(own).stem]


def psf_hdus(psf: PixelPsf) -> list[fits.ImageHDU | fits.BinTableHDU]:
    """HDUs of a payload: PSF, and WINGS and CELLS where there are any."""
    planes = fits.ImageHDU(psf.planes.astype("f4"), name="PSF")
    planes.header["HALF"] = psf.half, "[pix] half side of the PSF's stamp"
    hdus: list[fits.ImageHDU | fits.BinTableHDU] = [planes]
    if psf.wings is not None:
        hdus.append(fits.ImageHDU(np.asarray(psf.wings, "f8"), name="WINGS"))
    if psf.cells is not None:
        hdus.append(fits.BinTableHDU(_cell_rows(psf.cells), name="CELLS"))
    return hdus


def read_parts(hdus: fits.HDUList) -> Parts:
    """What a payload says of its PSFs beside the planes."""
    wings = native(hdus["WINGS"].data, "f8") if "WINGS" in hdus else None
    cells = _from_rows(table_rows(hdus["CELLS"])) if "CELLS" in hdus else None
    return Parts(hdus["PSF"].header["HALF"], wings, cells)


def assembled(planes: np.ndarray, bands: np.ndarray, parts: Parts, roi: Box) -> PixelPsf:
    """The PSFs of a payload in pixels of its images; `bands` is its table BANDS."""
    samples = bands["psf_samples"] if "psf_samples" in bands.dtype.names else None
    where = bands["psf_x0"], bands["psf_y0"], bands["psf_scale"]
    return PixelPsf(planes, *where, samples, parts.half, parts.wings, parts.cells).moved(roi[0], roi[2])


def _around(cells: Mapping[str, list[BandPsf]], roi: Box) -> tuple[list[str], Cells | None]:
    """Tags of the cells with a weight somewhere in `roi`, the patch's own first, and their grid; None for one cell."""
    places = {tag: tuple(int(part[1:]) for part in tag.split("_")) for tag, psfs in cells.items() if psfs}
    if len(places) < 2:
        return list(cells)[:1], None
    centre_y = {row: cells[tag][0].y0 for tag, (row, _) in places.items()}
    centre_x = {column: cells[tag][0].x0 for tag, (_, column) in places.items()}
    rows = _within(centre_y, roi[2], roi[3] - 1)
    columns = _within(centre_x, roi[0], roi[1] - 1)
    chosen = [tag for tag, (row, column) in places.items() if row in rows and column in columns]
    if len(chosen) < 2:
        return chosen, None
    grid = Cells(
        columns=np.array([centre_x[column] for column in columns]),
        rows=np.array([centre_y[row] for row in rows]),
        column=np.array([columns.index(places[tag][1]) for tag in chosen]),
        row=np.array([rows.index(places[tag][0]) for tag in chosen]),
        scale=np.array([cells[tag][0].scale for tag in chosen]),
    )
    return chosen, grid


def _within(centres: Mapping[int, float], low: float, high: float) -> list[int]:
    """Those of the numbered centres that linear interpolation between `low` and `high` may ask, in order."""
    numbers = sorted(centres)
    first, last = np.interp([low, high], [centres[number] for number in numbers], np.arange(len(numbers)))
    return numbers[int(np.floor(first)) : int(np.ceil(last)) + 1]


def _joined(cells: Sequence[list[BandPsf]], grid: Cells | None) -> PixelPsf:
    """All bands of all cells on planes of one size, cell by cell."""
    own = cells[0]
    count = max(len(psf.planes) for psfs in cells for psf in psfs)
    samples = [max(psfs[band].samples for psfs in cells) for band in range(len(own))]
    stamps = [[_sampled(psfs[band], samples[band]) for psfs in cells] for band in range(len(own))]
    size = max(planes.shape[-1] for band in stamps for planes in band)
    planes = np.zeros((len(own), len(cells), count, size, size))
    for band, parts in enumerate(stamps):
        for cell, part in enumerate(parts):
            margin = (size - part.shape[-1]) // 2
            inner = slice(margin, size - margin)
            planes[band, cell, : len(part), inner, inner] = part
    where = zip(*((psf.x0, psf.y0, psf.scale) for psf in own), strict=True)
    half = max(psf.planes.shape[-1] for psf in own) // 2
    return PixelPsf(planes.reshape(len(own), -1, size, size), *where, samples, half, _wings(cells), grid)


def _sampled(psf: BandPsf, samples: int) -> np.ndarray:
    """Planes with `samples` samples per pixel; a cell's PSF that was wide enough for one has them interpolated."""
    planes = psf.planes if psf.fine is None else psf.fine
    return planes if psf.samples == samples else upsample(psf.planes.astype("f8"), samples)


def _wings(cells: Sequence[list[BandPsf]]) -> np.ndarray | None:
    """(nband, ncell, ncomponents, 5), filled up with components that are nothing."""
    found = [[np.zeros((0, 5)) if psf.wings is None else psf.wings for psf in psfs] for psfs in cells]
    count = max(len(rows) for psfs in found for rows in psfs)
    if not count:
        return None
    wings = np.zeros((len(cells[0]), len(cells), count, 5))
    for cell, psfs in enumerate(found):
        for band, rows in enumerate(psfs):
            wings[band, cell, : len(rows)] = rows
    return wings


def _cell_rows(cells: Cells) -> np.ndarray:
    rows = np.zeros(len(cells.column), [("x0", "f8"), ("y0", "f8"), ("scale", "f8")])
    rows["x0"], rows["y0"], rows["scale"] = cells.columns[cells.column], cells.rows[cells.row], cells.scale
    return rows


def _from_rows(rows: np.ndarray) -> Cells:
    columns, column = np.unique(rows["x0"], return_inverse=True)
    lines, row = np.unique(rows["y0"], return_inverse=True)
    return Cells(columns, lines, column, row, rows["scale"])
