"""Errors from the full Fisher matrix: position, shape, neighbours and sky included."""

from dataclasses import dataclass

import numpy as np

from .blocks import Blocks
from .drawing import Canvas, neighbours
from .normal import assemble, solve
from .optimise import Outcome
from .scene import Problem, Sources
from .step import add_priors, by_size, moving, without

# ASSUME variances this many times larger than with all else known say that the parameters are degenerate.
_DEGENERATE = 1e5
# float32 stamps know the Fisher matrix to about this fraction of its diagonal.
_PRECISION = 1e-6


@dataclass
class Errors:
    """Covariances of all sources; NaN where a source is fixed or has no data, and for parameters that do not move.

    nonlinear : (n, 6, 6); flux : (n, nband) standard errors; degenerate : (n,) bool.
    neighbour_corr : (n, nband) correlation of the flux with that of the neighbour with which it is strongest, 0 without
    a neighbour.
    """

    nonlinear: np.ndarray
    flux: np.ndarray
    degenerate: np.ndarray
    neighbour_corr: np.ndarray


@np.errstate(over="ignore", invalid="ignore")
def covariances(problem: Problem, outcome: Outcome) -> Errors:
    """Invert the Fisher matrix of all free parameters at the optimum.

    With the blocks of `normal.Normal` and S the Schur complement of the fluxes, the nonlinear parameters have
    covariance S^-1 and the fluxes of a band ff^-1 + ff^-1 fq S^-1 qf ff^-1. A free sky adds its part.
    """
    sources, free = outcome.sources, np.flatnonzero(problem.sources.free)
    canvas = Canvas(problem)
    canvas.resize(sources)
    drawn = canvas.draw(sources, free)
    blocks = Blocks(canvas, len(sources))
    pairs = neighbours(canvas.boxes)
    blocks.couple(sources, drawn, pairs, outcome.weights)
    blocks.refresh(sources, drawn, free, outcome.weights)
    n, nband = len(sources), len(outcome.weights)
    errors = Errors(
        np.full((n, 6, 6), np.nan), np.full((n, nband), np.nan), np.zeros(n, bool), np.full((n, nband), np.nan)
    )
    held = ~moving(sources, problem.settings.mode)
    parts = [_CovarianceOfSize(problem, sources, blocks, free[rows], held) for rows in by_size(blocks, free)]
    if problem.settings.free_sky:
        weight = outcome.weights.sum(axis=2).sum(axis=1, dtype="f8")
        tied = np.diag(np.where(weight > 0, (1 + _PRECISION) * weight, 1)) - sum(part.tied() for part in parts)
        sky = solve(tied[None], np.eye(nband)[None], _PRECISION * weight)[0]
        for part in parts:
            part.add_sky(sky)
    for part in parts:
        part.write(errors)
    return errors


class _CovarianceOfSize:
    """The groups of one size: covariances of their nonlinear parameters (g, 6m, 6m) and fluxes (g, nband, m, m)."""

    def __init__(
        self, problem: Problem, sources: Sources, blocks: Blocks, members: np.ndarray, held: np.ndarray
    ) -> None:
        nband = blocks.own.shape[1]
        self.members, self.held = members, held[members].reshape(len(members), -1)
        normal = self.normal = assemble(sources, blocks, members, np.zeros((*members.shape, nband, 7)))
        add_priors(normal, sources, problem.limits)
        self.inverse = normal.linear_inverse()
        matrix = normal.reduced(self.inverse)
        diagonal = np.diagonal(normal.qq, axis1=1, axis2=2)
        least = _PRECISION * diagonal
        matrix = without(matrix + least[..., None] * np.eye(diagonal.shape[1]), self.held)
        eye = np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape)
        self.nonlinear = without(solve(matrix, eye, least), self.held)
        self.through = self.inverse @ np.swapaxes(normal.qf, -1, -2)
        still = np.where(self.held[:, :, None] | self.held[:, None, :], 0, self.nonlinear)
        self.flux = self.inverse + self.through @ still[:, None] @ np.swapaxes(self.through, -1, -2)
        self._still = still

    def _by_sky(self) -> tuple[np.ndarray, np.ndarray]:
        """What a sky higher by one in each band does: to parameters (g, 6m, nband), to fluxes (g, nband, m, nband)."""
        normal = self.normal
        own = normal.fs[..., None] * np.eye(normal.fs.shape[1])[None, :, None]
        direct = np.swapaxes(normal.qs, 1, 2) - np.einsum("gbqm,gbmc->gqc", normal.qf, self.inverse @ own)
        q = self._still @ direct
        return q, self.inverse @ own - self.through @ q[:, None]

    def tied(self) -> np.ndarray:
        """What these groups leave less of the sky's weight, (nband, nband)."""
        q, flux = self._by_sky()
        each = np.einsum("gbq,gqc->gbc", self.normal.qs, q) + np.einsum("gbm,gbmc->gbc", self.normal.fs, flux)
        # Groups without a finite answer end flagged; they are no reason that others do.
        return each[np.isfinite(each).all(axis=(1, 2))].sum(axis=0)

    def add_sky(self, sky: np.ndarray) -> None:
        """Add what the covariance (nband, nband) of the sky brings."""
        q, flux = self._by_sky()
        self.nonlinear = self.nonlinear + q @ sky @ np.swapaxes(q, -1, -2)
        self.flux = self.flux + flux @ sky @ np.swapaxes(flux, -1, -2)

    def write(self, errors: Errors) -> None:
        """Put the covariances of the single sources where they belong."""
        g, m = self.members.shape
        every = np.arange(m)
        apart = self.nonlinear.reshape(g, m, 6, m, 6)[:, every, :, every].swapaxes(0, 1)
        held = self.held.reshape(g, m, 6)
        moves = ~held[..., :, None] & ~held[..., None, :]
        errors.nonlinear[self.members] = np.where(moves, apart, np.nan)
        alone = np.swapaxes(np.einsum("gbmm->gbm", self.normal.ff), 1, 2)
        variance = np.swapaxes(np.einsum("gbmm->gbm", self.flux), 1, 2)
        seen = (alone > 0) & (variance > 0) & np.isfinite(variance)
        errors.flux[self.members] = np.sqrt(np.where(seen, variance, np.nan))
        errors.neighbour_corr[self.members] = np.where(seen, np.swapaxes(_strongest(self.flux), 1, 2), np.nan)
        curvature = np.diagonal(self.normal.qq, axis1=1, axis2=2).reshape(g, m, 6)
        inflation = np.where(held, 1, np.einsum("gmqq->gmq", apart) * curvature)
        spread = np.where(seen, variance * alone, np.where(alone > 0, np.inf, 0))
        worst = np.maximum(inflation.max(axis=-1), spread.max(axis=-1))
        errors.degenerate[self.members] = ~((inflation > 0).all(axis=-1) & (worst < _DEGENERATE))


def _strongest(covariance: np.ndarray) -> np.ndarray:
    """Correlation of each of m fluxes with the one that it is tied to most, (g, nband, m) of (g, nband, m, m)."""
    variance = np.einsum("gbmm->gbm", covariance)
    scale = np.sqrt(np.where(variance > 0, variance, 1))
    matrix = covariance / scale[..., :, None] / scale[..., None, :]
    matrix = np.nan_to_num(matrix) * (1 - np.eye(matrix.shape[-1]))
    most = np.abs(matrix).argmax(axis=-1)
    return np.clip(np.take_along_axis(matrix, most[..., None], axis=-1)[..., 0], -1, 1)
