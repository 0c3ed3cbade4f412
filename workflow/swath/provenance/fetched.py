"""Files that were fetched from an archive, against what the ledger says of them.

No record holds them: a user may delete what has been measured, and they are fetched again when they are needed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..archive.ledger import FOLDER, Entry, entries
from .digests import File, measured_all
from .findings import Finding, state

Claim = tuple[str, Entry]


class Fetched(NamedTuple):
    """findings : files that are not as they came. paths : all that the ledger knows. size, count : of those there."""

    findings: list[Finding]
    paths: set[str]
    count: int
    size: int
    gone: int


def verify_fetched(folder: str, threads: int) -> Fetched:
    """Compare the fetched files of a tile, as far as they are still there, with the ledger of its downloads."""
    known: dict[str, list[Claim]] = {}
    for batch, entry in _entries(Path(folder, FOLDER)):
        known.setdefault(f"{folder}/{entry.file}", []).append((batch, entry))
    found = {path: file for path, file in measured_all(known, threads) if file is not None}
    findings = [
        _changed(folder, path, *known[path][-1], file)
        for path, file in found.items()
        if all((file.size, file.sha256) != (entry.size, entry.sha256) for _, entry in known[path])
    ]
    size = sum(file.size for file in found.values())
    return Fetched(findings, set(known), len(found), size, len(known) - len(found))


def _entries(folder: Path) -> Iterator[Claim]:
    """Batch and entry of every finished file: several of one that was fetched again, or by jobs of several batches."""
    for path in sorted(folder.glob("*.jsonl")):
        yield from ((path.stem, entry) for entry in entries(path))


def _changed(folder: str, path: str, batch: str, entry: Entry, found: File) -> Finding:
    came = File(path, entry.size, entry.sha256)
    sentence = f"fetched as {state(came)}, found {state(found)}"
    return Finding("CHANGED", path, "download", sentence, (f"{folder}/download/{batch}.parquet",))
