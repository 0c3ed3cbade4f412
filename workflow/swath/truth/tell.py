"""The verdict for people: a table of bounds, and a sentence for each that was missed."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import RunError
from ..files import read_json

log = logging.getLogger(__name__)


def tell(verdict: str | Path) -> None:
    """Keep the table of bounds in the log, for the main process to print last; print it where bounds are missed.

    Raises
    ------
    RunError : bounds are missed, one sentence for each.
    """
    found = read_json(verdict)
    log.info("the bounds:\n%s", closing(verdict))
    if not found["passed"]:
        print(listing(found["bounds"]), flush=True)
        raise RunError(found["missed"], f"test_field: {len(found['missed'])} of {len(found['bounds'])} bounds missed")


def closing(verdict: str | Path) -> str:
    """The table of bounds, and how many of them are kept."""
    bounds = read_json(verdict)["bounds"]
    return f"{listing(bounds)}\n\n{sum(bool(row['passed']) for row in bounds)} of {len(bounds)} bounds kept"


def listing(rows: Sequence[Mapping[str, object]]) -> str:
    """The bounds as a table for people."""
    head = ("bound", "of", "value", "std. error", "allowed", "sources", "")
    cells = [head, *map(_cells, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _cells(row: Mapping[str, object]) -> tuple[str, ...]:
    value, error = _number(row["value"]), _number(row["error"] or None)
    allowed = f"{_number(row['low'])} to {_number(row['high'])} {row['unit']}".rstrip()
    counted = f"{row['sources']}" + (f" (>= {row['fewest']})" if row["fewest"] > 1 else "")
    return row["bound"], row["of"], value, error, allowed, counted, "ok" if row["passed"] else "MISSED"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3g}" if value else "0"
