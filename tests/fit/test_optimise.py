"""The fit against simulated truth: optimum, errors, robustness, independence."""

from dataclasses import replace

import numpy as np
import pytest
from scenes import GAIN, Truth, field, limits, psf, render, sources
from swath.fit.errors import covariances
from swath.fit.optimise import optimise
from swath.fit.scene import Problem, Settings
from swath.fit.step import at_bound


def robust_sd(values: np.ndarray) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def solve(true, start, seed, nband=2, extent=(80, 80), priors=True, **settings):
    pixels = render(true, extent, nband, seed)
    return optimise(Problem(pixels, psf(nband), start, limits(start, priors=priors), Settings(**settings)))


@pytest.mark.parametrize("model", ["star", "exp", "dev", "sersic"])
def test_noiseless_truth_is_recovered(model):
    true = sources([model], 40.3, 39.6, [20000.0], 2, re=3.5, ell=0.4, phi=-35.0, index=2.2)
    start = sources([model], 40.6, 39.3, [15000.0], 2, re=4.5, ell=0.1, phi=10.0, index=1.5)
    # Large stamps and no priors: what remains is float32 and the change of chi2 at which the fit stops.
    outcome = solve(true, start, None, priors=False, stamp_threshold=1e-4, tolerance=1e-8)
    assert outcome.converged.all()
    assert outcome.sources.flux == pytest.approx(true.flux, rel=1e-5 if model == "star" else 3e-5)
    used = {"star": 2, "exp": 5, "dev": 5, "sersic": 6}[model]
    assert outcome.sources.nonlinear[0, :used] == pytest.approx(true.nonlinear[0, :used], abs=2e-4)


@pytest.mark.slow
def test_pulls_are_normal_in_a_mixed_field():
    pulls, positions = [], []
    for seed in range(12):
        truth = field(seed)
        outcome = optimise(truth.problem)
        errors = covariances(truth.problem, outcome)
        good = outcome.converged & (truth.sources.flux / errors.flux > 10).all(axis=1)
        pulls.append(((outcome.sources.flux - truth.sources.flux) / errors.flux)[good].mean(axis=1) * np.sqrt(3))
        shift = outcome.sources.nonlinear[good, :2] - truth.sources.nonlinear[good, :2]
        positions.append((shift / np.sqrt(errors.nonlinear[good][:, [0, 1], [0, 1]])).ravel())
    flux, place = np.concatenate(pulls), np.concatenate(positions)
    # About 200 sources: the robust sd is known to 0.07 and the median to 0.09; bands of a galaxy share its shape
    # error, so the mean over bands has an sd between 1 and 1.7 times that of independent ones.
    assert len(flux) > 120
    assert 0.8 < robust_sd(flux) < 1.75
    assert abs(np.median(flux)) < 0.4
    assert 0.85 < robust_sd(place) < 1.15


