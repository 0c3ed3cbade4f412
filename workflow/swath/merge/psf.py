"""What the PSF of each patch's cell was, and how deep it lets every source be seen."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from ..psf.store import BandPsf


def audit(psfs: Sequence[BandPsf], min_stars: int) -> dict[str, object]:
    """The `psf_*` columns of a cell.

    Parameters
    ----------
    psfs : in the order of the bands. min_stars : `psf.min_stars`.
    """
    fallback = [psf for psf in psfs if psf.fallback]
    low = [psf for psf in fallback if psf.n_stars < min_stars]
    reasons = {psf.band: psf.reason for psf in fallback}
    return {
        "psf_min_epsf_nstars_for_use": min_stars,
        "psf_used_epsf_band_count": len(psfs) - len(fallback),
        "psf_fallback_band_count": len(fallback),
        "psf_low_star_band_count": len(low),
        "psf_fallback_bands": ",".join(psf.band for psf in fallback),
        "psf_low_star_bands": ",".join(psf.band for psf in low),
        "psf_fallback_reasons_json": json.dumps(reasons, ensure_ascii=False, sort_keys=True),
    }


def scores(psfs: Sequence[BandPsf]) -> dict[str, float]:
    """Scores on held-out stars, NaN where not measured: `psf_score_{band}`, `psf_ee_score_{band}`."""
    values = {f"psf_score_{psf.band}": psf.rms_score for psf in psfs}
    values |= {f"psf_ee_score_{psf.band}": psf.ee_score for psf in psfs}
    return {name: np.nan if value is None else float(value) for name, value in values.items()}


def sky_at(path: str | Path, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sky noise per pixel at full-frame positions, from one prepared band; shape (n,), in the frame's flux unit.

    The noise map's pixel at each position where it holds the sky alone, else the band's median.
    """
    with fits.open(path, memmap=True) as hdus:
        header, sigma = hdus["IMAGE"].header, hdus["SIGMA"].data
        median = float(header.get("SKYSIG", np.nan))
        local = np.full(np.shape(x), median)
        if header["NOISE"] == "sky":
            inside = np.isfinite(x) & np.isfinite(y)
            column, row = (np.rint(np.where(inside, v, -1)).astype(int) for v in (x, y))
            inside = (column >= 0) & (column < sigma.shape[1]) & (row >= 0) & (row < sigma.shape[0])
            local[inside] = sigma[row[inside], column[inside]]
    # ASSUME a source whose central pixel is masked has the band's median noise around it.
    return np.where(np.isfinite(local) & (local > 0), local, median)


def star_error(psf: BandPsf, sky: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Error of a faint star's flux at full-frame positions, shape (n,): sky noise times the root of the PSF's area.

    The area is 1 / sum(P^2) pixels (King 1983, PASP 95, 163): what an optimally weighted fit of the flux sees.
    """
    flat = psf.planes.reshape(len(psf.planes), -1).astype("f8")
    terms = np.stack([np.ones_like(x), (x - psf.x0) / psf.scale, (y - psf.y0) / psf.scale], -1)[:, : len(flat)]
    sharpness = np.einsum("ni,ij,nj->n", terms, flat @ flat.T, terms)
    return sky / np.sqrt(sharpness)


def depth(flux_error: np.ndarray, n_sigma: float, zero_point: float) -> np.ndarray:
    """Magnitude of a star whose flux is `n_sigma` times its error."""
    return zero_point - 2.5 * np.log10(n_sigma * flux_error)
