"""One patch fitted by both engines, and both solutions judged in the same way."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from ..config.fit import Fit
from ..files import write_json
from ..fit.drawing import Canvas
from ..fit.engines import tractor
from ..fit.errors import covariances
from ..fit.optimise import Outcome, optimise
from ..fit.problem import problem
from ..fit.scene import Problem
from ..images import write_fits
from ..patches.payload import OWNED, Payload, read_payload

ENGINES = ("native", "tractor")
# What judges both draws all light to this many sigma per pixel.
_FAINT = 1e-3


def compare_patch(payload_path: Path, output: Path, cost: Path, settings: Fit, sky_model: str) -> None:
    """Fit all bands of a patch together with each engine, and write its owned sources and both chi2.

    Weights of all chi2 are those of the native solution. `cost` gets what differs between equal runs: CPU seconds.

    Raises
    ------
    RunError : the Tractor is not to be had.
    """
    fit = tractor()
    payload = read_payload(payload_path)
    joint = problem(payload, settings, free_sky=sky_model == "patch")
    if not len(payload.sources):
        _write(output, payload, joint, {}, {})
        write_json(cost, dict.fromkeys(ENGINES, 0.0) | {"sources": 0})
        return
    seconds, native = _timed(lambda: optimise(joint))
    tractor_seconds, (other, drawing) = _timed(lambda: fit(joint, settings.tractor))
    outcomes = {"native": native, "tractor": other}
    weights = native.weights
    found = {f"CHI2_{name[0].upper()}": chi2(joint, outcome, weights) for name, outcome in outcomes.items()}
    found["CHI2_OWN"] = _square(weights, joint.pixels.image - drawing)
    _write(output, payload, joint, outcomes, found)
    write_json(cost, {"native": seconds, "tractor": tractor_seconds, "sources": int(joint.sources.free.sum())})


def chi2(joint: Problem, outcome: Outcome, weights: np.ndarray) -> float:
    """chi2 of a solution in swath's drawing at `weights` (nband, ny, nx)."""
    canvas = Canvas(replace(joint, settings=replace(joint.settings, stamp_threshold=_FAINT)))
    canvas.resize(outcome.sources)
    drawn = canvas.draw(outcome.sources, np.arange(len(outcome.sources)))
    return _square(weights, joint.pixels.image - canvas.light(outcome.sources, drawn, outcome.sky))


def _square(weights: np.ndarray, residual: np.ndarray) -> float:
    return sum(float((w * r.astype("f8") ** 2).sum()) for w, r in zip(weights, residual, strict=True))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    done = work()
    return time.process_time() - begun, done


def _write(
    output: Path, payload: Payload, joint: Problem, outcomes: dict[str, Outcome], found: dict[str, float]
) -> None:
    rows = _rows(payload, joint, outcomes)
    header = fits.Header([("PATCH", payload.patch), ("NPIX", int(joint.pixels.good.sum()))])
    header.update({name: value if np.isfinite(value) else None for name, value in found.items()})
    for index, band in enumerate(payload.bands["band"]):
        header[f"BAND{index + 1}"] = str(band)
    write_fits(output, [fits.PrimaryHDU(header=header), fits.BinTableHDU(rows, name="SOURCES")])


def _rows(payload: Payload, joint: Problem, outcomes: dict[str, Outcome]) -> np.ndarray:
    sources, nband = payload.sources, len(payload.bands)
    names = [("ID", sources.dtype["ID"]), ("model", "U8"), ("flux_err", "f8", (nband,))]
    for engine in ENGINES:
        names += [(f"flux_{engine}", "f8", (nband,)), (f"x_{engine}", "f8"), (f"y_{engine}", "f8")]
        names += [(f"reason_{engine}", "U16")]
    rows = np.zeros(len(sources), names)
    rows["ID"], rows["model"] = sources["ID"], sources["model"]
    if outcomes:
        rows["flux_err"] = covariances(joint, outcomes["native"]).flux
    for engine, outcome in outcomes.items():
        rows[f"flux_{engine}"] = outcome.sources.flux
        rows[f"x_{engine}"] = outcome.sources.nonlinear[:, 0] + payload.roi[0]
        rows[f"y_{engine}"] = outcome.sources.nonlinear[:, 1] + payload.roi[2]
        rows[f"reason_{engine}"] = outcome.reason
    return rows[sources["role"] == OWNED]
