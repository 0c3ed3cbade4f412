"""Datalink: the file itself behind a link document, and the SODA service that cuts it (DataLink 1.1, SODA 1.0)."""

import logging
import time
import warnings
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
from astropy.io.votable.tree import Param, Resource
from astropy.utils.exceptions import AstropyWarning
from pyvo.dal.adhoc import DatalinkResults
from pyvo.dal.exceptions import DALAccessError, PyvoUserWarning
from pyvo.dal.query import Record

from .ask import Answer, Spoilt, ask, joined
from .session import Session
from .votables import DAMAGED, parsed

log = logging.getLogger(__name__)
SODA = "ivo://ivoa.net/std/soda#sync"


class Link(NamedTuple):
    """Where a file is, and where its parts are asked for ('' for nowhere)."""

    url: str
    cutout: str


def resolve(session: Session, url: str) -> Link:
    """Read the link document at `url`.

    Raises
    ------
    Unanswered : not readable, or without the file itself: expired, withdrawn, not public; with the service's words.
    """
    deadline = time.monotonic() + session.http.deadline_s

    def read(answer: Answer) -> Link:
        if answer.status in (404, 410):
            raise Spoilt(f"the datalink is gone (status {answer.status})", tries=1)
        return link(answer)

    return ask(session, "GET", url, deadline, read)


def link(answer: Answer) -> Link:
    """The row `#this` of a link document, FITS before other formats, and the document's SODA service.

    Raises
    ------
    Spoilt : no VOTable, an ERROR, no usable row.
    """
    votable = parsed(answer)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            warnings.simplefilter("ignore", PyvoUserWarning)
            results = DatalinkResults(votable, url=answer.url)
            # Narrower terms would be looked up in a vocabulary on another host.
            rows = list(results.bysemantics("#this", include_narrower=False))
    except (*DAMAGED, DALAccessError) as error:
        raise Spoilt(f"no document of links ({' '.join(str(error).split())[:200]})") from None
    # By key: pyvo's attribute `access_url` looks for a service where the column is empty, and fails.
    usable = [row for row in rows if _cell(row, "access_url") and not _cell(row, "error_message")]
    if not usable:
        said = "; ".join(filter(None, (_cell(row, "error_message") for row in results)))
        raise Spoilt(f"the datalink has no file itself (#this){': ' + said if said else ''}", tries=1)
    best = min(usable, key=lambda row: "fits" not in _cell(row, "content_type").lower())
    return Link(joined(answer, _cell(best, "access_url")), _soda(results, answer, _cell(best, "ID")))


def _soda(results: DatalinkResults, answer: Answer, identifier: str) -> str:
    """The URL of the document's SODA service with the file's ID in it; '' where there is none that takes a circle."""
    for resource in results.iter_adhocservices():
        told = {param.name: str(param.value) for param in resource.params}
        if not told.get("standardID", "").lower().startswith(SODA) or not told.get("accessURL"):
            continue
        inputs = _inputs(resource)
        if "CIRCLE" in inputs:
            known = inputs["ID"].value if "ID" in inputs else None
            base = joined(answer, told["accessURL"])
            joint = "&" if "?" in base else "?"
            return f"{base}{joint}ID={quote(str(known or identifier), safe='')}"
    return ""


def _inputs(resource: Resource) -> dict[str, Param]:
    groups = [group for group in resource.groups if group.name == "inputParams"]
    return {entry.name: entry for group in groups for entry in group.entries if isinstance(entry, Param)}


def _cell(row: Record, name: str) -> str:
    value = row.get(name)
    return "" if value is None or value is np.ma.masked else str(value)
