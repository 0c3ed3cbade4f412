"""Reading where the files are, as `query` resolved it; apart from asking for it, which takes a library to be loaded."""

from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import read_json


def read_urls(path: str | Path) -> dict[str, dict[str, Any]]:
    """The resolved URLs by exposure; none where there is no such file.

    Raises
    ------
    InputError : not what `query` writes.
    """
    try:
        found = read_json(path)
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: not readable ({error}); make it anew with --forcerun query") from None
    if not isinstance(found, dict) or not all(map(_is_entry, found.values())):
        raise InputError(f"{path}: expected an object for each exposure; make it anew with --forcerun query")
    return found


def _is_entry(entry: Any) -> bool:
    """Does it say where a file is, or null, and where its parts are asked for, or nothing?"""
    if not isinstance(entry, dict) or not isinstance(entry.get("url", 0), str | None):
        return False
    cutout = entry.get("cutout")
    return cutout is None or (isinstance(cutout, dict) and all(isinstance(cutout.get(k), str) for k in ("url", "kind")))
