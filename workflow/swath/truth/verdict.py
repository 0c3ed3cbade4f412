"""The stage `verdict`: the test field against its truth, bound by bound."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..config.sources import Detection
from ..files import read_json, write_json
from ..images import read_image
from ..psf import store
from ..tables import read_table, write_csv
from .bounds import source_bounds
from .completeness import completeness, detected
from .epsf import cell_biases, epsf_bounds, read_true_psf
from .match import compare
from .rows import bound_row
from .zeropoint import light_through, zero_point_bounds

log = logging.getLogger(__name__)
Box = Sequence[int]


def judge(
    truth: str | Path,
    catalog: str | Path,
    zp_summary: str | Path,
    zp_stars: str | Path,
    white: str | Path,
    frames: Mapping[str, str | Path],
    psfs: Mapping[str, str | Path],
    epsfs: Mapping[str, str | Path],
    boxes: Mapping[str, Box],
    crop_box: tuple[int, int, int, int],
    multi_band: bool,
    zp_ref: float,
    detection: Detection,
    sources_csv: str | Path,
    verdict_csv: str | Path,
    verdict_json: str | Path,
) -> None:
    """Compare the finished field with its truth and write every bound with its verdict, whatever it is.

    Parameters
    ----------
    frames : band to the facts of its frame (JSON). psfs : band to its true PSF. epsfs, boxes : by cell.
    sources_csv : written: true and fitted values side by side.
    """
    bands = list(frames)
    true, summary = read_table(truth), read_table(zp_summary)
    table = compare(true, read_table(catalog), bands, multi_band, _scales(summary, zp_ref))
    pixels, noise = (read_image(white, name)[0] for name in ("WHITE", "NOISE"))
    table["detected"] = detected(table, pixels, noise, crop_box, detection)
    known = {band: read_true_psf(path) for band, path in psfs.items()}
    biases = cell_biases(list(boxes), list(boxes.values()), list(epsfs.values()), known)
    through = _through(read_table(zp_stars, allow_empty=True), frames, known, epsfs, boxes)
    bounds = [
        *source_bounds(table, bands),
        *zero_point_bounds(summary, true, through, zp_ref),
        *epsf_bounds(biases),
    ]
    write_csv(sources_csv, table)
    write_csv(verdict_csv, pd.DataFrame([bound_row(item) for item in bounds]))
    write_json(
        verdict_json,
        {
            "passed": all(item.passed for item in bounds),
            "missed": [item.sentence for item in bounds if not item.passed],
            "bounds": [bound_row(item) for item in bounds],
            "epsf": biases.to_dict("records"),
            "completeness": completeness(table).to_dict("records"),
        },
    )
    missed = sum(not item.passed for item in bounds)
    log.info("%d of %d bounds kept; %d sources, %d active", len(bounds) - missed, len(bounds), len(table),
             table["active"].sum())  # fmt: skip


def _scales(summary: pd.DataFrame, zp_ref: float) -> dict[str, float]:
    """What brings fitted fluxes to the calibrated zero point; a band without one stays as it is."""
    # ASSUME fluxes are compared as they are calibrated: a band's common factor (the light beyond the norm radius, the
    # header's error) is the zero point's affair, and bounded there.
    shift = zp_ref - summary["zp_median"].to_numpy(float)
    return dict(zip(summary["band"], 10 ** (0.4 * np.nan_to_num(shift)), strict=True))


def _through(
    stars: pd.DataFrame, frames: Mapping[str, str | Path], known: Mapping, epsfs: Mapping, boxes: Mapping
) -> dict[str, float]:
    cells = {cell: {psf.band: psf for psf in store.read(path)} for cell, path in epsfs.items()}
    shares = {}
    for band, path in frames.items():
        facts = read_json(path)
        kept = stars[(stars["band"] == band) & stars["is_kept"].astype(str).eq("True")] if len(stars) else stars
        of_band = {cell: (boxes[cell], cells[cell][band]) for cell in cells}
        shares[band] = light_through(kept, of_band, known[band], facts["sky_sigma"], facts["gain"])
    return shares
