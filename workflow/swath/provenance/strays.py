"""Files in a tile's folder that no record knows."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from .findings import Finding

_TEMPORARY = re.compile(r"\.\d+\..+")
# Written beside the products and not products: they may hold dates and times.
_ASIDE = (
    *("logs/", "benchmarks/", "runs/", "records/", "run.log", "plan.json", "manifest.json"),
    *("query/cache/", "download/ledger/"),
)
_STATE = re.compile(r"targets/[^/]+/state\.json")
_SHOWN = 5


def strays(
    folder: str, known: Collection[str], needed: Collection[str], once: Collection[str]
) -> tuple[list[Finding], list[str]]:
    """What lies in `folder` beyond the `known` products: temporary files, products without a record, other files.

    Parameters
    ----------
    needed : paths that jobs read or the config asks for: one that is under the folder is a product whose record is
        gone, or is another's. once : what there was when the manifest was written.
    """
    findings, others = [], []
    for path in _files(folder):
        name = path.removeprefix(f"{folder}/")
        if _TEMPORARY.fullmatch(Path(path).name):
            sentence = "a temporary file of a job that was interrupted"
            findings.append(Finding("LEFTOVER", path, "", sentence, removed=(path,)))
        elif path in known or name.startswith(_ASIDE) or _STATE.fullmatch(name):
            continue
        elif path in needed:
            sentence = "a product, and no record says how it was made"
            findings.append(Finding("NO RECORD", path, "", sentence, (path,)))
        elif path not in once:
            others.append(path)
    shown = ", ".join(others[:_SHOWN]) + (f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else "")
    return findings, [f"files that no record knows, and that were not verified: {shown}"] if others else []


def _files(folder: str) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        yield from (f"{Path(where).as_posix()}/{name}" for name in sorted(names))
