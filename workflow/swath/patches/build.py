"""The `patches` stage: the patch table and the hub that every payload job reads."""

import csv
import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from astropy.io import fits

from ..config.fit import Patches
from ..errors import RunError
from ..files import write_json, write_text
from ..flags import FIT
from ..images import ascii_text, write_fits
from ..telemetry import tell
from .grid import Box, Cell, Patch, grow, least_halo, owners, patches
from .hub import hub_bands

log = logging.getLogger(__name__)

# ASSUME a galaxy's light matters out to 5 half-light radii and the PSF adds 10 pixels.
_REACH_RE, _REACH_PIX = 5.0, 10.0
FEWEST_PER_PATCH = 5


def halo(psf_size: int, settings: Patches, re: np.ndarray) -> int:
    """Halo [pix] of a patch whose own sources have half-light radii `re` (NaN for stars).

    At least the PSF's half side plus 2 and the configured minimum, and wide enough for the patch's own galaxies
    up to the configured maximum.
    """
    least = least_halo(psf_size, settings.halo_min_pix)
    wanted = np.nanmax(_REACH_RE * re + _REACH_PIX, initial=0) if np.isfinite(re).any() else 0
    return int(max(least, min(np.ceil(wanted), settings.halo_max_pix)))


def build_patches(
    sources: str | Path,
    frames: Mapping[str, tuple[str, str]],
    plan: Mapping[str, Any],
    settings: Patches,
    psf_size: int,
    patches_csv: str | Path,
    patches_json: str | Path,
    patch_sources: str | Path,
) -> None:
    """Write the patch table, the hub and the sources in the form that payload jobs read.

    Parameters
    ----------
    sources : sources.parquet.
    frames : band -> (path, sha256) of the frames, in band order.
    plan : the geometry that the run was planned with (`plan.Plan.geometry`).

    Raises
    ------
    RunError : an active source lies in no planned patch.
    """
    shape, crop = tuple(plan["shape"]), tuple(plan["crop"])
    cells = [Cell(tag, *_place(tag), tuple(box)) for tag, box in plan["cells"].items()]
    planned = {tag for tags in plan["patches"].values() for tag in tags}
    table = pd.read_parquet(sources)
    active = ~table["excluded_any"].to_numpy(bool) & table["x_pix"].notna().to_numpy()
    grid = [patch for cell in cells for patch in patches(cell, settings.ngrid) if patch.tag in planned]
    x, y = table["x_pix"].to_numpy(float), table["y_pix"].to_numpy(float)
    owner = np.where(active, owners(np.nan_to_num(x), np.nan_to_num(y), crop, [patch.base for patch in grid]), -1)
    if (lost := active & (owner < 0)).any():
        raise RunError(
            f"{sources}: {lost.sum()} active sources lie in no planned patch (first: row {np.flatnonzero(lost)[0]}); "
            "the source list is older than the plan: run again with --forcerun sources"
        )
    rows = []
    for index, patch in enumerate(grid):
        own = owner == index
        margin = halo(psf_size, settings, table["sw_re"].to_numpy(float)[own])
        rows.append(_row(patch, grow(patch.base, margin, shape), margin, int(own.sum())))
    hub = {
        "tile": plan["tile"],
        "shape": list(shape),
        "crop_box": list(crop),
        "bands": hub_bands(frames),
        "patches": rows,
    }
    write_fits(patch_sources, [fits.PrimaryHDU(), _source_table(table, list(frames))])
    write_text(patches_csv, _csv(rows))
    write_json(patches_json, hub)
    counts = [row["n_sources"] for row in rows] or [0]
    _warn_if_small(counts)
    tell(patches=len(rows), cells=len(cells), sources=active.sum())
    log.info(
        "%d patches in %d cells, %d of %d sources active, %d to %d per patch (median %g)",
        len(rows), len(cells), active.sum(), len(table), min(counts), max(counts), np.median(counts),
    )  # fmt: skip


def _warn_if_small(counts: list[int]) -> None:
    median = float(np.median(counts))
    if len(counts) >= 9 and median < FEWEST_PER_PATCH:
        log.warning(
            "%d patches hold a median of %g sources: each job costs more to start than to fit; lower psf.ngrid or "
            "patches.ngrid until patches hold 10 to 50",
            len(counts), median,
        )  # fmt: skip


def _row(patch: Patch, roi: Box, margin: int, count: int) -> dict:
    return {
        "tag": patch.tag,
        "cell": patch.cell,
        "row": patch.row,
        "col": patch.col,
        "base": list(patch.base),
        "roi": list(roi),
        "halo_pix": margin,
        "n_sources": count,
    }


def _csv(rows: list[dict]) -> str:
    """The patch table with tract7dt's column names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["epsf_r", "epsf_c", "patch_r", "patch_c", "epsf_tag", "patch_tag"]
    corners = [f"{side}_{kind}" for kind in ("base", "roi") for side in ("x0", "x1", "y0", "y1")]
    writer.writerow([*head, *corners, "halo_pix", "n_sources"])
    for row in rows:
        where = [*_place(row["cell"]), row["row"], row["col"], row["cell"], row["tag"]]
        writer.writerow([*where, *row["base"], *row["roi"], row["halo_pix"], row["n_sources"]])
    return text.getvalue()


def _place(tag: str) -> tuple[int, int]:
    """Row and column of a cell from its tag."""
    row, col = (int(part[1:]) for part in tag.split("_"))
    return row, col


def _source_table(table: pd.DataFrame, bands: list[str]) -> fits.BinTableHDU:
    ids = ascii_text(table["ID"].astype(str))
    dtype = [
        ("row", "i4"), ("ID", f"U{max(ids.dtype.itemsize // 4, 1)}"), ("active", "?"), ("assumed", "?"),
        ("model", "U8"),
        ("x", "f8"), ("y", "f8"), ("re", "f8"), ("ell", "f8"), ("phi", "f8"), ("flux", "f8", (len(bands),)),
    ]  # fmt: skip
    out = np.zeros(len(table), dtype)
    out["row"] = np.arange(len(table))
    out["ID"] = ids
    out["active"] = ~table["excluded_any"].to_numpy(bool)
    # A reference star of unknown TYPE is known to be a star.
    out["assumed"] = (table["fit_flags"].to_numpy() & FIT["TYPE_ASSUMED"] > 0) & (table["gaia_source_id"] == "")
    out["model"] = table["sw_model"].astype(str)
    for name, column in (("x", "x_pix"), ("y", "y_pix"), ("re", "sw_re"), ("ell", "sw_ell"), ("phi", "sw_phi")):
        out[name] = table[column].to_numpy(float)
    for index, band in enumerate(bands):
        column = f"FLUX_{band}"
        out["flux"][:, index] = table[column].to_numpy(float) if column in table else np.nan
    return fits.BinTableHDU(out, name="SOURCES")
