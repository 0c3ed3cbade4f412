"""What the page says of every source, whatever the catalogue holds: its place, what became of it, its quality."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..flags import FIT, names
from ..plots.choice import reduced_chi2

NOT_FITTED = "not fitted"


def fates(table: pd.DataFrame, suffixes: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fitted model, status and reason of every source as texts, (n,) each.

    Parameters
    ----------
    table : the catalogue. suffixes : `columns.suffixes_of` its bands.
    """
    flags = table["fit_flags"].to_numpy(np.int64)
    fitted = np.isfinite(place(table, "x_pix", suffixes, fitted_only=True))
    status = np.full(len(table), "fitted", object)
    reason = np.full(len(table), "", object)
    rules = (  # the last that holds
        (flags & FIT["NOT_CONVERGED"] > 0, "not converged", _stops(table, suffixes)),
        (~fitted, "failed", "no fit"),
        (flags & FIT["NO_DATA"] > 0, "no data", "every pixel is masked"),
        (flags & FIT["PATCH_FAILED"] > 0, "failed", _texts(table, "patch_reason")),
        (flags & FIT["BAD_POSITION"] > 0, "excluded", "no position within the image"),
        (table["excluded_any"].to_numpy(bool), "excluded", _texts(table, "excluded_reason")),
    )
    for holds, word, why in rules:
        status[holds] = word
        reason[holds] = why if isinstance(why, str) else why[holds]
    return np.where(fitted, _texts(table, "stype_fit"), NOT_FITTED), status, reason


def place(table: pd.DataFrame, name: str, suffixes: Sequence[str], fitted_only: bool = False) -> np.ndarray:
    """The coordinate `x_pix`, `y_pix`, `RA` or `DEC`, (n,): fitted, or else as it was given.

    Where every band was fitted alone it is the median of the bands.
    """
    columns = table[[f"{name}{suffix}_fit" for suffix in suffixes]].to_numpy(float)
    known = np.isfinite(columns).any(axis=1)
    out = np.full(len(table), np.nan)
    out[known] = np.nanmedian(columns[known], axis=1)
    return out if fitted_only or name not in table else np.where(known, out, table[name].to_numpy(float))


def flag_names(values: pd.Series) -> np.ndarray:
    """Names of the flags that are set, comma-separated, as texts (n,)."""
    words = {int(value): ", ".join(names(int(value))) for value in values.unique()}
    return np.array([words[int(value)] for value in values], object)


def chi2_per_pixel(table: pd.DataFrame, bands: Sequence[str]) -> np.ndarray:
    """chi2 per pixel of the cores over all of `bands` that have both, (n,); NaN where none has."""
    return reduced_chi2(*(table[[f"{name}_{band}" for band in bands]].to_numpy(float) for name in ("CHI2", "NPIX")))


def signal_to_noise(table: pd.DataFrame, band: str) -> np.ndarray:
    """Flux over its error in one band, (n,); NaN where either is unknown."""
    flux, error = (table[f"{name}_{band}_fit"].to_numpy(float) for name in ("FLUX", "FLUXERR"))
    return np.divide(flux, error, out=np.full(len(flux), np.nan), where=error > 0)


def _stops(table: pd.DataFrame, suffixes: Sequence[str]) -> np.ndarray:
    """Why a fit stopped before it had converged, (n,); several reasons where bands were fitted alone."""
    columns = [_texts(table, f"opt_stop_reason{suffix}") for suffix in suffixes]
    rows = zip(*columns, strict=True)
    return np.array([", ".join(dict.fromkeys(word for word in row if word not in ("", "converged"))) for row in rows],
                    object)  # fmt: skip


def _texts(table: pd.DataFrame, name: str) -> np.ndarray:
    return table[name].astype("str").where(table[name].notna(), "").to_numpy(object)
