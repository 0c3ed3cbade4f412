"""ADQL text: literals that cannot be anything else, and the few queries that archives are asked."""

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from ..config.archive import Archive
from ..errors import ConfigError

_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
# ASSUME within 5 arcsec of an image's border it makes no difference whether it holds the circle or only touches it:
# such queries ask for the images that contain the position, which every service is quick at.
POINT_DEG = 5.0 / 3600
SPHEREX = """\
SELECT a.uri, p.obs_publisher_did, o.collection, p.energy_bandpassname, \
p.energy_bounds_lower, p.energy_bounds_upper, p.time_bounds_lower, p.time_bounds_upper \
FROM spherex.artifact a JOIN spherex.plane p ON a.planeid = p.planeid \
JOIN spherex.observation o ON o.obsid = p.obsid"""


class Position(NamedTuple):
    """Where images are looked for, ICRS [deg]."""

    ra: float
    dec: float
    radius: float


class Span(NamedTuple):
    """Times from `low` to before `high` [MJD], None for no bound; the whole of it or a part of a longer answer."""

    low: float | None = None
    high: float | None = None


def text(value: str) -> str:
    """A text as an ADQL literal.

    Raises
    ------
    ConfigError : characters that no name of a collection or band has.
    """
    if not value.isprintable():
        raise ConfigError(f"{value!r}: characters that cannot be printed; expected a name of a collection or a band")
    return "'" + value.replace("'", "''") + "'"


def number(value: float) -> str:
    """A number as an ADQL literal that reads back to the same value, without an exponent.

    Raises
    ------
    ValueError : infinite or not a number.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number for a query")
    plain = format(value, "f")
    if float(plain) == value:
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return format(Decimal(repr(float(value))), "f")


def table_name(value: str) -> str:
    """A table's name, checked.

    Raises
    ------
    ConfigError : something else than names and dots.
    """
    if not _TABLE.fullmatch(value):
        raise ConfigError(f"{value!r} is no name of a table; expected one such as ivoa.obscore")
    return value


def region(column: str, where: Position) -> str:
    """The condition that a region holds or touches the circle around a position."""
    at = f"'ICRS', {number(where.ra)}, {number(where.dec)}"
    if where.radius <= POINT_DEG:
        return f"CONTAINS(POINT({at}), {column}) = 1"
    return f"INTERSECTS(CIRCLE({at}, {number(where.radius)}), {column}) = 1"


def inside(ra: str, dec: str, where: Position) -> str:
    """The condition that a position in two columns lies in the circle."""
    circle = f"CIRCLE('ICRS', {number(where.ra)}, {number(where.dec)}, {number(where.radius)})"
    return f"CONTAINS(POINT('ICRS', {ra}, {dec}), {circle}) = 1"


def one_of(column: str, values: Sequence[str]) -> str:
    """The condition that a column holds one of some texts."""
    return f"{column} IN ({', '.join(map(text, values))})"


def spherex(archive: Archive, where: Position, part: Span) -> str:
    """The query for SPHEREx images, with the collection joined: without it every release comes, each file twice."""
    bands = [f"SPHEREx-{band}" for band in archive.bands]
    conditions = [region("p.poly", where)]
    conditions += [one_of("o.collection", archive.collections)] if archive.collections else []
    conditions += [one_of("p.energy_bandpassname", bands)] if bands else []
    conditions += _times("p.time_bounds_lower", "p.time_bounds_upper", archive, part)
    return f"{SPHEREX} WHERE {' AND '.join(conditions)}"


def obscore(archive: Archive, where: Position, part: Span) -> str:
    """The query for images in an ObsCore table, with all columns: names of bands are not among the standard's."""
    conditions = ["dataproduct_type = 'image'", region("s_region", where)]
    conditions += [one_of("obs_collection", archive.collections)] if archive.collections else []
    conditions += _times("t_min", "t_max", archive, part)
    return f"SELECT * FROM {table_name(archive.obscore_table)} WHERE {' AND '.join(conditions)}"


def collections(archive: Archive) -> str:
    """The query for the names of all collections."""
    if archive.service == "irsa_spherex":
        return "SELECT DISTINCT collection FROM spherex.observation"
    return f"SELECT DISTINCT obs_collection FROM {table_name(archive.obscore_table)}"


def _times(begin: str, end: str, archive: Archive, part: Span) -> Iterator[str]:
    bounds = (
        (end, ">=", archive.mjd_min),
        (begin, "<=", archive.mjd_max),
        (begin, ">=", part.low),
        (begin, "<", part.high),
    )
    yield from (f"{column} {sign} {number(bound)}" for column, sign, bound in bounds if bound is not None)
