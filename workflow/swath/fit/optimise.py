"""Levenberg-Marquardt on a whole patch, with damping, step limits and convergence per source.

One step is computed for each group of sources that share light (Levenberg 1944, Marquardt 1963), each source with a
damping of its own; the fluxes, which are linear, follow the damped step exactly. Sources whose surroundings got worse
take their step back and are damped more, the others keep theirs, so that one badly constrained galaxy brakes nobody.

Gradients are exact in every step. The normal matrix, far dearer, is drawn anew only for sources that have moved enough
to change it: near the optimum an old one leads there as well.
"""

import time
from dataclasses import dataclass

import numpy as np

from .blocks import Blocks, products
from .drawing import Canvas, Drawn, neighbours
from .scene import Problem, Sources
from .step import Sky, Step, moving, step
from .stride import parts
from .trial import State, Trial, planes, weighted_square

_START_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-3, 1e-4, 1e7
# Rounding of float32 stamps of bright sources changes chi2 by about this much, or by this fraction of it.
_ROUNDING, _ROUNDING_FRACTION = 0.02, 3e-8
# Rounds at fixed weights; in the first one stamps end where sources are this many times brighter than in the others.
_REWEIGHTS = 3
_COARSE = 3.0
# ASSUME weights that change by less than this leave the fluxes where they are, to a few thousandths of their errors.
_SAME_WEIGHTS = 0.01
# A source's normal matrix is drawn anew when a parameter has moved so far, or a step gained so much less or more
# than it promised, unless what it promised was as little as this.
_FAR = np.array([0.2, 0.2, 0.12, 0.12, 0.12, 0.12])
_AS_PROMISED, _WORTH = (0.8, 1.25), 0.05


@dataclass
class Outcome:
    """How the fit of a problem ended; arrays are (n,).

    iterations : steps of all rounds taken while the source was not converged. change : what the last step promised.
    reason : 'converged', 'max_iterations', 'stalled', 'deadline', 'no_data' (no good pixel in any band) or 'fixed'.
    """

    sources: Sources
    sky: np.ndarray
    weights: np.ndarray
    iterations: np.ndarray
    change: np.ndarray
    reason: np.ndarray
    chi2: float

    @property
    def converged(self) -> np.ndarray:
        """(n,) bool."""
        return self.reason == "converged"


@np.errstate(over="ignore", invalid="ignore")
def optimise(problem: Problem) -> Outcome:
    """Fit all free sources of a problem.

    The noise is that of the model: rounds of fitting at fixed weights alternate with new weights and new stamp
    sizes. Nothing is raised for hard cases: every source ends with a reason.
    """
    tolerance = problem.settings.tolerance
    fit = _Fit(problem)
    for k in range(_REWEIGHTS):
        changed = fit.reweight(1 if k else _COARSE)
        fit.round(tolerance if k else max(tolerance, 0.1), changed if k > 1 else problem.sources.free)
        if fit.late():
            break
    return fit.outcome()


