"""Where products come from: the code behind each rule, and a record of every job.

A rule's code fingerprint covers exactly the modules that its script imports, found by reading import statements
(nothing is run), so that an edit reruns the rules that use the edited module and no others.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from .files import read_json, sha256, write_json

PACKAGE = Path(__file__).parent
_SMALL = 16 << 20


def fingerprint(script: Path) -> str:
    """Hash of a script and of all swath modules it imports, directly or not: 16 hex digits."""
    digest = hashlib.sha256(script.read_bytes())
    for path in sorted(modules(script)):
        digest.update(str(path.relative_to(PACKAGE)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def modules(script: Path) -> set[Path]:
    """Files of all swath modules that `script` imports, directly or through others, with the data beside them."""
    found: set[Path] = set()
    waiting = list(_imports(script))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports(path)
    return found | {data for path in found for data in path.parent.glob(f"{path.stem}_*.npy")}


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Files of the swath modules that one file imports, anywhere in it, and of the packages that hold them."""
    package = path.parent.relative_to(PACKAGE.parent).parts if path.is_relative_to(PACKAGE) else ()
    names: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = (*base, *(node.module.split(".") if node.module else ()))
            names |= {stem, *((*stem, alias.name) for alias in node.names)}
    return frozenset(file for name in names if name[:1] == ("swath",) for file in _files(name[1:]))


def _files(name: tuple[str, ...]) -> set[Path]:
    found = {PACKAGE / "__init__.py"}
    for depth in range(1, len(name) + 1):
        stem = PACKAGE.joinpath(*name[:depth])
        found |= {path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()}
    return found


def stamp(path: str | Path) -> str:
    """What a user's file is: the hash of a small file, size and time of change of one above 16 MB, '' for none."""
    try:
        stat = Path(path).stat()
    except OSError:
        return ""
    return sha256(path)[:16] if stat.st_size < _SMALL else f"{stat.st_size} {stat.st_mtime_ns}"


def write_record(path: str | Path, rule: str, wildcards: dict, params: dict, inputs: list, outputs: list) -> None:
    """Write a job's record: what it made (with size and SHA-256), from what, with which parameters and code.

    Parameters
    ----------
    params : as passed to the rule; `code` holds the fingerprint. inputs, outputs : paths, the record's own aside.
    """
    made = [
        {"path": str(p), "size": Path(p).stat().st_size, "sha256": sha256(p)} for p in outputs if str(p) != str(path)
    ]
    write_json(
        path,
        {
            "rule": rule,
            "wildcards": wildcards,
            "code": params.get("code"),
            "params": {key: value for key, value in params.items() if key != "code"},
            "inputs": [str(p) for p in inputs],
            "outputs": made,
        },
    )


def recorded(path: str | Path, suffix: str) -> tuple[str, str]:
    """Path and SHA-256 of a job's product whose name ends in `suffix`, from the job's record."""
    product = next(product for product in read_json(path)["outputs"] if product["path"].endswith(suffix))
    return product["path"], product["sha256"]
