"""Observations without a service: a table that somebody made, or a folder of FITS files."""

import logging
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.coordinates import angular_separation
from astropy.io import fits
from astropy.io.fits.verify import VerifyError
from astropy.time import Time
from astropy.wcs import WCS, FITSFixedWarning, WcsError

from ..errors import InputError
from ..tables import find_column, numbers, read_table
from . import observations, products
from .names import level2_parts, release_of

log = logging.getLogger(__name__)
SUFFIXES = (".fits", ".fits.gz", ".fits.fz", ".fit", ".fts")
FILES = ("url", "file", "path")


def listed(path: str | Path, targets: pd.DataFrame, radius_deg: float) -> pd.DataFrame:
    """Products of all targets, from a table or a folder; `target` holds the slug.

    In a table, `url` (or file, path; relative to the table) is needed; `target` (name or slug) says whose it is, and a
    row without one is every target's. All other columns are as in the table of observations. Files of a folder belong
    to the targets that lie on their images or within `radius_deg` of them.

    Raises
    ------
    InputError : nothing there, or not readable; in a table also targets that are none, with their rows.
    """
    path = Path(path)
    return _of_folder(path, targets, radius_deg) if path.is_dir() else _of_table(path, targets)


def _of_table(path: Path, targets: pd.DataFrame) -> pd.DataFrame:
    given = read_table(path, text=observations.TEXTS, allow_empty=True)
    found = {name: find_column(given.columns, name) for name in (*observations.COLUMNS, *FILES)}
    place = next((found[name] for name in FILES if found[name]), None)
    if place is None:
        raise InputError(f"{path}: no column url (or file, or path); found {', '.join(given.columns)}")
    made = {}
    for name, column in observations.COLUMNS.items():
        if found[name] is not None and name != "url":
            made[name] = numbers(given[found[name]]) if column.dtype == "float64" else given[found[name]]
    table = pd.DataFrame(made, index=given.index)
    table["url"] = [_url(str(text), path.parent) for text in given[place].fillna("")]
    table = observations.typed(table)
    names = table.url.str.rsplit("/", n=1).str[-1]
    parts = pd.DataFrame([level2_parts(name) or {} for name in names], index=table.index)
    for name in parts.columns:
        table[name] = table[name].where(table[name] != "", parts[name].fillna(""))
    table["exposure"] = table.exposure.where(table.exposure != "", names)
    table["release"] = table.release.where(table.release != "", table.collection.map(release_of))
    table["mjd"] = table.mjd.fillna(table[["mjd_start", "mjd_end"]].mean(axis=1))
    # What an earlier query left out for its own policy is chosen anew.
    table["reason"] = np.where(table.url == "", "no URL of its file", "")
    table["selected"] = table.reason == ""
    return _shared(table, targets, path).assign(datalink=False)


