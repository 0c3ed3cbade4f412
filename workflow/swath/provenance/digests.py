"""Size and SHA-256 of files; those of large inputs are kept beside the records, so that many jobs read them once."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..files import sha256
from .seal import Damaged, read_sealed, write_sealed

SMALL = 16 << 20
_BATCH = 1000


class File(NamedTuple):
    """A file as it was: path, size [bytes] and SHA-256 of its content."""

    path: str
    size: int
    sha256: str


def stamp(path: str | Path) -> str:
    """What a user's file is: the hash of a small file, size and time of change of one above 16 MB, '' for none."""
    try:
        stat = Path(path).stat()
        return sha256(path)[:16] if stat.st_size < SMALL else f"{stat.st_size} {stat.st_mtime_ns}"
    except OSError:
        return ""


def measured(path: str | Path) -> File:
    """A file's size and checksum, from its bytes."""
    return File(str(path), Path(path).stat().st_size, sha256(path))


def changed(path: str | Path, size: int, digest: str) -> str:
    """How a file differs from the one that a table tells of, in a few words; '' where it does not.

    Of a file of 16 MB and more the size alone is looked at, since reading all of it costs more than what is done with
    it; `snakemake verify` reads it.
    """
    try:
        found = os.stat(path).st_size
        if found != size:
            return f"{found} bytes, expected {size}"
        return (
            "" if size >= SMALL or sha256(path) == digest else "its SHA-256 is not the one of the file that was fetched"
        )
    except FileNotFoundError:
        return "no such file"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def measured_all(paths: Iterable[str], threads: int) -> Iterator[tuple[str, File | None]]:
    """Path, size and checksum of each file in turn, None for those missing; `threads` are read at a time."""
    waiting = iter(paths)
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        while batch := list(islice(waiting, _BATCH)):
            yield from zip(batch, pool.map(_measured, batch), strict=True)


def _measured(path: str) -> File | None:
    return measured(path) if Path(path).is_file() else None


def measured_once(path: str | Path, folder: Path) -> File:
    """As `measured`, but a file above 16 MB is read again only when its size or time of change is another.

    Parameters
    ----------
    folder : the tile's folder; what was measured is kept in its `records/digests/`.
    """
    stat = os.stat(path)
    if stat.st_size < SMALL:
        return measured(path)
    kept = folder / "records/digests" / _name(Path(path), folder)
    known = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    try:
        entry = read_sealed(kept)
        if {key: entry.get(key) for key in known} == known:
            return File(str(path), stat.st_size, entry["sha256"])
    except (FileNotFoundError, Damaged):
        pass  # measured for the first time, or again
    file = measured(path)
    write_sealed(kept, {"path": str(path), **known, "sha256": file.sha256})
    return file


def _name(path: Path, folder: Path) -> str:
    """A product's path under the tile's folder; of any other file the name, told apart by a hash of the path."""
    if path.is_relative_to(folder):
        return f"{path.relative_to(folder)}.json"
    return f"inputs/{path.name}-{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:12]}.json"
