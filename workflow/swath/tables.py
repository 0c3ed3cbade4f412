"""Tables in and out: identifiers to the letter, whole numbers exact, missing values missing, written atomically."""

import gzip
import io
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from astropy.io import fits
from astropy.table import Column, Table

from . import csvtable
from .errors import InputError
from .files import atomic
from .provenance.cards import parquet_metadata
from .telemetry import clock

log = logging.getLogger(__name__)

TEXT_COLUMNS = ("id", "source_id", "gaia_source_id")

Raw = tuple[str, np.ndarray, np.ndarray]


@clock("read")
def read_table(path: str | Path, text: Collection[str] = TEXT_COLUMNS, allow_empty: bool = False) -> pd.DataFrame:
    """Read a CSV, ECSV, FITS or Parquet table; the format is told by the content, gzip is undone.

    Whole numbers stay exact int64 (Int64 where some are missing), other numbers are float64 with NaN where missing,
    texts are str with NaN where missing. In CSV, which declares nothing, the columns named in `text` (any case) and
    those that hold anything but plain numbers keep every character: '007', '1e5', ' NA'. (FITS texts end at their
    last letter, and ECSV texts have no outer blanks: those formats do not keep them.) Vector columns become
    <name>_0, <name>_1 ...

    Raises
    ------
    InputError : missing, unreadable or empty file (no rows; allowed on request), columns without or of equal names,
        columns that no flat table can hold.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        raw = list(_reader(data)(data, {name.lower() for name in text}))
    except (OSError, ValueError, TypeError, KeyError, EOFError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a readable table ({error}); expected CSV, ECSV, FITS or Parquet") from None
    _check_names(path, [name for name, _, _ in raw])
    if not allow_empty and (not raw or not len(raw[0][1])):
        raise InputError(f"{path}: the table has no rows, expected at least one")
    return pd.DataFrame({name: _series(values, missing) for name, values, missing in raw})


def find_column(names: Iterable[str], wanted: str) -> str | None:
    """Name of the column `wanted`, in its own spelling or else in any case; None where there is none.

    Raises
    ------
    InputError : several columns differ from `wanted` only by case and none is spelt like it.
    """
    names = list(names)
    if wanted in names:
        return wanted
    found = [name for name in names if name.lower() == wanted.lower()]
    if len(found) > 1:
        raise InputError(f"columns {', '.join(found)} all read as {wanted}; rename or remove all but one")
    return found[0] if found else None


def numbers(column: pd.Series) -> np.ndarray:
    """A column as float64, shape (n,); NaN where missing.

    Raises
    ------
    InputError : texts that are no numbers, with their rows (counted from 1).
    """
    if pd.api.types.is_bool_dtype(column):
        raise InputError(f"column {column.name}: true or false found where numbers are expected")
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = pa.array(column.astype("str").where(column.notna(), ""), pa.string())
    missing = csvtable.matches(values, csvtable.MISSING)
    bad = np.flatnonzero(~(missing | csvtable.matches(values, csvtable.NUMBER)))
    if len(bad):
        raise InputError(f"column {column.name}: expected plain numbers, found {rows_text(bad, column)}")
    return csvtable.floats(values.to_pylist(), missing)


def identifiers(column: pd.Series) -> pd.Series:
    """A column as texts, exactly as given; '' where missing.

    Raises
    ------
    InputError : floating-point numbers that are not exact whole numbers, with their rows (counted from 1).
    """
    if not pd.api.types.is_float_dtype(column):
        return column.astype("str").where(column.notna(), "")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    exact = (np.abs(values) <= 2**53) & (values == np.rint(values))
    bad = np.flatnonzero(~(exact | np.isnan(values)))
    if len(bad):
        raise InputError(
            f"column {column.name}: identifiers are stored as floating-point numbers that do not hold every digit, "
            f"{rows_text(bad, column)}; store them as integers or texts"
        )
    texts = ["" if np.isnan(value) else str(int(value)) for value in values]
    return pd.Series(texts, index=column.index, name=column.name, dtype="str")


def rows_text(rows: np.ndarray, column: pd.Series | None = None, most: int = 10) -> str:
    """'rows 3 (abc), 7 (def) and 5 more': rows counted from 1, for messages."""
    shown = [f"{row + 1}" + (f" ({column.iloc[row]})" if column is not None else "") for row in rows[:most]]
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(shown)}{more}"


def catalog_positions(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """RA and DEC [deg], each of shape (n,), of a catalogue; NaN where missing. InputError as `read_table`."""
    table = read_table(path)
    names = [find_column(table.columns, name) for name in ("RA", "DEC")]
    if None in names:
        raise InputError(f"{path}: no RA and DEC columns (found: {', '.join(table.columns)})")
    return numbers(table[names[0]]), numbers(table[names[1]])


@clock("write")
def write_parquet(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, atomically; equal tables give equal bytes."""
    with atomic(path) as temporary:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
        arrow = arrow.replace_schema_metadata(arrow.schema.metadata | parquet_metadata())
        pa.parquet.write_table(arrow, temporary, compression="zstd")


