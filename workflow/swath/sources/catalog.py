"""The input catalogue: names, identifiers and numbers checked, every row kept, in its order."""

import logging
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..tables import find_column, identifiers, numbers, read_table, rows_text
from .motion import at_epoch
from .positions import Field, Positions, locate

log = logging.getLogger(__name__)

CANONICAL = ("ID", "RA", "DEC", "TYPE", "ELL", "THETA", "Re")
NUMERIC = ("RA", "DEC", "ELL", "THETA", "Re")
WRITTEN = (
    *("excluded_crop", "excluded_saturation", "excluded_any", "excluded_reason", "gaia_source_id", "injected"),
    *("x_pix", "y_pix", "x_pix_white", "y_pix_white", "fit_flags"),
    *("sw_row", "sw_model", "sw_re", "sw_ell", "sw_phi"),
)


def read_catalog(path: str | Path, reserved: Collection[str] = ()) -> pd.DataFrame:
    """Read and check a catalogue; see `check_catalog`. InputError as `read_table` too, always with the file's name."""
    table = read_table(path)
    try:
        return check_catalog(table, reserved)
    except InputError as error:
        raise InputError(error.problems, f"{path}: the catalogue cannot be used:") from None


def check_catalog(table: pd.DataFrame, reserved: Collection[str] = ()) -> pd.DataFrame:
    """The catalogue with ID, RA, DEC [deg], TYPE, ELL, THETA [deg], Re [pix] under these names, whatever their case.

    IDs are texts, exactly as given; where there are none they are made from the row number. Coordinates that are not
    numbers are kept. Columns that have a name which swath writes itself (`WRITTEN` and `reserved`) become <name>_input.

    Raises
    ------
    InputError : everything that is wrong: no RA or DEC, coordinates out of range, texts for numbers, IDs that appear
        twice or have lost digits.
    """
    table = _own_names(_canonical_names(table), {*WRITTEN, *reserved})
    problems: list[str] = []
    absent = [name for name in ("RA", "DEC") if name not in table]
    if absent:
        listing = f"(found: {', '.join(table.columns)})"
        problems.append(f"no column {' and no column '.join(absent)} {listing}; expected RA and DEC in degrees")
    for name in table.columns:
        if name in NUMERIC or name.startswith("FLUX_"):
            try:
                table[name] = numbers(table[name])
            except InputError as error:
                problems += [f"{text} (decimal degrees)" if name in ("RA", "DEC") else text for text in error.problems]
    if not problems:
        problems += range_problems(table["RA"], 360.0) + range_problems(table["DEC"], 90.0)
    try:
        table = _with_ids(table)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return table


def place_catalog(table: pd.DataFrame, field: Field, epoch: float | None) -> Positions:
    """Positions of a checked catalogue's rows at the images' epoch; `epoch`: of rows without one of their own."""
    ra, dec = table["RA"].to_numpy(), table["DEC"].to_numpy()
    return locate(*at_epoch(table, ra, dec, field.epoch, epoch, "catalogue"), field.wcs)


def range_problems(column: pd.Series, limit: float) -> list[str]:
    """What is wrong with coordinates [deg] beyond +-`limit`; infinite ones count as not known."""
    bad = np.flatnonzero((np.abs(column) > limit) & np.isfinite(column))
    return (
        [f"column {column.name}: expected -{limit:g} to {limit:g} deg, found {rows_text(bad, column)}"]
        if len(bad)
        else []
    )


def made_ids(rows: np.ndarray, total: int) -> list[str]:
    """S000001, S000002 ... for rows counted from 0 in a table of `total` rows."""
    width = max(6, len(str(total)))
    return [f"S{row + 1:0{width}d}" for row in rows]


def _canonical_names(table: pd.DataFrame) -> pd.DataFrame:
    found = {find_column(table.columns, name): name for name in CANONICAL}
    return table.rename(columns={given: name for given, name in found.items() if given})


def _own_names(table: pd.DataFrame, taken: Collection[str]) -> pd.DataFrame:
    renamed, names = {}, {*table.columns, *taken}
    for name in (name for name in table.columns if name in taken):
        renamed[name] = f"{name}_input"
        while renamed[name] in names:
            renamed[name] += "_input"
        names.add(renamed[name])
    if renamed:
        listing = ", ".join(f"{old} as {new}" for old, new in renamed.items())
        log.warning("the catalogue has columns with names that swath writes; they are kept under others: %s", listing)
    return table.rename(columns=renamed)


def _with_ids(table: pd.DataFrame) -> pd.DataFrame:
    given = "ID" in table
    ids = identifiers(table["ID"]) if given else pd.Series("", index=table.index, dtype="str")
    missing = np.flatnonzero(ids.str.strip() == "")
    ids.iloc[missing] = made_ids(missing, len(table))
    if len(missing):
        log.info("%d of %d catalogue rows have no ID: made from the row number (%s ...)", *_counts(missing, table, ids))
    repeated = ids[ids.duplicated(keep=False)]
    if len(repeated):
        places = [
            f"{name!r} in {rows_text(np.array(rows))}" for name, rows in repeated.groupby(repeated).groups.items()
        ]
        more = f" and {len(places) - 10} more" if len(places) > 10 else ""
        raise InputError(f"column ID: every ID may appear once; found {', '.join(places[:10])}{more}")
    table = table.assign(ID=ids)
    return table if given else table[["ID", *(name for name in table.columns if name != "ID")]]


def _counts(missing: np.ndarray, table: pd.DataFrame, ids: pd.Series) -> tuple[int, int, str]:
    return len(missing), len(table), ids.iloc[missing[0]]
