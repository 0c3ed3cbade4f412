"""Light curves read back, for notebooks and figures."""

import io
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io.votable import parse_single_table
from astropy.io.votable.exceptions import VOTableSpecError
from astropy.table import Table

from ..csvtable import read_columns
from ..errors import InputError
from .columns import FIELDS, TEXTS
from .table import DTYPES

TITLE = "# Light curve of (.*): every planned exposure"


def read_lightcurve(path: str | Path) -> pd.DataFrame:
    """Read a `lightcurve.csv`, `.ecsv` or `.vot`; all three give the same table.

    Returns
    -------
    One row per planned exposure, in order of time; the columns of `swath.spectra.columns.FIELDS` with float64 (NaN
    where unknown), int64, bool or str. `attrs["target"]` is the target's name.

    Raises
    ------
    InputError : no such file, not a light curve, columns missing.
    """
    path = Path(path)
    try:
        name, raw = _raw(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, IndexError, VOTableSpecError) as error:
        raise InputError(f"{path}: not a readable light curve ({error}); expected CSV, ECSV or VOTable") from None
    missing = [field.name for field in FIELDS if field.name not in raw]
    if missing:
        raise InputError(f"{path}: not a light curve: no column {', '.join(missing)}; make it anew")
    table = pd.DataFrame({field.name: pd.Series(raw[field.name], dtype=DTYPES[field.kind]) for field in FIELDS})
    table.attrs["target"] = name
    return table


def summarize(table: pd.DataFrame) -> dict[str, object]:
    """What is in a light curve: counts by class, band and status, time span, wavelengths, flux of the good ones.

    Parameters
    ----------
    table : as `read_lightcurve` gives it.

    Returns
    -------
    exposures, good, upper_limit, rejected : counts. bands, statuses : name to count. mjd, wavelength [um] :
    (first, last) of what was measured, None without any. days : the time span. flux, snr : medians of the good
    measurements [uJy], NaN without any.
    """
    good, measured = table[table["class"] == "good"], table[table["status"] == "ok"]
    counts = {name: int((table["class"] == name).sum()) for name in ("good", "upper_limit", "rejected")}
    mjd = _range(measured["mjd"])
    return {
        "exposures": len(table),
        **counts,
        "bands": table["band"].value_counts().sort_index().to_dict(),
        "statuses": table["status"].value_counts().sort_index().to_dict(),
        "mjd": mjd,
        "days": mjd[1] - mjd[0] if mjd else 0.0,
        "wavelength": _range(measured["wavelength"]),
        "flux": float(good["flux"].median()),
        "snr": float(good["snr"].median()),
    }


def _range(values: pd.Series) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _raw(data: bytes) -> tuple[str, dict[str, np.ndarray]]:
    """The target's name, and the values of every column."""
    if data.startswith(b"# %ECSV"):
        table = Table.read(data.decode("utf-8").splitlines(), format="ascii.ecsv")
        return str(table.meta.get("target", "")), _columns(table)
    if data.lstrip().startswith(b"<?xml"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            element = parse_single_table(io.BytesIO(data))
        names = [param.value for param in element.params if param.name == "target"]
        return str(next(iter(names), "")), _columns(element.to_table())
    start = 0
    while data.startswith(b"#", start):
        start = data.find(b"\n", start) + 1 or len(data)
    name = re.match(TITLE, data.decode("utf-8"))
    return name[1] if name else "", {name: _gaps(*found) for name, *found in read_columns(data[start:], set(TEXTS))}


def _columns(table: Table) -> dict[str, np.ndarray]:
    return {name: _gaps(np.ma.getdata(table[name]), np.ma.getmaskarray(table[name])) for name in table.colnames}


def _gaps(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Values with NaN or '' where they are missing."""
    if values.dtype.kind == "f":
        return np.where(missing, np.nan, values)
    return np.where(missing, "", values).astype(object) if values.dtype.kind in "OUS" else values
