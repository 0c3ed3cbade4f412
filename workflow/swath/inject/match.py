"""The catalogue of a derived tile beside what was added to it: one row per added source."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from ..flags import FIT
from ..truth.expected import expected_errors
from .profile import INDEX

# Flags of sources whose fluxes nobody would use; others (BLENDED, POOR_FIT ...) are remarks.
UNUSABLE = (
    "EXCLUDED_CROP", "EXCLUDED_SATURATION", "BAD_POSITION", "PATCH_FAILED", "NO_DATA", "NOT_CONVERGED",
    "MASKED_CENTER", "SATURATED",
)  # fmt: skip
LOST = sum(FIT[name] for name in UNUSABLE)


def beside(truth: pd.DataFrame, catalog: pd.DataFrame, bands: Sequence[str], number: int) -> pd.DataFrame:
    """Truth and fit of one realisation, in the truth's order.

    Columns: realisation, ID, type, x, y [pix], Re [pix], ELL, nearest_pix, fit_flags, usable, and of every band
    mag_<band>, true_<band>, flux_<band>, err_<band> (as the catalogue quotes it), applied_<band> (the noise factor that
    it holds). What was not measured is NaN.

    Raises
    ------
    InputError : the catalogue lacks an added source.
    """
    rows = catalog.assign(ID=catalog["ID"].astype(str)).drop_duplicates("ID").set_index("ID")
    lost = [name for name in truth["ID"].astype(str) if name not in rows.index]
    if lost:
        raise InputError(
            f"realisation {number}: the catalogue lacks {len(lost)} of the added sources ({', '.join(lost[:3])}); "
            "run again with --forcerun inject_sources"
        )
    fit = rows.loc[truth["ID"].astype(str)].reset_index(drop=True)
    flags = fit["fit_flags"].to_numpy(int)
    columns = {
        "realisation": number,
        "ID": truth["ID"].astype(str),
        "type": truth["TYPE"].str.lower(),
        **{name: truth[name] for name in ("x", "y", "Re", "ELL", "nearest_pix")},
        "fit_flags": flags,
        "usable": (flags & LOST) == 0,
    }
    for band in bands:
        columns[f"mag_{band}"], columns[f"true_{band}"] = truth[f"MAG_{band}"], truth[f"FLUX_{band}"]
        columns[f"flux_{band}"], columns[f"err_{band}"] = fit[f"FLUX_{band}_fit"], fit[f"FLUXERR_{band}_fit"]
        columns[f"applied_{band}"] = fit[f"NOISE_FACTOR_{band}"]
    return pd.DataFrame(columns)


def with_snr(table: pd.DataFrame, bands: Sequence[str]) -> pd.DataFrame:
    """The rows of all realisations with snr_<band>: the true flux over the error that such a source has on average.

    Selecting by quoted errors, or fitted fluxes, would select by luck.
    """
    snr = {}
    for band in bands:
        expected = np.full(len(table), np.nan)
        true, error = (table[f"{name}_{band}"].to_numpy(float) for name in ("true", "err"))
        for kind in table["type"].unique():
            here = (table["type"] == kind).to_numpy()
            index = np.full(here.sum(), INDEX.get(kind.upper(), np.nan))
            re, ell = (table.loc[here, name].to_numpy(float) for name in ("Re", "ELL"))
            expected[here] = expected_errors(error[here], true[here], re, ell, index)
        snr[f"snr_{band}"] = true / expected
    return table.assign(**snr)


def recovered(table: pd.DataFrame, band: str, min_snr: float, within: float) -> np.ndarray:
    """Is each source recovered in a band? Shape (n,), bool.

    Usable (fitted and converged, none of `UNUSABLE` set), measured at `min_snr` or better, and within `within` of its
    errors of the true flux. Every added source is in the catalogue: this is the completeness of the fit, given that the
    catalogue has the source.
    """
    true, flux, error = (table[f"{name}_{band}"].to_numpy(float) for name in ("true", "flux", "err"))
    with np.errstate(invalid="ignore"):
        seen = (flux >= min_snr * error) & (np.abs(flux - true) <= within * error)
    return table["usable"].to_numpy(bool) & seen
