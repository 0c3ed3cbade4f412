"""The real Tractor as an engine; left out, with the reason, where it is not installed.

Its drawings differ from ours by up to a per cent: seven-tap Lanczos shifts, profiles as sums of Gaussians. Tolerances
against truth are a few errors of the fit; against the native engine they allow for that.
"""

import logging
from dataclasses import replace

import numpy as np
import oddities
import pytest
import scenes
from swath.config.fit import ByTractor, Fit
from swath.fit.errors import covariances
from swath.fit.optimise import optimise
from swath.fit.scene import Problem, Settings
from swath.fit.tractor.find import find
from swath.models.psf import PixelPsf

LACKING = find().problems
pytestmark = pytest.mark.skipif(bool(LACKING), reason=" ".join(LACKING))
HOW = ByTractor()


@pytest.fixture(autouse=True)
def _its_own_reason(monkeypatch):
    monkeypatch.setattr(oddities, "REASONS", oddities.REASONS | {"failed"})


SKY_ONLY = Settings(noise="sky")


def fitted(problem, **how):
    """Outcome of the Tractor."""
    from swath.fit.tractor.engine import fit

    return fit(problem, HOW.model_copy(update=how))[0]


def patch(true, extent=(80, 80), seed=1, start=None, **settings):
    """A problem with noisy images of `true`, at the weights of the sky unless said otherwise."""
    nband = true.flux.shape[1]
    pixels = scenes.render(true, extent, nband, seed)
    start = start or scenes.perturbed(true, np.random.default_rng(seed))
    return Problem(pixels, scenes.psf(nband), start, scenes.limits(start), replace(SKY_ONLY, **settings))


@pytest.fixture(scope="module")
def four():
    """One source of each kind, well apart, two bands."""
    true = scenes.sources(
        ["star", "exp", "dev", "sersic"], [24, 70, 26, 74], [25, 28, 72, 70], [4e3, 2e4, 3e4, 2e4], 2, index=2.0
    )
    return true, patch(true, (100, 100), noise="model")


@pytest.mark.parametrize("optimizer", ["lsqr", "constrained", "per_source"])
def test_every_optimiser_recovers_positions_fluxes_and_shapes(four, optimizer):
    true, problem = four
    found = fitted(problem, optimizer=optimizer)
    errors = covariances(problem, found)
    assert (found.reason == "converged").all()
    # Galaxies started 0.2 pix off; with the Tractor's own NullWCS they would stay there. Errors are 0.01-0.03 pix.
    sd = np.sqrt(errors.nonlinear[:, [0, 1], [0, 1]])
    assert (np.abs(found.sources.nonlinear - true.nonlinear)[:, :2] < 4 * sd + 0.02).all()
    # 6 %: the Tractor's exp ends at 4 half-light radii, its flux is that within.
    assert np.allclose(found.sources.flux, true.flux, rtol=0.06, atol=4 * errors.flux.max())
    assert np.allclose(found.sources.nonlinear[1:, 2:5], true.nonlinear[1:, 2:5], atol=0.15)


def test_it_ends_where_the_native_engine_ends(four):
    _, problem = four
    found, native = fitted(problem), optimise(problem)
    errors = covariances(problem, native)
    star = (found.sources.flux - native.sources.flux)[0] / errors.flux[0]
    assert np.abs(star).max() < 0.5  # of one error: both see the same noise
    assert found.chi2 == pytest.approx(native.chi2, rel=2e-3)


@pytest.mark.parametrize("psf", ["hybrid", "gaussian_mixture"])
def test_other_forms_of_the_psf_give_the_same_fluxes(four, psf):
    _, problem = four
    found, pixelized = fitted(problem, psf=psf), fitted(problem)
    # Four Gaussians describe the Moffat's light to about 2 %.
    assert np.allclose(found.sources.flux, pixelized.sources.flux, rtol=0.03)


