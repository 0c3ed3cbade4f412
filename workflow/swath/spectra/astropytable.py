"""A light curve as an astropy table: units and meanings with every column."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.table import Column, Table

from ..files import atomic
from .columns import Field

NUMPY = {"float": "f8", "int": "i8", "bool": "bool"}


def as_astropy(table: pd.DataFrame, fields: Sequence[Field], meta: Mapping[str, object]) -> Table:
    """The table with units, meanings and `meta`; texts as fixed-width unicode."""
    columns = [
        Column(_values(table[field.name], field), field.name, unit=field.unit or None, description=field.meaning)
        for field in fields
    ]
    return Table(columns, meta=dict(meta))


def write_ecsv(path: str | Path, table: Table) -> None:
    """Write as ECSV, atomically."""
    with atomic(path) as temporary:
        table.write(temporary, format="ascii.ecsv", overwrite=True)


def _values(column: pd.Series, field: Field) -> np.ndarray:
    if field.kind != "str":
        return column.to_numpy(NUMPY[field.kind])
    return np.array(column.tolist() or [""], dtype=str)[: len(column)]
