"""What is told about one input: a row of the table that `snakemake check` ends with."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ..errors import InputError


class Row(NamedTuple):
    """One input. `errors` stop the run, `notes` do not; each is a whole sentence that names its file.

    name : what it is. path : where. found : what was found there, short.
    """

    name: str
    path: str
    found: str
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """'ok', 'note' or 'error'."""
        return "error" if self.errors else "note" if self.notes else "ok"


def said_of(path: str, sentences: Iterable[str]) -> tuple[str, ...]:
    """Each sentence with its file in front, unless it names it."""
    return tuple(text if path in text else f"{path}: {text}" for text in sentences)


def as_text(rows: Sequence[Row]) -> str:
    """The rows as a table for the terminal, then their notes."""
    cells = [("input", "", "found", "file"), *((row.name, row.status, row.found, row.path) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    lines = ["  ".join([*(c.ljust(w) for c, w in zip(line, widths, strict=False)), line[3]]) for line in cells]
    notes = [f"  - {note}" for row in rows for note in row.notes]
    return "\n".join([*(line.rstrip() for line in lines), *(["", "notes:", *notes] if notes else [])])


def raise_errors(rows: Sequence[Row]) -> None:
    """InputError with the errors of all rows, below the table of all of them; nothing when there are none."""
    errors = [error for row in rows for error in row.errors]
    if errors:
        count = "one problem" if len(errors) == 1 else f"{len(errors)} problems"
        raise InputError(errors, f"{as_text(rows)}\n\n{count} to mend before anything is computed:")


@contextmanager
def heard() -> Iterator[list[str]]:
    """Gather the warnings that are logged meanwhile, as notes of an input, instead of showing them."""
    notes: list[str] = []
    gather = logging.Handler(logging.WARNING)
    gather.emit = lambda record: notes.append(record.getMessage())
    package = logging.getLogger("swath")
    before = package.propagate
    package.addHandler(gather)
    package.propagate = False
    try:
        yield notes
    finally:
        package.removeHandler(gather)
        package.propagate = before