def test_forced_fluxes_are_those_of_the_native_engine():
    true = scenes.sources(["star", "exp"], [25, 40], [30, 42], [3e3, 1e4], 2)
    problem = patch(true, start=true.copy(), mode="forced")
    found, native = fitted(problem), optimise(problem)
    assert np.array_equal(found.sources.nonlinear, true.nonlinear)
    assert (found.reason == "converged").all()
    assert np.allclose(found.sources.flux[0], native.sources.flux[0], rtol=5e-3)
    assert np.allclose(found.sources.flux[1], native.sources.flux[1], rtol=0.06)


def test_forced_positions_stay_and_shapes_move():
    true = scenes.sources(["exp"], [40], [40], [3e4], 2)
    start = true.copy()
    start.nonlinear[0, 2] += 0.3
    found = fitted(patch(true, start=start, mode="forced_position"))
    assert np.array_equal(found.sources.nonlinear[0, :2], true.nonlinear[0, :2])
    assert found.sources.nonlinear[0, 2] == pytest.approx(true.nonlinear[0, 2], abs=0.06)


def test_fixed_sources_are_in_the_picture_and_do_not_move():
    true = scenes.sources(["star", "exp"], [36, 44], [40, 40], [3e3, 2e4], 1)
    problem = patch(true)
    start = true.copy()
    start.free = np.array([True, False])
    found = fitted(replace(problem, sources=start))
    assert list(found.reason) == ["converged", "fixed"]
    assert np.array_equal(found.sources.nonlinear[1], true.nonlinear[1])
    assert np.array_equal(found.sources.flux[1], true.flux[1])
    alone = fitted(replace(problem, sources=replace(start, free=np.array([True, True]))))
    assert found.sources.flux[0] == pytest.approx(alone.sources.flux[0], rel=0.1)


def test_masked_pixels_do_not_count():
    true = scenes.sources(["star", "exp"], [25, 55], [30, 50], [4e3, 2e4], 2)
    problem = patch(true)
    good = problem.pixels.good.copy()
    good[:, 28:31, 50:80] = False
    masked = replace(problem, pixels=replace(problem.pixels, good=good))
    spoilt = replace(masked, pixels=replace(masked.pixels, image=np.where(good, masked.pixels.image, 1e5).astype("f4")))
    assert np.allclose(fitted(masked).sources.flux, fitted(spoilt).sources.flux, rtol=1e-5)


@pytest.mark.parametrize("optimizer", ["lsqr", "per_source"])
def test_a_free_sky_is_found(optimizer):
    true = scenes.sources(["star"], [40], [40], [4e3], 2)
    problem = patch(true, free_sky=True)
    problem.pixels.image[0] += 3.0
    found = fitted(problem, optimizer=optimizer)
    # error of the mean of 6400 pixels of sigma 5, and the star's own light: 0.07
    assert found.sky == pytest.approx([3.0, 0.0], abs=0.25)
    assert found.sources.flux[0] == pytest.approx(true.flux[0], rel=0.05)


@pytest.mark.parametrize("x", [79.4, 80.5, -1.5])
def test_a_galaxy_on_the_edge_costs_nobody_his_fit(x):
    """The Tractor raises for a galaxy whose centre is beyond the last pixel, for all sources of a patch."""
    true = scenes.sources(["star", "exp"], [30, x], [30, 40], [4e3, 3e4], 2)
    found = fitted(patch(true, start=true.copy()))
    assert list(found.reason) == ["converged", "converged"]
    assert found.sources.flux[0] == pytest.approx(true.flux[0], rel=0.06)


def test_a_galaxy_without_light_cannot_run_away():
    true = scenes.sources(["star", "dev"], [25, 55], [30, 50], [4e3, 0.0], 2)
    start = true.copy()
    start.flux[1] = 50.0
    problem = patch(true, start=start)
    problem.limits.prior_width[:] = np.inf
    found = fitted(problem)
    assert found.reason[0] == "converged"
    low, high = problem.limits.low[1], problem.limits.high[1]
    assert ((found.sources.nonlinear[1] >= low) & (found.sources.nonlinear[1] <= high)).all()
    assert np.isfinite(found.sources.flux).all()


