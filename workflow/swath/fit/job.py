"""The `fit` stage: one patch, from payload to table. Whatever happens, the table is written."""

import logging
import time
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.io import fits

from ..config.fit import Fit
from ..flags import FIT, counted
from ..images import write_fits
from ..patches.payload import Payload, read_payload
from ..telemetry import clock, tell
from .auto import choose
from .engines import engine, name
from .errors import covariances
from .problem import galaxy_limits, problem, single_band
from .results import Solved, empty_rows, fill, owned, quality

log = logging.getLogger(__name__)


def fit_patch(payload_path: Path, output: Path, settings: Fit, sky_model: str) -> None:
    """Fit one patch and write `FIT` (the sources it owns) and `SCENE` (all sources it modelled).

    This is the boundary of the unit job: an error of the fit becomes rows with a flag and a reason, so that one
    patch never costs the run. An engine that is not there raises RunError.
    """
    engine(settings)
    payload = read_payload(payload_path)
    if not len(owned(empty_rows(payload, settings.multi_band))):
        rows = empty_rows(payload, settings.multi_band)
        _write(output, payload, rows, name(settings), "empty", "no active source", (0, 0.0))
        return
    try:
        rows, facts = solve_patch(payload, settings, sky_model)
        late = (rows["stop_reason"] == "deadline").any()
        status, reason = ("deadline", f"stopped after {settings.deadline_s} s") if late else ("ok", "")
    except Exception as error:  # the unit job's boundary: recorded, counted and judged by `merge`
        log.error("%s: %s", payload.patch, traceback.format_exc())
        rows, facts = empty_rows(payload, settings.multi_band, FIT["PATCH_FAILED"]), (0, 0.0)
        status, reason = "failed", f"{type(error).__name__}: {error}"
    _write(output, payload, rows, name(settings), status, reason, facts)


def solve_patch(payload: Payload, settings: Fit, sky_model: str) -> tuple[np.ndarray, tuple[int, float]]:
    """Fit all sources of a payload: rows for all of them, and (pixels used, chi2)."""
    began = time.monotonic()
    joint = problem(payload, settings, free_sky=sky_model == "patch")
    with clock("models"):
        chosen = choose(joint, _undecided(payload, settings), galaxy_limits(joint, settings), settings.auto)
    joint, nband = chosen.problem, len(payload.bands)
    parts = [joint] if settings.multi_band else [single_band(joint, index) for index in range(nband)]
    masks = [payload.mask] if settings.multi_band else [payload.mask[index : index + 1] for index in range(nband)]
    optimise, solved = engine(settings), []
    for part, mask in zip(parts, masks, strict=True):
        # The deadline is the patch's: what models and other bands have used is gone.
        left = None if settings.deadline_s is None else max(settings.deadline_s - (time.monotonic() - began), 0.0)
        part.settings = replace(part.settings, deadline_s=left)
        with clock("optimise"):
            outcome = optimise(part)
        with clock("errors"):
            errors = covariances(part, outcome)
        with clock("quality"):
            judged = quality(part, outcome, mask)
        solved.append(Solved(part, outcome, errors, judged))
    rows = empty_rows(payload, settings.multi_band)
    rows["runner_up"], rows["dchi2_runner_up"] = chosen.runner_up, chosen.margin
    fill(rows, payload, solved, settings)
    return rows, (int(joint.pixels.good.sum()), sum(part.outcome.chi2 for part in solved))


def _undecided(payload: Payload, settings: Fit) -> np.ndarray:
    """(n,) bool: sources whose model is to be found."""
    if settings.models == "unknown":
        return payload.sources["assumed"].astype(bool)
    return np.full(len(payload.sources), settings.models == "auto")


def _write(
    output: Path, payload: Payload, rows: np.ndarray, by: str, status: str, reason: str, facts: tuple[int, float]
) -> None:
    mine = owned(rows)
    header = fits.Header([("PATCH", payload.patch), ("CELL", payload.cell), ("ENGINE", by), ("STATUS", status)])
    header["REASON"] = " ".join(reason.split())[:400].encode("ascii", "replace").decode()
    header["NPIX"] = facts[0]
    # Pixels may lie beyond what float32 can square, and FITS has no infinity.
    header["CHI2"] = facts[1] if np.isfinite(facts[1]) else None
    for index, band in enumerate(payload.bands["band"]):
        header[f"BAND{index + 1}"] = str(band)
    write_fits(
        output,
        [
            fits.PrimaryHDU(header=header),
            fits.BinTableHDU(mine, name="FIT"),
            fits.BinTableHDU(rows, name="SCENE"),
            fits.BinTableHDU(payload.bands, name="BANDS"),
        ],
    )
    good = np.count_nonzero(np.atleast_2d(mine["converged"].T).all(axis=0)) if len(mine) else 0
    seen = mine[mine["npix"].any(axis=1)]
    chi2 = np.nansum(seen["chi2"], axis=1) / seen["npix"].sum(axis=1)
    tell(counted(mine["flags"]), {"chi2/pix": chi2}, patches=1, sources=len(mine), converged=good)
    log.info("%s: %s, %d sources, %d converged, chi2/pix %.3f", payload.patch, status, len(mine), good,
             facts[1] / max(facts[0], 1))  # fmt: skip
