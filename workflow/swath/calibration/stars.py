"""Which stars calibrate a band, and for each of the others why not."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..flags import FIT
from .magnitudes import MAG_PER_E

# ASSUME fainter stars add noise and the bias of a logarithm, and no information.
SNR_MIN = 10.0
BAD_FLAGS = ("PATCH_FAILED", "NO_DATA", "AT_BOUND", "BLENDED")
COLUMNS = (
    *("band", "gaia_source_id", "gaiaxp_mag", "flux", "fluxerr", "zp", "zp_err", "is_kept", "is_clipped"),
    *("ID", "RA", "DEC", "x", "y", "snr", "color", "residual", "sigma", "half", "reason"),
)


def candidates(
    catalog: pd.DataFrame, reference: pd.DataFrame, band: str, suffix: str, colors: tuple[str, str] | None
) -> pd.DataFrame:
    """Every source with a reference star, judged for one band: one row each, in the catalogue's order.

    Parameters
    ----------
    catalog : the merged catalogue. reference : from `reference_magnitudes`.
    suffix : of the columns that are fitted per band in single-band mode, see `columns.suffixes_of`.
    colors : bands whose difference of reference magnitudes is the colour.

    Returns
    -------
    Table with `COLUMNS`; `reason` is empty for the stars that qualify, before any clipping.
    """
    matched = catalog[catalog["gaia_source_id"] != ""].reset_index(drop=True)
    mags = reference.reindex(matched["gaia_source_id"]).reset_index(drop=True)
    flux, error = matched[f"FLUX_{band}_fit"], matched[f"FLUXERR_{band}_fit"]
    good = (flux > 0) & (error > 0)
    ratio = (flux / error).where(error > 0)
    table = pd.DataFrame(
        {
            "band": band,
            "gaia_source_id": matched["gaia_source_id"],
            "gaiaxp_mag": mags.get(band, np.nan),
            "flux": flux,
            "fluxerr": error,
            "zp": mags.get(band, np.nan) + 2.5 * np.log10(flux.where(good)),
            "zp_err": MAG_PER_E / ratio.where(good),
            "is_kept": False,
            "is_clipped": False,
            "ID": matched["ID"],
            "RA": matched["RA"],
            "DEC": matched["DEC"],
            "x": matched[f"x_pix{suffix}_fit"],
            "y": matched[f"y_pix{suffix}_fit"],
            "snr": ratio,
            "color": mags.get(colors[0], np.nan) - mags.get(colors[1], np.nan) if colors else np.nan,
            "residual": np.nan,
            "sigma": np.nan,
            "half": halves(matched["RA"].to_numpy(), matched["DEC"].to_numpy()),
        }
    )
    return table.assign(reason=_reasons(matched, table, band, suffix))[list(COLUMNS)]


def reference_magnitudes(table: pd.DataFrame, bands: Sequence[str]) -> pd.DataFrame:
    """Reference magnitudes by star: index `source_id`, one column for each of the bands that the table has.

    Parameters
    ----------
    table : from `sources.reference.read_reference`.
    """
    known = {f"mag_{band}": band for band in bands if f"mag_{band}" in table}
    return table.set_index("source_id")[list(known)].rename(columns=known)


def halves(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """'A' or 'B' by position [deg]: the same star is always in the same half, whatever else is in the catalogue."""
    keys = [f"{a:.6f} {d:.6f}".encode() for a, d in zip(ra, dec, strict=True)]
    return np.array(["AB"[hashlib.sha256(key).digest()[0] % 2] for key in keys], dtype=object)


def _reasons(matched: pd.DataFrame, table: pd.DataFrame, band: str, suffix: str) -> np.ndarray:
    flags = matched["fit_flags"].to_numpy()
    cases = [
        (table["gaiaxp_mag"].isna(), "no reference magnitude"),
        (matched["stype_fit"] == "", "not fitted"),
        (matched["stype_fit"] != "star", "not fitted as a star"),
        *((flags & FIT[name] > 0, name) for name in BAD_FLAGS),
        (matched[f"masked_fraction_{band}"] > 0, "masked or saturated pixels"),
        (table["flux"].isna() | table["fluxerr"].isna(), "no flux in this band"),
        (~matched[f"opt_converged{suffix}"], "not converged"),
        (table["flux"] <= 0, "negative flux"),
        (~(table["snr"] >= SNR_MIN), f"S/N below {SNR_MIN:g}"),
    ]
    return np.select([np.asarray(chosen, dtype=bool) for chosen, _ in cases], [text for _, text in cases], default="")
