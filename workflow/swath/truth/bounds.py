"""What the field of known truth must show, and whether it does."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from .estimate import Estimate, median, robust_sd
from .match import TYPES

FEWEST = 50  # sources of a class whose pulls are judged
SIGMAS = 3.0
FLUX_BIAS = {"star": 0.3, "exp": 1.0, "dev": 1.0, "sersic": 2.0}  # [%]
WIDEST = {"star": 1.15, "exp": 1.15, "dev": 1.15, "sersic": 1.3}
ISOLATED_SNR, PULL_SNR, ASTROMETRY_SNR, SIZE_SNR = 50.0, 10.0, 300.0, 20.0


class Bound(NamedTuple):
    """One bound: each side is the declared value or 3 standard errors, whichever is larger.

    name, subject : what is judged, of what. value, error : measured, and its standard error. low, high : allowed.
    sources : from how many; at least `fewest` are needed.
    """

    name: str
    subject: str
    unit: str
    value: float
    error: float
    low: float
    high: float
    sources: int
    fewest: int = 1

    @property
    def passed(self) -> bool:
        """Is the value, of enough sources, where it may be?"""
        return bool(self.sources >= self.fewest and self.low <= self.value <= self.high)

    @property
    def sentence(self) -> str:
        """What is wrong, for people."""
        unit = f" {self.unit}" if self.unit else ""
        if self.sources < self.fewest:
            return f"{self.name}, {self.subject}: only {self.sources} sources, at least {self.fewest} are needed"
        return (
            f"{self.name}, {self.subject}: {self.value:+.3g}{unit} (standard error {self.error:.2g}, {self.sources} "
            f"sources), allowed {self.low:+.3g} to {self.high:+.3g}"
        )


def bound(
    name: str,
    subject: str,
    unit: str,
    found: Estimate,
    below: float,
    above: float,
    about: float = 0.0,
    fewest: int = 1,
) -> Bound:
    """A bound from `about` - `below` to `about` + `above`, wider where 3 standard errors are."""
    noise = SIGMAS * np.nan_to_num(found.error)
    low, high = about - max(below, noise), about + max(above, noise)
    return Bound(name, subject, unit, *found[:2], float(low), float(high), found.sources, fewest)


def source_bounds(table: pd.DataFrame, bands: Sequence[str]) -> list[Bound]:
    """The bounds on fluxes, positions and sizes, from `match.compare`'s table."""
    active = table[table["active"]]
    bounds = [_all_fitted(active)]
    for kind in TYPES:
        of_kind = active[active["type"] == kind]
        bounds += [_flux_bias(of_kind, kind, bands), *_flux_pulls(of_kind, kind, bands)]
        bounds += _position_pulls(of_kind, kind)
        if kind != "star":
            bounds.append(_size_bias(of_kind, kind))
    return bounds + _astrometry(active[active["type"] == "star"])


def relative(table: pd.DataFrame, bands: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(fit - true) / true, (fit - true) / error and S/N of all fluxes, shape (n, bands) each."""
    true, flux, error, snr = (
        table[[f"{name}_{band}" for band in bands]].to_numpy(float) for name in ("true", "flux", "err", "snr")
    )
    return (flux - true) / true, (flux - true) / error, snr


def _all_fitted(active: pd.DataFrame) -> Bound:
    without = int((~active["fitted"]).sum())
    return Bound("active sources without a fit", "all", "", without, 0.0, 0.0, 0.0, len(active))


def _flux_bias(table: pd.DataFrame, kind: str, bands: Sequence[str]) -> Bound:
    bias, _, snr = relative(table, bands)
    alone = table["isolated"].to_numpy()[:, None] & (snr > ISOLATED_SNR)
    found = median(np.where(alone, 100 * bias, np.nan))
    return bound("median flux bias, isolated, S/N > 50", kind, "%", found, FLUX_BIAS[kind], FLUX_BIAS[kind])


def _flux_pulls(table: pd.DataFrame, kind: str, bands: Sequence[str]) -> list[Bound]:
    _, pulls, snr = relative(table, bands)
    return _pulls("flux pulls, S/N > 10", kind, np.where(snr > PULL_SNR, pulls, np.nan))


def _position_pulls(table: pd.DataFrame, kind: str) -> list[Bound]:
    bright = table[table["snr"] > PULL_SNR]
    both = [(bright[f"d{axis}"] / bright[f"{axis}_err"]).to_numpy() for axis in "xy"]
    return _pulls("position pulls, S/N > 10", kind, np.stack(both, axis=1))


def _pulls(name: str, kind: str, pulls: np.ndarray) -> list[Bound]:
    return [
        bound(f"{name}: robust sd", kind, "", robust_sd(pulls), 0.1, WIDEST[kind] - 1, 1.0, FEWEST),
        bound(f"{name}: median", kind, "", median(pulls), 0.1, 0.1, 0.0, FEWEST),
    ]


def _size_bias(table: pd.DataFrame, kind: str) -> Bound:
    # ASSUME a galaxy's S/N is that of its best band: its size is shared by all.
    bright = table[table["snr"] > SIZE_SNR]
    found = median(100 * (bright["Re_fit"] / bright["Re"] - 1).to_numpy())
    return bound("median Re bias, S/N > 20", kind, "%", found, 3.0, 3.0)


def _astrometry(stars: pd.DataFrame) -> list[Bound]:
    bright = stars[stars["snr"] > ASTROMETRY_SNR]
    return [
        bound(
            "median offset, stars, S/N > 300", axis.upper(), "mas", median(bright[f"{axis}_offset"].to_numpy()), 10, 10
        )
        for axis in ("ra", "dec")
    ]
