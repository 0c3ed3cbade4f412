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
from .normal import Normal, assemble, solve
from .scene import Limits, Problem, Sources

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
        self.steps = 0
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
        active = self.free
        while len(active) and self.steps < self.settings.max_iterations and not self.late():
            self.steps += 1
            self.iterations[active] += 1
            self._iterate(active, pairs)
            # What damped steps cannot gain and rounding would hide is no reason to go on.
            settled = (self.change < tolerance) | ((self.change < _ROUNDING) & (self.damping >= 1))
            stalled = ~settled & (self.damping >= _MOST_DAMPING)
            self.reason[self.free] = "max_iterations"
            self.reason[settled] = "converged"
            self.reason[stalled] = "stalled"
            moving = self.problem.sources.free & ~settled & ~stalled
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
        gain = self._gain(trial, active)
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

    def _gain(self, trial: _State, active: np.ndarray) -> np.ndarray:
        """What each source's step gained, given the others' steps, over what a quadratic chi2 promises; (len(active),).

        1 is a perfect step, below 0 the source had better stayed. With m the change of the source's image and
        r the trial residual, staying would change chi2 by the sum of 2 r m + m^2 (weighted), of which m^2 is due.
        """
        old, limits = self.state, self.problem.limits
        gain = np.ones(len(active))
        for k, s in enumerate(active):
            x0, x1, y0, y1 = old.stamps[s].box
            window = (slice(None), slice(y0, y1), slice(x0, x1))
            before = old.sources.flux[s].astype("f4")[:, None, None] * old.stamps[s].templates[:, 0]
            moved = trial.sources.flux[s].astype("f4")[:, None, None] * trial.stamps[s].templates[:, 0] - before
            heavy = moved * self.weights[window]
            due = float((heavy * moved).sum(dtype="f8"))
            won = due + 2 * float((heavy * trial.residual[window]).sum(dtype="f8"))
            n = trial.sources.count(s)
            shift = (trial.sources.nonlinear[s] - old.sources.nonlinear[s])[:n] / limits.prior_width[s, :n]
            due += float(shift @ shift)
            won += _prior(old.sources, limits, s) - _prior(trial.sources, limits, s)
            if due > 1e-8:
                gain[k] = won / due
        return gain

    def _chi2(self, state: _State) -> float:
        prior = sum(_prior(state.sources, self.problem.limits, s) for s in self.free)
        return float((state.residual**2 * self.weights).sum(dtype="f8")) + prior


def step(
    normal: Normal, sources: Sources, active: np.ndarray, limits: Limits, damping: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The damped, limited joint step.

    Returns
    -------
    steps : (n, 6) nonlinear steps. fluxes : (n + 1, nband) flux steps, the last row is the sky's.
    promised : (len(active),) chi2 that each source could still gain by an undamped step of its own.
    """
    add_priors(normal, sources, limits)
    inverse = normal.linear_inverse()
    matrix, vector = normal.reduced(inverse)
    held = _held(normal, sources, limits, vector)
    own = matrix.copy()
    promised = _promised(normal, own, vector, held)
    diagonal = np.diag(normal.qq).copy()
    for s, slot in normal.slots.items():
        matrix[slot, slot] += np.diag(damping[s] * diagonal[slot] + 1e-12 * (1 + diagonal[slot]))
    matrix[held], matrix[:, held], vector[held] = 0, 0, 0
    matrix[held, held] = 1
    q = solve(matrix, vector)
    for slot in normal.slots.values():
        q[slot] /= max(1.0, float((np.abs(q[slot]) / limits.step[: slot.stop - slot.start]).max()))
    f = np.einsum("bfg,bg->bf", inverse, normal.f - np.einsum("bqf,q->bf", normal.qf, q))
    nband = len(normal.f)
    steps, fluxes = np.zeros((len(sources), 6)), np.zeros((len(sources) + 1, nband))
    for k, (s, slot) in enumerate(normal.slots.items()):
        steps[s, : slot.stop - slot.start] = q[slot]
        fluxes[s] = f[:, k]
        # What the joint step is worth in the source's own curvature: neighbours that trade light move together.
        promised[k] = max(promised[k], float(q[slot] @ own[slot, slot] @ q[slot]))
    if normal.f.shape[1] > len(normal.slots):
        fluxes[-1] = f[:, -1]
    return steps, fluxes, promised


def _promised(normal: Normal, matrix: np.ndarray, vector: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Newton decrement of each source: of its free nonlinear parameters, or of its fluxes if that is larger."""
    free = ~np.isin(np.arange(len(vector)), held)
    curvature = np.einsum("bii->bi", normal.ff)
    of_flux = np.divide(normal.f**2, curvature, out=np.zeros_like(normal.f), where=curvature > 0).max(axis=0)
    promised = of_flux[: len(normal.slots)]
    for k, slot in enumerate(normal.slots.values()):
        pick = slot.start + np.flatnonzero(free[slot])
        own = matrix[np.ix_(pick, pick)]
        promised[k] = max(promised[k], float(vector[pick] @ solve(own, vector[pick])))
    return promised


def add_priors(normal: Normal, sources: Sources, limits: Limits) -> None:
    """Add the Gaussian priors of the active sources to their equations."""
    for s, slot in normal.slots.items():
        n = slot.stop - slot.start
        precision = limits.prior_width[s, :n] ** -2.0
        here = np.arange(slot.start, slot.stop)
        normal.qq[here, here] += precision
        normal.q[slot] -= precision * (sources.nonlinear[s, :n] - limits.prior_mean[s, :n])


def clip(nonlinear: np.ndarray, limits: Limits, which: np.ndarray) -> np.ndarray:
    """Parameters within their bounds; the ellipticity is shortened, its angle kept."""
    inside = np.clip(nonlinear, limits.low[which], limits.high[which])
    stretch = np.hypot(inside[:, 3], inside[:, 4])
    inside[:, 3:5] *= np.minimum(1, limits.stretch_max / np.maximum(stretch, 1e-12))[:, None]
    return inside


def at_bound(sources: Sources, limits: Limits) -> np.ndarray:
    """(n,) bool: a free parameter sits at its bound."""
    used = np.arange(6) < np.array([sources.count(i) for i in range(len(sources))])[:, None]
    edge = ((sources.nonlinear <= limits.low) | (sources.nonlinear >= limits.high)) & used
    stretched = np.hypot(sources.nonlinear[:, 3], sources.nonlinear[:, 4]) >= limits.stretch_max * (1 - 1e-9)
    return (edge.any(axis=1) | (stretched & used[:, 3])) & sources.free


def _held(normal: Normal, sources: Sources, limits: Limits, vector: np.ndarray) -> np.ndarray:
    """Indices of parameters at a bound that the gradient pushes further out."""
    held = []
    for s, slot in normal.slots.items():
        n = slot.stop - slot.start
        here, push = sources.nonlinear[s, :n], vector[slot]
        stuck = ((here <= limits.low[s, :n]) & (push < 0)) | ((here >= limits.high[s, :n]) & (push > 0))
        held += [slot.start + int(i) for i in np.flatnonzero(stuck)]
    return np.array(held, int)


def _prior(sources: Sources, limits: Limits, s: int) -> float:
    n = sources.count(s)
    return float((((sources.nonlinear[s, :n] - limits.prior_mean[s, :n]) / limits.prior_width[s, :n]) ** 2).sum())


def _adjacency(n: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    touching = np.zeros((n, n), bool)
    for i, j in pairs:
        touching[i, j] = touching[j, i] = True
    return touching
