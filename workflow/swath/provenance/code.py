"""The code behind each rule.

A rule's code fingerprint covers exactly the modules that its script imports, found by reading import statements
(nothing is run), so that an edit reruns the rules that use the edited module and no others.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
DATA = (".npy", ".js", ".css", ".html")


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
    return found.union(*map(_beside, found))


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Files of the swath modules that one file imports, anywhere in it, and of the packages that hold them."""
    package = path.parent.relative_to(PACKAGE.parent).parts if path.is_relative_to(PACKAGE) else ()
    names: set[tuple[str, ...]] = set()
    for node in _import_statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        else:
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = (*base, *(node.module.split(".") if node.module else ()))
            names |= {stem, *((*stem, alias.name) for alias in node.names)}
    return frozenset(file for name in names if name[:1] == ("swath",) for file in _files(name[1:]))


def _import_statements(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Anywhere in a module. Expressions, most of a tree, hold no statements and are passed by."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        for name in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, name, ())
            waiting += inner if isinstance(inner, list) else ()


@cache
def _files(name: tuple[str, ...]) -> frozenset[Path]:
    found = {PACKAGE / "__init__.py"}
    for depth in range(1, len(name) + 1):
        stem = PACKAGE.joinpath(*name[:depth])
        found |= {path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()}
    return frozenset(found)


@cache
def _beside(path: Path) -> frozenset[Path]:
    """Data that belong to a module by their name: `page_style.css` to `page.py`."""
    return frozenset(data for data in path.parent.glob(f"{path.stem}_*") if data.suffix in DATA)
