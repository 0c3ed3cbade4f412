"""CSV with comment lines on top, which say what the columns are."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ..files import write_text
from .columns import Field


def write_commented(path: str | Path, table: pd.DataFrame, fields: Sequence[Field], lines: Iterable[str]) -> None:
    """Write a table as CSV (UTF-8), atomically, behind comment lines that begin with `# `.

    Numbers have the fewest digits that read back to the same value, and are empty where they are none; texts are in
    quotes where they hold a comma, a quote, a line's end or a `#`, which some readers take for a comment.
    """
    columns = [_texts(table[field.name], field) for field in fields]
    rows = [",".join(field.name for field in fields), *map(",".join, zip(*columns, strict=True))]
    write_text(path, "\n".join([*(f"# {line}" for line in lines), *rows]) + "\n")


def _texts(column: pd.Series, field: Field) -> list[str]:
    if field.kind == "float":
        return ["" if value != value else repr(value) for value in column.tolist()]
    return [_quoted(value) for value in column.tolist()] if field.kind == "str" else [str(v) for v in column.tolist()]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(letter in text for letter in ',"\n\r#') else text
