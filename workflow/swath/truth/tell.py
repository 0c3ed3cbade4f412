"""The verdict for people: a table of bounds, and a sentence for each that was missed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import RunError
from ..files import read_json


def tell(verdict: str | Path) -> None:
    """Print the table of bounds.

    Raises
    ------
    RunError : bounds are missed, one sentence for each.
    """
    found = read_json(verdict)
    print(listing(found["bounds"]), flush=True)
    if not found["passed"]:
        raise RunError(found["missed"], f"test_field: {len(found['missed'])} of {len(found['bounds'])} bounds missed")


def listing(rows: Sequence[Mapping[str, object]]) -> str:
    """The bounds as a table for people."""
    head = ("bound", "of", "value", "std. error", "allowed", "sources", "")
    cells = [head, *map(_cells, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _cells(row: Mapping[str, object]) -> tuple[str, ...]:
    value, error = (_number(row[name]) for name in ("value", "error"))
    allowed = f"{_number(row['low'])} to {_number(row['high'])} {row['unit']}".rstrip()
    counted = f"{row['sources']}" + (f" (>= {row['fewest']})" if row["fewest"] > 1 else "")
    return row["bound"], row["of"], value, error, allowed, counted, "ok" if row["passed"] else "MISSED"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3g}" if value else "0"