class _Fit:
    def __init__(self, problem: Problem) -> None:
        self.problem, self.settings, self.limits = problem, problem.settings, problem.limits
        self.free = np.flatnonzero(problem.sources.free)
        n, nband = len(problem.sources), len(problem.pixels.image)
        self.moving = moving(problem.sources, problem.settings.mode)
        self.damping = np.full(n, _START_DAMPING)
        self.wary = np.zeros(n, bool)
        self.iterations = np.zeros(n, int)
        self.change = np.full(n, np.inf)
        self.reason = np.where(problem.sources.free, "max_iterations", "fixed").astype("U16")
        self.started = time.monotonic()
        self.canvas = Canvas(problem, _COARSE)
        sources = problem.sources.copy()
        # Starting fluxes size the first stamps, no more: a wild one would leave its rounding in the residual.
        sources.flux[self.free] = 0
        self.state = State(sources, np.zeros(nband), self.canvas.draw(sources, np.arange(n)), None)
        self.blocks = Blocks(self.canvas, n)
        self.at = sources.nonlinear.copy()
        self.rounding = np.full(n, _ROUNDING)
        self._weigh(np.zeros(n, bool))
        self._couple()
        self._settle_fluxes()

    def late(self) -> bool:
        """Is the deadline over?"""
        limit = self.settings.deadline_s
        return limit is not None and time.monotonic() - self.started > limit

    def round(self, tolerance: float, busy: np.ndarray) -> None:
        """Fit at fixed weights until every source has converged or the iterations are spent.

        `busy` : (n,) bool, the free sources that may not have converged.
        """
        self.damping[:] = _START_DAMPING
        self.wary[:] = False
        busy = busy & (self.iterations < self.settings.max_iterations)
        active = self._with_groups(busy)
        while len(active) and not self.late():
            self.iterations[busy] += 1
            self._iterate(active)
            # What damped steps cannot gain and rounding would hide is no reason to go on.
            settled = (self.change < tolerance) | ((self.change < self.rounding) & (self.damping >= 1))
            stalled = ~settled & (self.damping >= _MOST_DAMPING)
            self.reason[self.free] = "max_iterations"
            self.reason[settled] = "converged"
            self.reason[stalled] = "stalled"
            # One source that spends its iterations takes none from the others.
            spent = self.iterations >= self.settings.max_iterations
            busy = self.problem.sources.free & ~settled & ~stalled & ~spent
            active = self._with_groups(busy)
        if self.late():
            self.reason[self.reason == "max_iterations"] = "deadline"

    def _with_groups(self, busy: np.ndarray) -> np.ndarray:
        """Indices of the free sources that share light with busy ones, and of these; of all where the sky ties them."""
        if self.settings.free_sky and busy.any():
            return self.free
        return np.flatnonzero(self.problem.sources.free & np.isin(self.blocks.group, self.blocks.group[busy]))

    def outcome(self) -> Outcome:
        """What has been found."""
        state = self.state
        for s in self.free:
            if not self.weights[state.drawn[int(s)].window].any():
                self.reason[s] = "no_data"
        chi2 = weighted_square(self.weights, state.residual)
        return Outcome(state.sources, state.sky, self.weights, self.iterations, self.change, self.reason, chi2)

    def _settle_fluxes(self) -> None:
        """Fluxes at their linear optimum for the starting shapes: sources that start without flux cannot move."""
        state, still = self.state, np.zeros_like(self.moving)
        found, _ = _finite(self._step(self.free, still))
        sources = state.sources.copy()
        sources.flux[self.free] += found.flux
        self.state = State(sources, state.sky + found.sky, state.drawn, state.residual)

    def reweight(self, coarseness: float) -> np.ndarray:
        """New weights from the model, new stamps for the sources that need other ones.

        Returns
        -------
        changed : (n,) bool, free sources for which either makes a difference.
        """
        before, resized = self.weights, self.canvas.resize(self.state.sources, coarseness)
        self._weigh(resized)
        changed = resized & self.problem.sources.free
        for s in map(int, self.free[~resized[self.free]]):
            changed[s] = self._weighs_anew(self.state.drawn[s], before)
        if changed.any():
            self._couple()
        return changed

    def _weigh(self, redrawn: np.ndarray) -> None:
        state, pixels = self.state, self.problem.pixels
        drawn = state.drawn | self.canvas.draw(state.sources, np.flatnonzero(redrawn))
        light = self.canvas.light(state.sources, drawn)
        self.weights = pixels.weights(light if self.settings.noise == "model" else None)
        self.state = State(state.sources, state.sky, drawn, pixels.image - light - planes(state.sky))

    def _weighs_anew(self, drawn: Drawn, before: np.ndarray) -> bool:
        """Are the weights of a source's image other ones than `before`?"""
        now, power = self.weights[drawn.window], drawn.unit**2
        change = np.abs(now - before[drawn.window])
        return bool((products(power, change) > _SAME_WEIGHTS * products(power, now)).any())

    def _couple(self) -> None:
        """Which sources share light, and how well float32 knows the chi2 of each."""
        state = self.state
        self.blocks.couple(state.sources, state.drawn, neighbours(self.canvas.boxes), self.weights)
        for s in map(int, self.free):
            seen = state.residual[state.drawn[s].window]
            left = np.vdot(self.weights[state.drawn[s].window] * seen, seen)
            power = left + state.sources.flux[s] ** 2 @ self.blocks.power[s]
            self.rounding[s] = max(_ROUNDING, _ROUNDING_FRACTION * power)

    def _step(self, active: np.ndarray, moving: np.ndarray) -> Step:
        state = self.state
        weighted = self.weights * state.residual
        gradients = self.canvas.gradients(state.sources, state.drawn, active, weighted)
        sky = Sky(_plane_sums(self.weights), _plane_sums(weighted)) if self.settings.free_sky else None
        return step(state.sources, self.blocks, active, gradients, moving, self.limits, self.damping, sky)

    def _iterate(self, active: np.ndarray) -> None:
        old, blocks = self.state, self.blocks
        anew = active[np.isin(blocks.group[active], blocks.group[active[blocks.stale[active]]])]
        blocks.refresh(old.sources, old.drawn, anew, self.weights)
        self.at[anew] = old.sources.nonlinear[anew]
        found, sound = _finite(self._step(active, self.moving))
        self.change[active] = found.promised
        trial = Trial(old, self.canvas, self.weights, self.limits, self.moving, found.sky)
        trial.take(active, found.nonlinear, found.flux)
        gain, won = trial.gain(active)
        part = self._part(found, active, won)
        short = part < 1
        if short.any():
            trial.undo(active[short])
            less = part[short, None]
            trial.take(active[short], less * found.nonlinear[short], less * found.flux[short])
            gain, won = trial.gain(active)
        gain = np.where(sound, self._take_back(trial, active, gain, won), -1)
        self.wary[active[gain <= 0]] = True
        ease = np.where(self.wary[active], 0.7, 0.2)
        factor = np.select([gain <= 0, gain < 0.3, gain < 0.6], [10, 3, 1], ease)
        self.damping[active] = np.clip(self.damping[active] * factor, _LEAST_DAMPING, _MOST_DAMPING)
        self.state = trial.state
        far = (np.abs(trial.state.sources.nonlinear - self.at) > _FAR).any(axis=1)[active]
        odd = ((gain < _AS_PROMISED[0]) | (gain > _AS_PROMISED[1])) & (found.promised > _WORTH) | (gain <= 0)
        blocks.stale[active[far | odd]] = True

    def _part(self, found: Step, active: np.ndarray, won: np.ndarray) -> np.ndarray:
        """Which part of its step brings each group of overlapping sources to its least chi2; (len(active),)."""
        _, group = np.unique(self.blocks.group[active], return_inverse=True)
        if self.settings.free_sky:  # the sky ties all sources together
            group = np.zeros(len(active), int)
        return parts(found.slope, won, group)

    def _take_back(self, trial: Trial, active: np.ndarray, gain: np.ndarray, won: np.ndarray) -> np.ndarray:
        """Undo the steps of sources that had better stayed, and of groups that lost by what is left; the gains."""
        if (gain <= 0).any():
            trial.undo(active[gain <= 0])
            _, won = trial.gain(active)
            won[gain <= 0] = 0
        _, group = np.unique(self.blocks.group[active], return_inverse=True)
        lost = (np.bincount(group, won) < -np.bincount(group, self.rounding[active]))[group] & (gain > 0)
        trial.undo(active[lost])
        if self.settings.free_sky and trial.chi2() > trial.old_chi2() + self.rounding.max():
            trial.state = self.state
            return np.minimum(gain, 0)
        return np.where(lost, np.minimum(gain, 0), gain)


def _finite(found: Step) -> tuple[Step, np.ndarray]:
    """The step with those of sources whose equations had no finite answer left out, and (k,) bool: which had one."""
    sound = np.isfinite(found.nonlinear).all(axis=1) & np.isfinite(found.flux).all(axis=1)
    clean = [np.where(sound[:, None], part, 0) for part in (found.nonlinear, found.flux)]
    slope, promised = np.where(sound, found.slope, 0), np.where(sound, found.promised, np.inf)
    return Step(*clean, np.nan_to_num(found.sky), slope, promised), sound


def _plane_sums(image: np.ndarray) -> np.ndarray:
    return image.sum(axis=2).sum(axis=1, dtype="f8")
