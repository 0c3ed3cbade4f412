"""Tables of a page: what is counted, in plain types, before it becomes HTML."""

import math
from collections.abc import Sequence
from typing import NamedTuple

Cell = str | int | float | None


class Table(NamedTuple):
    """One table. header : names of the columns, with units. rows : their cells. note : a sentence below, or ''."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def number(value: float | None, digits: int = 3) -> str:
    """A number with `digits` digits behind the point; '–' for none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def share(part: int, total: int) -> str:
    """A part of a total in percent; '–' of nothing."""
    return f"{100 * part / total:.1f} %" if total else "–"
