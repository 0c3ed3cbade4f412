"""The recovered zero points against the errors that the simulated headers were given."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..psf.grid import resize
from ..psf.store import BandPsf
from .bounds import Bound, bound
from .epsf import TruePsf, flux_through
from .estimate import Estimate

LIMIT_MMAG, SIGMAS = 5.0, 3.0


def zero_point_bounds(
    summary: pd.DataFrame, truth: pd.DataFrame, through: Mapping[str, float], zp_ref: float
) -> list[Bound]:
    """Two bounds per band: on what an ideal PSF would give, and on what this run's PSFs should give.

    Parameters
    ----------
    summary : `zeropoint/zp_summary.csv`. truth : with ZPERR_<band> [mag] and EE_<band>.
    through : from `light_through`, NaN for a band without a zero point.
    """
    bounds = []
    for row in summary.itertuples():
        used = int(np.nan_to_num(row.n_kept))
        shift = row.zp_median - zp_ref + truth[f"ZPERR_{row.band}"].iloc[0]
        stars = truth["source_id"].fillna("").astype(str) != ""
        # ASSUME under the flux convention an ideal PSF's light beyond the norm radius goes into the zero point.
        ideal = shift - 2.5 * np.log10(truth.loc[stars, f"EE_{row.band}"].median())
        name = "zero point - true"
        bounds.append(
            bound(name, row.band, "mmag", Estimate(1e3 * ideal, 1e3 * row.zp_err, used), LIMIT_MMAG, LIMIT_MMAG)
        )
        # ASSUME the ePSF's own error is common to all sources and belongs into the zero point: it is bounded apart.
        pull = (shift - 2.5 * np.log10(through[row.band])) / row.zp_err
        name = "(zero point - true through the ePSF) / error"
        bounds.append(bound(name, row.band, "", Estimate(pull, 0.0, used), SIGMAS, SIGMAS))
    return bounds


def light_through(
    stars: pd.DataFrame, cells: Mapping[str, tuple[Sequence[int], BandPsf]], true: TruePsf, sky: float, gain: float
) -> float:
    """Median share of the stars' light that this run's PSFs of a band should find; NaN without stars.

    Parameters
    ----------
    stars : the stars that made the zero point: x, y [pix], flux. cells : tag to box and PSF.
    sky : noise per pixel, in the unit of `flux`. gain : electrons per unit.
    """
    shares = []
    for star in stars.itertuples():
        psf = _psf_at(cells, star.x, star.y)
        image = psf.at(star.x, star.y)
        light = resize(true.at(star.x, star.y), image.shape[-1])
        shares.append(flux_through(image, light, sky**2 + np.maximum(star.flux * light, 0) / gain))
    return float(np.median(shares)) if shares else np.nan


def _psf_at(cells: Mapping[str, tuple[Sequence[int], BandPsf]], x: float, y: float) -> BandPsf:
    px, py = round(x), round(y)
    inside = [psf for (x0, x1, y0, y1), psf in cells.values() if x0 <= px < x1 and y0 <= py < y1]
    nearest = min(cells.values(), key=lambda cell: np.hypot(x - np.mean(cell[0][:2]), y - np.mean(cell[0][2:])))[1]
    return inside[0] if inside else nearest
