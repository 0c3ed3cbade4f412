"""Proper motions: where a source was when the images were taken."""

import datetime
import logging
import math

import numpy as np
import pandas as pd
from astropy.io import fits

from ..errors import InputError
from ..tables import find_column, numbers, rows_text
from .angles import tangents, unit_vectors

log = logging.getLogger(__name__)

MAS = math.radians(1 / 3.6e6)
EPOCHS = (1850.0, 2150.0)
J2000 = datetime.datetime(2000, 1, 1, 12)
MJD_J2000 = 51544.5
JULIAN_YEAR = 365.25


def image_epoch(header: fits.Header, declared: float | None) -> float | None:
    """Epoch of an image [Julian yr]: the declared one, else MJD-OBS, else DATE-OBS; None when nobody says.

    DATE-OBS is read as ISO-8601 or as the old DD/MM/YY, whose years are those of the 20th century
    (FITS standard 4.0, section 4.4.2).
    """
    if declared is not None:
        return declared
    days = header.get("MJD-OBS")
    # ASSUME an MJD-OBS of 0 is a placeholder (stacks of many exposures have it).
    if isinstance(days, int | float) and math.isfinite(days) and days > 0:
        return 2000.0 + (days - MJD_J2000) / JULIAN_YEAR
    date = _date(str(header.get("DATE-OBS", "")).strip())
    return None if date is None else 2000.0 + (date - J2000) / datetime.timedelta(days=JULIAN_YEAR)


def propagate(
    ra: np.ndarray, dec: np.ndarray, pmra: np.ndarray, pmdec: np.ndarray, years: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """RA, DEC [deg] after `years` of proper motion [mas/yr; pmra includes cos DEC], shape (n,).

    Uniform motion in space without parallax and radial velocity (Hipparcos and Tycho Catalogues, ESA SP-1200,
    vol. 1, section 1.5.5). Rows whose motion or time is not known stay where they are.
    """
    # ASSUME perspective acceleration and parallax are far below a pixel.
    known = np.isfinite(pmra) & np.isfinite(pmdec) & np.isfinite(years) & np.isfinite(ra) & np.isfinite(dec)
    east, north = tangents(ra[known], dec[known])
    path = (pmra[known, None] * east + pmdec[known, None] * north) * (MAS * years[known, None])
    px, py, pz = (unit_vectors(ra[known], dec[known]) + path).T
    new_ra, new_dec = ra.astype(float), dec.astype(float)
    new_ra[known] = np.degrees(np.arctan2(py, px)) % 360.0
    new_dec[known] = np.degrees(np.arctan2(pz, np.hypot(px, py)))
    return new_ra, new_dec


def at_epoch(
    table: pd.DataFrame, ra: np.ndarray, dec: np.ndarray, epoch: float | None, default: float | None, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Positions [deg] of a table's rows at `epoch`, moved where pmra, pmdec (any case) and both epochs are known.

    Parameters
    ----------
    epoch : of the images. default : of rows without a value in the column `epoch` or `ref_epoch`.
    what : name of the table in the log.

    Raises
    ------
    InputError : motions that are no numbers, epochs that are no Julian years.
    """
    motions = [find_column(table.columns, name) for name in ("pmra", "pmdec")]
    if None in motions:
        return ra, dec
    try:
        pmra, pmdec = (numbers(table[name]) for name in motions)
        since = row_epochs(table, default)
    except InputError as error:
        raise InputError([f"{what}: {problem}" for problem in error.problems]) from None
    if epoch is None or not np.isfinite(since).any():
        unknown = "images (sources.image_epoch)" if epoch is None else "positions (sources.catalog_epoch)"
        log.warning(
            "%s: proper motions are there but not applied, since the epoch of the %s is not known", what, unknown
        )
        return ra, dec
    moved = int(np.sum(np.isfinite(pmra) & np.isfinite(pmdec) & np.isfinite(since)))
    log.info("%s: %d of %d positions moved to epoch %.3f by their proper motions", what, moved, len(table), epoch)
    return propagate(ra, dec, pmra, pmdec, epoch - since)


def row_epochs(table: pd.DataFrame, default: float | None) -> np.ndarray:
    """Epoch of each row's position [Julian yr], shape (n,); NaN where not known. InputError outside 1850 to 2150."""
    fallback = np.full(len(table), np.nan if default is None else default)
    name = find_column(table.columns, "epoch") or find_column(table.columns, "ref_epoch")
    if name is None:
        return fallback
    epochs = numbers(table[name])
    bad = np.flatnonzero((epochs < EPOCHS[0]) | (epochs > EPOCHS[1]))
    if len(bad):
        raise InputError(f"column {name}: expected Julian years such as 2016.0, found {rows_text(bad, table[name])}")
    return np.where(np.isfinite(epochs), epochs, fallback)


def _date(text: str) -> datetime.datetime | None:
    for form in ("%d/%m/%y", "%d/%m/%Y"):
        try:
            date = datetime.datetime.strptime(text, form)
        except ValueError:
            continue
        return date.replace(year=1900 + date.year % 100) if form == "%d/%m/%y" else date
    try:
        return datetime.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
