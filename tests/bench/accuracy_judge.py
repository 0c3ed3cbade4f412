"""Bias and pulls of fitted sources against their truth, each within its limit or 3 standard errors."""

import numpy as np
import pandas as pd
from swath.truth.bounds import Bound, bound
from swath.truth.estimate import median, robust_sd
from swath.truth.expected import expected_errors

WIDEST = {"star": 1.15, "exp": 1.15, "dev": 1.15, "sersic": 1.3}
FLUX_BIAS = {"star": 0.2, "exp": 0.5, "dev": 0.5, "sersic": 0.5}  # [%]
BIAS_SNR, PULL_SNR, SHAPE_SNR = 50.0, 10.0, 100.0


def signal_to_noise(table: pd.DataFrame) -> np.ndarray:
    """True flux over the error that such a source has on average, (n, nband): luck selects nothing."""
    bands = [name.removeprefix("true_") for name in table if name.startswith("true_")]
    found = np.full((len(table), len(bands)), np.nan)
    for kind in table["kind"].unique():
        here = (table["kind"] == kind).to_numpy()
        shape = [table.loc[here, name].to_numpy(float) for name in ("re", "ell", "n")]
        for column, band in enumerate(bands):
            true, error = (table.loc[here, f"{name}_{band}"].to_numpy() for name in ("true", "err"))
            found[here, column] = true / expected_errors(error, true, *shape)
    return found


def isolated(table: pd.DataFrame, true_psf: bool = True) -> list[Bound]:
    """Flux bias at S/N > 50, pulls at S/N > 10, sizes and Sersic indices at S/N > 100 (in the best band).

    A measured PSF's own error, far below the limits of the bias, is many errors of the brightest sources: with one the
    median pull is not judged.
    """
    bounds = []
    for kind, part, bias, pulls, snr in _kinds(table):
        found = median(np.where(snr > BIAS_SNR, bias, np.nan))
        bounds.append(bound("isolated, S/N > 50: flux bias", kind, "%", found, FLUX_BIAS[kind], FLUX_BIAS[kind]))
        bounds += _pulls("isolated", kind, pulls)[: 2 if true_psf else 1]
        bright = part[snr.max(axis=1, initial=0) > SHAPE_SNR]
        if kind != "star":
            bounds.append(_shape("Re", kind, bright["Re_fit"] / bright["re"]))
        if kind == "sersic":
            bounds.append(_shape("n", kind, bright["n_fit"] / bright["n"]))
    return bounds


def pairs(table: pd.DataFrame, true_psf: bool = True) -> list[Bound]:
    """Pulls of the members of pairs at S/N > 10; see `isolated`."""
    judged = 2 if true_psf else 1
    return [item for kind, _, _, pulls, _ in _kinds(table) for item in _pulls("pairs", kind, pulls)[:judged]]


def _kinds(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]]:
    """Per kind: its rows, flux bias [%], pulls where S/N > 10, and S/N, (n, nband) each."""
    snr = signal_to_noise(table)
    true, flux, err = (table.filter(regex=f"^{name}_").to_numpy(float) for name in ("true", "flux", "err"))
    pulls = np.where(snr > PULL_SNR, (flux - true) / err, np.nan)
    bias, kinds = 100 * (flux / true - 1), table["kind"].to_numpy()
    return [
        (kind, table[kinds == kind], bias[kinds == kind], pulls[kinds == kind], snr[kinds == kind])
        for kind in WIDEST
        if (kinds == kind).any()
    ]


def _pulls(sample: str, kind: str, values: np.ndarray) -> list[Bound]:
    return [
        bound(f"{sample}, S/N > 10: robust sd of pulls", kind, "", robust_sd(values), 0.1, WIDEST[kind] - 1, 1.0),
        bound(f"{sample}, S/N > 10: median pull", kind, "", median(values), 0.1, 0.1),
    ]


def _shape(name: str, kind: str, ratio: pd.Series) -> Bound:
    return bound(f"isolated, S/N > 100: bias of {name}", kind, "%", median(100 * (ratio.to_numpy() - 1)), 2, 2)


def told(item: Bound) -> str:
    """One line of the table."""
    return (
        f"{item.name:40s} {item.subject:7s} {item.value:+8.3f} +- {item.error:5.3f} {item.unit:1s} {item.sources:6d} "
        f"sources   {item.low:+.2f} ... {item.high:+.2f}   {'kept' if item.passed else 'MISSED'}"
    )
