"""Levenberg-Marquardt on a whole patch, with damping, step limits and convergence per source.

One joint step is computed for all sources (Levenberg 1944, Marquardt 1963), each with a damping of its own; the
fluxes, which are linear, follow the damped step exactly. Sources whose surroundings got worse take their step
back and are damped more, the others keep theirs, so that one badly constrained galaxy brakes nobody.
"""

import time
from dataclasses import dataclass

import numpy as np

from ..models.render import Stamp
from .drawing import Canvas, neighbours
from .normal import Normal, assemble
from .scene import Problem, Sources
from .step import clip, prior, step
from .stride import groups, parts

_START_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-3, 1e-4, 1e7
# Rounding of float32 stamps of bright sources changes chi2 by about this much.
_ROUNDING = 0.02
_REWEIGHTS = 3


@dataclass
class Outcome:
    """How the fit of a problem ended; arrays are (n,).

    iterations : steps taken while the source was not converged; change : chi2 that the last step promised;
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


class _State:
    """Parameters with what was drawn from them."""

    def __init__(self, canvas: Canvas, sources: Sources, sky: np.ndarray, stamps: list[Stamp] | None = None) -> None:
        self.sources, self.sky = sources, sky
        self.stamps = stamps or canvas.stamps(sources)
        self.residual = canvas.problem.pixels.image - canvas.model(sources, self.stamps, sky)


def optimise(problem: Problem) -> Outcome:
    """Fit all free sources of a problem.

    The noise is that of the model: rounds of fitting at fixed weights alternate with new weights and new stamp
    sizes. Nothing is raised for hard cases: every source ends with a reason.
    """
    settings = problem.settings
    fit = _Fit(problem)
    rounds = _REWEIGHTS if settings.noise == "model" else 2
    for k in range(rounds):
        fit.round(settings.tolerance if k else max(settings.tolerance, 0.1))
        if fit.late():
            break
    return fit.outcome()


class _Fit:
    def __init__(self, problem: Problem) -> None:
        self.problem, self.settings = problem, problem.settings
        self.free = np.flatnonzero(problem.sources.free)
        n, nband = len(problem.sources), len(problem.pixels.image)
        self.damping = np.full(n, _START_DAMPING)
        self.wary = np.zeros(n, bool)
        self.iterations = np.zeros(n, int)
        self.change = np.full(n, np.inf)
        self.reason = np.where(problem.sources.free, "max_iterations", "fixed").astype("U16")
        self.canvas = Canvas(problem)
        self.state = _State(self.canvas, problem.sources.copy(), np.zeros(nband))
        self.weights = problem.pixels.weights(None)
        self.started = time.monotonic()
        self._settle_fluxes()

    def late(self) -> bool:
        limit = self.settings.deadline_s
        return limit is not None and time.monotonic() - self.started > limit

    def round(self, tolerance: float) -> None:
        """Fit at fixed weights until every source has converged or the iterations are spent."""
        self._reweight()
        pairs = neighbours([stamp.box for stamp in self.state.stamps])
        touching = _adjacency(len(self.problem.sources), pairs)
        self.damping[:] = _START_DAMPING
        self.wary[:] = False
        self.reason[self.free] = "max_iterations"
        active, moving = self.free, self.problem.sources.free
        while len(active) and not self.late():
            self.iterations[moving] += 1
            self._iterate(active, pairs)
            # What damped steps cannot gain and rounding would hide is no reason to go on.
            settled = (self.change < tolerance) | ((self.change < _ROUNDING) & (self.damping >= 1))
            stalled = ~settled & (self.damping >= _MOST_DAMPING)
            self.reason[self.free] = "max_iterations"
            self.reason[settled] = "converged"
            self.reason[stalled] = "stalled"
            # One source that spends its iterations takes none from the others.
            spent = self.iterations >= self.settings.max_iterations
            moving = self.problem.sources.free & ~settled & ~stalled & ~spent
            active = np.flatnonzero(self.problem.sources.free & (moving | touching[:, moving].any(axis=1)))
            if not moving.any():
                break
        if self.late():
            self.reason[self.reason == "max_iterations"] = "deadline"

    def _settle_fluxes(self) -> None:
        """Fluxes at their linear optimum for the starting shapes: sources that start without flux cannot move."""
        self._reweight()
        state = self.state
        pairs = neighbours([stamp.box for stamp in state.stamps])
        free_sky = self.settings.free_sky
        normal = assemble(state.sources, state.stamps, pairs, self.free, state.residual, self.weights, free_sky)
        fluxes = np.einsum("bfg,bg->bf", normal.linear_inverse(), normal.f)
        sources = state.sources.copy()
        sources.flux[self.free] += fluxes[:, : len(self.free)].T
        self.state = _State(self.canvas, sources, state.sky + (fluxes[:, -1] if free_sky else 0), state.stamps)

    def outcome(self) -> Outcome:
        state = self.state
        for s in self.free:
            x0, x1, y0, y1 = state.stamps[s].box
            if not self.weights[:, y0:y1, x0:x1].any():
                self.reason[s] = "no_data"
        chi2 = float((state.residual**2 * self.weights).sum(dtype="f8"))
        return Outcome(state.sources, state.sky, self.weights, self.iterations, self.change, self.reason, chi2)

    def _reweight(self) -> None:
        sources, sky = self.state.sources, self.state.sky
        self.canvas.resize(sources)
        self.state = _State(self.canvas, sources, sky)
        if self.settings.noise == "model":
            self.weights = self.problem.pixels.weights(self.canvas.model(sources, self.state.stamps))

    def _iterate(self, active: np.ndarray, pairs: list[tuple[int, int]]) -> None:
        old, limits = self.state, self.problem.limits
        normal = assemble(old.sources, old.stamps, pairs, active, old.residual, self.weights, self.settings.free_sky)
        steps, fluxes, promised = step(normal, old.sources, active, limits, self.damping)
        self.change[active] = promised
        trial = self._moved(active, steps, fluxes)
        gain, won = self._gain(trial, active)
        part = self._part(normal, steps, fluxes, active, pairs, won)
        if (part < 1).any():
            steps[active] *= part[:, None]
            fluxes[active] *= part[:, None]
            trial = self._moved(active, steps, fluxes)
            gain, _ = self._gain(trial, active)
        kept = active[gain > 0]
        if len(kept) < len(active):
            trial = self._moved(kept, steps, fluxes)
        if self._chi2(trial) > self._chi2(old) + _ROUNDING:
            trial, gain = old, np.minimum(gain, 0)
        self.wary[active[gain <= 0]] = True
        ease = np.where(self.wary[active], 0.7, 0.2)
        factor = np.select([gain <= 0, gain < 0.3, gain < 0.6], [10, 3, 1], ease)
        self.damping[active] = np.clip(self.damping[active] * factor, _LEAST_DAMPING, _MOST_DAMPING)
        self.state = trial

    def _moved(self, movers: np.ndarray, steps: np.ndarray, fluxes: np.ndarray) -> _State:
        sources = self.state.sources.copy()
        sources.nonlinear[movers] = clip(sources.nonlinear[movers] + steps[movers], self.problem.limits, movers)
        sources.flux[movers] += fluxes[movers]
        stamps = list(self.state.stamps)
        for s in movers:
            stamps[s] = self.canvas.stamp(sources, s, True)
        return _State(self.canvas, sources, self.state.sky + fluxes[-1] * self.settings.free_sky, stamps)

    def _gain(self, trial: _State, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each source's step gained, given the others' steps, over what a quadratic chi2 promises; (len(active),).

        1 is a perfect step, below 0 the source had better stayed. With m the change of the source's image and
        r the trial residual, staying would change chi2 by the sum of 2 r m + m^2 (weighted), of which m^2 is due. The
        second array is each source's part in what all steps together took off chi2: the sum of (r + old r) m.
        """
        old, limits = self.state, self.problem.limits
        gain, won = np.ones(len(active)), np.zeros(len(active))
        for k, s in enumerate(active):
            x0, x1, y0, y1 = old.stamps[s].box
            window = (slice(None), slice(y0, y1), slice(x0, x1))
            before = old.sources.flux[s].astype("f4")[:, None, None] * old.stamps[s].templates[:, 0]
            moved = trial.sources.flux[s].astype("f4")[:, None, None] * trial.stamps[s].templates[:, 0] - before
            heavy = moved * self.weights[window]
            due = float((heavy * moved).sum(dtype="f8"))
            against, alone = (2 * float((heavy * state.residual[window]).sum(dtype="f8")) for state in (trial, old))
            n = trial.sources.count(s)
            shift = (trial.sources.nonlinear[s] - old.sources.nonlinear[s])[:n] / limits.prior_width[s, :n]
            eased = prior(old.sources, limits, s) - prior(trial.sources, limits, s)
            won[k] = (against + alone) / 2 + eased
            if due + float(shift @ shift) > 1e-8:
                gain[k] = (due + against + eased) / (due + float(shift @ shift))
        return gain, won

    def _part(
        self,
        normal: Normal,
        steps: np.ndarray,
        fluxes: np.ndarray,
        active: np.ndarray,
        pairs: list[tuple[int, int]],
        won: np.ndarray,
    ) -> np.ndarray:
        """Which part of its step brings each group of overlapping sources to its least chi2; (len(active),)."""
        if self.settings.free_sky:  # the sky ties all sources together
            return np.ones(len(active))
        slope = [
            normal.q[normal.slots[int(s)]] @ steps[s, : self.state.sources.count(s)] + normal.f[:, k] @ fluxes[s]
            for k, s in enumerate(active)
        ]
        return parts(np.array(slope), won, groups(active, pairs))

    def _chi2(self, state: _State) -> float:
        expected = sum(prior(state.sources, self.problem.limits, s) for s in self.free)
        return float((state.residual**2 * self.weights).sum(dtype="f8")) + expected


def _adjacency(n: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    touching = np.zeros((n, n), bool)
    for i, j in pairs:
        touching[i, j] = touching[j, i] = True
    return touching
