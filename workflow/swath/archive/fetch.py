"""One file from an archive to the disk: asked for, continued where it broke off, checked, named."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import requests

from ..config.download import Download
from ..files import sha256
from .budget import Budget
from .calibrations import Calibrations
from .faults import FEW, Fault, of_error, of_status
from .fitsstream import NotFitsError
from .hosts import Refused, check_url
from .layout import MARK, PARTIAL
from .ledger import Entry, Ledger, is_whole
from .light import can_be_shared
from .session import Session
from .transfer import Declared, Sink, Speed, body, pieces_of
from .validate import WAVELENGTHS, validate

_WORTH_KEEPING = 1 << 20  # bytes; less is sooner fetched again than continued
_DRAINED = 1 << 16  # bytes of an answer that is not wanted, read so that its connection can be used again
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Wanted(NamedTuple):
    """A file: its key (`layout.file_key`), where it is, its path relative to the tile's folder, HDUs it must have."""

    key: str
    url: str
    file: str
    expected: tuple[str, ...]


class _Mark(NamedTuple):
    """What a file that is not whole is a part of: an answer of this URL, with this validator and length."""

    url: str
    validator: str
    total: int | None


class Fetcher:
    """Fetches files one after another through one session; each thread has its own.

    Parameters
    ----------
    moved : called with the number of bytes of every piece that came; may raise to end it all.
    """

    def __init__(
        self,
        folder: Path,
        settings: Download,
        session: Session,
        ledger: Ledger,
        calibrations: Calibrations,
        budget: Budget,
        moved: Callable[[int], None],
    ) -> None:
        self._folder, self._settings, self._session = folder, settings, session
        self._ledger, self._calibrations, self._budget, self._moved = ledger, calibrations, budget, moved

    def obtain(self, wanted: Wanted) -> tuple[Entry, bool]:
        """The file's entry, and whether it had to be fetched: not when it is there as the ledger has it.

        Raises
        ------
        Fault : it could not be fetched this time, or is not what it should be. RunError : no room on the disk.
        """
        entry = self._ledger.get(wanted.key)
        if entry is not None and (not entry.calibration or self._calibrations.has(entry.calibration)):
            path = self._folder / entry.file
            if is_whole(path, entry):
                return entry, False
            if is_whole(_partial(path), entry):  # killed between its entry and its name
                os.replace(_partial(path), path)
                return entry, False
        path = self._folder / wanted.file
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._fetch(wanted, path, _partial(path)), True
        except Fault as fault:
            if not (fault.keep and _mark_file(path).is_file()):
                self._discard(path)
            raise

    def _fetch(self, wanted: Wanted, path: Path, part: Path) -> Entry:
        had = _read_mark(path, part, wanted.url)
        with self._ask(wanted.url, had, part) as response:
            start = part.stat().st_size if had and response.status_code == 206 else 0
            if not start:
                self._discard(path)
            total = _total(response, start, had)
            mark = None if start else _mark_of(wanted.url, response, total)
            sink = self._receive(response, path, part, start, total, mark)
        return self._finish(wanted, path, part, sink, total)

    def _ask(self, url: str, had: _Mark | None, part: Path) -> requests.Response:
        """The answer, whose status is 200 or 206 and whose body has not been read."""
        headers = {"Accept-Encoding": "identity"}
        if had:
            headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": had.validator}
        try:
            check_url(url, self._session.hosts, self._session.http)
        except Refused as refused:
            raise Fault(str(refused), 1) from None
        try:
            response = self._session.get(url, headers=headers, stream=True)
        except Refused as refused:
            raise Fault(f"the archive leads to where it may not: {refused}", FEW) from None
        except requests.RequestException as error:
            raise of_error(error) from None
        if response.status_code == 200 or (response.status_code == 206 and had):
            return response
        with response:
            if 0 < int(response.headers.get("Content-Length") or 0) <= _DRAINED:
                b"".join(body(response))
            if response.status_code in (206, 416):
                raise Fault(f"HTTP {response.status_code} for a part that was not asked for")
            raise of_status(response)

    def _receive(
        self, response: requests.Response, path: Path, part: Path, start: int, total: int | None, mark: _Mark | None
    ) -> Sink:
        """Write the body behind what there is of the file."""
        sink = Sink(self._calibrations.holds if self._settings.skip_psf else None)
        declared, speed = Declared(response.headers, start > 0), Speed(self._settings)
        try:
            with open(part, "r+b" if start else "wb", buffering=0) as stream:
                for piece in pieces_of(stream) if start else ():
                    declared.take(piece)
                    sink.take(piece)
                for piece in () if sink.stopped else body(response):
                    self._moved(len(piece))
                    speed.add(len(piece))
                    declared.take(piece)
                    data = sink.take(piece)
                    self._budget.charge(stream.write(data))
                    if sink.stopped:
                        break
                    if mark and sink.size >= _WORTH_KEEPING:
                        _mark_file(path).write_text(json.dumps(mark), encoding="utf-8")
                        mark = None
            if not sink.stopped:
                _check_length(sink.size, total)
                sink.walker.finish()
                if self._settings.verify_checksums:
                    declared.check()
        except NotFitsError as error:
            raise Fault(_words(str(error), response)) from None
        return sink

    def _finish(self, wanted: Wanted, path: Path, part: Path, sink: Sink, total: int | None) -> Entry:
        """Check the file, take the PSF off, write its entry and give it its name."""
        hdus = sink.walker.hdus
        light = [hdu for hdu in hdus if sink.cut is None or hdu.end <= sink.cut]
        expected = [name for name in wanted.expected if not sink.stopped or name != WAVELENGTHS]
        validate(part, light if sink.stopped else hdus, expected, self._settings, sink.walker.gzipped)
        size, sha, calibration, saved = sink.size, sink.sha256, "", 0
        if sink.cut is not None and sink.calibration is not None:
            if not sink.stopped and not can_be_shared(hdus):
                sha = sha256(part)
            else:
                if not sink.stopped:
                    self._calibrations.add(sink.calibration, part, sink.cut)
                calibration, size = sink.calibration.file, sink.cut
                self._budget.charge(size - part.stat().st_size)
                os.truncate(part, size)
                saved = ((total or size + self._calibrations.size(calibration)) - size) * sink.stopped
        file = wanted.file + ".gz" * sink.walker.gzipped
        entry = Entry(wanted.key, file, size, sha, saved, calibration)
        self._ledger.add(entry)
        os.replace(part, self._folder / file)
        _mark_file(path).unlink(missing_ok=True)
        return entry

    def _discard(self, path: Path) -> None:
        """Remove what there is of a file that is not whole."""
        part = _partial(path)
        if part.is_file():
            self._budget.charge(-part.stat().st_size)
            part.unlink()
        _mark_file(path).unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + PARTIAL)


def _mark_file(path: Path) -> Path:
    return path.with_name(path.name + MARK)


def _read_mark(path: Path, part: Path, url: str) -> _Mark | None:
    """What the part on the disk was a part of; None where it cannot be continued."""
    try:
        mark = _Mark(*json.loads(_mark_file(path).read_text(encoding="utf-8")))
        return mark if mark.url == url and part.stat().st_size else None
    except (OSError, ValueError, TypeError):
        return None


def _mark_of(url: str, response: requests.Response, total: int | None) -> _Mark | None:
    """None where the server gives nothing by which to know that the file is still the same (RFC 9110, 13.1.5)."""
    tag = response.headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
    return _Mark(url, validator, total) if validator else None


def _total(response: requests.Response, start: int, had: _Mark | None) -> int | None:
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


def _check_length(size: int, total: int | None) -> None:
    if total is not None and size != total:
        raise Fault(f"{size} of {total} bytes came", keep=size < total)


def _words(text: str, response: requests.Response) -> str:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    return f"{text} ({kind})" if kind and "fits" not in kind and "octet-stream" not in kind else text
