"""Reference stars as candidates for PSF stars."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ..config.psf import Stars
from ..errors import InputError
from ..frames.frame import Frame
from ..sources.reference import read_reference
from .measure import FWHM_PER_HLR, SATURATED, Sky, aperture_flux, near_bad


class Seeds(NamedTuple):
    """Reference stars in the frame: full-frame positions [pix] and their identifiers, shape (n,)."""

    x: np.ndarray
    y: np.ndarray
    source_id: np.ndarray

    def take(self, which: np.ndarray) -> "Seeds":
        """The seeds that `which` (bool or index) names."""
        return Seeds(*(column[which] for column in self))


def read_seeds(sources: str | Path, gaia: str | Path | None, settings: Stars) -> Seeds:
    """Rows of the source list with a `gaia_source_id`, each star once, within the magnitude limits where known.

    Parameters
    ----------
    sources : `sources.parquet`.
    gaia : the reference table with columns source_id and phot_g_mean_mag, or None; without either no limit applies.

    Raises
    ------
    InputError : the source list lacks a column.
    """
    needed = ["gaia_source_id", "x_pix", "y_pix"]
    try:
        rows = pd.read_parquet(sources, columns=needed)
    except (ValueError, KeyError) as error:
        raise InputError(f"{sources}: columns {', '.join(needed)} expected ({error}); rerun `sources`") from None
    rows = rows[(rows.gaia_source_id.fillna("") != "") & np.isfinite(rows.x_pix) & np.isfinite(rows.y_pix)]
    rows = rows.drop_duplicates("gaia_source_id")
    magnitude = rows.gaia_source_id.map(_magnitudes(gaia))
    wanted = magnitude.isna() | magnitude.between(settings.gaia_mag_min, settings.gaia_mag_max)
    rows = rows[wanted.to_numpy(bool)]
    return Seeds(rows.x_pix.to_numpy(float), rows.y_pix.to_numpy(float), rows.gaia_source_id.to_numpy(str))


def _magnitudes(gaia: str | Path | None) -> dict[str, float]:
    if gaia is None:
        return {}
    stars = read_reference(gaia, ())
    return dict(zip(stars["source_id"], stars["phot_g_mean_mag"], strict=True)) if "phot_g_mean_mag" in stars else {}


def match(seeds: Seeds, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Row of the nearest detection within `radius` [pix] of each seed, -1 for none.

    One-to-one: a detection goes to its nearest seed, the other seeds have none.
    """
    found = np.full(len(seeds.x), -1)
    if len(x) == 0 or len(seeds.x) == 0:
        return found
    distance, row = cKDTree(np.c_[x, y]).query(np.c_[seeds.x, seeds.y], distance_upper_bound=radius)
    for seed in np.lexsort((seeds.source_id, distance)):
        if np.isfinite(distance[seed]) and row[seed] not in found:
            found[seed] = row[seed]
    return found


def forced_snr(sky: Sky, seeds: Seeds, hlr: float, settings: Stars) -> np.ndarray:
    """S/N of seeds in a forced aperture of `gaia_forced_k_fwhm` FWHM within its limits, shape (n,)."""
    radius = settings.gaia_forced_k_fwhm * FWHM_PER_HLR * hlr
    radius = float(np.clip(radius, settings.gaia_forced_rmin_pix, settings.gaia_forced_rmax_pix))
    flux, error = aperture_flux(sky, seeds.x, seeds.y, radius)
    return flux / error


def saturated(frame: Frame, seeds: Seeds, settings: Stars) -> np.ndarray:
    """Does a pixel within `gaia_seed_sat_r` exceed the saturation limit over `gaia_seed_sat_div`, shape (n,)?

    ASSUME the sky level that `load` subtracted is small or constant (SKYC0) when pixels are compared with the limit.
    """
    mask = np.where(frame.mask & SATURATED, np.uint8(1), np.uint8(0))
    limit = frame.header.get("SATUR")
    if limit is not None:
        level = frame.header.get("SCALE", 1.0) * limit / settings.gaia_seed_sat_div - frame.header.get("SKYC0", 0.0)
        mask |= (frame.image > level).astype("u1")
    return near_bad(mask, seeds.x, seeds.y, max(settings.gaia_seed_sat_r, 0.5), 1)
