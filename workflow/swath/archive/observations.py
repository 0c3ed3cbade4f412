"""The table of observations: one row for every target and product found, with units, the same whatever was asked."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.table import Table

from ..errors import InputError
from ..files import atomic
from ..tables import read_table, write_parquet


class Column(NamedTuple):
    """One column: how it is stored, its unit, a sentence."""

    dtype: str
    unit: str
    text: str


COLUMNS: Mapping[str, Column] = {
    "target": Column("str", "", "slug of the target"),
    "exposure": Column("str", "", "the product's own identifier: publisher's DID and version"),
    "obs_id": Column("str", "", "observation; one for all detectors"),
    "band": Column("str", "", "detector (D1 to D6) or filter"),
    "collection": Column("str", "", "collection of the archive"),
    "release": Column("str", "", "data release"),
    "version": Column("str", "", "version of the processing"),
    "processed": Column("str", "", "date of the processing, year and day"),
    "mjd_start": Column("float64", "d", "begin, MJD"),
    "mjd_end": Column("float64", "d", "end, MJD"),
    "mjd": Column("float64", "d", "middle, MJD"),
    "exptime": Column("float64", "s", "exposure time"),
    "wave_min": Column("float64", "um", "shortest wavelength"),
    "wave_max": Column("float64", "um", "longest wavelength"),
    "ra": Column("float64", "deg", "right ascension of the image's centre, ICRS"),
    "dec": Column("float64", "deg", "declination of the image's centre, ICRS"),
    "url": Column("str", "", "the file, or the datalink document that leads to it"),
    "bytes": Column("float64", "byte", "estimated size of the file; NaN where unknown"),
    "selected": Column("bool", "", "is this product wanted"),
    "reason": Column("str", "", "why not"),
}
TEXTS = tuple(name for name, column in COLUMNS.items() if column.dtype == "str")


def empty() -> pd.DataFrame:
    """The table without rows."""
    return typed(pd.DataFrame({name: [] for name in COLUMNS}))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with exactly the columns of `COLUMNS`, in order and as declared; what it lacks is missing.

    Texts that are missing are '', numbers NaN; `selected` is false where missing.
    """
    return pd.DataFrame({name: _typed(table.get(name), column, table.index) for name, column in COLUMNS.items()})


def _typed(values: pd.Series | None, column: Column, index: pd.Index) -> pd.Series:
    if values is None:
        values = pd.Series([None] * len(index), index=index, dtype=object)
    if column.dtype == "str":
        return values.astype("str").where(values.notna(), "").astype("str")
    if column.dtype == "bool":
        return values.astype("boolean").fillna(False).astype(bool)
    return pd.to_numeric(values).astype("float64")


def write(table: pd.DataFrame, ecsv: str | Path | None, parquet: str | Path) -> None:
    """Write observations as ECSV (with units; not for None) and Parquet, atomically."""
    if ecsv is not None:
        write_ecsv(ecsv, table, {name: column.unit for name, column in COLUMNS.items()})
    write_parquet(parquet, table)


def write_ecsv(path: str | Path, table: pd.DataFrame, units: Mapping[str, str]) -> None:
    """Write a table as ECSV with units, atomically."""
    made = Table({name: _plain(table[name]) for name in table.columns})
    for name in made.colnames:
        made[name].unit = units.get(name) or None
    with atomic(path) as temporary:
        made.write(temporary, format="ascii.ecsv", overwrite=True)


def read(path: str | Path) -> pd.DataFrame:
    """Read observations.

    Raises
    ------
    InputError : no such table, or columns missing.
    """
    table = read_table(path, text=TEXTS, allow_empty=True)
    _require(path, table.columns, COLUMNS)
    return typed(table)


def _require(path: str | Path, found: Iterable[str], wanted: Iterable[str]) -> None:
    missing = [name for name in wanted if name not in set(found)]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; make the table anew with --forcerun query")


def _plain(column: pd.Series) -> np.ndarray:
    is_text = not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
    return column.to_numpy(dtype=str) if is_text else column.to_numpy()
