"""Answers of services: VOTables with a status that is looked at."""

import io
import struct
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np
import pandas as pd
from astropy.io.votable import parse
from astropy.io.votable.tree import Info, VOTableFile
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from .ask import Answer, Spoilt

# What parsers make of a damaged document; VOTable raises some of its warnings too.
DAMAGED = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError, expat.ExpatError, struct.error, AstropyWarning),
)
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
            _refuse_what_leads_elsewhere(answer.body)
            votable = parse(io.BytesIO(answer.body), verify="ignore")
    except DAMAGED as error:
        raise _no_votable(answer, error) from None
    faults = [_words(info) for info in statuses(votable) if _status(info) == "ERROR"]
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
    try:
        table = frame(tables[0].to_table(use_names_over_ids=True))
    except DAMAGED as error:
        raise _no_votable(answer, error) from None
    cut = any(_status(info) == "OVERFLOW" for info in statuses(votable))
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


def _refuse_what_leads_elsewhere(body: bytes) -> None:
    """Raise ValueError for rows that are kept elsewhere: astropy would open any URL, files of this machine too.

    And for more rows than there is room for in the document: it would make room for as many in memory.
    """

    def look(tag: str, attributes: dict[str, str]) -> None:
        if attributes and tag.upper().endswith("STREAM") and any(name.lower().endswith("href") for name in attributes):
            raise ValueError("its rows are elsewhere (STREAM has href); expected them in the answer itself")
        if attributes and int(attributes.get("nrows") or 0) > len(body):
            raise ValueError(f"nrows is {attributes['nrows']} in {len(body)} bytes")

    parser = expat.ParserCreate()
    parser.StartElementHandler = look
    parser.Parse(body, True)


def _status(info: Info) -> str:
    return (info.value or "").upper()


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
