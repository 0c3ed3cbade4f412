"""What has been fetched: one line of JSON for each finished file, appended, so that a killed job goes on where it was.

A line is written before its file gets its name. The last one may be torn by a kill; it is left out.
"""

import fcntl
import json
import logging
import os
import threading
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import RunError
from ..files import sha256

log = logging.getLogger(__name__)

FOLDER = "download/ledger"
_FAILURES = ".failures"


class Entry(NamedTuple):
    """One finished file: its key (`layout.file_key`), path relative to the tile's folder, and what it is made of.

    `saved` counts bytes that were not read; `calibration` is the file with its PSF and WCS-WAVE, or ''; `left_out` is
    what the archive's file has beyond this one, read or not.
    """

    key: str
    file: str
    size: int
    sha256: str
    saved: int = 0
    calibration: str = ""
    left_out: int = 0


def note_failures(folder: Path, batch: str, count: int) -> None:
    """Write down that a job of this batch ended without `count` files that another try may fetch."""
    path = folder / f"{batch}{_FAILURES}"
    if count or path.is_file():
        with open(path, "a", encoding="ascii") as stream:
            stream.write(f"{count}\n")


def failed_jobs(folder: Path, batch: str, but_the_last: bool = False) -> int:
    """How many jobs of this batch have ended without files that another try may fetch; on request before the last."""
    try:
        counts = (folder / f"{batch}{_FAILURES}").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return sum(count != "0" for count in (counts[:-1] if but_the_last else counts))


class Ledger:
    """The entries of all batches of a tile; new ones go to the batch's own file. Safe to use from several threads.

    Two processes that fetch the same files would write into each other's: the second is told so (RunError).
    """

    def __init__(self, folder: Path, batch: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._entries: dict[str, list[Entry]] = {}
        for path in sorted(folder.glob("*.jsonl")):
            for entry in entries(path):
                self._entries.setdefault(entry.key, []).append(entry)
        self._stream = open(folder / f"{batch}.jsonl", "ab", buffering=0)  # noqa: SIM115 - closed by `close`
        _keep_others_out(self._stream, batch)
        self._lock = threading.Lock()
        if self._stream.tell() and _last_byte(Path(self._stream.name)) != b"\n":
            self._stream.write(b"\n")

    def close(self) -> None:
        """Nothing more is added."""
        self._stream.close()

    def get(self, key: str) -> list[Entry]:
        """All entries of a file: jobs of several batches may have fetched it, or it was fetched again."""
        return self._entries.get(key, [])

    def add(self, entry: Entry) -> None:
        """Append an entry, unless it is there already; one write, so that a kill tears no more than this line."""
        with self._lock:
            if entry not in self.get(entry.key):
                self._entries.setdefault(entry.key, []).append(entry)
                self._stream.write((json.dumps(entry._asdict()) + "\n").encode("ascii"))


def is_whole(path: Path, entry: Entry) -> bool:
    """Is the file there, with the size and the SHA-256 of its entry?"""
    try:
        return path.stat().st_size == entry.size and sha256(path) == entry.sha256
    except OSError:
        return False


def entries(path: Path) -> list[Entry]:
    """What the ledger of one batch holds, in order; a line torn by a kill is left out."""
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # torn by a kill
    return found


def _keep_others_out(stream: BinaryIO, batch: str) -> None:
    """Hold the ledger of a batch until it is closed or the process ends, however it ends."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        raise RunError(
            f"{stream.name}: another process fetches the files of {batch} (a job of a run that was killed goes on for "
            "a while); wait for it or end it, and run again"
        ) from None
    except OSError as error:
        log.debug("%s: not locked (%s)", stream.name, error)  # file systems without locks


def _last_byte(path: Path) -> bytes:
    with open(path, "rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1)
