"""SIA2: images by position, collection and time."""

import time

from ..config.archive import Archive
from .adql import Position, Span, number
from .ask import ask
from .session import Session
from .votables import Rows, rows

# ASSUME no service takes a circle of zero size for a point.
SMALLEST_DEG = 1.0 / 3600


def parameters(archive: Archive, where: Position | None, part: Span, collection: str | None = None) -> dict[str, str]:
    """The parameters of one SIA2 query, values as the protocol wants them (SIA 2.0, section 2.1)."""
    wanted = {"RESPONSEFORMAT": "votable", "MAXREC": str(archive.maxrec)}
    if where is not None:
        circle = (where.ra, where.dec, max(where.radius, SMALLEST_DEG))
        wanted["POS"] = f"CIRCLE {' '.join(map(number, circle))}"
    if collection is not None:
        wanted["COLLECTION"] = collection
    low = max((bound for bound in (archive.mjd_min, part.low) if bound is not None), default=None)
    high = min((bound for bound in (archive.mjd_max, part.high) if bound is not None), default=None)
    if low is not None or high is not None:
        wanted["TIME"] = f"{'-Inf' if low is None else number(low)} {'+Inf' if high is None else number(high)}"
    return wanted


def query(
    session: Session, archive: Archive, where: Position | None, part: Span, collection: str | None = None
) -> Rows:
    """The images that overlap a circle, of one collection or (None) of all.

    Raises
    ------
    Unanswered : a fault that stays, or the service's own ERROR with its words.
    """
    deadline = time.monotonic() + session.http.deadline_s
    wanted = parameters(archive, where, part, collection)
    return ask(session, "GET", archive.sia_url, deadline, lambda answer: rows(answer, archive.maxrec), params=wanted)
