"""One damped, limited step of all sources that move, with the bounds and priors of their parameters."""

from typing import NamedTuple

import numpy as np

from .blocks import Blocks
from .normal import RIDGE, Normal, assemble, solve
from .scene import Limits, Sources


class Step(NamedTuple):
    """Steps of the active sources, in their order; zero for what does not move.

    nonlinear : (k, 6). flux : (k, nband). sky : (nband,). slope : (k,), half of what chi2 would lose to first order.
    promised : (k,) chi2 that each source could still gain by an undamped step of its own.
    """

    nonlinear: np.ndarray
    flux: np.ndarray
    sky: np.ndarray
    slope: np.ndarray
    promised: np.ndarray


class Sky(NamedTuple):
    """The equations of a free constant per band: sums of the weights, and of the weighted residual; (nband,) each."""

    weight: np.ndarray
    slope: np.ndarray


@np.errstate(over="ignore", invalid="ignore")
def step(
    sources: Sources,
    blocks: Blocks,
    active: np.ndarray,
    gradients: np.ndarray,
    moving: np.ndarray,
    limits: Limits,
    damping: np.ndarray,
    sky: Sky | None = None,
) -> Step:
    """The damped, limited step of the sources `active`, whole groups of `blocks`; not finite where there is none.

    Parameters
    ----------
    gradients : (k, nband, 7) sums of the weighted residual times each template. moving : (n, 6) bool, parameters that
    may move. damping : (n,). sky : given where it is free.
    """
    parts = [
        _StepOfSize(sources, blocks, rows, active, gradients, moving, limits, damping, sky)
        for rows in by_size(blocks, active)
    ]
    shift = np.zeros(gradients.shape[1])
    if sky is not None and parts:
        # On a few pixels the sky is what the sources leave of it: nothing, but for rounding.
        tied = np.diag(np.where(sky.weight > 0, (1 + RIDGE) * sky.weight, 1.0)) - sum(part.tied for part in parts)
        shift = solve(tied, (sky.slope - sum(part.pulled for part in parts))[:, None], RIDGE * sky.weight)[:, 0]
    out = Step(
        np.zeros((len(active), 6)), np.zeros(gradients.shape[:2]), shift, np.zeros(len(active)), np.zeros(len(active))
    )
    for part in parts:
        part.write(out, shift, limits)
    return out


def by_size(blocks: Blocks, which: np.ndarray) -> list[np.ndarray]:
    """Groups of the sources `which` by their size, places in `which` of shape (groups, size)."""
    order = np.argsort(blocks.group[which], kind="stable")
    _, counts = np.unique(blocks.group[which], return_counts=True)
    groups = np.split(order, np.cumsum(counts)[:-1])
    return [np.array([g for g in groups if len(g) == size]) for size in np.unique(counts)] if len(which) else []


