"""TAP: a query that is waited for, or a job that is submitted, looked after and fetched (UWS 1.1)."""

import logging
import time
from typing import Literal

import requests

from .ask import Answer, Late, Spoilt, Unanswered, ask, joined
from .hosts import Refused
from .session import Session
from .votables import Rows, parsed, rows

log = logging.getLogger(__name__)
POLLS_S = (0.5, 10.0)
GONE = ("ABORTED", "ARCHIVED")
SUBMISSIONS = 2

Mode = Literal["auto", "sync", "async"]


def query(session: Session, url: str, adql: str, maxrec: int, mode: Mode = "auto") -> Rows:
    """The rows of an ADQL query.

    Parameters
    ----------
    url : base URL of the TAP service. mode : waited for ('sync'), as a job ('async'), or as a job only when the answer
        is cut off or late ('auto'): large answers need one, and small ones are quicker without.

    Raises
    ------
    Unanswered : a fault that stays, or the service's own ERROR with its words.
    """
    deadline = time.monotonic() + session.http.deadline_s
    if mode == "async":
        return as_job(session, url, adql, maxrec, deadline)
    try:
        found = waited_for(session, url, adql, maxrec, deadline, late_tries=None if mode == "sync" else 1)
    except Late as fault:
        if mode == "sync":
            raise
        log.warning("%s; asked again as a job", fault)
        return as_job(session, url, adql, maxrec, deadline)
    if found.overflow and mode == "auto" and len(found.table) < maxrec:
        log.info("%s: the answer was cut off after %d rows; asked again as a job", url, len(found.table))
        return as_job(session, url, adql, maxrec, deadline)
    return found


def waited_for(
    session: Session, url: str, adql: str, maxrec: int, deadline: float, late_tries: int | None = None
) -> Rows:
    """The rows of a query on <url>/sync; `late_tries` as for `ask`."""

    def read(answer: Answer) -> Rows:
        return rows(answer, maxrec)

    form = _form(adql, maxrec)
    return ask(session, "POST", f"{url.rstrip('/')}/sync", deadline, read, late_tries, data=form)


def as_job(session: Session, url: str, adql: str, maxrec: int, deadline: float) -> Rows:
    """The rows of a query on <url>/async; a job that the service lets fall is submitted once more."""
    for left in reversed(range(SUBMISSIONS)):
        job = _submit(session, f"{url.rstrip('/')}/async", adql, maxrec, deadline)
        try:
            phase = _wait(session, job, deadline)
            if phase == "COMPLETED":
                return ask(session, "GET", f"{job}/results/result", deadline, lambda answer: rows(answer, maxrec))
            if phase == "ERROR" or not left:
                raise Unanswered(f"{job}: the job ended as {phase}{_reason(session, job, deadline)}")
            log.warning("%s: the job ended as %s; submitted again", job, phase)
        finally:
            _delete(session, job)
    raise AssertionError("unreachable")


def _form(adql: str, maxrec: int) -> dict[str, str]:
    return {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": adql, "MAXREC": str(maxrec)}


def _submit(session: Session, url: str, adql: str, maxrec: int, deadline: float) -> str:
    """The job's URL."""
    form = _form(adql, maxrec) | {"PHASE": "RUN"}

    def read(answer: Answer) -> str:
        place = answer.headers.get("Location")
        if answer.status in (301, 302, 303, 307, 308) and place:
            return joined(answer, place).rstrip("/")
        if answer.status >= 400:
            parsed(answer)
        raise Spoilt(f"status {answer.status} without the place of a job")

    job = ask(session, "POST", url, deadline, read, data=form, allow_redirects=False)
    if _phase(session, job, deadline) == "PENDING":
        ask(session, "POST", f"{job}/phase", deadline, _any, data={"PHASE": "RUN"}, allow_redirects=False)
    return job


def _wait(session: Session, job: str, deadline: float) -> str:
    wait, longest = POLLS_S
    while (phase := _phase(session, job, deadline)) not in ("COMPLETED", "ERROR", *GONE):
        if time.monotonic() + wait > deadline:
            raise Unanswered(f"{job}: still {phase} after archive.http.deadline_s = {session.http.deadline_s:g} s")
        time.sleep(wait)
        wait = min(wait * 1.5, longest)
    return phase


def _phase(session: Session, job: str, deadline: float) -> str:
    def read(answer: Answer) -> str:
        word = answer.body.decode("utf-8", "replace").strip().upper()
        if answer.status >= 400:
            raise Spoilt(f"status {answer.status} of the job's phase", tries=3)
        if not word.isalpha():
            raise Spoilt(f"no phase of a job but {word[:60]!r}")
        return word

    return ask(session, "GET", f"{job}/phase", deadline, read)


def _reason(session: Session, job: str, deadline: float) -> str:
    """': ' and the service's own words about a job that failed, as far as there are any."""

    def read(answer: Answer) -> str:
        try:
            parsed(answer)
        except Spoilt as said:
            if "the service answers" in str(said):
                return str(said).removeprefix("the service answers: ")
        return " ".join(answer.body.decode("utf-8", "replace").split())[:300]

    try:
        return f": {ask(session, 'GET', f'{job}/error', deadline, read)}"
    except Unanswered:
        return ""


def _delete(session: Session, job: str) -> None:
    """Tidy up. A service that keeps the job does no harm."""
    try:
        session.delete(job, allow_redirects=False).close()
    except (requests.RequestException, Refused) as error:
        log.debug("%s: not deleted (%s)", job, error)


def _any(answer: Answer) -> None:
    if answer.status >= 400:
        parsed(answer)
