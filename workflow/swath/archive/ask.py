"""One question to a server and the whole of its answer, tried again while the fault is one that may pass."""

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError, MaxRetryError

from ..errors import RunError
from .session import RETRYABLE, Session

log = logging.getLogger(__name__)
PIECE = 1 << 16
LARGEST = 1 << 30
GATEWAY_TIMEOUT = 504

Read = TypeVar("Read")


class Unanswered(RunError):
    """A question without a usable answer, for now: the same asked later may have one."""


class Late(Unanswered):
    """A question that takes longer than a server or we wait for its answer."""


class Spoilt(Exception):
    """An answer that is not whole or not what was asked for: worth another try, up to `tries` in all."""

    def __init__(self, text: str, tries: int | None = None, late: bool = False) -> None:
        super().__init__(text)
        self.tries, self.late = tries, late


class Answer(NamedTuple):
    """An answer: its status, its bytes, its headers, the URL it came from in the end."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    url: str


def ask(
    session: Session,
    method: str,
    url: str,
    deadline: float,
    read: Callable[[Answer], Read],
    late_tries: int | None = None,
    **options: Any,
) -> Read:
    """Ask, read all of the answer and return what `read` makes of it.

    Parameters
    ----------
    deadline : the time (`time.monotonic`) after which there is no further waiting.
    read : makes something of the answer, whatever its status; raises `Spoilt` where another try may help.
    late_tries : tries of a question that the server is silent about; None for as many as of others.
    options : of `requests.Session.request`.

    Raises
    ------
    Refused : the URL or a redirect leads to where the config does not allow. Unanswered : no usable answer in time.
    """
    most, attempt = session.http.retries + 1, 0
    while True:
        attempt += 1
        try:
            return read(_whole(session, method, url, deadline, options))
        except Spoilt as fault:
            wait = pause(session, attempt)
            tries = fault.tries or (late_tries if fault.late else None) or most
            if attempt >= min(most, tries) or time.monotonic() + wait > deadline:
                raise (Late if fault.late else Unanswered)(f"{url}: {fault}{_tries(attempt)}") from None
            log.debug("%s: %s; again in %.1f s", url, fault, wait)
            time.sleep(wait)


def pause(session: Session, attempt: int) -> float:
    """Seconds to wait after the `attempt`-th try: exponential, with jitter."""
    return min(session.http.backoff_s * 2 ** (attempt - 1), session.http.backoff_max_s) * random.uniform(1, 1.5)


def _tries(number: int) -> str:
    return f" ({number} tries)" if number > 1 else ""


def _whole(session: Session, method: str, url: str, deadline: float, options: dict[str, Any]) -> Answer:
    """The whole answer. Connections and statuses that may pass have been retried by the session."""
    if time.monotonic() > deadline:
        raise Unanswered(f"{url}: no answer within archive.http.deadline_s = {session.http.deadline_s:g} s")
    try:
        with session.request(method, url, stream=True, **options) as response:
            body = _body(response, url, deadline)
            if response.status_code in RETRYABLE:
                kind = Late if response.status_code == GATEWAY_TIMEOUT else Unanswered
                raise kind(f"{url}: answered {response.status_code}{_tries(session.http.retries + 1)}")
            return Answer(response.status_code, body, response.headers, response.url)
    except requests.TooManyRedirects:
        raise Unanswered(f"{url}: redirected more than {session.max_redirects} times") from None
    except requests.ReadTimeout as error:
        raise Spoilt(brief(error), late=True) from None
    except requests.ConnectionError as error:
        if error.args and isinstance(error.args[0], MaxRetryError):  # the session has tried again already
            raise Unanswered(f"{url}: {brief(error)}{_tries(session.http.retries + 1)}") from None
        raise Spoilt(brief(error)) from None
    except (requests.RequestException, ValueError) as error:  # ValueError: redirected to what is no URL
        raise Unanswered(f"{url}: {brief(error)}") from None


def _body(response: requests.Response, url: str, deadline: float) -> bytes:
    pieces, size = [], 0
    try:
        # read1: what is there, at once. Whole pieces of a server that drips would come long after the deadline.
        while piece := response.raw.read1(PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() > deadline:
                raise Unanswered(f"{url}: no whole answer within archive.http.deadline_s ({size} bytes came)")
            if size > LARGEST:
                raise Unanswered(f"{url}: more than {LARGEST >> 30} GiB in one answer; make archive.maxrec smaller")
    except (HTTPError, OSError) as error:
        raise Spoilt(f"the answer broke off after {size} bytes: {brief(error)}") from None
    return b"".join(pieces)


def joined(answer: Answer, place: str) -> str:
    """The URL that an answer names, in full.

    Raises
    ------
    Spoilt : it is none.
    """
    try:
        return urljoin(answer.url, place)
    except ValueError:
        raise Spoilt(f"the service names what is no URL ({place[:200]})", tries=1) from None


def brief(error: BaseException) -> str:
    """What an error of requests or urllib3 says, without the names of its wrappings."""
    while (inner := _inner(error)) is not None:
        error = inner
    text = " ".join(str(error).split()) or type(error).__name__
    return re.sub(r"^HTTPS?ConnectionPool\([^)]*\): ", "", text.rsplit(">: ", 1)[-1])[:300]


def _inner(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    return next((part for part in error.args if isinstance(part, BaseException)), None)