def _raise(*_, **__):
    raise AssertionError("sourceOut")


def test_a_failing_optimiser_gives_way_to_one_source_at_a_time(monkeypatch, caplog):
    true = scenes.sources(["star", "exp"], [25, 55], [30, 50], [4e3, 2e4], 2)
    problem = patch(true)
    joint = fitted(problem)
    monkeypatch.setattr("tractor.Tractor.optimize", _raise_for_more_than_one(), raising=True)
    with caplog.at_level(logging.WARNING):
        found = fitted(problem)
    assert "AssertionError: sourceOut" in caplog.text
    assert list(found.reason) == ["converged", "converged"]
    assert np.allclose(found.sources.flux, joint.sources.flux, rtol=0.01)


def _raise_for_more_than_one():
    from tractor import Tractor

    optimize = Tractor.optimize
    return lambda self, **options: _raise() if len(self.catalog) > 1 else optimize(self, **options)


def test_where_nothing_works_sources_stay_and_say_so(monkeypatch):
    true = scenes.sources(["star", "exp"], [25, 55], [30, 50], [4e3, 2e4], 2)
    problem = patch(true)
    monkeypatch.setattr("tractor.Tractor.optimize", _raise)
    found = fitted(problem)
    assert list(found.reason) == ["failed", "failed"]
    assert np.array_equal(found.sources.flux, problem.sources.flux)


def test_time_runs_out():
    true = scenes.sources(["star", "exp"], [25, 55], [30, 50], [4e3, 2e4], 1)
    found = fitted(patch(true, deadline_s=0.0))
    assert set(found.reason) <= {"deadline", "converged"}
    assert "deadline" in found.reason


def test_every_source_has_the_psf_of_its_place():
    true = scenes.sources(["star", "star"], [20, 110], [40, 40], [2e4, 2e4], 1)
    narrow, wide = scenes.moffat(3.2), scenes.moffat(4.4)
    # plane + slope x (x - 65) / 45: the narrow one at x = 20, the wide one at x = 110
    planes = np.stack([(narrow + wide) / 2, (wide - narrow) / 2, np.zeros_like(wide)])[None]
    psf = PixelPsf(planes, [65.0], [0.0], [45.0])
    problem = patch(true, (80, 130))
    blank = replace(problem.pixels, image=np.zeros_like(problem.pixels.image))
    drawn = scenes.Canvas(replace(problem, pixels=blank, psf=psf, sources=true))
    image = drawn.model(true, drawn.stamps(true, derivatives=False))
    noise = np.random.default_rng(5).normal(0, scenes.SKY, image.shape)
    posed = replace(problem, psf=psf, pixels=replace(blank, image=(image + noise).astype("f4")))
    # The mean PSF for both would be 15 % off, to both sides; the fluxes' errors are 0.3 %.
    assert np.allclose(fitted(posed).sources.flux, true.flux, rtol=0.012)


def test_products_are_those_of_the_native_engine(tmp_path):
    payload = oddities.sane(3, 50, 2, 4)
    settings = Fit(engine="tractor")
    header, rows, scene = oddities.fitted(payload, tmp_path, settings)
    native_header, native_rows, _ = oddities.fitted(payload, tmp_path)
    assert header["ENGINE"].startswith("tractor")
    assert native_header["ENGINE"] == "native"
    assert header["STATUS"] == "ok"
    assert rows.dtype == native_rows.dtype
    assert not oddities.complaints(payload, settings, header, rows, scene)


@pytest.mark.slow
@pytest.mark.parametrize(
    "oddity", ["flux_nan", "outside_far", "all_masked", "giant", "twin", "huge_pixels", "psf_zero", "wrong_type"]
)
def test_no_odd_patch_is_lost(tmp_path, oddity):
    payload = oddities.spoilt(oddities.sane(7), (oddity,), 7)
    settings = Fit(engine="tractor", tractor={"iterations": 15})
    assert not oddities.complaints(payload, settings, *oddities.fitted(payload, tmp_path, settings))
