"""The fitter on noiseless images: whatever the source, the truth comes back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import limits, psf, render, sources
from swath.fit.errors import covariances
from swath.fit.optimise import optimise
from swath.fit.scene import Problem, Settings

SIDE = 64
PRECISE = Settings(stamp_threshold=1e-4, stamp_max_pix=128, tolerance=1e-8, max_iterations=200)
MODELS = st.sampled_from(["star", "exp", "dev", "sersic"])
OFFSET = st.floats(-0.5, 0.5)


def solved(true, start, pixels=None):
    """The fit without priors: the truth is the optimum."""
    pixels = pixels or render(true, (SIDE, SIDE), 2, None)
    problem = Problem(pixels, psf(2), start, limits(start, priors=False), PRECISE)
    return problem, optimise(problem)


@given(
    MODELS, OFFSET, OFFSET, st.floats(1.0, 3.0), st.floats(0, 0.7), st.floats(-90, 90), st.floats(0.7, 3.5),
    st.floats(3.5, 5.5), st.floats(0.5, 2), st.tuples(OFFSET, OFFSET, st.floats(0.7, 1.4), st.floats(0.6, 1.6)),
)  # fmt: skip
@settings(max_examples=40)
def test_the_truth_comes_back(model, dx, dy, re, ell, phi, index, log_flux, colour, start):
    """To 1e-5 of the flux, from a start that is off by half a pixel, 40 % in size and 60 % in flux."""
    x, y, flux = SIDE / 2 + dx, SIDE / 2 + dy, np.array([[10**log_flux, colour * 10**log_flux]])
    true = sources([model], x, y, flux, 2, re, ell, phi, index)
    off = sources([model], x + start[0], y + start[1], start[3] * flux, 2, start[2] * re, 0.2, 0.0, 1.5)
    _, outcome = solved(true, off)
    assert outcome.converged.all()
    # What remains: float32 images (6e-8 each) and the chi2 at which the fit stops.
    assert outcome.sources.flux == pytest.approx(true.flux, rel=1e-5)
    assert outcome.sources.nonlinear[0, :2] == pytest.approx([x, y], abs=1e-4)


@given(st.permutations(range(4)))
@settings(max_examples=6)
def test_the_order_of_sources_does_not_matter(order):
    order = list(order)
    true = sources(
        ["star", "exp", "sersic", "star"], [20.3, 26.1, 44.0, 41.2], [21.0, 25.2, 40.3, 45.8],
        [4e3, 8e3, 9e3, 3e3], 2, [1, 2, 2.5, 1], 0.3,
    )  # fmt: skip
    pixels = render(true, (SIDE, SIDE), 2, 5)
    problem, outcome = solved(true, true, pixels)
    mixed = sources(true.model[order].tolist(), 0, 0, true.flux[order], 2)
    mixed.nonlinear[:] = true.nonlinear[order]
    _, other = solved(mixed, mixed, pixels)
    errors = covariances(problem, outcome)
    assert np.abs((other.sources.flux - outcome.sources.flux[order]) / errors.flux[order]).max() < 0.02


@given(st.integers(-20, 20))
@settings(max_examples=8)
def test_the_unit_of_flux_does_not_matter(power):
    """Janskys or electrons: all fluxes and errors scale, from 1e-6 to 1e6."""
    unit = 2.0**power
    true = sources(["star", "exp"], [20.3, 42.1], [30.0, 33.2], [4e3, 8e3], 2, 2.0, 0.3)
    problem, outcome = solved(true, true, render(true, (SIDE, SIDE), 2, 6))
    pixels = render(true, (SIDE, SIDE), 2, 6)
    pixels.image, pixels.variance = pixels.image * np.float32(unit), pixels.variance * np.float32(unit**2)
    pixels.gain = pixels.gain / unit
    start = true.copy()
    start.flux = true.flux * unit
    scaled_problem, scaled = solved(true, start, pixels)
    errors, scaled_errors = covariances(problem, outcome), covariances(scaled_problem, scaled)
    assert scaled.sources.flux / unit == pytest.approx(outcome.sources.flux, rel=1e-4)
    assert scaled_errors.flux / unit == pytest.approx(errors.flux, rel=1e-3)
    assert scaled.chi2 == pytest.approx(outcome.chi2, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("log_n", [np.log(0.41), np.log(6.3)])
@pytest.mark.parametrize("log_re", [np.log(0.05), np.log(200.0)])
def test_a_start_at_every_bound_finds_the_truth(log_n, log_re):
    true = sources(["sersic", "star"], [30.3, 52.1], [31.8, 14.0], [2e4, 5e3], 2, 3.0, 0.3, 20.0, 1.8)
    start = true.copy()
    start.nonlinear[0, 2], start.nonlinear[0, 5] = log_re, log_n
    pixels = render(true, (SIDE, SIDE), 2, 7)
    problem, outcome = solved(true, start, pixels)
    _, good = solved(true, true, pixels)
    errors = covariances(problem, good)
    assert outcome.chi2 < good.chi2 + 0.1
    assert np.abs((outcome.sources.flux - good.sources.flux) / errors.flux).max() < 0.1
