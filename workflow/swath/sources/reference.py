"""The table of reference stars (Gaia XP synthetic photometry or any other of its form)."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..tables import find_column, identifiers, numbers, read_table, rows_text
from .catalog import range_problems
from .motion import at_epoch
from .positions import Field, Positions, locate

log = logging.getLogger(__name__)

# ASSUME reference stars with proper motions but without epochs are of Gaia DR3, whose positions hold for 2016.0.
GAIA_EPOCH = 2016.0


def read_reference(path: str | Path, bands: Sequence[str]) -> pd.DataFrame:
    """Reference stars with columns source_id (text), ra, dec [deg], phot_g_mean_mag and mag_<band> [mag] as found.

    Column names may be in any case; other columns are kept. Without a source_id the row number counted from 1 serves:
    row1, row2 ... An empty table is allowed: there may be no stars in the field.

    Raises
    ------
    InputError : no ra or dec, no magnitude of any of the `bands`, texts for numbers, identifiers that appear twice.
    """
    table = read_table(path, allow_empty=True)
    try:
        return check_reference(table, bands)
    except InputError as error:
        raise InputError(error.problems, f"{path}: the reference stars cannot be used:") from None


def check_reference(table: pd.DataFrame, bands: Sequence[str]) -> pd.DataFrame:
    """See `read_reference`."""
    wanted = ("source_id", "ra", "dec", "phot_g_mean_mag", *(f"mag_{band}" for band in bands))
    found = {name: find_column(table.columns, name) for name in wanted}
    table = table.rename(columns={given: name for name, given in found.items() if given})
    listing = f"(found: {', '.join(table.columns)})"
    problems = [
        f"no column {name} {listing}; expected ra and dec in degrees" for name in ("ra", "dec") if name not in table
    ]
    absent = [band for band in bands if f"mag_{band}" not in table]
    if bands and len(absent) == len(bands):
        problems.append(f"no column mag_<band> of any band ({', '.join(bands)}) {listing}; rename them")
    elif absent:
        log.warning("the reference stars have no magnitudes of %s: no backfill, no zero point there", ", ".join(absent))
    for name in (name for name in wanted[1:] if name in table):
        try:
            table[name] = numbers(table[name])
        except InputError as error:
            problems += error.problems
            continue
        if name.startswith("mag_"):
            table[name] = _plausible(table[name])
    try:
        table["source_id"] = _source_ids(table)
    except InputError as error:
        problems += error.problems
    if not problems:
        problems += range_problems(table["ra"], 360.0) + range_problems(table["dec"], 90.0)
    if problems:
        raise InputError(problems)
    return table


def _plausible(magnitudes: pd.Series) -> pd.Series:
    """The magnitudes, NaN where they are marks for "unknown" (99, -999 ...)."""
    # ASSUME no reference star is brighter than -5 mag or fainter than 40 mag.
    marks = magnitudes.notna() & ~magnitudes.between(-5, 40)
    if marks.any():
        log.warning(
            "column %s: %d magnitudes outside -5 to 40 count as not known: %s", magnitudes.name, marks.sum(),
            rows_text(np.flatnonzero(marks), magnitudes),
        )  # fmt: skip
    return magnitudes.mask(marks)


def bright_enough(table: pd.DataFrame, mag_min: float, mag_max: float) -> np.ndarray:
    """Is mag_min <= phot_g_mean_mag <= mag_max? Shape (n,), bool; all stars where that column is not there."""
    if "phot_g_mean_mag" not in table:
        log.info("the reference stars have no phot_g_mean_mag: gaia.mag_min and gaia.mag_max are not applied")
        return np.ones(len(table), bool)
    return table["phot_g_mean_mag"].between(mag_min, mag_max).to_numpy()


def place_reference(table: pd.DataFrame, field: Field) -> Positions:
    """Positions of the stars at the images' epoch."""
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    moved = at_epoch(table, ra, dec, field.epoch, GAIA_EPOCH, "reference stars")
    return locate(*moved, field.wcs)


def _source_ids(table: pd.DataFrame) -> pd.Series:
    if "source_id" not in table:
        return pd.Series([f"row{row + 1}" for row in range(len(table))], index=table.index, dtype="str")
    ids = identifiers(table["source_id"]).str.strip()
    problems = []
    if (ids == "").any():
        problems.append(f"column source_id: empty in {rows_text(np.flatnonzero(ids == ''))}")
    repeated = np.flatnonzero(ids.duplicated() & (ids != ""))
    if len(repeated):
        problems.append(f"column source_id: every star may appear once; repeated in {rows_text(repeated, ids)}")
    if problems:
        raise InputError(problems)
    return ids
