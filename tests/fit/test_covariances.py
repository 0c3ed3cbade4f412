"""Errors, and one undamped step, against dense least squares: one matrix, templates from differences of images.

The solver eliminates fluxes, splits a patch into groups and borders them with the sky; the dense inverse does none of
this, so that a wrong sign, a forgotten prior or a lost tie between two sources shows.
"""

from typing import NamedTuple

import numpy as np
import pytest
from scenes import limits, psf, render, sources
from swath.fit.blocks import Blocks
from swath.fit.drawing import Canvas, neighbours
from swath.fit.errors import covariances
from swath.fit.optimise import Outcome
from swath.fit.scene import Problem, Settings, Sources
from swath.fit.step import Sky, moving, step

SIDE, NBAND, FIXED = 64, 2, 7
MODELS = ["star", "exp", "dev", "sersic", "star", "sersic", "star", "exp"]
# Two blends (0, 1 and 2, 3, 4), two sources of their own, and one (FIXED) that lies on another and is not free.
X = [13.3, 17.9, 45.2, 49.8, 42.6, 16.4, 50.3, 20.1]
Y = [15.1, 17.4, 14.7, 18.9, 19.6, 47.2, 49.7, 51.0]
FLUX = [[900, 700], [1500, 2100], [2500, 1800], [1400, 2000], [600, 900], [1600, 1200], [800, 500], [900, 900]]
DIFFERENCE = 0.02
CASES = pytest.mark.parametrize(
    ("mode", "free_sky"), [(m, f) for m in ("free", "forced_position", "forced") for f in (False, True)]
)


class Dense(NamedTuple):
    """Half the Hessian of chi2 and its downhill gradient, by the `labels` ('q', source, parameter), ('f', source, band)
    and ('s', -1, band)."""

    labels: list[tuple[str, int, int]]
    matrix: np.ndarray
    slope: np.ndarray


def posed(mode: str, free_sky: bool) -> Problem:
    """Eight sources on a patch so small that its sky is no better known than they are, some of low S/N."""
    true = sources(
        MODELS, X, Y, FLUX, NBAND, [1, 2.5, 2.0, 3.0, 1, 2.2, 1, 3.0], 0.3, [0, 20, -50, 70, 0, 5, 0, 35], 1.6
    )
    true.free = np.arange(len(MODELS)) != FIXED
    # Stamps that end early would cut the light of differences otherwise than that of derivatives.
    return Problem(
        render(true, (SIDE, SIDE), NBAND, 8), psf(NBAND), true, limits(true),
        Settings(mode=mode, free_sky=free_sky, stamp_threshold=1e-3),
    )  # fmt: skip


def unit(canvas: Canvas, at: Sources, index: int) -> np.ndarray:
    """Image of a source of flux 1, (nband, ny, nx) float64."""
    image = np.zeros(canvas.problem.pixels.image.shape)
    x0, x1, y0, y1 = canvas.boxes[index]
    image[:, y0:y1, x0:x1] = canvas.stamp(at, index, derivatives=False).templates[:, 0]
    return image


def derivative(canvas: Canvas, at: Sources, index: int, parameter: int) -> np.ndarray:
    """Five-point difference of the images of a source by one nonlinear parameter, for flux 1."""

    def moved(steps: int) -> np.ndarray:
        there = at.copy()
        there.nonlinear[index, parameter] += steps * DIFFERENCE
        return unit(canvas, there, index)

    return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * DIFFERENCE)


def dense(problem: Problem, at: Sources, weights: np.ndarray) -> Dense:
    """The least squares of everything that is free, at the parameters `at` and a sky of 0."""
    canvas = Canvas(problem)
    canvas.resize(at)
    labels, columns = [], []
    for s in np.flatnonzero(at.free).tolist():
        for p in at.moving(s, problem.settings.mode):
            labels.append(("q", s, p))
            columns.append(at.flux[s][:, None, None] * derivative(canvas, at, s, p))
        for band, plane in enumerate(np.eye(NBAND)):
            labels.append(("f", s, band))
            columns.append(plane[:, None, None] * unit(canvas, at, s))
    if problem.settings.free_sky:
        labels += [("s", -1, band) for band in range(NBAND)]
        columns += list(np.broadcast_to(np.eye(NBAND)[:, :, None, None], (NBAND, NBAND, SIDE, SIDE)))
    design = np.array(columns).reshape(len(columns), -1)
    light = sum(at.flux[s][:, None, None] * unit(canvas, at, s) for s in range(len(at)))
    heavy = design * weights.ravel()
    matrix, slope = heavy @ design.T, heavy @ (problem.pixels.image - light).ravel()
    for k, (kind, s, p) in enumerate(labels):
        if kind == "q":
            precision = problem.limits.prior_width[s, p] ** -2
            matrix[k, k] += precision
            slope[k] -= precision * (at.nonlinear[s, p] - problem.limits.prior_mean[s, p])
    return Dense(labels, matrix, slope)