@pytest.mark.slow
@pytest.mark.parametrize("model", ["star", "exp", "dev"])
def test_single_band_flux_pulls(model):
    # One band: 150 sources know the sd of pulls to 6 % and their median to 0.1; four sigma.
    rng = np.random.default_rng(5)
    pulls = []
    for seed in range(10):
        n = 15
        grid = np.arange(n)
        x, y = 30 + 50.0 * (grid % 4) + rng.uniform(-0.5, 0.5, n), 30 + 50.0 * (grid // 4) + rng.uniform(-0.5, 0.5, n)
        true = sources(
            [model] * n, x, y, 10 ** rng.uniform(3, 4.3, n), 1, rng.uniform(2, 4, n), rng.uniform(0.05, 0.5, n)
        )
        problem = Problem(render(true, (230, 230), 1, seed), psf(1), true, limits(true), Settings())
        outcome = optimise(problem)
        assert outcome.converged.all()
        pulls.append((outcome.sources.flux - true.flux) / covariances(problem, outcome).flux)
    pulls = np.concatenate(pulls).ravel()
    assert 0.76 < robust_sd(pulls) < 1.24
    assert abs(np.median(pulls)) < 0.4


def test_everything_converges_and_no_chi2_is_left():
    truth = field(3, n=30)
    outcome = optimise(truth.problem)
    assert outcome.converged.all()
    again = optimise(replace(truth.problem, sources=outcome.sources))
    # The optimum is where a second fit stays: fluxes within a tenth of their errors.
    errors = covariances(truth.problem, outcome)
    assert np.abs((again.sources.flux - outcome.sources.flux) / errors.flux).max() < 0.1
    assert abs(again.chi2 - outcome.chi2) < 1.0


def test_a_badly_constrained_galaxy_brakes_nobody():
    # Ten bright stars and one Sersic source of S/N 1 that starts far off: all stars settle in a few steps.
    models = ["star"] * 10 + ["sersic"]
    x = np.append(20 + 40.0 * (np.arange(10) % 5), 60)
    y = np.append(30 + 60.0 * (np.arange(10) // 5), 60)
    true = sources(models, x, y, np.append(np.full(10, 20000.0), 60.0), 2, re=2.0, index=1.0)
    start = sources(models, x + 0.3, y - 0.2, np.append(np.full(10, 12000.0), 900.0), 2, re=9.0, ell=0.8, index=6.0)
    outcome = solve(true, start, 1, extent=(120, 220))
    assert outcome.converged[:10].all()
    assert (np.abs(outcome.sources.nonlinear[:10, :2] - true.nonlinear[:10, :2]) < 0.02).all()
    assert outcome.sources.flux[:10] == pytest.approx(true.flux[:10], rel=0.02)


def test_weights_from_the_model_do_not_bias_faint_fluxes():
    # Weights from noisy pixels would bias S/N 15 stars by per cents. 300 stars: the mean is known to 0.4 %.
    rng = np.random.default_rng(8)
    n, ratios = 100, []
    for seed in range(3):
        grid = np.arange(n)
        x, y = 20 + 30.0 * (grid % 10) + rng.uniform(-0.5, 0.5, n), 20 + 30.0 * (grid // 10)
        true = sources(["star"] * n, x, y, np.full(n, 600.0), 1)
        pixels = render(true, (310, 310), 1, seed, gain=0.3)
        outcome = optimise(Problem(pixels, psf(1), true, limits(true), Settings()))
        ratios.append(outcome.sources.flux[:, 0] / 600)
    ratios = np.concatenate(ratios)
    assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / np.sqrt(len(ratios)))


def test_negative_fluxes_stay_negative():
    true = sources(["star", "star"], [25.0, 55.0], 40.0, [-400.0, 3000.0], 2)
    start = sources(["star", "star"], [25.0, 55.0], 40.0, [1e-4, 2000.0], 2)
    outcome = solve(true, start, 2)
    assert (outcome.sources.flux[0] < 0).all()
    assert outcome.sources.flux[1] == pytest.approx(true.flux[1], rel=0.1)


def test_fixed_sources_are_modelled_and_left_alone():
    true = sources(["star", "exp"], [30.0, 36.0], 40.0, [5000.0, 8000.0], 2)
    start = true.copy()
    start.free = np.array([True, False])
    start.nonlinear[0, 0] += 0.4
    outcome = solve(true, start, 3)
    assert list(outcome.reason) == ["converged", "fixed"]
    assert (outcome.sources.nonlinear[1] == start.nonlinear[1]).all()
    assert (outcome.sources.flux[1] == start.flux[1]).all()
    errors = covariances(Problem(render(true, (80, 80), 2, 3), psf(2), start, limits(start), Settings()), outcome)
    assert np.isnan(errors.flux[1]).all()
    assert np.abs((outcome.sources.flux[0] - 5000) / errors.flux[0]).max() < 5


def test_masked_bands_and_masked_sources_do_not_spoil_the_rest():
    true = sources(["star", "exp", "star"], [20.0, 42.0, 62.0], 40.0, [5000.0, 8000.0, 4000.0], 3)
    pixels = render(true, (80, 80), 3, 4)
    pixels.good[1] = False
    pixels.good[:, 30:50, 10:32] = False
    problem = Problem(pixels, psf(3), true, limits(true), Settings())
    outcome = optimise(problem)
    errors = covariances(problem, outcome)
    assert outcome.converged.all()
    bands = [0, 2]
    assert np.abs(((outcome.sources.flux - true.flux) / errors.flux)[1:, bands]).max() < 5
    assert np.isnan(errors.flux[:, 1]).all()


def test_a_free_sky_is_found_and_its_error_is_in_the_fluxes():
    true = sources(["star"], 40.0, 40.0, [3000.0], 1)
    pixels = render(true, (80, 80), 1, 6)
    fixed = Problem(pixels, psf(1), true, limits(true), Settings())
    error_without = covariances(fixed, optimise(fixed)).flux[0, 0]
    pixels.image = pixels.image + np.float32(2.0)
    free = replace(fixed, settings=Settings(free_sky=True))
    outcome = optimise(free)
    error = covariances(free, outcome).flux[0, 0]
    # 6400 pixels of sigma 5 know the sky to 0.07.
    assert outcome.sky[0] == pytest.approx(2.0, abs=0.3)
    assert error > error_without
    assert outcome.sources.flux[0, 0] == pytest.approx(3000, abs=5 * error)


def test_one_and_the_same_result_on_every_call():
    one, two = (optimise(field(9).problem) for _ in range(2))
    assert (one.sources.flux == two.sources.flux).all()
    assert (one.sources.nonlinear == two.sources.nonlinear).all()


def test_deadline_ends_the_fit_with_what_it_has():
    truth = field(4)
    outcome = optimise(replace(truth.problem, settings=Settings(deadline_s=0.0)))
    assert set(outcome.reason) == {"deadline"}
    assert np.isfinite(outcome.sources.flux).all()


def test_parameters_at_their_bounds_are_reported():
    true = sources(["star"], 40.0, 40.0, [5000.0], 1)
    start = sources(["star"], 44.0, 40.0, [5000.0], 1)
    pixels = render(true, (80, 80), 1, 7)
    bounds = limits(start, shift=3.0)
    outcome = optimise(Problem(pixels, psf(1), start, bounds, Settings()))
    assert outcome.sources.nonlinear[0, 0] == pytest.approx(41.0)
    assert at_bound(outcome.sources, bounds).all()


@pytest.mark.slow
def test_degenerate_scenes_never_raise_and_leave_no_unexplained_nan():
    rng = np.random.default_rng(11)
    for seed in range(40):
        n, nband, side = int(rng.integers(1, 7)), int(rng.integers(1, 4)), 60
        models = list(rng.choice(["star", "exp", "dev", "sersic"], n))
        x, y, flux = rng.uniform(-2, side + 2, n), rng.uniform(-2, side + 2, n), 10 ** rng.uniform(0, 5, n)
        true = sources(models, x, y, flux, nband, 10 ** rng.uniform(-1, 1.7, n), rng.uniform(0, 0.95, n))
        pixels = render(true, (side, side), nband, seed)
        for _ in range(int(rng.integers(0, 4))):
            x, y = rng.integers(0, side, 2)
            pixels.good[rng.integers(0, nband), y : y + 20, x : x + 20] = False
        if rng.random() < 0.2:
            pixels.good[0] = False
        start = true.copy()
        start.nonlinear[:, :2] += rng.normal(size=(n, 2)) * 2
        start.flux *= 10 ** rng.uniform(-6, 1, start.flux.shape)
        if n > 1 and rng.random() < 0.5:
            start.nonlinear[1, :2] = start.nonlinear[0, :2]
        problem = Problem(pixels, psf(nband), start, limits(start), Settings())
        outcome = optimise(problem)
        errors = covariances(problem, outcome)
        assert np.isfinite(outcome.sources.flux).all()
        assert np.isfinite(outcome.sources.nonlinear).all()
        assert set(outcome.reason) <= {"converged", "max_iterations", "stalled", "no_data"}
        assert not (errors.flux < 0).any()


def test_gain_sets_the_poisson_noise():
    truth: Truth = field(1, n=1)
    weights = truth.problem.pixels.weights(np.full_like(truth.problem.pixels.image, 50.0))
    assert weights == pytest.approx(1 / (25 + 50 / GAIN), rel=1e-6)


@pytest.mark.slow
def test_a_galaxy_larger_than_the_largest_stamp_is_not_biased():
    # Re = 30 pix with stamps of at most 128: S/N of 1000s; a folded profile was 3 % off in flux and 6 % in size.
    true = sources(["dev"], 150.0, 150.0, [3e6], 1, re=30.0, ell=0.2)
    pixels = render(true, (300, 300), 1, 1)
    problem = Problem(pixels, psf(1), true, limits(true), Settings(stamp_max_pix=128))
    outcome = optimise(problem)
    assert outcome.converged.all()
    assert outcome.sources.flux[0, 0] == pytest.approx(3e6, rel=0.005)
    assert np.exp(outcome.sources.nonlinear[0, 2] - true.nonlinear[0, 2]) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("separation", [1.5, 3.0])
def test_blended_galaxies_are_at_their_joint_optimum(separation):
    true = sources(["exp", "exp"], [40.0, 40.0 + separation], [40.0, 40.5], [4000.0, 3000.0], 2, [3.0, 2.0], 0.3)
    start = sources(["exp", "exp"], [40.2, 39.9 + separation], [40.0, 40.4], [3000.0, 4000.0], 2, [2.5, 2.5], 0.1)
    pixels = render(true, (80, 80), 2, 3)
    problem = Problem(pixels, psf(2), start, limits(start), Settings())
    outcome = optimise(problem)
    tight = optimise(replace(problem, settings=Settings(tolerance=1e-7, max_iterations=300)))
    errors = covariances(problem, outcome)
    assert outcome.converged.all()
    assert np.abs((outcome.sources.flux - tight.sources.flux) / errors.flux).max() < 0.1


def test_a_source_without_a_good_pixel_says_so():
    true = sources(["star", "star"], [20.0, 60.0], 40.0, [5000.0, 4000.0], 2)
    pixels = render(true, (80, 80), 2, 4)
    pixels.good[:, :, :45] = False
    outcome = optimise(Problem(pixels, psf(2), true, limits(true), Settings()))
    assert list(outcome.reason) == ["no_data", "converged"]
