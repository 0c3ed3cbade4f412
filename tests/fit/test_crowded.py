"""Fits that only end well because steps are shortened and taken back, held values kept, and worst cases flagged."""

import numpy as np
import pytest
from oddities import empty, noisy, random_patch, with_source
from scenes import field
from swath.config.fit import Fit
from swath.fit.errors import covariances
from swath.fit.job import solve_patch
from swath.fit.optimise import optimise
from swath.fit.problem import problem


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_every_source_of_a_crowded_field_converges(seed):
    """One source per 18 x 18 pixels, so that nearly all share light: most full steps of all at once overshoot."""
    crowd = field(seed, n=45, side=120, nband=2)
    outcome = optimise(crowd.problem)
    assert outcome.converged.all()
    # Converged where the truth is: chi2 of as many pixels as there are, less some 250 parameters; 5 of its sigmas.
    npix = crowd.problem.pixels.image.size
    assert outcome.chi2 == pytest.approx(npix - 250, abs=5 * np.sqrt(2 * npix))


@pytest.mark.parametrize("re", [150.0, 400.0])
def test_a_shape_that_is_held_stays_whatever_bounds_say(re):
    # Larger than the patch, and larger than any galaxy that a fit may find.
    made = with_source(empty((96, 96), 2), "exp", 40.0, 40.0, 9000.0, re=3.0, ell=0.0)
    made = noisy(made, np.random.default_rng(0))
    made.sources["re"] = re
    rows, _ = solve_patch(made, Fit(mode="forced"), "constant")
    assert rows["re"] == pytest.approx([re])
    assert rows["converged"].all()
    assert np.isfinite(rows["flux"]).all()


# Which step meets the equations that rounding has made indefinite hangs on rounding: several places to stop.
@pytest.mark.parametrize("steps", [14, 16, 21, 26, 27, 32, 33, 34, 35, 37])
def test_errors_of_an_unfinished_fit_are_numbers_or_flagged(steps):
    """A galaxy listed twice, most pixels masked, a free sky: the sky's equation has had infinite terms."""
    payload, settings, _ = random_patch(36)
    posed = problem(payload, settings.model_copy(update={"deadline_s": None, "max_iterations": steps}), free_sky=True)
    outcome = optimise(posed)
    assert not outcome.converged.all()
    assert np.isfinite(outcome.chi2)
    errors = covariances(posed, outcome)
    assert (np.isfinite(errors.flux).all(axis=1) | errors.degenerate).all()
    assert not np.isinf(errors.flux).any()
    assert not (errors.flux <= 0).any()
    assert errors.degenerate[[0, -1]].all()  # the twins
    moves = np.isfinite(np.einsum("nqq->nq", errors.nonlinear)).any(axis=1)
    assert (moves | errors.degenerate).all()