def weights_of(problem: Problem) -> np.ndarray:
    return problem.pixels.weights(np.maximum(problem.pixels.image, 0))


def reported(problem: Problem, at: Sources, weights: np.ndarray):
    nothing = np.zeros(len(at))
    return covariances(problem, Outcome(at, np.zeros(NBAND), weights, nothing, nothing, nothing.astype("U16"), 0.0))


@CASES
def test_errors_are_those_of_the_dense_inverse(mode, free_sky):
    problem = posed(mode, free_sky)
    at, weights = problem.sources, weights_of(problem)
    errors = reported(problem, at, weights)
    want = dense(problem, at, weights)
    covariance = np.linalg.inv(want.matrix)
    sigma = np.sqrt(np.diag(covariance))
    for k, (kind, s, p) in enumerate(want.labels):
        if kind == "f":
            assert errors.flux[s, p] == pytest.approx(sigma[k], rel=1e-3), (s, p)
        for other, (kind2, s2, p2) in enumerate(want.labels):
            if kind == kind2 == "q" and s == s2:
                near = pytest.approx(covariance[k, other], abs=1e-3 * sigma[k] * sigma[other])
                assert errors.nonlinear[s, p, p2] == near, (s, p, p2)
    # What does not move has no error, whatever moves beside it.
    still = ~moving(at, mode)
    assert np.isnan(errors.nonlinear[still]).all()
    assert np.isfinite(errors.nonlinear).sum() == (~still).sum(axis=1) @ (~still).sum(axis=1)
    assert np.isnan(errors.flux[FIXED]).all()


@CASES
def test_the_strongest_neighbour_is_that_of_the_dense_inverse(mode, free_sky):
    problem = posed(mode, free_sky)
    weights = weights_of(problem)
    errors = reported(problem, problem.sources, weights)
    want = dense(problem, problem.sources, weights)
    covariance = np.linalg.inv(want.matrix)
    for band in range(NBAND):
        rows = [k for k, (kind, _, b) in enumerate(want.labels) if kind == "f" and b == band]
        flux = covariance[np.ix_(rows, rows)]
        sigma = np.sqrt(np.diag(flux))
        correlation = flux / sigma / sigma[:, None] - np.eye(len(rows))
        strongest = correlation[np.arange(len(rows)), np.abs(correlation).argmax(axis=1)]
        assert errors.neighbour_corr[:5, band] == pytest.approx(strongest[:5], abs=1e-3)
        assert (np.abs(strongest[:5]) > 0.05).all()
        # Those without a neighbour share no more than the sky with anybody.
        assert errors.neighbour_corr[5:FIXED, band].tolist() == [0, 0]
        assert (np.abs(strongest[5:]) < (0.2 if free_sky else 0.01)).all()


@CASES
def test_an_undamped_step_is_that_of_the_dense_equations(mode, free_sky, monkeypatch):
    # All ties are kept: those that the solver leaves out slow a step, the optimum is the same without them.
    monkeypatch.setattr("swath.fit.blocks._COUPLED", 0.0)
    problem = posed(mode, free_sky)
    problem.pixels.image += np.float32(0.4)
    weights, moves, rng = weights_of(problem), moving(problem.sources, mode), np.random.default_rng(1)
    at, free = problem.sources.copy(), np.flatnonzero(problem.sources.free)
    at.nonlinear += np.where(moves, 0.02 * rng.normal(size=at.nonlinear.shape), 0)
    at.flux[free] *= 1.05
    canvas = Canvas(problem)
    canvas.resize(at)
    drawn, blocks = canvas.draw(at, np.arange(len(at))), Blocks(canvas, len(at))
    blocks.couple(at, drawn, neighbours(canvas.boxes), weights)
    blocks.refresh(at, drawn, free, weights)
    weighted = weights * (problem.pixels.image - canvas.light(at, drawn))
    sky = Sky(weights.sum(axis=(1, 2), dtype="f8"), weighted.sum(axis=(1, 2), dtype="f8")) if free_sky else None
    gradients = canvas.gradients(at, drawn, free, weighted)
    limited = problem.limits
    limited.step[:] = np.inf
    taken = step(at, blocks, free, gradients, moves, limited, np.zeros(len(at)), sky)

    want = dense(problem, at, weights)
    best, sigma = np.linalg.solve(want.matrix, want.slope), np.sqrt(np.diag(np.linalg.inv(want.matrix)))
    parts, place = (
        {"q": taken.nonlinear, "f": taken.flux, "s": taken.sky[None]},
        {int(s): k for k, s in enumerate(free)},
    )
    found = np.array([parts[kind][place.get(s, 0), p] for kind, s, p in want.labels])
    assert np.abs(best / sigma).max() > 0.5
    assert np.abs((found - best) / sigma).max() < 1e-3 * np.abs(best / sigma).max()
