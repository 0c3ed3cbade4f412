"""The catalogue as the page holds it: every source, and the columns that are worth their bytes, most wanted first."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from ..columns import catalogue, known_inputs, suffixes_of
from . import derived

Kind = Literal["number", "text", "truth"]
MOST_BYTES = 7_000_000  # of all columns in the page
EXACT = 1 << 53  # whole numbers beyond it are texts in a browser, to keep every digit
SINGLE = 1 << 24  # whole numbers below it are exact in 32 bits


class PageColumn(NamedTuple):
    """One column of the page: float32 or float64, bool or text (object) values of shape (n,)."""

    name: str
    kind: Kind
    values: np.ndarray
    unit: str
    meaning: str


class PageTable(NamedTuple):
    """Columns of the page in order, and the names of the catalogue's columns that would have made it too large."""

    columns: list[PageColumn]
    left_out: list[str]


def page_table(table: pd.DataFrame, bands: Sequence[str], multi_band: bool, most: int = MOST_BYTES) -> PageTable:
    """Choose the columns of the page: those of `derived` always, the catalogue's while they fit into `most` bytes.

    A catalogue column with the name of a derived one is called `<name> (input)`.
    """
    kept = list(_derived(table, bands, multi_band))
    taken = {column.name for column in kept}
    total, left_out = sum(map(_cost, kept)), []
    for column in _catalogued(table, bands, multi_band):
        if total + _cost(column) > most:
            left_out.append(column.name)
            continue
        total += _cost(column)
        kept.append(column._replace(name=f"{column.name} (input)") if column.name in taken else column)
    return PageTable(kept, left_out)


def encoded(column: PageColumn) -> dict[str, Any]:
    """A column as plain JSON: numbers as base64 of little-endian bytes, texts that repeat as words and indices."""
    head = {name: getattr(column, name) for name in ("name", "kind", "unit", "meaning")}
    if column.kind != "text":
        return head | packed(column.values.astype("u1") if column.kind == "truth" else column.values)
    places: dict[str, int] = {}
    index = np.array([places.setdefault(text, len(places)) for text in column.values], "i4")
    if 2 * len(places) > len(index):
        return head | {"texts": list(column.values)}
    return head | {"words": list(places)} | packed(index)


def packed(values: np.ndarray) -> dict[str, str]:
    """Numbers (n,) as base64 of little-endian bytes, and their type."""
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return {"type": values.dtype.str[1:], "data": base64.b64encode(little.tobytes()).decode()}


def _derived(table: pd.DataFrame, bands: Sequence[str], multi_band: bool) -> Iterator[PageColumn]:
    suffixes = suffixes_of(bands, multi_band)
    kind, status, reason = derived.fates(table, suffixes)
    flags = derived.flag_names(table["fit_flags"])
    yield _text("ID", table["ID"].astype("str").to_numpy(object), "identifier, to the letter as given")
    yield _text("type", kind, "fitted model: star, exp, dev, sersic, or not fitted")
    yield _text("status", status, "fitted, not converged, no data, failed or excluded")
    yield _text("reason", reason, "why there is no fit, or why it did not converge")
    yield _text("flags", flags, "names of the flags")
    for name, axis in (("RA", "right ascension"), ("DEC", "declination")):
        meaning = f"{axis} (ICRS), fitted where there is a fit"
        yield PageColumn(name, "number", derived.place(table, name, suffixes), "deg", meaning)
    for name in ("x", "y"):
        meaning = f"{name} in the full image, fitted where there is a fit"
        yield PageColumn(name, "number", derived.place(table, f"{name}_pix", suffixes), "pix", meaning)
    yield _number("chi2", derived.chi2_per_pixel(table, bands), "chi2 per pixel of the core, all bands together")
    for band in bands:
        yield _number(f"chi2_{band}", derived.chi2_per_pixel(table, [band]), f"chi2 per pixel of the core in {band}")
        yield _number(f"SNR_{band}", derived.signal_to_noise(table, band), f"flux over its error in {band}")


def _catalogued(table: pd.DataFrame, bands: Sequence[str], multi_band: bool) -> Iterator[PageColumn]:
    """The catalogue's columns: fluxes and magnitudes, then the input's own, then the other results."""
    ours = {column.name: column for column in catalogue(bands, multi_band)}
    known = known_inputs(bands) | ours
    photometry = [f"{name}_{band}_fit" for name in ("FLUX", "FLUXERR", "MAG", "MAGERR") for band in bands]
    limits = [f"MAG_LIMIT_{band}" for band in bands]
    given = [name for name in table if name not in ours]
    for name in dict.fromkeys([*photometry, *limits, "fit_flags", *given, *ours]):
        if name in table and name != "ID":
            column = known.get(name)
            unit, meaning = (column.unit, column.meaning) if column else ("", "column of the input catalogue")
            single = name in ours and unit != "deg"
            yield PageColumn(name, *_values(table[name], single), unit, meaning)


def _values(series: pd.Series, single: bool) -> tuple[Kind, np.ndarray]:
    """A column as numbers (32 bits where that is enough, on request), truth values, or texts."""
    if pd.api.types.is_bool_dtype(series) and not series.hasnans:
        return "truth", series.to_numpy(bool)
    if not pd.api.types.is_numeric_dtype(series):
        return "text", series.astype("str").where(series.notna(), "").to_numpy(object)
    whole = pd.api.types.is_integer_dtype(series)
    most = max(abs(int(series.min())), abs(int(series.max()))) if whole and series.notna().any() else 0
    if most > EXACT:
        return "text", series.astype("str").where(series.notna(), "").to_numpy(object)
    values = series.to_numpy("f8", na_value=np.nan)
    return "number", values.astype("f4") if (single or whole) and most <= SINGLE else values


def _text(name: str, values: np.ndarray, meaning: str) -> PageColumn:
    return PageColumn(name, "text", values, "", meaning)


def _number(name: str, values: np.ndarray, meaning: str) -> PageColumn:
    return PageColumn(name, "number", values.astype("f4"), "", meaning)


def _cost(column: PageColumn) -> int:
    """Bytes in the page, about."""
    if column.kind != "text":
        return len(column.values) * (1 if column.kind == "truth" else column.values.dtype.itemsize) * 4 // 3
    words = set(column.values)
    bytes_of = sum(len(word.encode()) + 3 for word in words)
    return bytes_of + (6 * len(column.values) if 2 * len(words) <= len(column.values) else 0)
