"""The answer to the question for one file, whole or from where an earlier one broke off."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests

from .faults import FEW, Fault, of_error, of_status
from .hosts import Refused, check_url
from .session import Session
from .transfer import body, pieces_of

LOCAL = "file:"
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_DRAINED = 1 << 16  # bytes of an answer that is not wanted, read so that its connection can be used again


class Mark(NamedTuple):
    """What a file that is not whole is a part of: an answer of this URL, with this validator and length."""

    url: str
    validator: str
    total: int | None


class Answer(NamedTuple):
    """Bytes from `start` on of a file of `total` bytes (None: not said), and how to go on if they break off."""

    pieces: Iterator[bytes]
    headers: Mapping[str, str]
    start: int
    total: int | None
    mark: Mark | None

    def said(self, text: str) -> str:
        """The text, with what the server says that it sent where that is not FITS."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        return f"{text} ({kind})" if kind and "fits" not in kind and "octet-stream" not in kind else text


class Getter:
    """GET through a session, for many files: what is the same for all of a host (proxies, headers) is found once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._settings: dict[str, Mapping[str, Any]] = {}
        self._plain = session.prepare_request(requests.Request("GET", "https://host/"))

    def get(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """The response, its body not read yet; raises as `Session.send`."""
        host = url[: url.find("/", len("https://"))]
        if host not in self._settings:
            self._settings[host] = self.session.merge_environment_settings(url, {}, True, None, None)
        request = self._plain.copy()
        request.prepare_url(url, None)
        request.headers.update(headers)
        return self.session.send(request, allow_redirects=True, **self._settings[host])


@contextmanager
def answer(getter: Getter, url: str, had: Mark | None, size: int) -> Iterator[Answer]:
    """Ask for a file, of which `size` bytes are here as `had` says.

    Raises
    ------
    Fault : no answer, or one that is not the file.
    """
    with _response(getter, url, had, size) as response:
        start = size if response.status_code == 206 else 0
        total = _total(response, start, had)
        yield Answer(body(response), response.headers, start, total, None if start else _mark(url, response, total))


@contextmanager
def local(url: str) -> Iterator[Answer]:
    """A file on this machine, by its file: URL.

    Raises
    ------
    Fault : no such file.
    """
    path = local_path(url)
    if not path.is_file():
        raise Fault(f"{path}: no such file", 1)
    with open(path, "rb") as stream:
        yield Answer(pieces_of(stream), {}, 0, path.stat().st_size, None)


def local_path(url: str) -> Path:
    """The path of a file: URL."""
    return Path(url2pathname(urlsplit(url).path))


def _response(getter: Getter, url: str, had: Mark | None, size: int) -> requests.Response:
    """The response, whose status is 200 or 206 and whose body has not been read."""
    headers = {"Accept-Encoding": "identity"}
    if had:
        headers |= {"Range": f"bytes={size}-", "If-Range": had.validator}
    try:
        check_url(url, getter.session.hosts, getter.session.http)
    except Refused as refused:
        raise Fault(str(refused), 1) from None
    try:
        response = getter.get(url, headers)
    except Refused as refused:
        raise Fault(f"the archive leads to where it may not: {refused}", FEW) from None
    except requests.RequestException as error:
        raise of_error(error) from None
    except ValueError as error:
        raise Fault(f"the archive leads to what is no URL ({error})", FEW) from None
    if response.status_code == 200 or (response.status_code == 206 and had):
        return response
    with response:
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and int(length) <= _DRAINED:
            b"".join(body(response))
        if response.status_code in (206, 416):
            raise Fault(f"HTTP {response.status_code} for a part that was not asked for")
        raise of_status(response)


def _mark(url: str, response: requests.Response, total: int | None) -> Mark | None:
    """None where the server gives nothing by which to know that the file is still the same (RFC 9110, 13.1.5)."""
    tag = response.headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
    return Mark(url, validator, total) if validator else None


def _total(response: requests.Response, start: int, had: Mark | None) -> int | None:
    """Length of the whole file, where the server says it.

    Raises
    ------
    Fault : the part that is sent is not the one that was asked for.
    """
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None
    found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    total = int(found[2]) if found and found[2] != "*" else None
    if not found or int(found[1]) != start or (had and None not in (had.total, total) and had.total != total):
        raise Fault("another part of the file came than was asked for")
    return total
