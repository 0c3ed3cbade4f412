"""The empirical PSF against the true one: the flux that a point source gets through it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from ..images import native, table_rows
from ..psf import store
from ..psf.grid import disk, resize
from .bounds import Bound, bound
from .estimate import Estimate

ENOUGH_STARS = 6


class TruePsf(NamedTuple):
    """True PSFs at places of the field: x, y [pix], stamps (n, side, side) of unit total light."""

    x: np.ndarray
    y: np.ndarray
    stamps: np.ndarray

    def at(self, x: float, y: float) -> np.ndarray:
        """The PSF at any place, pixel by pixel on a surface of second order through all places."""
        middle, reach = self.x.mean(), max(np.ptp(self.x), 1.0)
        design = _terms((self.x - middle) / reach, (self.y - self.y.mean()) / reach)
        weights = _terms((x - middle) / reach, (y - self.y.mean()) / reach) @ np.linalg.pinv(design)
        return np.tensordot(weights, self.stamps, axes=1)


def read_true_psf(path: str | Path) -> TruePsf:
    """Read what the rule `simulate` wrote."""
    with fits.open(path, memmap=False) as hdus:
        places = table_rows(hdus["PLACES"])
        return TruePsf(places["x"], places["y"], native(hdus["PSF"].data, "f8"))


def flux_through(psf: np.ndarray, light: np.ndarray, variance: np.ndarray | float = 1.0) -> float:
    """Flux of the star `light` fitted with the PSF image `psf` (same shape, odd side), its position left free."""
    along_y, along_x = np.gradient(psf)
    design = np.stack([psf, along_x, along_y]).reshape(3, -1)
    heavy = design / np.broadcast_to(variance, psf.shape).ravel()
    return float(np.linalg.solve(heavy @ design.T, heavy @ light.ravel())[0])


def cell_biases(
    cells: Sequence[str], boxes: Sequence[Sequence[int]], epsfs: Sequence[str | Path], truth: dict[str, TruePsf]
) -> pd.DataFrame:
    """Columns band, cell, stars (of the cell itself) and bias [%], the mean over the cell's places.

    The bias is under the declared convention: fluxes are those within the PSF's norm radius, where both sum to 1.
    """
    rows = []
    for cell, (x0, x1, y0, y1), path in zip(cells, boxes, epsfs, strict=True):
        stars = store.read_stars(path)
        for psf in store.read(path):
            true = truth[psf.band]
            here = (true.x >= x0) & (true.x < x1) & (true.y >= y0) & (true.y < y1)
            own = stars["used"] & (stars["band"] == psf.band) & (stars["pooled_from"] == cell)
            biases = [_bias(psf, *place) for place in zip(true.x[here], true.y[here], true.stamps[here], strict=True)]
            rows.append((psf.band, cell, int(own.sum()), 100 * float(np.mean(biases))))
    return pd.DataFrame(rows, columns=["band", "cell", "stars", "bias"])


def epsf_bounds(biases: pd.DataFrame) -> list[Bound]:
    """Every cell with enough stars against its band's mean, and the means; a band without such a cell misses its."""
    bounds = []
    for band, cells in biases.groupby("band", sort=False):
        rows = cells[cells["stars"] >= ENOUGH_STARS]
        mean = float(rows["bias"].mean())
        bounds.append(bound("ePSF flux bias, mean of the cells", band, "%", Estimate(mean, 0.0, len(rows)), 1.5, 1.5))
        bounds += [
            bound(
                "ePSF flux bias, cell - mean",
                f"{band} {row.cell}",
                "%",
                Estimate(row.bias - mean, 0.0, row.stars),
                1,
                1,
            )
            for row in rows.itertuples()
        ]
    return bounds


def _bias(psf: store.BandPsf, x: float, y: float, light: np.ndarray) -> float:
    image = psf.at(x, y)
    light = resize(light, image.shape[-1])
    return flux_through(image, light / (light * disk(light.shape[-1], psf.norm_radius)).sum()) - 1


def _terms(u: np.ndarray | float, v: np.ndarray | float) -> np.ndarray:
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
