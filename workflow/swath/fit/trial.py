"""Trying the steps of some sources, and taking back those that lead nowhere."""

from dataclasses import dataclass

import numpy as np

from .drawing import Canvas, Drawn, scaled
from .scene import Limits, Sources
from .step import clip, prior

# A change that stands this far above the noise leaves its rounding in the residual image when it is taken back.
_LOUD = 1e4


@dataclass
class State:
    """Parameters, what was drawn from them, and the residual image that they leave."""

    sources: Sources
    sky: np.ndarray
    drawn: dict[int, Drawn]
    residual: np.ndarray | None


class Trial:
    """A state to which the steps of some sources lead from an old one.

    Parameters
    ----------
    weights : (nband, ny, nx) inverse variance. moving : (n, 6) bool, parameters that may move. sky : (nband,) its step.
    """

    def __init__(
        self, old: State, canvas: Canvas, weights: np.ndarray, limits: Limits, moving: np.ndarray, sky: np.ndarray
    ) -> None:
        self._old, self._canvas, self._weights, self._limits, self._moving = old, canvas, weights, limits, moving
        self.state = State(old.sources.copy(), old.sky + sky, dict(old.drawn), old.residual - planes(sky))
        self._moved: dict[int, np.ndarray] = {}

    def take(self, which: np.ndarray, steps: np.ndarray, fluxes: np.ndarray) -> None:
        """Take steps of the sources `which`, (k, 6) and (k, nband), within their bounds."""
        state, old = self.state, self._old
        sources = state.sources
        there = clip(sources.nonlinear[which] + steps, self._limits, which)
        sources.nonlinear[which] = np.where(self._moving[which], there, sources.nonlinear[which])
        sources.flux[which] += fluxes
        state.drawn |= self._canvas.draw(sources, which)
        for s in map(int, which):
            moved = scaled(state.drawn[s], sources.flux[s])
            moved -= scaled(old.drawn[s], old.sources.flux[s])
            state.residual[old.drawn[s].window] -= moved
            self._moved[s] = moved

    def undo(self, which: np.ndarray) -> None:
        """Put the sources `which` back to where they were."""
        state, old, loud = self.state, self._old, False
        limit = _LOUD * self._canvas.noise[:, None, None]
        for s in map(int, which):
            state.sources.nonlinear[s], state.sources.flux[s] = old.sources.nonlinear[s], old.sources.flux[s]
            state.drawn[s] = old.drawn[s]
            moved = self._moved.pop(s)
            state.residual[old.drawn[s].window] += moved
            loud |= not (np.abs(moved) < limit).all()
        if loud:
            light = self._canvas.light(state.sources, state.drawn)
            state.residual = self._canvas.problem.pixels.image - light - planes(state.sky)

    def gain(self, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each source's step gained, given the others' steps, over what a quadratic chi2 promises; (len(active),).

        1 is a perfect step, below 0 the source had better stayed. With m the change of the source's image and
        r the trial residual, staying would change chi2 by the sum of 2 r m + m^2 (weighted), of which m^2 is due. The
        second array is each source's part in what all steps together took off chi2: the sum of (r + old r) m.
        """
        state, old = self.state, self._old
        due, by_old, by_new = np.zeros((3, len(active)))
        for k, s in enumerate(map(int, active)):
            if s in self._moved:
                window = old.drawn[s].window
                heavy = self._moved[s] * self._weights[window]
                due[k] = np.vdot(heavy, self._moved[s])
                by_new[k] = 2 * np.vdot(heavy, state.residual[window])
                by_old[k] = 2 * np.vdot(heavy, old.residual[window])
        eased = (prior(old.sources, self._limits) - prior(state.sources, self._limits))[active]
        shift = ((state.sources.nonlinear - old.sources.nonlinear) / self._limits.prior_width)[active]
        promised = due + (shift**2).sum(axis=1)
        with np.errstate(invalid="ignore"):
            gain = np.divide(due + by_new + eased, promised, out=np.ones_like(promised), where=~(promised <= 1e-8))
        # What is not finite is no gain.
        return np.nan_to_num(gain, nan=-1.0), np.nan_to_num((by_new + by_old) / 2 + eased, nan=0.0)

    def chi2(self) -> float:
        """Of the trial state, its priors included."""
        return self._chi2(self.state)

    def old_chi2(self) -> float:
        """Of the state that it left."""
        return self._chi2(self._old)

    def _chi2(self, state: State) -> float:
        return weighted_square(self._weights, state.residual) + prior(state.sources, self._limits).sum()


def weighted_square(weights: np.ndarray, image: np.ndarray) -> float:
    """Weighted sum of squares over all pixels of (nband, ny, nx), in float64."""
    return sum(float(np.vdot(w * r.astype("f8"), r)) for w, r in zip(weights, image, strict=True))


def planes(sky: np.ndarray) -> np.ndarray:
    """A constant per band (nband,), to be added to images (nband, ny, nx)."""
    return sky.astype("f4")[:, None, None]
