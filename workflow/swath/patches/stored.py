"""The sources of a fitted patch, as payloads of further bands take them: at what was found, nothing left to find."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from ..images import table_rows

_GEOMETRY = ("x", "y", "re", "ell", "phi", "n")


def stored_sources(fit: str | Path, table: np.ndarray, nband: int) -> np.ndarray:
    """All sources that a patch modelled, with the columns of the patch sources, `role` and the Sersic index `n`.

    Where each band was fitted alone, a source has the position and shape of the band in which its flux is most
    significant. Sources without a fit (their patch failed, or was empty) are where the catalogue has them.

    Parameters
    ----------
    fit : `fit/{patch}.fits`. table : rows of `patches/sources.fits`. nband : bands to be measured, of unknown flux.
    """
    with fits.open(fit, memmap=False) as hdus:
        scene = table_rows(hdus["SCENE"])
    given = table[scene["row"]]
    out = np.zeros(len(scene), [*_dtype(table), ("role", "i2"), ("n", "f8"), ("flux", "f8", (nband,))])
    for name in ("row", "ID", "active"):
        out[name] = given[name]
    out["role"], out["model"], out["flux"] = scene["role"], scene["model"], np.nan
    found = _geometry(scene)
    known = np.isfinite(found["x"])
    for name in _GEOMETRY:
        start = given[name] if name in given.dtype.names else np.full(len(given), np.nan)
        out[name] = np.where(known, found[name], start)
    return out


def _dtype(table: np.ndarray) -> list[tuple]:
    """The columns of the patch sources but for their fluxes."""
    return [(name, table.dtype[name]) for name in table.dtype.names if name != "flux"]


def _geometry(scene: np.ndarray) -> dict[str, np.ndarray]:
    if scene["x"].ndim == 1:
        return {name: scene[name] for name in _GEOMETRY}
    # ASSUME of bands that were fitted alone the one with the most significant flux knows position and shape best.
    with np.errstate(invalid="ignore", divide="ignore"):
        significance = np.nan_to_num(scene["flux"] / scene["flux_err"], nan=-np.inf)
    best = np.argmax(significance, axis=1)
    return {name: scene[name][np.arange(len(scene)), best] for name in _GEOMETRY}
