"""The catalogue's columns for the rows that patches fitted, before they join the others.

Everything here has one entry per fitted row, in the order of `patches.stack`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..columns import suffixes_of
from ..psf.store import BandPsf
from ..sources.angles import Axis, axis_angle, sky_position_angle, theta_from_phi
from . import psf as psf_of
from .patches import PatchFit, Rows, stack
from .sky import correlation, jacobian, sky_errors, to_sky

if TYPE_CHECKING:
    from astropy.wcs import WCS

Values = dict[str, np.ndarray]


class Tile(NamedTuple):
    """What the columns need to know about a tile.

    origins : (x0, y0) of each patch with its halo, full-frame pixels, by patch tag.
    crop : first pixel (x0, y0) of the cropped images.
    cells : PSFs by cell tag. sky : noise per pixel at each row of the source list, shape (n, bands), flux at `zp_ref`.
    wcs : of the full frame of the first band. theta_from : `sources.theta_from`.
    min_stars, depth_sigma, zp_ref : `psf.min_stars`, `merge.depth_sigma`, `load.zp_ref`.
    """

    bands: tuple[str, ...]
    multi_band: bool
    origins: Mapping[str, tuple[int, int]]
    crop: tuple[int, int]
    cells: Mapping[str, Sequence[BandPsf]]
    sky: np.ndarray
    wcs: "WCS"
    theta_from: Axis
    min_stars: int
    depth_sigma: float
    zp_ref: float


def fitted_columns(start: pd.DataFrame, patches: Sequence[PatchFit], tile: Tile) -> pd.DataFrame:
    """All columns that the patches know, indexed by the row of the source list.

    Parameters
    ----------
    start : the source list: `x_pix`, `y_pix` of every row.
    """
    rows = stack(patches)
    number = rows.columns["row"]
    facts = pd.DataFrame([_patch_facts(patch, tile) for patch in patches]).iloc[rows.patch]
    origin = np.array([tile.origins[patch.tag] for patch in patches], dtype=float)[rows.patch]
    x, y = (start[name].to_numpy()[number] for name in ("x_pix", "y_pix"))
    values = {"x_pix_patch": x - origin[:, 0], "y_pix_patch": y - origin[:, 1]}
    values |= _source_columns(rows) | _band_columns(rows, tile.bands)
    values |= _depths(facts["epsf_tag"].to_numpy(), tile, number, x, y)
    for i, suffix in enumerate(suffixes_of(tile.bands, tile.multi_band)):
        slot = {name: rows.columns[name][:, i] for name in rows.columns if rows.columns[name].ndim == 2}
        values |= _course(slot, suffix) | _positions(slot, suffix, origin, tile)
        values |= _shapes(slot, rows.columns["model"], suffix, tile)
    return pd.concat([facts.set_index(number), pd.DataFrame(values, index=number)], axis=1)


def _patch_facts(patch: PatchFit, tile: Tile) -> dict[str, object]:
    psfs = tile.cells[patch.cell]
    return {
        "patch_tag": patch.tag,
        "epsf_tag": patch.cell,
        "patch_status": patch.status,
        "patch_reason": patch.reason,
        **psf_of.audit(psfs, tile.min_stars),
        **psf_of.scores(psfs),
    }


def _source_columns(rows: Rows) -> Values:
    fit = rows.columns
    return {
        "stype_fit": fit["model"],
        "fit_flags": fit["flags"],
        "model_runner_up": fit["runner_up"],
        "dchi2_runner_up": fit["dchi2_runner_up"],
    }


def _band_columns(rows: Rows, bands: Sequence[str]) -> Values:
    pattern = {
        "FLUX_{}_fit": "flux",
        "FLUXERR_{}_fit": "flux_err",
        "CHI2_{}": "chi2",
        "NPIX_{}": "npix",
        "masked_fraction_{}": "masked_fraction",
        "neighbour_corr_{}": "neighbour_corr",
        "SKY_{}": "sky",
    }
    return {
        name.format(band): rows.columns[source][:, i]
        for i, band in enumerate(bands)
        for name, source in pattern.items()
    }


def _depths(cell: np.ndarray, tile: Tile, number: np.ndarray, x: np.ndarray, y: np.ndarray) -> Values:
    depths = np.full((len(tile.bands), len(cell)), np.nan)
    for tag in dict.fromkeys(cell):
        here = cell == tag
        for psf in tile.cells[tag]:
            band = tile.bands.index(psf.band)
            error = psf_of.star_error(psf, tile.sky[number[here], band], x[here], y[here])
            depths[band, here] = psf_of.depth(error, tile.depth_sigma, tile.zp_ref)
    return {f"DEPTH_{band}": values for band, values in zip(tile.bands, depths, strict=True)}


def _course(fit: Values, s: str) -> Values:
    return {
        f"opt_niters{s}": fit["niter"],
        f"opt_converged{s}": fit["converged"],
        f"opt_hit_max_iters{s}": fit["stop_reason"] == "max_iterations",
        f"opt_last_dlnp{s}": fit["dchi2"] / 2,
        f"opt_stop_reason{s}": fit["stop_reason"],
        f"blend_fraction{s}": fit["blend_fraction"],
    }


def _positions(fit: Values, s: str, origin: np.ndarray, tile: Tile) -> Values:
    x, y = fit["x"], fit["y"]
    ra, dec = to_sky(tile.wcs, x, y)
    ra_err, dec_err, radec_corr = sky_errors(jacobian(tile.wcs, x, y), fit["x_err"], fit["y_err"], fit["xy_cov"])
    return {
        f"x_pix_patch{s}_fit": x - origin[:, 0],
        f"y_pix_patch{s}_fit": y - origin[:, 1],
        f"x_pix_white{s}_fit": x - tile.crop[0],
        f"y_pix_white{s}_fit": y - tile.crop[1],
        f"RA{s}_fit": ra,
        f"DEC{s}_fit": dec,
        f"x_pix{s}_fit": x,
        f"y_pix{s}_fit": y,
        f"x_pix{s}_err": fit["x_err"],
        f"y_pix{s}_err": fit["y_err"],
        f"xy_pix{s}_corr": correlation(fit["xy_cov"], fit["x_err"], fit["y_err"]),
        f"RA{s}_err": ra_err,
        f"DEC{s}_err": dec_err,
        f"RADEC{s}_corr": radec_corr,
    }


def _shapes(fit: Values, model: np.ndarray, s: str, tile: Tile) -> Values:
    phi = axis_angle(fit["phi"])
    free_n = model == "sersic"
    return {
        f"sersic_n{s}_fit": np.where(free_n, fit["n"], np.nan),
        f"re_pix{s}_fit": fit["re"],
        f"ab{s}_fit": fit["ab"],
        f"phi_deg{s}_fit": phi,
        f"ELL{s}_fit": fit["ell"],
        f"Re{s}_fit": fit["re"],
        f"THETA{s}_fit": theta_from_phi(phi, tile.theta_from),
        f"sersic_n{s}_err": np.where(free_n, fit["n_err"], np.nan),
        f"Re{s}_err": fit["re_err"],
        f"ELL{s}_err": fit["ell_err"],
        f"THETA{s}_err": fit["phi_err"],
        f"PA{s}_fit": sky_position_angle(tile.wcs, fit["x"], fit["y"], phi),
    }
