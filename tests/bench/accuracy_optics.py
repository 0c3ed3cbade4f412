"""PSFs of the accuracy fields: what the sky does to light, and what the fit believes it does."""

from pathlib import Path
from typing import NamedTuple

import galsim
import numpy as np
import pandas as pd
from swath.config.model import Config
from swath.files import read_json
from swath.psf import store
from swath.simulate.psffield import psf_field
from swath.simulate.render import psf_profile

BETA, STAMP = 3.5, 61


class Optics(NamedTuple):
    """One cell: box (x0, x1, y0, y1) of the places that sources may take, and one entry per band in every list.

    fwhm : mean true FWHM [pix]. believed : the PSF as the fit has it, (planes, x0, y0, scale).
    """

    box: tuple[int, int, int, int]
    fwhm: list[float]
    believed: list[tuple[np.ndarray, float, float, float]]
    fields: list | None
    scale: np.ndarray

    def profile(self, band: int, x: float, y: float) -> galsim.GSObject:
        """The true PSF of a band at a place, of unit flux."""
        if self.fields is None:
            return moffat(self.fwhm[band])
        return psf_profile(galsim, self.fields[band], x, y)


def moffat(fwhm: float) -> galsim.GSObject:
    """A Moffat that ends within the stamp, so that the stamp holds all of its light."""
    return galsim.Moffat(beta=BETA, fwhm=fwhm, trunc=0.95 * (STAMP // 2))


def exact(bands: int, side: int) -> list[Optics]:
    """The fit knows the true PSF, pixel for pixel: what is left is the fit's own error."""
    fwhm = list(np.linspace(4.2, 3.2, bands))
    planes = [moffat(f).drawImage(nx=STAMP, ny=STAMP, scale=1, dtype=float).array[None] for f in fwhm]
    return [Optics((0, side, 0, side), fwhm, [(p, 0.0, 0.0, 1.0) for p in planes], None, np.ones(bands))]


def measured(run: Path, config: Config) -> list[Optics]:
    """The cells of a finished simulated field: light through its true PSFs, fitted with the ePSFs that the run built.

    `scale` brings fitted fluxes to those of all light, with the zero points that the run measured.

    Parameters
    ----------
    run : results/test_field of the run. config : of the run.
    """
    fields = [psf_field(config.simulate, band) for band in range(config.simulate.bands)]
    fwhm, scale = [field.fwhm for field in fields], _scale(run, config.load.zp_ref)
    return [Optics(box, fwhm, [_believed(psf) for psf in store.read(path)], fields, scale) for path, box in _cells(run)]


def _cells(run: Path) -> list[tuple[Path, tuple[int, int, int, int]]]:
    hub = read_json(run / "patches" / "patches.json")
    rows = pd.DataFrame([(row["cell"], *row["base"]) for row in hub["patches"]], columns=["cell", *"abcd"])
    boxes = rows.groupby("cell").agg({"a": "min", "b": "max", "c": "min", "d": "max"})
    return [(run / "epsf" / f"{cell}.fits", tuple(map(int, box))) for cell, *box in boxes.itertuples()]


def _believed(psf: store.BandPsf) -> tuple[np.ndarray, float, float, float]:
    return psf.planes, psf.x0, psf.y0, psf.scale


def _scale(run: Path, zp_ref: float) -> np.ndarray:
    """Fitted to calibrated flux per band: the zero point less the error that the simulated header had."""
    summary = pd.read_csv(run / "zeropoint" / "zp_summary.csv")
    truth = pd.read_csv(run / "simulated" / "truth.csv", nrows=1)
    errors = np.array([truth[f"ZPERR_{band}"].iloc[0] for band in summary["band"]])
    return 10 ** (0.4 * (zp_ref - summary["zp_median"].to_numpy() - errors))
