"""From the rows that services answer to rows of observations."""

import logging
import re
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from . import observations
from .names import digest, level2_parts, release_of, version_parts

log = logging.getLogger(__name__)
SPHEREX_COLUMNS = (
    "uri",
    "obs_publisher_did",
    "collection",
    "energy_bandpassname",
    "energy_bounds_lower",
    "energy_bounds_upper",
    "time_bounds_lower",
    "time_bounds_upper",
)
OBSCORE_COLUMNS = ("obs_id", "access_url", "em_min", "em_max", "t_min", "t_max")
BANDS = ("energy_bandpassname", "bandpass_name", "bandpassid", "filter_name", "filter", "band_name")
# ASSUME every full SPHEREx image is as large as those that the image service tells the size of (71,635 kB).
SPHEREX_BYTES = 71_635_000.0
NOT_AN_IMAGE = "no level 2 image"
DATALINK = "content=datalink"


class BadTable(Exception):
    """Rows that lack columns without which they are of no use."""


def empty() -> pd.DataFrame:
    """No products: the columns of observations and `datalink`."""
    return observations.empty().assign(datalink=pd.Series(dtype=bool))


def stored(table: pd.DataFrame) -> pd.DataFrame:
    """Products that were stored as plain lists, with the types of `empty`."""
    return observations.typed(table).assign(datalink=table.datalink.astype(bool))


def from_spherex(table: pd.DataFrame, data_url: str) -> pd.DataFrame:
    """Products of rows of SPHEREx's TAP tables, one for each file.

    Returns
    -------
    The columns of observations (target and selection still open) and `datalink`: does the URL lead to a document that
    leads to the file.

    Raises
    ------
    BadTable : columns that are missing.
    """
    table = _with(table, SPHEREX_COLUMNS)
    if table.empty:
        return empty()
    files = table.uri.str.rsplit("/", n=1).str[-1]
    parts = pd.DataFrame([level2_parts(name) or {} for name in files], index=table.index)
    made = pd.DataFrame(index=table.index)
    for name in ("obs_id", "band", "version", "processed"):
        made[name] = parts[name].fillna("") if name in parts else ""
    made["obs_id"] = made.obs_id.where(made.obs_id != "", table.obs_publisher_did)
    named = table.energy_bandpassname.map(band_name)
    made["band"] = made.band.where(made.band != "", named)
    made["collection"] = table.collection
    made["release"] = [_release(uri, name) for uri, name in zip(table.uri, table.collection, strict=True)]
    made["mjd_start"], made["mjd_end"] = table.time_bounds_lower, table.time_bounds_upper
    made["wave_min"], made["wave_max"] = table.energy_bounds_lower * 1e6, table.energy_bounds_upper * 1e6
    made["url"] = [uri if "://" in uri else f"{data_url.rstrip('/')}/{uri.lstrip('/')}" for uri in table.uri]
    made["bytes"] = SPHEREX_BYTES
    images = files.map(lambda name: level2_parts(name) is not None)
    made["reason"] = np.where(images, "", NOT_AN_IMAGE)
    identifiers = table.obs_publisher_did.where(table.obs_publisher_did != "", files)
    made["exposure"] = _identified(identifiers, made, images, files)
    return _finished(made, pd.Series(False, index=table.index))


