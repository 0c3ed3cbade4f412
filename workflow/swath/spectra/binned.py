"""The spectrum of a target: its measurements averaged in bins as wide as the detectors resolve."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..archive.names import version_order
from .columns import SPECTRUM
from .judge import sound

# Ends of SPHEREx's bands [um] (Explanatory Supplement); in 17 bins of equal ratio each bin is as wide as a bandpass.
BANDS = {
    "D1": (0.74, 1.12),
    "D2": (1.10, 1.65),
    "D3": (1.64, 2.42),
    "D4": (2.42, 3.82),
    "D5": (3.81, 4.42),
    "D6": (4.41, 5.00),
}
# ASSUME the target does not vary, and errors do not depend on the fluxes' own noise; scatter beyond the errors, be it
# variability or a slope within the bin, enters flux_error.


def binned_spectrum(table: pd.DataFrame, bins_per_band: int) -> pd.DataFrame:
    """Average a light curve in bins of wavelength.

    Upper limits take part with their fluxes: leaving out what is faint would make the rest too bright. Of several
    processings of an exposure the latest counts: they are the same photons.

    Parameters
    ----------
    table : a light curve (`columns.FIELDS`). bins_per_band : of equal ratio, between the ends of the band; a band that
        is none of SPHEREx's is one bin.

    Returns
    -------
    Every bin of every band in the light curve, also those without a measurement; the columns of SPECTRUM.
    """
    rows = [row for band in sorted(table["band"].unique()) for row in _band(table, band, bins_per_band)]
    kinds = {"float": "float64", "int": "int64", "str": "str"}
    return pd.DataFrame(
        {field.name: pd.Series([row[field.name] for row in rows], dtype=kinds[field.kind]) for field in SPECTRUM}
    )


def _band(table: pd.DataFrame, band: str, bins: int) -> Iterator[dict[str, object]]:
    own = table[(table["band"] == band) & np.isfinite(table["flux"]) & np.isfinite(table["wavelength"])]
    wavelength = own["wavelength"].to_numpy()
    if band in BANDS:
        edges = np.geomspace(*BANDS[band], bins + 1)
    elif len(own):
        half = own["bandwidth"].to_numpy() / 2
        edges = np.array([np.nanmin(wavelength - half), np.nanmax(wavelength + half)])
    else:
        edges = np.full(2, np.nan)
    # What lies beyond the nominal ends belongs to the outermost bin: no measurement is dropped.
    place = np.clip(np.searchsorted(edges, wavelength, side="right") - 1, 0, len(edges) - 2)
    for number in range(len(edges) - 1):
        ends = {"band": band, "bin": number + 1, "wavelength_low": edges[number], "wavelength_high": edges[number + 1]}
        yield ends | _mean(own[place == number])


def _mean(own: pd.DataFrame) -> dict[str, object]:
    used = own[sound(own) & ~_processed_again(own)]
    made = {field.name: np.nan for field in SPECTRUM} | {"measurements": len(used), "left_out": len(own) - len(used)}
    for name in ("band", "bin", "wavelength_low", "wavelength_high"):
        del made[name]
    if used.empty:
        return made
    flux, weight = used["flux"].to_numpy(), used["flux_error"].to_numpy() ** -2.0
    mean, formal = np.average(flux, weights=weight), weight.sum() ** -0.5
    chi2 = (weight * (flux - mean) ** 2).sum() / (len(used) - 1) if len(used) > 1 else np.nan
    error = formal * np.sqrt(np.nanmax([1.0, chi2]))
    return made | {
        "wavelength": np.average(used["wavelength"], weights=weight),
        "flux": mean,
        "flux_error": error,
        "flux_error_formal": formal,
        "snr": mean / error,
        "chi2_reduced": chi2,
        "mjd_first": used["mjd"].min(),
        "mjd_last": used["mjd"].max(),
    }


def _processed_again(table: pd.DataFrame) -> np.ndarray:
    """Which rows have a later processing of the same light beside them (archive.reprocessed: all); bool (n,)."""
    known = table[(table["obs_id"] != "") & (table["version"] != "")]
    ages = [version_order(*pair) for pair in zip(known["version"], known["exposure"], strict=True)]
    newest_last = known.iloc[sorted(range(len(known)), key=ages.__getitem__)]
    again = newest_last.index[newest_last.duplicated(["obs_id", "band"], keep="last")]
    return table.index.isin(again)
