"""What all compared patches say, as tables: one row for each source and band, one for each patch."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from ..files import read_json
from ..images import table_rows


class Compared(NamedTuple):
    """`fluxes`: patch, ID, model, band, flux_*, x_*, y_*, reason_*, flux_err, mag, difference (over flux_err).

    `patches`: patch, sources, native, tractor (CPU seconds), npix, chi2_native, chi2_tractor, chi2_own.
    """

    fluxes: pd.DataFrame
    patches: pd.DataFrame


def gather(comparisons: Sequence[str | Path], costs: Sequence[str | Path], zp_ref: float) -> Compared:
    """Read what `compare_patch` wrote for each patch; `zp_ref` is the zero point of all fluxes [mag]."""
    parts, patches = [], []
    for path, cost in zip(comparisons, costs, strict=True):
        with fits.open(path, memmap=False) as hdus:
            header, rows = hdus[0].header, table_rows(hdus["SOURCES"])
        bands = list(header["BAND*"].values())
        parts += [_of_band(rows, header["PATCH"], band, index) for index, band in enumerate(bands)]
        chi2 = {name: header.get(card) for name, card in _CARDS.items()}
        patches.append({"patch": header["PATCH"], **read_json(Path(cost)), "npix": header["NPIX"], **chi2})
    fluxes = pd.concat(parts, ignore_index=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        fluxes["mag"] = zp_ref - 2.5 * np.log10(fluxes["flux_native"].where(fluxes["flux_native"] > 0))
        fluxes["difference"] = (fluxes["flux_tractor"] - fluxes["flux_native"]) / fluxes["flux_err"]
    return Compared(fluxes, pd.DataFrame(patches))


_CARDS = {"chi2_native": "CHI2_N", "chi2_tractor": "CHI2_T", "chi2_own": "CHI2_OWN"}


def _of_band(rows: np.ndarray, patch: str, band: str, index: int) -> pd.DataFrame:
    columns = {
        name: rows[name][:, index] if rows[name].ndim > 1 else np.char.strip(rows[name]) if rows[name].dtype.kind == "U"
        else rows[name]
        for name in rows.dtype.names
    }  # fmt: skip
    table = pd.DataFrame(
        {name: np.asarray(values).astype(values.dtype.newbyteorder("=")) for name, values in columns.items()}
    )
    table.insert(0, "patch", patch)
    table.insert(3, "band", band)
    return table
