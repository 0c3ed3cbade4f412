"""One case of the benchmark of engines: a payload, fitted in one way, and what it took."""

import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from swath.config.fit import Fit
from swath.fit.drawing import Canvas
from swath.fit.optimise import optimise
from swath.fit.problem import problem
from swath.fit.scene import Problem, Sources
from swath.patches.payload import Payload

WAYS = ("native", "native, model noise", "Tractor as in tract7dt", "Tractor, LSQR", "Tractor, fastest")
_ENOUGH = 5.0  # [CPU-s] after which nothing is repeated
_FAINT, _LARGEST = 1e-4, 1024  # of the drawing that judges all: to this many sigma, stamps of this many pixels


def run(path: Path, way: str) -> dict[str, Any]:
    """Figures of one case: what a line of the table tells, and the pixels of all stamps in all bands."""
    with np.load(path) as stored:
        parts = {name: stored[name] for name in stored.files if name != "parts"}
    for name in ("patch", "cell"):
        parts[name] = str(parts[name])
    for name in ("roi", "base"):
        parts[name] = tuple(int(edge) for edge in parts[name])
    payload = Payload(**parts)
    noise = "model" if way == "native, model noise" else "sky"
    posed = problem(payload, Fit(noise=noise, priors={"enabled": way.startswith("native")}), False)
    if way.startswith("native"):
        return _native(posed)
    from engines_tractor import drive

    found = drive(posed, way)
    return found | {"chi2": chi2(posed, found.pop("sources"), found.pop("sky")), "stamp_pixels": None}


def _native(posed: Problem) -> dict[str, Any]:
    seconds: list[float] = []
    while not seconds or (len(seconds) < 3 and sum(seconds) < _ENOUGH):
        begun = time.process_time()
        outcome = optimise(posed)
        seconds.append(time.process_time() - begun)
    peak = peak_mb()
    canvas = Canvas(posed)
    canvas.resize(outcome.sources)
    stamps = canvas.stamps(outcome.sources, derivatives=False)
    return {
        "cpu": min(seconds),
        "iterations": int(outcome.iterations.max()),
        "converged": f"{outcome.converged.sum()} of {len(outcome.sources)}",
        "chi2": chi2(posed, outcome.sources, outcome.sky),
        "chi2_own": None,
        "peak_mb": peak,
        "stamp_pixels": sum(stamp.templates[:, 0].size for stamp in stamps),
    }


def chi2(posed: Problem, sources: Sources, sky: np.ndarray) -> float:
    """chi2 of parameters and of a sky (nband,) at the weights of the sky's noise, all their light drawn."""
    settings = replace(posed.settings, stamp_threshold=_FAINT, stamp_max_pix=_LARGEST)
    canvas = Canvas(replace(posed, settings=settings))
    canvas.resize(sources)
    image = np.zeros_like(posed.pixels.image) + sky.astype("f4")[:, None, None]
    for index in range(len(sources)):
        for drawn in canvas.draw(sources, np.array([index])).values():
            image[drawn.window] += sources.flux[index].astype("f4")[:, None, None] * drawn.unit
    weights = posed.pixels.weights(None)
    residual = posed.pixels.image - image
    return sum(float((w * r.astype("f8") ** 2).sum()) for w, r in zip(weights, residual, strict=True))


def peak_mb() -> float:
    """Peak memory of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
