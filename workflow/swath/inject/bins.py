"""Completeness, bias and pulls by band, type and magnitude."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from ..config.inject import Inject
from ..truth.estimate import median, robust_sd
from .match import recovered

GROUPS = {"all": ("star", "exp", "dev"), "star": ("star",), "galaxy": ("exp", "dev")}
FEWEST = 20  # fluxes of a bin whose bias and pulls are worth a number


def binned(table: pd.DataFrame, bands: Sequence[str], settings: Inject, factors: Mapping[str, float]) -> pd.DataFrame:
    """One row per band, type (all, star, galaxy) and bin of magnitude, brightest first.

    Columns: band, type, mag_min, mag_max [mag], injected (how many), detected and recovered with their errors
    (fractions of them), fluxes (usable, of true S/N above `inject.min_snr`), bias, scatter (robust sd of fit/true - 1)
    [%], pull_median, pull_sd with their errors, noise_factor (in the errors of these pulls), pull_sd_corrected (had the
    factor measured on empty sky been in them). With few fluxes the last ones are NaN.

    Parameters
    ----------
    table : from `match.with_snr`, with `detected`. factors : band to the factor measured on empty sky, NaN where none.
    """
    rows = []
    for band in bands:
        low, high = table[f"mag_{band}"].min(), table[f"mag_{band}"].max()
        edges = magnitude_edges(low, high, settings.bin_mag)
        found = recovered(table, band, settings.min_snr, settings.recovery_sigma)
        place = np.digitize(table[f"mag_{band}"], edges[1:-1])
        for kind, types in GROUPS.items():
            of_kind = table["type"].isin(types).to_numpy()
            for index, (left, right) in enumerate(pairwise(edges)):
                here = of_kind & (place == index)
                if here.any():
                    part = table[here].assign(recovered=found[here])
                    ends = {"band": band, "type": kind, "mag_min": left, "mag_max": right}
                    rows.append(ends | _row(part, band, settings, factors[band]))
    return pd.DataFrame(rows)


def magnitude_edges(low: float, high: float, width: float) -> np.ndarray:
    """Edges of bins of about `width` that divide [low, high] evenly, shape (n + 1,)."""
    count = max(int(np.ceil((high - low) / width - 0.1)), 1)
    return np.linspace(low, high, count + 1)


def judged(table: pd.DataFrame, band: str, min_snr: float) -> pd.DataFrame:
    """Columns true, flux, err, pull of the usable fluxes of a band whose true S/N is above `min_snr`."""
    usable = table["usable"].to_numpy(bool) & (table[f"snr_{band}"].to_numpy(float) > min_snr)
    part = table[usable]
    values = {name: part[f"{name}_{band}"].to_numpy(float) for name in ("true", "flux", "err", "applied")}
    found = pd.DataFrame(values).dropna()
    return found.assign(pull=(found["flux"] - found["true"]) / found["err"])


def _row(part: pd.DataFrame, band: str, settings: Inject, factor: float) -> dict[str, float]:
    fluxes = judged(part, band, settings.min_snr)
    row: dict[str, float] = {"injected": len(part)}
    for name in ("detected", "recovered"):
        row |= dict(zip((name, f"{name}_err"), share(int(part[name].sum()), len(part)), strict=True))
    row["fluxes"] = len(fluxes)
    return row | dict(_numbers(fluxes, factor))


def _numbers(fluxes: pd.DataFrame, factor: float) -> Iterator[tuple[str, float]]:
    enough = fluxes if len(fluxes) >= FEWEST else fluxes.head(0)
    relative = 100 * (enough["flux"] / enough["true"] - 1).to_numpy()
    for name, found in (("bias", median(relative)), ("scatter", robust_sd(relative))):
        yield from ((name, found.value), (f"{name}_err", found.error))
    pulls = enough["pull"].to_numpy()
    sd = robust_sd(pulls)
    for name, found in (("pull_median", median(pulls)), ("pull_sd", sd)):
        yield from ((name, found.value), (f"{name}_err", found.error))
    applied = fluxes["applied"].median() if len(fluxes) else np.nan
    yield "noise_factor", applied
    yield "pull_sd_corrected", sd.value * applied / factor


def share(part: int, total: int) -> tuple[float, float]:
    """A fraction and its standard error, with a pseudo-count (Agresti & Coull 1998): not 0 for none or all."""
    middle = (part + 0.5) / (total + 1)
    return part / total, float(np.sqrt(middle * (1 - middle) / (total + 1)))
