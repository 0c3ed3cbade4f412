"""The engine: a problem fitted by the Tractor, with the same outcome as the native one."""

import io
import logging
from contextlib import redirect_stderr, redirect_stdout

import numpy as np

from ...config.fit import ByTractor
from ..optimise import Outcome
from ..scene import Problem
from .optimisers import TROUBLE, Ended, clock_of, make, minimise, promised, refine
from .scene import Scene, build

log = logging.getLogger(__name__)

_REWEIGHTS = 3


def fit(problem: Problem, how: ByTractor) -> tuple[Outcome, np.ndarray]:
    """Fit all free sources of a problem with the Tractor.

    Weights hold the model's own noise as the native engine's do: rounds of fitting at fixed weights alternate with new
    weights. Nothing is raised for hard cases: every source ends with a reason, 'failed' where the Tractor raised.

    Returns
    -------
    outcome : its chi2 is that of the Tractor's own drawing. model : that drawing, (nband, ny, nx) float32 with the sky.
    """
    settings = problem.settings
    late = clock_of(settings.deadline_s)
    heard = io.StringIO()
    with redirect_stdout(heard), redirect_stderr(heard), np.errstate(all="ignore"):
        scene = build(problem, how, make(how))
        iterations = np.zeros(len(problem.sources), int)
        weights, ended = problem.pixels.weights(None), Ended()
        for _ in range(_REWEIGHTS if settings.noise == "model" else 1):
            if settings.noise == "model":
                weights = problem.pixels.weights(_seen(scene))
            scene.weigh(weights)
            scene.thaw()
            if len(scene.which):
                failed = ended.failed
                ended = minimise(scene, how, late)
                ended.failed |= failed
                iterations[scene.which] += ended.iterations
            if ended.late:
                break
        change = _promised(scene)
        short = np.flatnonzero(~(change < how.tolerance))
        if len(short) and how.optimizer != "per_source" and not ended.late:
            more = refine(scene, short, how, late)
            iterations[scene.which[short]] += more.iterations
            ended.late, ended.failed = more.late, ended.failed | more.failed
            change = _promised(scene)
        outcome, model = _outcome(scene, weights, ended, iterations, change < how.tolerance, change)
    if heard.getvalue():
        log.debug("the Tractor says:\n%s", heard.getvalue()[:2000])
    return outcome, model


def _seen(scene: Scene) -> np.ndarray:
    return np.nan_to_num(scene.light(), nan=0.0, posinf=0.0, neginf=0.0)


def _outcome(
    scene: Scene, weights: np.ndarray, ended: Ended, iterations: np.ndarray, settled: np.ndarray, left: np.ndarray
) -> tuple[Outcome, np.ndarray]:
    pixels, start, sources = scene.problem.pixels, scene.problem.sources, scene.found()
    model = scene.light() + scene.sky().astype("f4")[:, None, None]
    chi2 = float((weights * (pixels.image - model) ** 2).sum(dtype="f8"))
    change = np.full(len(sources), np.inf)
    change[scene.which] = left
    unfinished = "deadline" if ended.late else "max_iterations" if ended.spent else "stalled"
    reason = np.where(start.free, "no_data", "fixed").astype("U16")
    reason[scene.which] = np.where(settled, "converged", unfinished)
    reason[scene.which[sorted(ended.failed)]] = "failed"
    lost = ~(np.isfinite(sources.flux).all(axis=1) & np.isfinite(sources.nonlinear).all(axis=1))
    sources.flux[lost], sources.nonlinear[lost] = np.nan_to_num(start.flux[lost]), start.nonlinear[lost]
    reason[lost & start.free] = "failed"
    reason[_without_data(scene)] = "no_data"
    return Outcome(sources, scene.sky(), weights, iterations, change, reason, chi2), model


def _promised(scene: Scene) -> np.ndarray:
    if not len(scene.which):
        return np.zeros(0)
    try:
        return promised(scene)
    except TROUBLE as error:
        log.warning("the Tractor cannot say how far it is from the optimum (%s: %s)", type(error).__name__, error)
        return np.full(len(scene.which), np.inf)


def _without_data(scene: Scene) -> np.ndarray:
    """Indices of the free sources of which no good pixel is drawn in any band."""
    empty = []
    for index, source in zip(scene.which, scene.sources, strict=True):
        drawn = [(image, source.getUnitFluxModelPatch(image)) for image in scene.tractor.images]
        if not any(_overlaps(image.inverr, patch) for image, patch in drawn if patch is not None):
            empty.append(index)
    return np.array(empty, int)


def _overlaps(inverse_errors: np.ndarray, patch: object) -> bool:
    x0, y0 = max(patch.x0, 0), max(patch.y0, 0)
    return bool(inverse_errors[y0 : max(patch.y1, 0), x0 : max(patch.x1, 0)].any())