def _shared(table: pd.DataFrame, targets: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Each row for the target that it names, or for all of them."""
    slugs = dict(zip(targets.target, targets.slug, strict=True)) | {slug: slug for slug in targets.slug}
    # ASSUME a table may be shared between runs: rows of targets that this one does not have are none of its business.
    strange = sorted(set(table.target) - set(slugs) - {""})
    if strange and not set(table.target) & {*slugs, ""}:
        raise InputError(f"{path}: no row is of a target of this run; the column target has {', '.join(strange[:5])}")
    own = table[table.target.isin(slugs)]
    own = own.assign(target=own.target.map(slugs).astype("str"))
    everyones = [table[table.target == ""].assign(target=slug) for slug in targets.slug]
    return observations.typed(pd.concat([own, *everyones], ignore_index=True))


def _of_folder(folder: Path, targets: pd.DataFrame, radius_deg: float) -> pd.DataFrame:
    files = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(SUFFIXES) and path.is_file())
    if not files:
        raise InputError(f"{folder}: no FITS file in it; expected names that end in {', '.join(SUFFIXES)}")
    found = []
    for path in files:
        try:
            row, wcs = _row(path, folder)
        except (OSError, ValueError, WcsError, VerifyError, TypeError) as error:
            log.warning("%s: left out, not a FITS image with a position (%s)", path, " ".join(str(error).split())[:200])
            continue
        held = _holds(wcs, targets, radius_deg)
        found += [row | {"target": slug} for slug in targets.slug[held]]
    log.info("%s: %d FITS files, %d of them with targets", folder, len(files), len({row["url"] for row in found}))
    if not found:
        return products.empty()
    return observations.typed(pd.DataFrame(found)).assign(datalink=False)


def _row(path: Path, folder: Path) -> tuple[dict[str, object], WCS]:
    with fits.open(path, memmap=False) as hdus, warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        hdu = next((hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS") == 2), None)
        if hdu is None:
            raise ValueError("no 2-D image")
        header = hdus[0].header.copy()
        header.update(hdu.header)
        wcs = WCS(hdu.header, fobj=hdus)
        if not wcs.has_celestial:
            raise ValueError("no celestial WCS")
        wcs.pixel_shape = hdu.shape[::-1]
    center = wcs.celestial.pixel_to_world((wcs.pixel_shape[0] - 1) / 2, (wcs.pixel_shape[1] - 1) / 2).icrs
    parts = level2_parts(path.name) or {}
    detector = header.get("DETECTOR")
    band = parts.get("band") or (f"D{detector}" if detector in range(1, 7) else str(header.get("FILTER", "")).strip())
    begin, end = (_mjd(header, name) for name in ("BEG", "END"))
    name = path.relative_to(folder).as_posix()
    row = {
        "exposure": name,
        "obs_id": parts.get("obs_id") or str(header.get("OBSID", name)),
        "band": band,
        "collection": "",
        "version": parts.get("version", ""),
        "processed": parts.get("processed", ""),
        "mjd_start": begin,
        "mjd_end": end,
        "mjd": _mjd(header, "AVG") if np.isnan(begin + end) else (begin + end) / 2,
        "exptime": float(header.get("XPOSURE", header.get("EXPTIME", np.nan))),
        "ra": float(center.ra.deg),
        "dec": float(center.dec.deg),
        "url": path.resolve().as_uri(),
        "bytes": float(path.stat().st_size),
        "selected": True,
        "reason": "",
    }
    return row, wcs.celestial


def _mjd(header: fits.Header, which: str) -> float:
    """MJD-<which>, or for the middle any time that the header has; NaN where there is none."""
    names = [f"MJD-{which}"] + (["MJD-OBS", "MJD"] if which == "AVG" else [])
    for name in names:
        if isinstance(header.get(name), float | int):
            return float(header[name])
    try:
        return float(Time(header["DATE-OBS"]).mjd) if which == "AVG" and "DATE-OBS" in header else np.nan
    except ValueError:
        return np.nan


def _holds(wcs: WCS, targets: pd.DataFrame, radius_deg: float) -> np.ndarray:
    """Which targets lie on an image or within `radius_deg` of its border, shape (n,)."""
    nx, ny = wcs.pixel_shape
    scale = float(np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))))
    world = targets[["ra", "dec"]].to_numpy(float)
    # A gnomonic projection has an image of the sky's other half too: only what is near is asked for its pixel.
    center = wcs.pixel_to_world((nx - 1) / 2, (ny - 1) / 2).icrs
    apart = angular_separation(*np.deg2rad(world).T, center.ra.rad, center.dec.rad)
    near = np.rad2deg(apart) < min(80.0, scale * np.hypot(nx, ny) + radius_deg)
    held = np.zeros(len(targets), bool)
    if near.any():
        x, y = wcs.all_world2pix(*world[near].T, 0, quiet=True)
        beside = np.abs(x - (nx - 1) / 2) - nx / 2, np.abs(y - (ny - 1) / 2) - ny / 2
        held[near] = np.hypot(*np.maximum(beside, 0)) <= radius_deg / scale
    return held


def _url(text: str, base: Path) -> str:
    text = text.strip()
    if not text or "://" in text:
        return text
    return (base / Path(text).expanduser()).resolve().as_uri()
