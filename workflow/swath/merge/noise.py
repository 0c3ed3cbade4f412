"""Correlated noise in the catalogue: the factors of the flux errors, and their names."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..files import read_json

log = logging.getLogger(__name__)


def noise_factors(paths: Sequence[str | Path], bands: Sequence[str]) -> dict[str, float]:
    """Band to the factor of its flux errors: 1 without `paths`, and, with a warning, where none could be measured."""
    factors = dict.fromkeys(bands, 1.0)
    for band, path in zip(bands, paths, strict=False):
        found = read_json(path)
        if found["factor"] is None:
            log.warning("%s: its flux errors stay as they are, without a noise factor: %s", band, found["reason"])
            continue
        factors[band] = float(found["factor"])
    return factors


def corrected(catalog: pd.DataFrame, factors: Mapping[str, float]) -> pd.DataFrame:
    """The catalogue with its flux errors times the factors, which it names in NOISE_FACTOR_<band>."""
    # ASSUME what holds for PSF-sized sums of empty sky holds for sources: galaxies a little larger, brighter ones too.
    new = {f"FLUXERR_{band}_fit": catalog[f"FLUXERR_{band}_fit"] * factor for band, factor in factors.items()}
    return catalog.assign(**new, **{f"NOISE_FACTOR_{band}": factor for band, factor in factors.items()})
