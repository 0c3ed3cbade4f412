"""The reference stars of a field from an archive: positions, proper motions, epochs and synthetic photometry."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.wcs import WCS

from ..config.archive import Http
from ..config.inputs import Image
from ..config.sources import Fetch, Gaia
from ..errors import ConfigError, RunError
from ..frames.header import full_header
from ..sources.positions import equatorial_wcs
from ..tables import write_csv
from . import tap
from .adql import Position, inside, number, table_name
from .ask import Unanswered
from .hosts import Refused, hosts_of
from .session import Session, session

log = logging.getLogger(__name__)
COLUMNS = ("source_id", "ra", "dec", "ref_epoch", "pmra", "pmdec", "phot_g_mean_mag")
# Positions of Gaia hold for 2016.0: the circle is wider by what the fastest star moves (10.4 arcsec/yr) in 20 years.
MARGIN_DEG = 210 / 3600


class Query(NamedTuple):
    """What is asked: the rows, and how many there must be."""

    rows: str
    count: str


def fetch_reference(settings: Gaia, http: Http, where: Position, output: str | Path) -> None:
    """Write the reference stars of a circle as CSV, as `inputs.gaia` takes it.

    Columns source_id, ra, dec [deg, at ref_epoch, Julian yr], pmra (times cos dec), pmdec [mas/yr], phot_g_mean_mag
    and mag_<band>, AB. Stars between gaia.mag_min and mag_max; no stars is a result.

    Raises
    ------
    RunError : no service answers in full, with what each of them said.
    """
    table = fetch(settings, http, where)
    write_csv(output, table)
    known = {name: int(table[name].notna().sum()) for name in table if name.startswith("mag_")}
    log.info(
        "%d reference stars; magnitudes: %s", len(table), ", ".join(f"{k} {v}" for k, v in known.items()) or "none"
    )


def fetch(settings: Gaia, http: Http, where: Position) -> pd.DataFrame:
    """The reference stars, by source_id; see `fetch_reference`."""
    query, faults = build(settings, where), []
    with session(http, hosts_of(settings.fetch.urls) | set(http.hosts)) as web:
        for url in settings.fetch.urls:
            try:
                return _from(web, url, query, settings.fetch)
            except (Unanswered, Refused) as fault:
                log.warning("%s", fault)
                faults.append(str(fault))
    raise RunError(faults, "no service gave the reference stars (gaia.fetch.urls); try again later, or name others")


def build(settings: Gaia, where: Position) -> Query:
    """The ADQL of the rows and of their number.

    Raises
    ------
    ConfigError : tables that have no name of a table.
    """
    told = settings.fetch
    columns = [f"g.{name}" for name in COLUMNS]
    source = f"{table_name(told.table)} AS g"
    conditions = (
        f"{inside('g.ra', 'g.dec', where)} "
        f"AND g.phot_g_mean_mag BETWEEN {number(settings.mag_min)} AND {number(settings.mag_max)}"
    )
    count = f"SELECT COUNT(*) AS n FROM {source} WHERE {conditions}"
    if told.photometry_table is not None and told.magnitudes:
        columns += [f"p.{column} AS mag_{i}" for i, column in enumerate(_pairs(told).values())]
        source += f" LEFT OUTER JOIN {table_name(told.photometry_table)} AS p ON p.source_id = g.source_id"
    return Query(f"SELECT {', '.join(columns)} FROM {source} WHERE {conditions}", count)


def circle_of(wcs: WCS, shape: tuple[int, int]) -> Position:
    """The circle that holds an image (ny, nx), wide enough for stars that move."""
    ny, nx = shape
    center = wcs.pixel_to_world((nx - 1) / 2, (ny - 1) / 2).icrs
    edges = np.array([-0.5, nx - 0.5]), np.array([-0.5, ny - 0.5])
    corners = wcs.pixel_to_world(*map(np.ravel, np.meshgrid(*edges))).icrs
    radius = float(np.max(center.separation(corners).deg)) + MARGIN_DEG
    return Position(float(center.ra.deg), float(center.dec.deg), radius)


def field_of(image: Image) -> Position:
    """The circle that holds an image, by its header; InputError as `full_header` and `equatorial_wcs`."""
    header = full_header(image.path, image.hdu)
    return circle_of(equatorial_wcs(header, image.path), (header["NAXIS2"], header["NAXIS1"]))


def place(settings: Fetch, image: Position | None) -> Position:
    """The circle that the config names, or that of the image.

    Raises
    ------
    ConfigError : neither.
    """
    if settings.ra is not None and settings.dec is not None and settings.radius_arcmin is not None:
        return Position(settings.ra, settings.dec, settings.radius_arcmin / 60)
    if image is None:
        raise ConfigError("gaia.fetch: no image says where the field is; set gaia.fetch.ra, dec and radius_arcmin")
    return image


def _from(web: Session, url: str, query: Query, settings: Fetch) -> pd.DataFrame:
    """The stars of one service, as many as it counts."""
    expected = _number(tap.query(web, url, query.count, 10).table, url)
    if expected >= settings.maxrec:
        raise Unanswered(f"{url}: {expected} stars, not fewer than gaia.fetch.maxrec = {settings.maxrec}; take a part")
    found = tap.query(web, url, query.rows, settings.maxrec)
    if len(found.table) != expected and not found.overflow:
        # Some services cut quick answers off without a word.
        log.warning("%s: %d stars came of %d; asked again as a job", url, len(found.table), expected)
        found = tap.query(web, url, query.rows, settings.maxrec, "async")
    table = _named(found.table, settings)
    problems = list(_faults(table, expected))
    if problems:
        raise Unanswered(f"{url}: {'; '.join(problems)}")
    return table.sort_values("source_id").reset_index(drop=True)


def _number(table: pd.DataFrame, url: str) -> int:
    """The one number of a count."""
    value = pd.to_numeric(table.to_numpy().ravel()[:1], errors="coerce")
    if not len(value) or np.isnan(value[0]):
        raise Unanswered(f"{url}: a count of stars without a number")
    return int(value[0])


def _named(table: pd.DataFrame, settings: Fetch) -> pd.DataFrame:
    table = table.rename(columns=str.lower)
    names = {f"mag_{i}": f"mag_{band}" for i, band in enumerate(_pairs(settings))}
    wanted = [*COLUMNS, *(name for name in names if name in table)]
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise Unanswered(f"the answer has no column {', '.join(missing)} (found: {', '.join(table.columns)})")
    return table[wanted].rename(columns=names)


def _faults(table: pd.DataFrame, expected: int) -> Iterable[str]:
    if len(table) != expected:
        yield f"{len(table)} stars came of the {expected} that the service counts"
    if table.source_id.duplicated().any():
        yield f"{int(table.source_id.duplicated().sum())} stars came twice"
    if len(table) and not pd.api.types.is_integer_dtype(table.source_id):
        yield "source_id is no whole number"


def _pairs(settings: Fetch) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in settings.magnitudes)
