"""One file from an archive to the disk: asked for, continued where it broke off, checked, named."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..config.download import Download
from ..files import sha256
from .answer import LOCAL, Answer, Getter, Mark, answer, local
from .budget import Budget
from .calibrations import Calibrations
from .faults import Fault
from .fitsstream import NotFitsError
from .layout import MARK, PARTIAL
from .ledger import Entry, Ledger, is_whole
from .light import can_be_shared
from .session import Session
from .transfer import Declared, Sink, Speed, pieces_of
from .validate import WAVELENGTHS, validate

_WORTH_KEEPING = 1 << 20  # bytes; less is sooner fetched again than continued


class Wanted(NamedTuple):
    """A file: its key (`layout.file_key`), where it is, its path relative to the tile's folder, HDUs it must have."""

    key: str
    url: str
    file: str
    expected: tuple[str, ...]


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
        self._folder, self._settings, self._getter = folder, settings, Getter(session)
        self._ledger, self._calibrations, self._budget, self._moved = ledger, calibrations, budget, moved
        self._made: set[Path] = set()

    def obtain(self, wanted: Wanted) -> tuple[Entry, bool]:
        """The file's entry, and whether it had to be fetched: not when it is there as the ledger has it.

        Raises
        ------
        Fault : it could not be fetched this time, or is not what it should be. RunError : no room on the disk.
        """
        if (entry := self._held(wanted)) is not None:
            return entry, False
        path = self._folder / wanted.file
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        try:
            return self._fetch(wanted, path, _partial(path)), True
        except Fault as fault:
            if not (fault.keep and _mark_file(path).is_file()):
                self._discard(path)
            raise

    def _held(self, wanted: Wanted) -> Entry | None:
        for entry in reversed(self._ledger.get(wanted.key)):
            if entry.calibration and not self._calibrations.has(entry.calibration):
                continue
            path = self._folder / entry.file
            if is_whole(path, entry):
                return entry
            if is_whole(_partial(path), entry):  # killed between its entry and its name
                os.replace(_partial(path), path)
                return entry
        return None

    def _fetch(self, wanted: Wanted, path: Path, part: Path) -> Entry:
        had = _read_mark(path, part, wanted.url)
        size = part.stat().st_size if had else 0
        asked = local(wanted.url) if wanted.url.startswith(LOCAL) else answer(self._getter, wanted.url, had, size)
        with asked as given:
            if not given.start:
                self._discard(path)
            sink = self._receive(given, path, part)
        return self._finish(wanted, path, part, sink, given.total)

    def _receive(self, given: Answer, path: Path, part: Path) -> Sink:
        """Write what comes behind what there is of the file."""
        sink = Sink(self._calibrations.holds if self._settings.skip_psf else None)
        declared, speed = Declared(given.headers, given.start > 0), Speed(self._settings)
        mark = given.mark
        try:
            with open(part, "r+b" if given.start else "wb", buffering=0) as stream:
                for piece in pieces_of(stream) if given.start else ():
                    declared.take(piece)
                    sink.take(piece)
                for piece in () if sink.stopped else given.pieces:
                    self._moved(len(piece))
                    speed.add(len(piece))
                    declared.take(piece)
                    self._budget.charge(stream.write(sink.take(piece)))
                    if sink.stopped:
                        break
                    if mark and sink.size >= _WORTH_KEEPING:
                        _mark_file(path).write_text(json.dumps(mark), encoding="utf-8")
                        mark = None
            if not sink.stopped:
                _check_length(sink.size, given.total)
                sink.walker.finish()
                if self._settings.verify_checksums:
                    declared.check()
        except NotFitsError as error:
            raise Fault(given.said(str(error))) from None
        return sink

    def _finish(self, wanted: Wanted, path: Path, part: Path, sink: Sink, total: int | None) -> Entry:
        """Check the file, take the PSF off, write its entry and give it its name."""
        hdus = sink.walker.hdus
        if sink.stopped:
            hdus = [hdu for hdu in hdus if sink.cut is not None and hdu.end <= sink.cut]
        expected = [name for name in wanted.expected if not (sink.stopped and name == WAVELENGTHS)]
        with sink.opened(part) as stream:
            validate(stream, hdus, expected, self._settings, sink.walker.gzipped)
        entry = self._entry(wanted, part, sink, total)
        self._ledger.add(entry)
        os.replace(part, self._folder / entry.file)
        if sink.size >= _WORTH_KEEPING:
            _mark_file(path).unlink(missing_ok=True)
        return entry

    def _entry(self, wanted: Wanted, part: Path, sink: Sink, total: int | None) -> Entry:
        """What the file is; from the PSF on it is cut off, where that is held or can be."""
        file = wanted.file + ".gz" * sink.walker.gzipped
        if sink.cut is None or sink.calibration is None:
            return Entry(wanted.key, file, sink.size, sink.sha256)
        if not sink.stopped and not can_be_shared(sink.walker.hdus):
            return Entry(wanted.key, file, sink.size, sha256(part))
        if not sink.stopped:
            self._calibrations.add(sink.calibration, part, sink.cut)
        calibration = sink.calibration.file
        self._budget.charge(sink.cut - part.stat().st_size)
        os.truncate(part, sink.cut)
        if sink.stopped:
            rest = self._calibrations.size(calibration) if total is None else total - sink.cut
        else:
            rest = sink.size - sink.cut
        return Entry(wanted.key, file, sink.cut, sink.sha256, rest if sink.stopped else 0, calibration, rest)

    def _discard(self, path: Path) -> None:
        """Remove what there is of a file that is not whole."""
        part = _partial(path)
        if part.is_file():
            self._budget.charge(-part.stat().st_size)
            part.unlink()
            _mark_file(path).unlink(missing_ok=True)


def _check_length(size: int, total: int | None) -> None:
    if total is not None and size != total:
        raise Fault(f"{size} of {total} bytes came", keep=size < total)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + PARTIAL)


def _mark_file(path: Path) -> Path:
    return path.with_name(path.name + MARK)


def _read_mark(path: Path, part: Path, url: str) -> Mark | None:
    """What the part on the disk was a part of; None where it cannot be continued."""
    try:
        if not part.is_file():
            return None
        mark = Mark(*json.loads(_mark_file(path).read_text(encoding="utf-8")))
        return mark if mark.url == url and part.stat().st_size else None
    except (OSError, ValueError, TypeError):
        return None