class _StepOfSize:
    """The groups of one size."""

    def __init__(
        self,
        sources: Sources,
        blocks: Blocks,
        rows: np.ndarray,
        active: np.ndarray,
        gradients: np.ndarray,
        moving: np.ndarray,
        limits: Limits,
        damping: np.ndarray,
        sky: Sky | None,
    ) -> None:
        self.rows, self.shape = rows, (*rows.shape, 6)
        members = active[rows]
        normal = self.normal = assemble(sources, blocks, members, gradients[rows])
        add_priors(normal, sources, limits)
        self.inverse = normal.linear_inverse()
        self.matrix = normal.reduced(self.inverse)
        self.vector = normal.q - (normal.qf @ (self.inverse @ normal.f[..., None]))[..., 0].sum(axis=1)
        self.held = (~moving[members] | pushed_out(sources, limits, members, self.vector.reshape(self.shape))).reshape(
            len(rows), -1
        )
        diagonal = np.diagonal(normal.qq, axis1=1, axis2=2)
        extra = damping[members].repeat(6, axis=1) * diagonal + 1e-12 * (1 + diagonal)
        self.damped = without(self.matrix + extra[:, :, None] * np.eye(extra.shape[1]), self.held)
        self.nonlinear = self._solve(self.vector[..., None])[..., 0]
        if sky is not None:
            self._tie()

    def _solve(self, right: np.ndarray) -> np.ndarray:
        return solve(self.damped, np.where(self.held[..., None], 0, right))

    def _tie(self) -> None:
        """What a change of the sky by one does to the nonlinear parameters and fluxes, and through them to the sky."""
        normal, inverse = self.normal, self.inverse
        through = np.swapaxes((normal.qf @ (inverse @ normal.fs[..., None]))[..., 0], 1, 2)
        self.follow = self._solve(np.swapaxes(normal.qs, 1, 2) - through)
        back = np.einsum("gbmq,gqc->gbmc", np.swapaxes(normal.qf, -1, -2), self.follow)
        own = normal.fs[..., None] * np.eye(normal.fs.shape[1])[None, :, None]
        flux = inverse @ (own - back)
        tied = np.einsum("gbq,gqc->gbc", normal.qs, self.follow) + np.einsum("gbm,gbmc->gbc", normal.fs, flux)
        at_rest = np.einsum("gbmn,gbn->gbm", inverse, normal.f - np.einsum("gbqm,gq->gbm", normal.qf, self.nonlinear))
        pulled = np.einsum("gbq,gq->gb", normal.qs, self.nonlinear) + np.einsum("gbm,gbm->gb", normal.fs, at_rest)
        # Groups without a finite step are left out, so that the others have one.
        sound = np.isfinite(tied).all(axis=(1, 2)) & np.isfinite(pulled).all(axis=1)
        self.tied, self.pulled = tied[sound].sum(axis=0), pulled[sound].sum(axis=0)

    def write(self, out: Step, sky: np.ndarray, limits: Limits) -> None:
        """Put the limited steps, given that of the sky, into their rows."""
        normal = self.normal
        q = self.nonlinear - (self.follow @ sky if sky.any() else 0)
        q = q.reshape(self.shape)
        q = q / np.maximum(1.0, (np.abs(q) / limits.step).max(axis=-1, keepdims=True))
        known = (q.reshape(len(q), 1, 1, -1) @ normal.qf)[:, :, 0] + normal.fs * sky[:, None]
        flux = (self.inverse @ (normal.f - known)[..., None])[..., 0]
        out.nonlinear[self.rows] = q
        out.flux[self.rows] = np.swapaxes(flux, 1, 2)
        out.slope[self.rows] = (normal.q.reshape(self.shape) * q).sum(axis=-1) + (normal.f * flux).sum(axis=1)
        out.promised[self.rows] = self._promised(q)

    def _promised(self, q: np.ndarray) -> np.ndarray:
        """Newton decrement of each source: of its free nonlinear parameters, or of its fluxes if that is larger.

        Or what the joint step is worth in the source's own curvature: neighbours that trade light move together.
        """
        normal, (g, m, _) = self.normal, self.shape
        curvature = np.einsum("gbmm->gbm", normal.ff)
        of_flux = np.divide(normal.f**2, curvature, out=np.zeros_like(normal.f), where=curvature > 0).max(axis=1)
        every = np.arange(m)
        blocks = self.matrix.reshape(g, m, 6, m, 6)[:, every, :, every].swapaxes(0, 1)
        held = self.held.reshape(self.shape)
        pull = np.where(held, 0, self.vector.reshape(self.shape))
        alone = solve(without(blocks, held), pull[..., None])[..., 0]
        joint = (q * (blocks @ q[..., None])[..., 0]).sum(axis=-1)
        return np.maximum.reduce([of_flux, (pull * alone).sum(axis=-1), joint])


def without(matrix: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Matrices (..., n, n) in which the parameters `held` (..., n) stand alone, with 1 on the diagonal."""
    kept = np.where(held[..., :, None] | held[..., None, :], 0, matrix)
    return kept + held[..., None] * np.eye(held.shape[-1])


def add_priors(normal: Normal, sources: Sources, limits: Limits) -> None:
    """Add the Gaussian priors of the sources to their equations."""
    members = normal.members
    precision = (limits.prior_width[members] ** -2.0).reshape(len(members), -1)
    away = (sources.nonlinear[members] - limits.prior_mean[members]).reshape(len(members), -1)
    normal.qq += precision[..., None] * np.eye(precision.shape[1])
    normal.q -= precision * away


def clip(nonlinear: np.ndarray, limits: Limits, which: np.ndarray) -> np.ndarray:
    """Parameters within their bounds; the ellipticity is shortened, its angle kept."""
    inside = np.clip(nonlinear, limits.low[which], limits.high[which])
    stretch = np.hypot(inside[:, 3], inside[:, 4])
    inside[:, 3:5] *= np.minimum(1, limits.stretch_max / np.maximum(stretch, 1e-12))[:, None]
    return inside


def moving(sources: Sources, mode: str) -> np.ndarray:
    """(n, 6) bool: the nonlinear parameters that a fit of this mode moves."""
    mask = np.zeros((len(sources), 6), bool)
    for s in range(len(sources)):
        mask[s, list(sources.moving(s, mode))] = True
    return mask


def at_bound(sources: Sources, limits: Limits, mode: str = "free") -> np.ndarray:
    """(n,) bool: a parameter that moves sits at its bound."""
    used = moving(sources, mode)
    edge = ((sources.nonlinear <= limits.low) | (sources.nonlinear >= limits.high)) & used
    stretched = np.hypot(sources.nonlinear[:, 3], sources.nonlinear[:, 4]) >= limits.stretch_max * (1 - 1e-9)
    return edge.any(axis=1) | (stretched & used[:, 3])


def pushed_out(sources: Sources, limits: Limits, members: np.ndarray, push: np.ndarray) -> np.ndarray:
    """Parameters at a bound that the gradient `push` (..., 6) presses further out, same shape, bool."""
    here = sources.nonlinear[members]
    return ((here <= limits.low[members]) & (push < 0)) | ((here >= limits.high[members]) & (push > 0))


def prior(sources: Sources, limits: Limits) -> np.ndarray:
    """What the priors of each source add to chi2, (n,)."""
    return (((sources.nonlinear - limits.prior_mean) / limits.prior_width) ** 2).sum(axis=1)
