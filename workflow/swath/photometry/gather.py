"""The photometry of all batches in one table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.table import Column as TableColumn
from astropy.table import Table

from ..errors import RunError
from ..files import atomic
from ..tables import read_table, write_parquet
from .columns import COLUMNS, NAMES, frame
from .quality import QUALITY_FLAGS

ORDER = ["target", "mjd", "band", "exposure"]
FAILURES = ("not_downloaded", "unreadable", "error")  # the others are results: off the image, no sky around ...
TEXTS = tuple(column.name for column in COLUMNS if column.kind == "str")


def gather(
    batches: Sequence[str | Path], parquet: str | Path, ecsv: str | Path, max_failed_fraction: float = 1.0
) -> None:
    """Join the tables of batches, sorted by target, time, band and exposure; write them as Parquet and as ECSV.

    Raises
    ------
    InputError : a table that cannot be read. RunError : more than the fraction of exposures could not be had or read.
    """
    tables = [read_table(path, TEXTS, allow_empty=True) for path in batches]
    filled = [table for table in tables if len(table)]
    table = pd.concat(filled, ignore_index=True)[list(NAMES)] if filled else frame([])
    _check_failures(table, max_failed_fraction)
    table = table.sort_values(ORDER, kind="stable", ignore_index=True)
    write_parquet(parquet, table)
    with_units = astropy_table(table)
    with atomic(ecsv) as temporary:
        with_units.write(temporary, format="ascii.ecsv", delimiter=",")


def _check_failures(table: pd.DataFrame, most: float) -> None:
    failed = table[table.status.isin(FAILURES)]
    if len(failed) > most * len(table):
        counts = ", ".join(f"{count} {status}" for status, count in failed.status.value_counts().sort_index().items())
        raise RunError(
            f"{len(failed)} of {len(table)} planned exposures could not be measured ({counts}), more than "
            f"aperture.max_failed_fraction = {most:g} allows; most of all: {failed.reason.value_counts().index[0]}. "
            "Run again when that is mended (what failed for a while is fetched again), or raise the limit"
        )


def astropy_table(table: pd.DataFrame) -> Table:
    """The photometry with units and meanings; the quality bits are in its meta data."""
    columns = [
        TableColumn(
            _values(table[column.name], column.kind), column.name, unit=column.unit or None, description=column.meaning
        )
        for column in COLUMNS
    ]
    meta = {"quality_bits": {flag.name: flag.bit for flag in QUALITY_FLAGS}}
    return Table(columns, meta=meta)


def _values(column: pd.Series, kind: str) -> np.ndarray:
    return column.fillna("").to_numpy(dtype=str) if kind == "str" else column.to_numpy()