@clock("write")
def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV (UTF-8), atomically; numbers in the fewest digits that read back to the same value."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None


def _reader(data: bytes) -> Callable[[bytes, Collection[str]], Iterator[Raw]]:
    readers = {b"PAR1": _parquet, b"SIMPLE": _fits, b"# %ECSV": _ecsv}
    return next((reader for start, reader in readers.items() if data.startswith(start)), csvtable.read_columns)


def _check_names(path: Path, names: list[str]) -> None:
    counts = Counter(names)
    problems = [f"column {name!r} appears {n} times" for name, n in counts.items() if n > 1 and name]
    problems += (
        [f"{counts['']} without a name, expected one for each column; name them in the file"] if counts[""] else []
    )
    if problems:
        raise InputError(problems, f"{path}: the columns cannot be told apart (found: {', '.join(names)})")


def _parquet(data: bytes, _: Collection[str]) -> Iterator[Raw]:
    table = pa.parquet.ParquetFile(io.BytesIO(data)).read()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not name.startswith("__index_level_"):
            yield name, *_from_arrow(name, column)


def _from_arrow(name: str, column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    missing = column.is_null().to_numpy()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type):
        raise TypeError(f"column {name} holds {column.type}; a flat table is expected")
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return column.fill_null(False if pa.types.is_boolean(column.type) else 0).to_numpy(), missing
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return column.cast(pa.float64()).to_numpy(), missing
    return np.array(column.cast(pa.string()).to_pylist(), dtype=object), missing


def _fits(data: bytes, _: Collection[str]) -> Iterator[Raw]:
    with fits.open(io.BytesIO(data)) as hdus:
        found = [i for i, hdu in enumerate(hdus) if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
        if not found:
            raise ValueError("no HDU with a table")
        if len(found) > 1:
            log.warning("several tables in one file: HDU %d %s is read", found[0], hdus[found[0]].name)
        names = hdus[found[0]].columns.names
        if len(set(names)) < len(names):
            raise ValueError(f"columns of equal names: {', '.join(names)}")
        yield from _from_astropy(Table.read(hdus, hdu=found[0], mask_invalid=False))


def _ecsv(data: bytes, _: Collection[str]) -> Iterator[Raw]:
    yield from _from_astropy(Table.read(data.decode("utf-8").splitlines(), format="ascii.ecsv"))


def _from_astropy(table: Table) -> Iterator[Raw]:
    for name in table.colnames:
        column = table[name]
        if not isinstance(column, Column) or column.ndim > 2 or column.dtype.kind not in "iufbSU":
            raise TypeError(f"column {name} holds {type(column[0]).__name__}; plain numbers or texts are expected")
        values, missing = np.ma.getdata(column), np.ma.getmaskarray(column)
        if column.ndim == 1:
            yield name, values, missing
            continue
        for i in range(column.shape[1]):
            yield f"{name}_{i}", values[:, i], missing[:, i]


def _series(values: np.ndarray, missing: np.ndarray) -> pd.Series:
    """One column in native byte order; missing whole numbers and truth values need pandas' own types."""
    kind = values.dtype.kind
    if kind in "iu":
        native = pd.Series(values.astype(values.dtype.newbyteorder("=")))
        return native.astype("UInt64" if kind == "u" else "Int64").mask(missing) if missing.any() else native
    if kind == "b":
        return pd.Series(values).astype("boolean").mask(missing) if missing.any() else pd.Series(values)
    if kind == "f":
        return pd.Series(np.where(missing, np.nan, values.astype(np.float64)))
    texts = [None if gap else _decoded(value) for value, gap in zip(values.tolist(), missing, strict=True)]
    return pd.Series(texts, dtype="str")


def _decoded(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
