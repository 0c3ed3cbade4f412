"""The HTTP session: every request has time limits, faults that pass are tried again, no redirect leaves the hosts."""

import logging
from collections.abc import Iterable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.response import BaseHTTPResponse

from .. import __version__
from ..config.archive import Http
from .hosts import check_url

# A service that is down is told of once, with the target, and not at each try.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
RETRYABLE = frozenset({408, 425, 429, 502, 503, 504})
METHODS = frozenset({"GET", "HEAD", "POST"})
REDIRECTS = 5


class CappedRetry(Retry):
    """Retries that never wait longer than `backoff_max`, whatever a server's Retry-After says."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds that the server asks to wait, at most `backoff_max`; None where it does not."""
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, self.backoff_max)


class Session(requests.Session):
    """A session that asks only `hosts`, on every hop, and waits for no server without end."""

    def __init__(self, http: Http, hosts: Iterable[str]) -> None:
        super().__init__()
        self.http, self.hosts = http, frozenset(host.lower() for host in hosts)
        self.max_redirects = REDIRECTS
        self.headers["User-Agent"] = f"swath/{__version__}"
        self.auth = _anonymous  # else passwords of ~/.netrc are sent along
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=16, max_retries=retry_policy(http)))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send one hop.

        Raises
        ------
        Refused : the hop's URL is not allowed. requests.RequestException : the fault that was left after all retries.
        """
        check_url(request.url or "", self.hosts, self.http)
        if options.get("timeout") is None:
            options["timeout"] = (self.http.connect_timeout_s, self.http.read_timeout_s)
        return super().send(request, **options)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Send no password along a redirect, and look for none."""
        prepared_request.headers.pop("Authorization", None)


def session(http: Http, hosts: Iterable[str]) -> Session:
    """A session for `hosts`, as `http` says: limits of time, retries with exponential backoff and jitter.

    Retried are connections that cannot be made, and answers 408, 425, 429, 502, 503, 504, after the wait that
    Retry-After asks for. After the last try the answer is returned as it is.
    """
    return Session(http, hosts)


def retry_policy(http: Http) -> Retry:
    """urllib3's retries as `http` says. A query may be asked twice: POST is retried too."""
    return CappedRetry(
        total=http.retries,
        allowed_methods=METHODS,
        status_forcelist=RETRYABLE,
        backoff_factor=http.backoff_s,
        backoff_max=http.backoff_max_s,
        backoff_jitter=http.backoff_s / 2,
        raise_on_status=False,
        redirect=False,
        read=False,  # who asks knows whether a silent server is worth asking again: see `ask`
    )


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
