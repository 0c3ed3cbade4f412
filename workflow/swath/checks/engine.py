"""The Tractor as an input of a run."""

from ..fit.tractor.find import find
from .rows import Row


def engine_row() -> Row:
    """What was found of the Tractor on this Python's module path."""
    found = find()
    about = f"version {found.version}" if found.version else "version unknown"
    return Row("the Tractor", found.path or "-", about if not found.problems else "not usable", found.problems)
