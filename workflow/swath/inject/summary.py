"""The rule `inject_summary`: all realisations together."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..config.inject import Inject
from ..config.sources import Detection
from ..errors import InputError
from ..files import read_json, write_json
from ..images import read_image
from ..tables import read_table, write_csv
from ..telemetry import clock, tell
from ..truth.completeness import detected
from ..truth.rows import bound_row
from .bins import binned
from .match import beside, with_snr
from .verdict import band_bounds, complete_to
from .words import missed, sentence

log = logging.getLogger(__name__)


def summarise(
    truths: Sequence[str | Path],
    catalogs: Sequence[str | Path],
    whites: Sequence[str | Path],
    noise: Mapping[str, str | Path],
    crop_box: tuple[int, int, int, int],
    settings: Inject,
    detection: Detection,
    added: Sequence[str],
    sources_csv: str | Path,
    summary_csv: str | Path,
    verdict_json: str | Path,
) -> None:
    """Write every added source with its fit, the table by band, type and magnitude, and the verdict.

    Parameters
    ----------
    truths, catalogs, whites : of the realisations, in order: truth.csv, merge/catalog.parquet, white/white.fits.
    noise : band to `noise/{band}.json`. crop_box : of the catalogue, full-frame pixels. added : bands of the field
        that were measured later and are not tested.

    Raises
    ------
    InputError : no realisation holds a source; single ones may hold none.
    """
    bands = list(noise)
    parts = []
    for number, paths in enumerate(zip(truths, catalogs, whites, strict=True), 1):
        truth, catalog, white = read_table(paths[0], allow_empty=True), *paths[1:]
        if truth.empty:
            continue
        part = beside(truth, read_table(catalog), bands, number)
        pixels, sigma = (read_image(white, name)[0] for name in ("WHITE", "NOISE"))
        with clock("detect"):
            parts.append(part.assign(detected=detected(part, pixels, sigma, crop_box, detection)))
    if not parts:
        raise InputError(
            f"no source was added to any of {len(truths)} copies, because few have room: lower inject.spacing_pix "
            f"({settings.spacing_pix:g}) or inject.keep_apart_pix ({settings.keep_apart_pix or 'null'})"
        )
    with clock("estimate"):
        table = with_snr(pd.concat(parts, ignore_index=True), bands)
        measured = {band: read_json(path)["factor"] for band, path in noise.items()}
        factors = {band: np.nan if factor is None else factor for band, factor in measured.items()}
        summary = binned(table, bands, settings, factors)
        bounds = [bound_row(item) for item in band_bounds(table, bands, settings)]
    complete = {band: complete_to(summary, band) for band in bands}
    write_csv(sources_csv, table)
    write_csv(summary_csv, summary)
    applied = {band: float(table[f"applied_{band}"].iloc[0]) for band in bands}
    verdict = {
        "passed": all(row["passed"] for row in bounds),
        "sentence": sentence(bounds, complete, len(table)),
        "injected": len(table),
        "realisations": len(truths),
        "complete_to": complete,
        "noise_factor": {"measured": measured, "applied": applied},
        "missed": missed(bounds, summary, measured, applied),
        "untested": list(added),
        "bounds": bounds,
    }
    write_json(verdict_json, verdict)
    tell(sources=len(table), usable=int(table["usable"].sum()))
    log.info("%s", verdict["sentence"])
