"""One damped, limited step of all sources that move, with the bounds and priors of their parameters."""

import numpy as np

from .normal import Normal, solve
from .scene import Limits, Sources


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
    held = held_parameters(normal, sources, limits, vector)
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


def held_parameters(normal: Normal, sources: Sources, limits: Limits, vector: np.ndarray) -> np.ndarray:
    """Indices of parameters at a bound that the gradient pushes further out."""
    held = []
    for s, slot in normal.slots.items():
        n = slot.stop - slot.start
        here, push = sources.nonlinear[s, :n], vector[slot]
        stuck = ((here <= limits.low[s, :n]) & (push < 0)) | ((here >= limits.high[s, :n]) & (push > 0))
        held += [slot.start + int(i) for i in np.flatnonzero(stuck)]
    return np.array(held, int)


def prior(sources: Sources, limits: Limits, s: int) -> float:
    """What the priors of one source add to chi2."""
    n = sources.count(s)
    return float((((sources.nonlinear[s, :n] - limits.prior_mean[s, :n]) / limits.prior_width[s, :n]) ** 2).sum())
