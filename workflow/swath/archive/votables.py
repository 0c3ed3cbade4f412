"""Answers of services: VOTables with a status that is looked at."""

import io
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from astropy.io.votable import parse
from astropy.io.votable.tree import Info, VOTableFile
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from .ask import Answer, Spoilt

ERROR_TRIES = 2  # a service that is busy says so with ERROR too; one that refuses a query says the same again


class Rows(NamedTuple):
    """The rows of an answer, and whether the service cut them off."""

    table: pd.DataFrame
    overflow: bool


def parsed(answer: Answer) -> VOTableFile:
    """The VOTable of an answer that is not an error.

    Raises
    ------
    Spoilt : no VOTable (a page, nothing, a piece of one), QUERY_STATUS ERROR with the service's own words, or an error
        without any.
    """
    try:
        # Not only for readability: astropy warns of every small fault in other people's VOTables.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            votable = parse(io.BytesIO(answer.body), verify="ignore")
    except (ValueError, AstropyWarning, IndexError, TypeError) as error:
        raise _no_votable(answer, error) from None
    faults = [_words(info) for info in statuses(votable) if info.value.upper() == "ERROR"]
    if faults or answer.status >= 400:
        said = "; ".join(filter(None, faults)) or f"an error ({answer.status}) without a reason"
        # 4xx: the question is at fault, and asking again brings the same.
        raise Spoilt(f"the service answers: {said}", tries=1 if 400 <= answer.status < 500 else ERROR_TRIES)
    return votable


def rows(answer: Answer, maxrec: int | None = None) -> Rows:
    """The rows of an answer; columns by the names of their FIELDs, which are not always their IDs.

    Parameters
    ----------
    maxrec : the most rows that were asked for: as many of them count as cut off, said or not.

    Raises
    ------
    Spoilt : as `parsed`, or no table in it.
    """
    votable = parsed(answer)
    resource = next((item for item in votable.resources if item.type == "results"), None)
    tables = list(resource.tables if resource else votable.iter_tables())
    if not tables:
        raise Spoilt("the service answers a VOTable without a table")
    table = frame(tables[0].to_table(use_names_over_ids=True))
    cut = any(info.value.upper() == "OVERFLOW" for info in statuses(votable))
    return Rows(table, cut or (maxrec is not None and len(table) >= maxrec))


def statuses(votable: VOTableFile) -> Iterator[Info]:
    """Every QUERY_STATUS, before, in and behind the tables: an overflow is told of behind them."""
    places: list[Any] = [votable, *votable.resources, *votable.iter_tables()]
    for resource in votable.resources:
        places += resource.resources
    yield from (info for place in places for info in place.infos if (info.name or "").upper() == "QUERY_STATUS")


def frame(table: Table) -> pd.DataFrame:
    """A table of numbers and texts; missing texts are '', missing numbers NaN; columns of arrays are left out."""
    columns = {}
    for name in table.colnames:
        values, gaps = np.ma.getdata(table[name]), np.ma.getmaskarray(table[name])
        if table[name].ndim > 1:
            continue
        if values.dtype.kind in "iuf":
            columns[name] = (
                np.where(gaps, np.nan, values.astype(float)) if gaps.any() or values.dtype.kind == "f" else values
            )
        else:
            columns[name] = ["" if gap else _text(value) for value, gap in zip(values, gaps, strict=True)]
    return pd.DataFrame(columns, index=range(len(table)))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _words(info: Info) -> str:
    return " ".join((info.content or "").split())[:1000]


def _no_votable(answer: Answer, error: Exception) -> Spoilt:
    what = answer.headers.get("Content-Type", "no content type")
    if not answer.body:
        return Spoilt(f"an empty answer (status {answer.status}), expected a VOTable")
    start = answer.body[:80].decode("utf-8", "replace")
    tries = 1 if 400 <= answer.status < 500 else None
    if b"<VOTABLE" in answer.body[:4096]:
        return Spoilt(f"a damaged VOTable of {len(answer.body)} bytes ({' '.join(str(error).split())[:200]})", tries)
    return Spoilt(f"no VOTable but {what} (status {answer.status}) that begins {start!r}", tries)
