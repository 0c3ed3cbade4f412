"""Errors from the full Fisher matrix: position, shape, neighbours and sky included."""

from dataclasses import dataclass

import numpy as np

from .drawing import Canvas, neighbours
from .normal import assemble, solve
from .optimise import Outcome
from .scene import Problem
from .step import add_priors

# Variances this many times larger than with all else known say that the parameters are degenerate.
_DEGENERATE = 1e5
# float32 stamps know the Fisher matrix to about this fraction of its diagonal.
_PRECISION = 1e-6


@dataclass
class Errors:
    """Covariances of all sources; NaN where a source is fixed or has no data.

    nonlinear : (n, 6, 6); flux : (n, nband) standard errors; degenerate : (n,) bool.
    """

    nonlinear: np.ndarray
    flux: np.ndarray
    degenerate: np.ndarray


def covariances(problem: Problem, outcome: Outcome) -> Errors:
    """Invert the Fisher matrix of all free parameters at the optimum.

    With the blocks of `normal.Normal` and S the Schur complement of the fluxes, the nonlinear parameters have
    covariance S^-1 and the fluxes of a band ff^-1 + ff^-1 fq S^-1 qf ff^-1.
    """
    canvas = Canvas(problem)
    canvas.resize(outcome.sources)
    stamps = canvas.stamps(outcome.sources)
    residual = problem.pixels.image - canvas.model(outcome.sources, stamps, outcome.sky)
    free = np.flatnonzero(problem.sources.free)
    pairs = neighbours([stamp.box for stamp in stamps])
    normal = assemble(outcome.sources, stamps, pairs, free, residual, outcome.weights, problem.settings.free_sky)
    add_priors(normal, outcome.sources, problem.limits)
    inverse = normal.linear_inverse()
    matrix, _ = normal.reduced(inverse)
    matrix[np.diag_indices_from(matrix)] += _PRECISION * np.diag(normal.qq)
    inverse_matrix = solve(matrix, np.eye(len(matrix))) if len(matrix) else matrix
    through = inverse @ np.swapaxes(normal.qf, 1, 2)
    variance = np.einsum("bff->bf", inverse) + np.einsum(
        "bfq,qr,bfr->bf", through, inverse_matrix, through, optimize=True
    )
    n, nband = len(problem.sources), len(normal.f)
    errors = Errors(np.full((n, 6, 6), np.nan), np.full((n, nband), np.nan), np.zeros(n, bool))
    for k, (s, slot) in enumerate(normal.slots.items()):
        size = slot.stop - slot.start
        errors.nonlinear[s, :size, :size] = inverse_matrix[slot, slot]
        alone = np.einsum("bii->bi", normal.ff)[:, k]
        with np.errstate(invalid="ignore"):
            errors.flux[s] = np.where((alone > 0) & (variance[:, k] > 0), np.sqrt(variance[:, k]), np.nan)
        inflation = np.diag(inverse_matrix)[slot] * np.diag(normal.qq)[slot]
        spread = np.nanmax(errors.flux[s] ** 2 * alone, initial=0) if np.isfinite(errors.flux[s]).any() else 0
        errors.degenerate[s] = not (np.all(inflation > 0) and max(inflation.max(), spread) < _DEGENERATE)
    return errors
