"""What each source is: star, exponential, de Vaucouleurs or Sersic, by a penalised chi2.

As in The Farmer (Weaver et al. 2023, arXiv:2310.07757), models are compared with the neighbours in the scene and the
simplest one that explains the data is kept; as in the Legacy Surveys (Dey et al. 2019), each pays for its parameters,
a galaxy must gain a margin over a star, a free index over a fixed one, and a fraction of the star's own signal, which
is what an imperfect PSF can feign.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..config.fit import Auto
from ..models.render import INDEX_OF, nderiv
from .alternatives import TOLERANCE, Attempt, Cut, Scene
from .optimise import optimise
from .scene import Limits, Problem

# What is tried of a source: the scene, the source's cut, its index, galaxies' limits and the score to the trials.
Attempts = Callable[[Scene, Cut, int, Limits, Callable[[Attempt], float]], list[Attempt]]


@dataclass
class Choice:
    """What was chosen; arrays are (n,).

    problem : with the chosen models, started from their best parameters.
    runner_up : the second best model, '' where none was compared.
    margin : its penalised chi2 less that of the chosen one, NaN where none was compared.
    """

    problem: Problem
    runner_up: np.ndarray
    margin: np.ndarray


def choose(problem: Problem, undecided: np.ndarray, galaxy: Limits, settings: Auto) -> Choice:
    """Decide on the models of the sources `undecided` (n,) bool; the others keep theirs.

    All sources are fitted as they are given. Then, brightest first, each undecided one is fitted as every model that
    may win, together with the neighbours that it is blended with, and the scene takes the best. Those whose neighbours
    became another model after that are looked at once more.

    Parameters
    ----------
    galaxy : bounds and priors that every source has as a galaxy; stars have no prior.
    """
    n, limit = len(problem.sources), problem.settings.deadline_s
    began = time.monotonic()
    choice = Choice(problem, np.full(n, "", "U8"), np.full(n, np.nan))
    if not (undecided & problem.sources.free).any():
        return choice
    scene = _fitted(problem)
    signal = np.array([scene.signal(index) for index in range(n)])
    due = undecided & problem.sources.free & (signal > 0)
    for trials in (every, between(choice)):
        stale = np.zeros(n, bool)
        for index in sorted(np.flatnonzero(due), key=lambda index: (-signal[index], index)):
            if limit is not None and time.monotonic() - began > limit:
                break
            before = scene.sources.model[index]
            choice.runner_up[index], choice.margin[index] = decide(scene, int(index), trials, galaxy, settings)
            stale[index] = False
            if scene.sources.model[index] != before:
                stale[scene.felt[index]] = True
        due &= stale
    limits = limits_of(galaxy, scene.sources.model)
    choice.problem = replace(problem, sources=scene.sources, limits=limits)
    return choice


def decide(scene: Scene, index: int, trials: Attempts, galaxy: Limits, settings: Auto) -> tuple[str, float]:
    """Find the best model of one source and put it into the scene: the second best, and by how much it lost."""
    cut, signal = Cut(scene, index), scene.signal(index)
    tried = trials(scene, cut, index, galaxy, lambda trial: score(trial, signal, settings))
    best, second, *_ = sorted(tried, key=lambda trial: score(trial, signal, settings))
    scene.adopt(cut.members, best)
    return second.model, score(second, signal, settings) - score(best, signal, settings)


def every(scene: Scene, cut: Cut, index: int, galaxy: Limits, by: Callable[[Attempt], float]) -> list[Attempt]:
    """All models that may win.

    De Vaucouleurs is tried where the exponential is any better than a star, Sersic where a galaxy wins.
    """
    model, start, flux = str(scene.sources.model[index]), scene.sources.nonlinear[index], scene.sources.flux[index]
    # A galaxy that was a star until now starts round, as large as its prior expects.
    shaped = np.array([*start[:2], galaxy.prior_mean[index, 2], 0, 0, 0]) if model == "star" else start
    star, exp = (cut.solve(name, place, flux, galaxy) for name, place in (("star", start), ("exp", shaped)))
    if star.chi2 - exp.chi2 <= nderiv("exp") - nderiv("star") and model in ("star", "exp"):
        return [star, exp]
    like, light = (exp.nonlinear[0], exp.flux[0]) if model in ("star", "exp") else (start, flux)
    tried = [star, exp, cut.solve("dev", like, light, galaxy)]
    leader = min(tried, key=by)
    return tried if leader is star else [*tried, _freed(cut, leader.model, leader.nonlinear[0], leader.flux[0], galaxy)]


def between(choice: Choice) -> Attempts:
    """The chosen model and its runner-up, once more."""

    def trials(scene: Scene, cut: Cut, index: int, galaxy: Limits, by: Callable[[Attempt], float]) -> list[Attempt]:
        model, other = str(scene.sources.model[index]), str(choice.runner_up[index])
        start, flux = scene.sources.nonlinear[index], scene.sources.flux[index]
        again = cut.solve(model, start, flux, galaxy)
        shaped = np.array([*start[:2], galaxy.prior_mean[index, 2], 0, 0, 0]) if model == "star" else start
        if other == "sersic":
            return [again, _freed(cut, model, shaped, flux, galaxy)]
        return [again, cut.solve(other, shaped, flux, galaxy)]

    return trials


def _freed(cut: Cut, model: str, nonlinear: np.ndarray, flux: np.ndarray, galaxy: Limits) -> Attempt:
    """A Sersic profile that starts from what was found as `model`."""
    start = nonlinear.copy()
    start[5] = np.log(INDEX_OF.get(model, 1.0))
    return cut.solve("sersic", start, flux, galaxy)


def score(trial: Attempt, signal: float, settings: Auto) -> float:
    """Penalised chi2: parameters, margins, and what errors of the PSF may feign of a source of this signal."""
    if trial.model == "star":
        return trial.chi2 + nderiv("star")
    # ASSUME errors of the PSF take up to `psf_error` of a star's signal: what a galaxy gains below that is no shape.
    penalty = nderiv(trial.model) + max(settings.galaxy_penalty, settings.psf_error * signal)
    return trial.chi2 + penalty + settings.sersic_penalty * (trial.model == "sersic")


def limits_of(galaxy: Limits, model: np.ndarray) -> Limits:
    """Bounds and priors of sources of these models: `galaxy`, without priors for the stars."""
    width = galaxy.prior_width.copy()
    width[model == "star"] = np.inf
    return replace(galaxy, prior_width=width)


def _fitted(problem: Problem) -> Scene:
    """The scene as far as decisions need it."""
    rough = replace(problem.settings, tolerance=max(problem.settings.tolerance, TOLERANCE))
    return Scene(problem, optimise(replace(problem, settings=rough)))
