"""JSON files that tell when any byte of them has changed: the last entry is the SHA-256 of everything before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..files import atomic

_TAIL = len(f' "checksum": "{"0" * 64}"\n}}\n')


class Damaged(RunError):
    """A sealed file whose bytes are not those that were written."""


def write_sealed(path: str | Path, value: Mapping[str, Any]) -> None:
    """Write `value` as indented JSON with its own checksum as the last entry, atomically; NaN is refused."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    write_sealed_text(path, [text.removesuffix("\n}") + ",\n"])


def write_sealed_text(path: str | Path, parts: Iterable[str]) -> None:
    """Write the parts of a JSON object one after the other (the last ends in ',' and a new line) and its checksum."""
    digest = hashlib.sha256()
    with atomic(path) as temporary, temporary.open("wb") as stream:
        for part in parts:
            data = part.encode()
            digest.update(data)
            stream.write(data)
        stream.write(_tail(digest.hexdigest()))


def unsealed(data: bytes, path: str | Path) -> dict[str, Any]:
    """The entries of a sealed file's bytes, without its checksum.

    Raises
    ------
    Damaged : a byte is missing, added or changed (blanks and line ends too), or there is no checksum.
    """
    if data[-_TAIL:] != _tail(hashlib.sha256(data[:-_TAIL]).hexdigest()):
        raise Damaged(f"{path}: changed after it was written; `snakemake verify` says how to make it anew")
    value = json.loads(data)
    del value["checksum"]
    return value


def read_sealed(path: str | Path) -> dict[str, Any]:
    """Read a sealed file; `Damaged` as `unsealed`, FileNotFoundError when it is missing."""
    return unsealed(Path(path).read_bytes(), path)


def is_intact(path: str | Path) -> bool:
    """Does a sealed file's checksum fit its content? Read in pieces: the file may be larger than the memory."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        left = max(Path(path).stat().st_size - _TAIL, 0)
        while left and (piece := stream.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
        return stream.read() == _tail(digest.hexdigest())


def _tail(digest: str) -> bytes:
    return f' "checksum": "{digest}"\n}}\n'.encode()