def from_obscore(table: pd.DataFrame) -> pd.DataFrame:
    """Products of rows of an ObsCore table or a SIA2 answer; the columns are as for `from_spherex`.

    A band is the service's name of it where it has a column for that, else made of the wavelength ('477nm').

    Raises
    ------
    BadTable : columns that are missing.
    """
    table = _with(table, OBSCORE_COLUMNS)
    if table.empty:
        return empty()
    files = table.access_url.str.split("?", n=1).str[0].str.rsplit("/", n=1).str[-1]
    versions = [version_parts(url) for url in table.access_url]
    made = pd.DataFrame({"obs_id": table.obs_id}, index=table.index)
    made["collection"] = _texts(table, "obs_collection")
    made["release"] = [_release(url, name) for url, name in zip(table.access_url, made.collection, strict=True)]
    made["version"], made["processed"] = ([pair[i] for pair in versions] for i in range(2))
    made["mjd_start"], made["mjd_end"] = _numbers(table, "t_min"), _numbers(table, "t_max")
    made["exptime"] = _numbers(table, "t_exptime")
    made["wave_min"], made["wave_max"] = _numbers(table, "em_min") * 1e6, _numbers(table, "em_max") * 1e6
    named = next((table[name].map(band_name) for name in BANDS if name in table), pd.Series("", index=table.index))
    made["band"] = named.where(
        named != "", [_from_wavelength(*ends) for ends in zip(made.wave_min, made.wave_max, strict=True)]
    )
    made["ra"], made["dec"] = _numbers(table, "s_ra"), _numbers(table, "s_dec")
    made["url"] = table.access_url
    made["bytes"] = _numbers(table, "access_estsize") * 1000
    made["reason"] = np.where(table.access_url == "", "no URL of its file", "")
    given = _texts(table, "obs_publisher_did")
    identifiers = given.where(given != "", table.obs_id + "/" + files)
    made["exposure"] = _identified(identifiers, made, made.reason == "", files)
    return _finished(made, _texts(table, "access_format").str.contains(DATALINK, regex=False))


def band_name(text: str) -> str:
    """The name of a band without the instrument's in front of it: 'D2' of 'SPHEREx-D2'."""
    return re.sub(r"^SPHEREx-", "", str(text).strip())


def _identified(given: pd.Series, made: pd.DataFrame, whole: pd.Series, files: pd.Series) -> pd.Series:
    """Identifiers that tell processings of one exposure apart: several have the same publisher's DID."""
    ends = made.version + "-" + made.processed
    ends = ends.where(whole & (made.version != ""), "").where(whole, files)
    return (given + "#" + ends).str.rstrip("#")


def _finished(made: pd.DataFrame, datalink: pd.Series) -> pd.DataFrame:
    """With the middle of the exposure, each product once, in the order of time, band and identifier."""
    made["mjd"] = made[["mjd_start", "mjd_end"]].mean(axis=1)
    made["selected"] = made.reason == ""
    table = observations.typed(made).assign(datalink=datalink.astype(bool))
    table = table.sort_values(["mjd", "band", "exposure", "url"], kind="stable").drop_duplicates(["exposure", "url"])
    alike = table.exposure.duplicated(keep=False)
    if alike.any():
        log.warning(
            "%d products have the identifier of another (%s ...) and no version that tells them apart; all are kept",
            alike.sum(),
            table.exposure[alike].iloc[0],
        )
        table.loc[alike, "exposure"] = table.exposure[alike] + "#" + table.url[alike].map(digest)
    return table.reset_index(drop=True)


def _release(url: str, collection: str) -> str:
    """ASSUME the folder that a file lies in tells its release better than its collection's name."""
    found = re.search(r"/spherex/((?:qr|dr)\d+)/", f"/{url}", re.IGNORECASE)
    return found[1].lower() if found else release_of(collection)


def _from_wavelength(low: float, high: float) -> str:
    return f"{(low + high) * 500:.0f}nm" if np.isfinite(low + high) else ""


def _with(table: pd.DataFrame, wanted: Iterable[str]) -> pd.DataFrame:
    table = table.rename(columns=str.lower)
    missing = [name for name in wanted if name not in table]
    if missing:
        raise BadTable(f"the answer has no column {', '.join(missing)} (found: {', '.join(table.columns) or 'none'})")
    return table


def _texts(table: pd.DataFrame, name: str) -> pd.Series:
    return _or_missing(table, name, lambda column: column.astype(str), "")


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    return _or_missing(table, name, lambda column: pd.to_numeric(column, errors="coerce").astype(float), np.nan)


def _or_missing(table: pd.DataFrame, name: str, make: Callable, missing: object) -> pd.Series:
    return make(table[name]) if name in table else pd.Series(missing, index=table.index)
