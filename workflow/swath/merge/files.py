"""The catalogue on disk: CSV, FITS with units and descriptions, Parquet with both; equal values give equal bytes."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits

from ..columns import Column, catalogue, known_inputs
from ..files import atomic
from ..images import ascii_text, write_fits
from ..provenance.cards import parquet_metadata
from ..tables import write_csv
from ..telemetry import clock

log = logging.getLogger(__name__)
# A FITS table has at most 999 columns (FITS standard 4.0, section 7.3.1).
MOST_FITS_COLUMNS = 999
FITS_NULL, FITS_MOST = np.iinfo("i8").min, np.iinfo("i8").max


class Facts(NamedTuple):
    """Numbers of a whole tile that go with its catalogue; per band, None where unknown.

    depth : median of the DEPTH column [mag]. zero_point, zero_point_err : calibrated [mag].
    noise_factor : that the flux errors were multiplied by; None where they were not.
    """

    bands: tuple[str, ...]
    multi_band: bool
    zp_ref: float
    depth: dict[str, float | None]
    zero_point: dict[str, float | None]
    zero_point_err: dict[str, float | None]
    noise_factor: dict[str, float] | None = None


@clock("write")
def write_catalog(
    table: pd.DataFrame, facts: Facts, csv: str | Path, fits_path: str | Path, parquet: str | Path
) -> None:
    """Write one catalogue in its three formats, each atomically.

    CSV holds every float64 with enough digits to read it back exactly, and nothing for NaN. FITS has units (TUNIT),
    meanings (TCOMM) and checksums; beyond 999 columns it continues in further tables, each with the rows' IDs.
    """
    columns = known_inputs(facts.bands) | {c.name: c for c in catalogue(facts.bands, facts.multi_band)}
    write_csv(csv, table)
    write_fits(fits_path, [fits.PrimaryHDU(), *_tables(table, columns, facts)])
    _write_parquet(table, columns, facts, parquet)


@clock("read")
def read_catalog(path: str | Path) -> tuple[pd.DataFrame, Facts]:
    """Read a catalogue's Parquet file with its facts."""
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[b"swath"])
    return table.to_pandas(), Facts(**facts | {"bands": tuple(facts["bands"])})


def median_depths(table: pd.DataFrame, bands: Sequence[str]) -> dict[str, float | None]:
    """Median of each band's DEPTH column; None where it is empty or infinite, which no header can hold."""
    medians = {band: table[f"DEPTH_{band}"].median() for band in bands}
    return {band: float(median) if np.isfinite(median) else None for band, median in medians.items()}


def _write_parquet(table: pd.DataFrame, columns: Mapping[str, Column], facts: Facts, path: str | Path) -> None:
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = [
        field.with_metadata({"unit": columns[field.name].unit, "description": columns[field.name].meaning})
        if field.name in columns
        else field
        for field in arrow.schema
    ]
    about = {b"swath": json.dumps(facts._asdict(), sort_keys=True).encode()}
    metadata = arrow.schema.metadata | about | parquet_metadata()
    with atomic(path) as temporary:
        pq.write_table(arrow.cast(pa.schema(fields, metadata)), temporary)


def _tables(table: pd.DataFrame, columns: Mapping[str, Column], facts: Facts) -> list[fits.BinTableHDU]:
    names = list(table.columns)
    key = "ID" if "ID" in names else names[0]
    chunks = [names[:MOST_FITS_COLUMNS]]
    rest, width = names[MOST_FITS_COLUMNS:], MOST_FITS_COLUMNS - 1
    chunks += [[key, *rest[i : i + width]] for i in range(0, len(rest), width)]
    fits_names = _fits_names(names)
    made = {name: _fits_column(fits_names[name], table[name], columns.get(name)) for name in names}
    hdus = []
    for i, chunk in enumerate(chunks):
        hdu = fits.BinTableHDU.from_columns([made[name] for name in chunk], name=f"CATALOG{i + 1 if i else ''}")
        for k, name in enumerate(chunk, start=1):
            if name in columns:
                hdu.header[f"TCOMM{k}"] = columns[name].meaning
            elif fits_names[name] != name:
                hdu.header[f"TCOMM{k}"] = "input column " + str(ascii_text([name])[0]).replace("\n", "\\n")[:40]
        hdu.header.extend(_cards(facts))
        hdus.append(hdu)
    return hdus


def _fits_names(names: Sequence[str]) -> dict[str, str]:
    """Names that FITS can hold: ASCII, at most 60 letters, different also when case is ignored."""
    taken: set[str] = set()
    chosen = {}
    for name, plain in zip(names, ascii_text(names), strict=True):
        stem = "".join(letter if letter.isprintable() else "_" for letter in str(plain))[:60].strip() or "column"
        short, number = stem, 2
        while short.lower() in taken:
            short, number = f"{stem[:56]}_{number}", number + 1
        taken.add(short.lower())
        chosen[name] = short
        if short != name:
            log.warning("column %r is called %r in the FITS table, which holds no other name", name, short)
    return chosen


def _cards(facts: Facts) -> list[fits.Card]:
    cards = [("ZPREF", facts.zp_ref, "[mag] zero point of the fluxes"), ("NBAND", len(facts.bands), "bands")]
    for i, band in enumerate(facts.bands, start=1):
        cards += [
            (f"BAND{i}", band, "band"),
            (f"DEPTH{i}", facts.depth[band], "[mag] median depth of point sources"),
            (f"ZP{i}", facts.zero_point[band], "[mag] calibrated zero point of the fluxes"),
            (f"ZPERR{i}", facts.zero_point_err[band], "[mag] its error"),
            (f"NOISEF{i}", (facts.noise_factor or {}).get(band), "correlated noise: factor in the flux errors"),
        ]
    return [fits.Card(*card) for card in cards if card[1] is not None]


def _fits_column(name: str, series: pd.Series, column: Column | None) -> fits.Column:
    unit = column.unit if column and column.unit else None
    kind = series.dtype.kind
    if kind == "f":
        return fits.Column(name, "D", unit=unit, array=series.to_numpy("f8", na_value=np.nan))
    if kind == "b" and not series.hasnans:
        return fits.Column(name, "L", array=series.to_numpy("bool"))
    if series.dtype == "int32":
        return fits.Column(name, "J", unit=unit, array=series.to_numpy())
    if kind in "iu" and not (series > FITS_MOST).any():
        null = FITS_NULL if series.hasnans else None
        return fits.Column(
            name, "K", unit=unit, null=null, array=series.fillna(0 if null is None else null).to_numpy("i8")
        )
    encoded = _ascii(name, series.astype("str").fillna(""))
    return fits.Column(name, f"{max(encoded.dtype.itemsize, 1)}A", unit=unit, array=encoded)


def _ascii(name: str, words: pd.Series) -> np.ndarray:
    if not words.map(str.isascii).all():
        log.warning("column %s: FITS holds ASCII only; other letters are written as escapes (\\xe9) there", name)
    return np.array([word.encode("ascii", "backslashreplace") for word in words], dtype="S")
