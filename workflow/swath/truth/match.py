"""The catalogue beside the truth: one row per true source."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ..columns import suffixes_of
from ..errors import InputError
from ..sources.gaia import PREFIX
from .expected import expected_errors

TYPES = ("star", "exp", "dev", "sersic")
APART_PIX, APART_RE = 15.0, 2.5  # an isolated source has no other within 15 pix, nor within 2.5 (Re + Re)
SHAPE = ("Re", "ELL", "sersic_n")


def compare(
    truth: pd.DataFrame, catalog: pd.DataFrame, bands: Sequence[str], multi_band: bool, scale: Mapping[str, float]
) -> pd.DataFrame:
    """One row per true source, in the truth's order.

    Columns: ID, type, mag (true, middle band), x, y [pix], Re [pix], blend, isolated, active (given to the fit),
    fitted, converged, dx, dy (fit - true) and x_err, y_err [pix], ra_offset, dec_offset (fit - true, on the sky) [mas],
    Re_fit, Re_err [pix], and of every band true_<band>, flux_<band>, err_<band> (calibrated, at `load.zp_ref`) and
    snr_<band>; snr is the largest of them. S/N is the true flux over the error that such a source has on average, so
    that luck selects nothing. What was not measured is NaN.

    Parameters
    ----------
    truth : as `simulate.field.write_truth` writes it. catalog : the final catalogue.
    scale : band to the factor that brings fitted fluxes to the calibrated zero point.

    Raises
    ------
    InputError : the catalogue holds a source that is not in the truth, or lacks one that is.
    """
    fit = catalog.set_index(_true_ids(catalog, truth)).reindex(truth["ID"]).reset_index(drop=True)
    suffix = suffixes_of(bands, multi_band)[0]  # fitted apart, the first band stands for position and shape
    # reference stars that the catalogue lacks are not injected near saturated pixels: no row, so not active
    active = fit["excluded_any"].eq(False).to_numpy()
    cos = np.cos(np.radians(truth["DEC"]))
    table = pd.DataFrame(
        {
            "ID": truth["ID"],
            "type": truth["TYPE"].str.lower(),
            "mag": truth[f"MAG_{bands[len(bands) // 2]}"],
            "x": truth["x"],
            "y": truth["y"],
            "Re": truth["Re"],
            "blend": truth["blend"],
            "isolated": isolated(truth),
            "active": active,
            "fitted": active & fit[[f"FLUX_{band}_fit" for band in bands]].notna().any(axis=1),
            "converged": active & fit[f"opt_converged{suffix}"].eq(True).to_numpy(),
            "dx": fit[f"x_pix{suffix}_fit"] - truth["x"],
            "dy": fit[f"y_pix{suffix}_fit"] - truth["y"],
            "x_err": fit[f"x_pix{suffix}_err"],
            "y_err": fit[f"y_pix{suffix}_err"],
            "ra_offset": (fit[f"RA{suffix}_fit"] - truth["RA"]) * cos * 3.6e6,
            "dec_offset": (fit[f"DEC{suffix}_fit"] - truth["DEC"]) * 3.6e6,
            "Re_fit": fit[f"Re{suffix}_fit"],
            "Re_err": fit[f"Re{suffix}_err"],
        }
    )
    return table.assign(**_photometry(truth, fit, bands, scale))


def isolated(truth: pd.DataFrame) -> np.ndarray:
    """Has a source no other near it? Shape (n,), bool."""
    places, re = truth[["x", "y"]].to_numpy(), np.nan_to_num(truth["Re"].to_numpy())
    apart = np.ones(len(truth), bool)
    reach = max(APART_PIX, 2 * APART_RE * re.max(initial=0))
    for i, j in cKDTree(places).query_pairs(reach):
        if np.hypot(*(places[i] - places[j])) < max(APART_PIX, APART_RE * (re[i] + re[j])):
            apart[[i, j]] = False
    return apart


def _photometry(
    truth: pd.DataFrame, fit: pd.DataFrame, bands: Sequence[str], scale: Mapping[str, float]
) -> dict[str, pd.Series]:
    columns = {}
    for band in bands:
        columns[f"true_{band}"] = truth[f"FLUX_{band}"]
        columns[f"flux_{band}"] = fit[f"FLUX_{band}_fit"] * scale[band]
        columns[f"err_{band}"] = fit[f"FLUXERR_{band}_fit"] * scale[band]
        columns[f"snr_{band}"] = columns[f"true_{band}"] / _expected(truth, band, columns[f"err_{band}"].to_numpy())
    return columns | {"snr": pd.concat([columns[f"snr_{band}"] for band in bands], axis=1).max(axis=1)}


def _expected(truth: pd.DataFrame, band: str, error: np.ndarray) -> np.ndarray:
    expected = np.full(len(truth), np.nan)
    for kind in truth["TYPE"].unique():
        here = (truth["TYPE"] == kind).to_numpy()
        shape = (truth.loc[here, name].to_numpy(float) for name in ("Re", "ELL", "n"))
        expected[here] = expected_errors(error[here], truth.loc[here, f"FLUX_{band}"].to_numpy(), *shape)
    return expected


def _true_ids(catalog: pd.DataFrame, truth: pd.DataFrame) -> pd.Series:
    """The true ID of each row: its own, or for an injected reference star that of the source with its source_id."""
    of_star = dict(zip(PREFIX + truth["source_id"].fillna("").astype(str), truth["ID"], strict=True))
    ids = catalog["ID"].astype(str).map(lambda name: of_star.get(name, name))
    listed = truth.loc[truth["in_catalog"] > 0, "ID"]
    strange, lost = sorted(set(ids) - set(truth["ID"])), sorted(set(listed) - set(ids))
    if strange or lost:
        raise InputError(
            f"the catalogue does not hold the simulated sources: {len(strange)} unknown ({', '.join(strange[:5])}), "
            f"{len(lost)} missing ({', '.join(lost[:5])}); run again with --forcerun truth"
        )
    return ids
