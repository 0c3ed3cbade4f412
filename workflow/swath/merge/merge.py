"""merge: the fits of all patches, joined to one catalogue of every source."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..columns import suffixes_of
from ..config.products import Merge
from ..files import read_json
from ..frames.frame import read_header
from ..psf import store
from ..psf.store import BandPsf
from ..sources.angles import Axis
from ..sources.positions import equatorial_wcs
from ..tables import write_csv
from ..telemetry import clock, tell
from . import attrition
from .added import joined
from .assemble import assemble
from .files import Facts, median_depths, write_catalog
from .fitted import Tile
from .noise import corrected, noise_factors
from .patches import PatchFit, check_whole, read_fit
from .psf import sky_at
from .turned import turned

log = logging.getLogger(__name__)


def merge_patches(
    sources: str | Path,
    plan: str | Path,
    frames: Sequence[str | Path],
    epsfs: Sequence[str | Path],
    fits: Sequence[str | Path],
    noise: Sequence[str | Path] = (),
    *,
    bands: Sequence[str],
    csv: str | Path,
    fits_catalog: str | Path,
    parquet: str | Path,
    attrition_csv: str | Path,
    settings: Merge,
    multi_band: bool,
    theta_from: Axis,
    psf_min_stars: int,
    zp_ref: float,
    added_epsfs: Sequence[str | Path] = (),
    added: Sequence[str | Path] = (),
) -> None:
    """Join every patch's fit to the source list and write the catalogue.

    Parameters
    ----------
    sources : `sources/sources.parquet`. plan : `patches/patches.json`.
    frames, epsfs : `frames/{band}.fits` in the order of the bands, `epsf/{cell}.fits` in any order.
    fits : `fit/{patch}.fits` of every patch in the plan, in any order.
    noise : `noise/{band}.json` in the order of the bands, whose factors go into the flux errors; none leaves them.
    bands : all of them, the added ones last. added_epsfs, added : as `epsfs` and `fits`, for the bands that were added.
    csv, fits_catalog, parquet, attrition_csv : written, atomically.

    Raises
    ------
    RunError : the patches do not deliver every active source exactly once, or too many of them have no fit.
    """
    table, plan = pd.read_parquet(sources), read_json(plan)
    bands, fitted = tuple(bands), [entry["band"] for entry in plan["bands"]]
    patches = _read(fits, fitted, multi_band)
    order = {patch["tag"]: i for i, patch in enumerate(plan["patches"])}
    wanted = attrition.active(table)
    check_whole(patches, list(order), table["ID"], wanted)
    patches = joined(patches, _read(added, bands[len(fitted) :], multi_band), multi_band)
    patches.sort(key=lambda patch: order[patch.tag])
    factors = noise_factors(noise, bands)
    sky = np.stack([sky_at(path, table["x_pix"].to_numpy(), table["y_pix"].to_numpy()) for path in frames], axis=1)
    tile = Tile(
        bands,
        multi_band,
        origins={patch["tag"]: (patch["roi"][0], patch["roi"][2]) for patch in plan["patches"]},
        crop=(plan["crop_box"][0], plan["crop_box"][2]),
        cells=_cells(epsfs, added_epsfs),
        sky=sky * [factors[band] for band in bands],
        wcs=equatorial_wcs(read_header(frames[0]), str(frames[0])),
        theta_from=theta_from,
        min_stars=psf_min_stars,
        depth_sigma=settings.depth_sigma,
        zp_ref=zp_ref,
    )
    with clock("assemble"):
        catalog = corrected(assemble(table, patches, tile), factors)
    if warning := turned(catalog, suffixes_of(bands, multi_band), theta_from):
        log.warning("%s", warning)
    fates = attrition.fate(catalog, catalog[[f"FLUX_{band}_fit" for band in bands]].to_numpy())
    attrition.check(catalog, fates, settings.max_failed_fraction)
    unknown = dict.fromkeys(bands)
    named = factors if noise else None
    facts = Facts(bands, multi_band, zp_ref, median_depths(catalog, bands), unknown, unknown, named)
    write_catalog(catalog, facts, csv, fits_catalog, parquet)
    counts = attrition.count(fates)
    write_csv(attrition_csv, counts)
    tell(dict(zip(counts["reason"], counts["count"], strict=True)), patches=len(patches), sources=len(catalog))
    fates_text = ", ".join(f"{n} {reason}" for reason, n in zip(counts["reason"], counts["count"], strict=True))
    log.info("%d sources from %d patches: %s", len(catalog), len(patches), fates_text)


def _read(paths: Sequence[str | Path], bands: Sequence[str], multi_band: bool) -> list[PatchFit]:
    return [read_fit(path, bands, 1 if multi_band else len(bands)) for path in paths]


def _cells(epsfs: Sequence[str | Path], added: Sequence[str | Path]) -> dict[str, list[BandPsf]]:
    """PSFs by cell, those of added bands behind the others."""
    more = {Path(path).stem: store.read(path) for path in added}
    return {Path(path).stem: store.read(path) + more.get(Path(path).stem, []) for path in epsfs}
