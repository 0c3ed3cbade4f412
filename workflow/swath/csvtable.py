"""CSV, which declares nothing: what kind of column the texts make, with no guess that could alter one of them."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

MISSING = r"(?i)^\s*(nan|na|n/a|null|none|-+)?\s*$"
BLANK = r"(?i)^\s*(nan)?\s*$"
NUMBER = r"(?i)^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?\s*$|^\s*[+-]?inf(inity)?\s*$"
WHOLE = r"^(0|-?[1-9][0-9]*)$"
PADDED = r"^\s*[+-]?0[0-9]+\s*$"


def read_columns(data: bytes, text: Collection[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, values and missing mask of each column of a CSV file's bytes; the header is its first line.

    Parameters
    ----------
    text : lower-case names of the columns that stay texts whatever they hold.

    Raises
    ------
    ValueError, pyarrow.ArrowInvalid : nothing in it, rows of unequal length, not UTF-8.
    """
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    header = next(csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")), None)
    if header is None:
        raise ValueError("the file is empty")
    keys = [str(i) for i in range(len(header))]
    columns = pa.csv.read_csv(
        io.BytesIO(data),
        pa.csv.ReadOptions(use_threads=False, column_names=keys, skip_rows_after_names=1),
        pa.csv.ParseOptions(newlines_in_values=True),
        pa.csv.ConvertOptions(column_types=dict.fromkeys(keys, pa.string()), null_values=[]),
    )
    for name, key in zip((name.strip() for name in header), keys, strict=True):
        yield name, *infer(columns[key], name.lower() in text)


def infer(column: pa.ChunkedArray, text: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values, shape (n,), and where they are missing: int64, float64, bool, or the texts as they are.

    Numbers written with leading zeros ('007') and whole numbers beyond int64 would not read back as written, so
    they make a column of texts; so does anything that is neither a number nor a usual word for a missing one.
    """
    values = column.to_pylist()
    as_text = np.array(values, dtype=object), np.zeros(len(values), bool)
    if text or not values:
        return as_text
    missing = matches(column, MISSING)
    if missing.all():
        return (np.full(len(values), np.nan), missing) if matches(column, BLANK).all() else as_text
    if np.all(missing | matches(column, WHOLE)):
        whole = [0 if gap else int(value) for value, gap in zip(values, missing, strict=True)]
        return (np.array(whole, np.int64), missing) if max(map(abs, whole)) < 2**63 else as_text
    if np.all(missing | matches(column, NUMBER)) and not matches(column, PADDED).any():
        return floats(values, missing), missing
    if set(values) <= {"True", "False"}:
        return np.array([value == "True" for value in values]), np.zeros(len(values), bool)
    return as_text


def matches(values: pa.Array | pa.ChunkedArray, pattern: str) -> np.ndarray:
    """Which texts match, shape (n,)."""
    return pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)


def floats(values: Sequence[str], missing: np.ndarray) -> np.ndarray:
    """Texts as float64, correctly rounded; NaN where missing."""
    return np.array([np.nan if gap else float(value) for value, gap in zip(values, missing, strict=True)], np.float64)
