"""What an archive has of one position, by whichever protocol it speaks; long answers are asked for in parts."""

import logging
from collections.abc import Callable

import numpy as np
import pandas as pd

from ..config.archive import Archive
from ..errors import ConfigError
from . import adql, products, sia, tap
from .adql import Position, Span
from .ask import Unanswered
from .session import Session
from .votables import Rows

log = logging.getLogger(__name__)
DEEPEST = 24
ALWAYS = Span()
BEGIN = {"irsa_spherex": "time_bounds_lower", "obscore": "t_min", "sia2": "t_min"}


def search(session: Session, archive: Archive, where: Position) -> pd.DataFrame:
    """All products of one position, none of them selected by release or version yet; perhaps none at all.

    Raises
    ------
    Unanswered : the service does not answer, answers ERROR, or cuts its answer off whatever is done.
    """
    if archive.service != "sia2":
        return _made(archive, whole(lambda part: _tap(session, archive, where, part), BEGIN[archive.service]))
    found = [
        whole(lambda part, name=name: sia.query(session, archive, where, part, name), BEGIN["sia2"])
        for name in archive.collections or (None,)
    ]
    tables = [table for table in found if len(table)] or found[:1]
    return _made(archive, pd.concat(tables, ignore_index=True))


def whole(ask_for: Callable[[Span], Rows], begin: str, part: Span = ALWAYS, depth: int = 0) -> pd.DataFrame:
    """All rows of an answer; one that the service cuts off is asked for in two parts in time, and so on.

    Parameters
    ----------
    ask_for : asks for the rows that begin in a part of time. begin : the column with their begin [MJD].

    Raises
    ------
    Unanswered : cut off, and not to be split: rows without a time, or too many at one time.
    """
    found = ask_for(part)
    if not found.overflow:
        return found.table
    middle = _middle(found.table, begin, part)
    if middle is None or depth == DEEPEST:
        raise Unanswered(
            f"the service cut its answer off after {len(found.table)} rows (OVERFLOW), and in parts of time it cannot "
            "be asked for; make archive.radius_arcsec or the range of archive.mjd_min and mjd_max smaller"
        )
    log.info(
        "the answer was cut off after %d rows; asked for in two parts, before and from MJD %.6f",
        len(found.table),
        middle,
    )
    halves = [whole(ask_for, begin, half, depth + 1) for half in (Span(part.low, middle), Span(middle, part.high))]
    return pd.concat([half for half in halves if len(half)] or halves[:1], ignore_index=True)


def check_collections(session: Session, archive: Archive, known: set[str]) -> set[str]:
    """Make sure that the collections which gave nothing exist: a mistyped one answers like an empty sky.

    Parameters
    ----------
    known : collections that products were ever found of, or that were learnt of before.

    Returns
    -------
    The collections that are known now.

    Raises
    ------
    ConfigError : collections that the service does not know, with those that it has.
    """
    silent = [name for name in archive.collections if name not in known]
    if not silent:
        return known
    try:
        known = known | _collections(session, archive, silent)
    except Unanswered as fault:
        text = "collections %s gave nothing, and which there are was not to be learnt: %s"
        log.warning(text, ", ".join(silent), fault)
        return known
    unknown = [name for name in silent if name not in known]
    if unknown:
        have = ", ".join(sorted(known)) or "none that it tells"
        raise ConfigError(f"archive.collections: the service has no {', '.join(unknown)}; it has {have}")
    return known


def _tap(session: Session, archive: Archive, where: Position, part: Span) -> Rows:
    build = adql.spherex if archive.service == "irsa_spherex" else adql.obscore
    return tap.query(session, archive.tap_url, build(archive, where, part), archive.maxrec, archive.tap_mode)


def _made(archive: Archive, table: pd.DataFrame) -> pd.DataFrame:
    try:
        if archive.service == "irsa_spherex":
            return products.from_spherex(table, archive.data_url)
        return products.from_obscore(table)
    except products.BadTable as error:
        raise Unanswered(f"{_url(archive)}: {error}") from None


def _url(archive: Archive) -> str:
    return archive.sia_url if archive.service == "sia2" else archive.tap_url


def _middle(table: pd.DataFrame, begin: str, part: Span) -> float | None:
    """A time that leaves rows on both sides; None where there is none."""
    column = next((name for name in table.columns if name.lower() == begin), None)
    times = np.sort(pd.to_numeric(table[column], errors="coerce").to_numpy(float)) if column else np.array([])
    if not len(times) or np.isnan(times).any():
        return None
    middle = next((float(value) for value in (np.median(times), times[-1]) if times[0] < value), None)
    inside = (
        middle is not None and (part.low is None or part.low < middle) and (part.high is None or middle < part.high)
    )
    return middle if inside else None


def _collections(session: Session, archive: Archive, silent: list[str]) -> set[str]:
    """The collections that the service has; for SIA2, which cannot tell, those that give any image at all."""
    if archive.service != "sia2":
        answer = tap.query(session, archive.tap_url, adql.collections(archive), archive.maxrec, archive.tap_mode)
        return set(answer.table.iloc[:, 0]) if len(answer.table.columns) else set()
    few = archive.model_copy(update={"maxrec": 100, "mjd_min": None, "mjd_max": None})
    asked = [sia.query(session, few, None, ALWAYS, name).table for name in (*silent, None)]
    return {name for table in asked for name in table.get("obs_collection", [])}
