"""What can go wrong with one file, whether trying again may help, and how long to wait."""

import email.utils
import random
import time

import requests
import urllib3

from ..config.archive import Http
from .ask import brief

RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
FEW = 3
_EXPIRED = "; the link may have expired: ask anew with --forcerun query"
_HINTS = {401: "; the archive asks for a login", 403: _EXPIRED, 404: _EXPIRED, 410: _EXPIRED}


class Fault(Exception):
    """A file was not fetched.

    Parameters
    ----------
    reason : a few words. tries : how often such a file is tried at all; None for as often as the config says.
    wait : seconds that the server asks to wait. keep : is what came of the file so far worth keeping?
    """

    def __init__(self, reason: str, tries: int | None = None, wait: float | None = None, keep: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.tries, self.wait, self.keep = reason, tries, wait, keep

    @property
    def may_pass(self) -> bool:
        """May another run fetch the file?"""
        return self.tries != 1


def of_status(response: requests.Response) -> Fault:
    """The fault that a status other than 200 and 206 tells."""
    status = response.status_code
    said = f"HTTP {status} {response.reason or ''}".strip()
    if status in RETRYABLE:
        return Fault(said, wait=retry_after(response.headers.get("Retry-After")), keep=True)
    return Fault(said + _HINTS.get(status, ""), tries=1, keep=True)


def of_error(error: requests.RequestException | urllib3.exceptions.HTTPError) -> Fault:
    """The fault behind an error of the connection or of the request."""
    if isinstance(error, requests.TooManyRedirects):
        return Fault("the archive redirects in a circle", tries=FEW)
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | requests.exceptions.MissingSchema
    ):
        return Fault(f"not a URL that can be asked ({error})", tries=1)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return Fault("the archive fell silent", keep=True)
    return Fault(f"the connection broke ({brief(error)})", keep=True)


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date; None without one that can be read."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def pause(http: Http, tried: int, asked: float | None) -> float:
    """Seconds until a file is tried again: doubling, with jitter of a half, and not before the server asks.

    `tried` counts from 1. None of it is longer than `archive.http.backoff_max_s`.
    """
    doubled = min(http.backoff_s * 2.0 ** min(tried - 1, 30), http.backoff_max_s)
    return max(doubled * random.uniform(0.5, 1.0), min(asked or 0.0, http.backoff_max_s))
