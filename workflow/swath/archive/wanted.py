"""Which files a batch needs, and where each is to be had."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..config.download import Download
from ..errors import InputError
from ..sources.motion import JULIAN_YEAR, MJD_J2000, propagate
from .answer import LOCAL, local_path
from .cutout import cutout_url, quantity
from .fetch import Wanted
from .hosts import is_url
from .layout import Geometry, file_key, file_name
from .validate import SPHEREX, expected_hdus

IMAGE = SPHEREX[0]
PSF_BYTES = 4.97e6  # the cube of 121 PSFs and its header
HEADER_BYTES = 5e4
PIXEL_BYTES, PIXEL_ARCSEC = 16, 6.15  # IMAGE, FLAGS, VARIANCE and ZODI have four each


class Plan(NamedTuple):
    """What one observation needs: a file and about how many bytes it takes, or why it cannot be asked for.

    may_pass : may the next run be able to ask for it?
    """

    wanted: Wanted | None
    reason: str = ""
    size: float = 0.0
    may_pass: bool = False


def plan_files(
    rows: pd.DataFrame,
    targets: pd.DataFrame,
    urls: Mapping[str, Mapping[str, Any]],
    settings: Download,
    local_files: bool = False,
) -> list[Plan]:
    """The file of each observation; those that share one name the same.

    Parameters
    ----------
    rows : observations. targets : targets with slug, ra, dec, epoch, pmra, pmdec. urls : exposure -> where its file
    really is, as `query` resolved it. local_files : may URLs be those of files on this machine?

    Raises
    ------
    InputError : observations of targets that are not in the table.
    """
    ra, dec = positions(rows, targets) if settings.cutout.size else (np.full(len(rows), np.nan),) * 2
    plans = []
    for row, x, y in zip(rows.itertuples(index=False), ra.tolist(), dec.tolist(), strict=True):
        link = urls.get(row.exposure, {"url": row.url})
        if not link["url"]:
            plans.append(Plan(None, link.get("reason") or "the archive names no file"))
        elif no_url := next((url for url in _urls(link) if not is_url(url)), None):
            plans.append(Plan(None, f"{no_url}: not a URL"))
        elif link["url"].startswith(LOCAL):
            plans.append(_local(row, link["url"], settings, local_files))
        else:
            cutout = settings.cutout if settings.cutout.size else None
            plans.append(_remote(row, link, cutout and Geometry(row.target, x, y, cutout), settings))
    return plans


def positions(rows: pd.DataFrame, targets: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """RA and DEC [deg] of each observation's target, shape (n,), at the time of the observation (where it is known)."""
    chosen = targets.set_index("slug").reindex(rows.target)
    if unknown := sorted(set(rows.target[chosen.ra.isna().to_numpy()])):
        raise InputError(f"targets {', '.join(unknown)} of the batch are not in the table of targets; run query again")
    years = 2000.0 + (rows.mjd.to_numpy() - MJD_J2000) / JULIAN_YEAR - chosen.epoch.to_numpy(float)
    return propagate(*(chosen[name].to_numpy(float) for name in ("ra", "dec", "pmra", "pmdec")), years)


def _urls(link: Mapping[str, Any]) -> list[str]:
    return [link["url"], (link.get("cutout") or link)["url"]]


def _remote(row: Any, link: Mapping[str, Any], geometry: Geometry | None, settings: Download) -> Plan:
    url = link["url"]
    if geometry is not None:
        service = link.get("cutout") or {"url": url, "kind": "center"}
        url = cutout_url(service["url"], geometry.ra, geometry.dec, geometry.cutout, service["kind"])
    key = file_key(row.exposure, geometry)
    name = file_name(key, row.band, row.obs_id, row.version, row.target if geometry else "")
    wanted = Wanted(key, url, name, expected_hdus(link["url"], settings))
    return Plan(wanted, size=estimated_size(row.bytes, IMAGE in wanted.expected, settings))


def _local(row: Any, url: str, settings: Download, allowed: bool) -> Plan:
    """A file of this machine, whole: nobody cuts it, and it need not travel.

    One that changed is another one, and takes the other's place: paths in products tell no times.
    """
    if not allowed:
        return Plan(None, f"{url}: only archive.service: list takes files of this machine")
    path = local_path(url)
    if not path.is_file():
        return Plan(None, f"{path}: no such file", may_pass=True)
    key = file_key(f"{row.exposure} {path.stat().st_size} {path.stat().st_mtime_ns}", None)
    name = file_name(file_key(row.exposure, None), row.band, row.obs_id, row.version)
    wanted = Wanted(key, url, name, expected_hdus(url, settings))
    return Plan(wanted, size=path.stat().st_size)


def estimated_size(whole: float, is_spherex: bool, settings: Download) -> float:
    """About how many bytes a file takes; 0 where nobody knows.

    Parameters
    ----------
    whole : bytes of the whole file as the archive estimates them, NaN where it does not.
    """
    psf = 0.0 if settings.skip_psf or not is_spherex else PSF_BYTES
    if settings.cutout.size is None:
        return max(0.0, float(np.nan_to_num(whole)) - (PSF_BYTES - psf) * is_spherex)
    if not is_spherex:
        return 0.0
    size = quantity(settings.cutout.size, "download.cutout.size")
    sides = size.values if size.in_pixels else [side * 3600 / PIXEL_ARCSEC for side in size.degrees]
    return HEADER_BYTES + PIXEL_BYTES * sides[0] * sides[-1] + psf
