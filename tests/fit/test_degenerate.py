"""Patches with something wrong in them end with numbers and flags as they must be and cost neighbours nothing."""

import os
import time
from itertools import count

import numpy as np
import pytest
from oddities import (
    PAYLOAD,
    REASONS,
    complaints,
    empty,
    fitted,
    noisy,
    random_names,
    random_patch,
    sane,
    shine_in,
    spoilt,
    with_source,
)
from swath.config.fit import Fit
from swath.fit.errors import covariances
from swath.fit.optimise import optimise
from swath.fit.problem import problem
from swath.flags import FIT, names

# 1,000 of them: python tests/bench/degenerate.py, or this test with SWATH_DEGENERATE=1000.
RANDOM = int(os.environ.get("SWATH_DEGENERATE", "150"))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in ("crowd", "heap") else name for name in PAYLOAD]
)
def test_a_spoilt_patch_is_fitted_and_flagged(name, tmp_path):
    payload = spoilt(sane(1), (name,), 1)
    assert complaints(payload, Fit(), *fitted(payload, tmp_path)) == []


@pytest.mark.slow
@pytest.mark.parametrize("tenth", range(10))
def test_random_degenerate_patches(tenth, tmp_path):
    found = {}
    for seed in range(tenth, RANDOM, 10):
        payload, settings, sky = random_patch(seed)
        found[seed, random_names(seed)] = complaints(payload, settings, *fitted(payload, tmp_path, settings, sky))
    assert {key: said for key, said in found.items() if said} == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3000, 3030))
def test_the_optimiser_itself_stays_finite_and_within_its_limits(seed):
    payload, settings, sky = random_patch(seed)
    posed = problem(payload, settings.model_copy(update={"deadline_s": None}), sky == "patch")
    before = posed.sources.copy()
    outcome = optimise(posed)
    errors = covariances(posed, outcome)
    found, free = outcome.sources, before.free
    assert np.isfinite(found.nonlinear).all()
    assert np.isfinite(found.flux).all()
    assert np.isfinite(outcome.sky).all()
    assert set(outcome.reason) <= REASONS
    assert not np.isinf(errors.flux).any()
    assert not (errors.flux <= 0).any()
    if settings.mode == "free":
        slack = 1e-6 * (1 + np.abs(found.nonlinear[free]))
        assert (found.nonlinear[free] >= posed.limits.low[free] - slack).all()
        assert (found.nonlinear[free] <= posed.limits.high[free] + slack).all()
    # What it was given stays as it was, and so do sources that are fixed.
    assert np.array_equal(posed.sources.nonlinear, before.nonlinear)
    assert np.array_equal(posed.sources.flux, before.flux, equal_nan=True)
    assert np.array_equal(found.flux[~free], before.flux[~free], equal_nan=True)
    assert np.array_equal(found.nonlinear[~free], before.nonlinear[~free])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [748, 843, 926])
@pytest.mark.parametrize("ticks", [0, 3, 10, 20, 40, 80])
def test_a_patch_may_be_stopped_at_any_moment(seed, ticks, tmp_path, monkeypatch):
    """Every look at the clock takes a second: the same moment on every machine, in the worst of states."""
    payload, settings, sky = random_patch(seed)
    settings = settings.model_copy(update={"deadline_s": ticks + 0.5, "max_iterations": 100})
    with monkeypatch.context() as clock:
        clock.setattr(time, "monotonic", count().__next__)
        products = fitted(payload, tmp_path, settings, sky)
    assert complaints(payload, settings, *products) == []


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("masked_pixel", "MASKED_CENTER"),
        ("masked_core", "MASKED_CENTER SATURATED"),
        ("masked_all_around", "NO_DATA BAND_MISSING MASKED_CENTER"),
        ("one_band_masked", "BAND_MISSING MASKED_CENTER"),
        ("all_masked", "NO_DATA BAND_MISSING NOT_CONVERGED"),
        ("sigma_zero", "MASKED_CENTER"),
        ("sigma_nan", "MASKED_CENTER"),
        ("nan_pixels", "MASKED_CENTER"),
        ("wrong_type", "POOR_FIT"),
        ("cosmic_ray", "POOR_FIT"),
        ("heap", "NOT_CONVERGED"),
    ],
)
def test_flags_of_the_victim(name, flags, tmp_path):
    payload = with_source(empty((60, 60), 2), "exp", 30.2, 29.7, 2e4, re=4.0)
    payload = spoilt(noisy(payload, np.random.default_rng(3)), (name,), 3)
    _, rows, _ = fitted(payload, tmp_path)
    assert set(flags.split()) <= set(names(rows["flags"][0]))


@pytest.mark.parametrize(
    ("x", "y", "flags"),
    [
        (0.0, 0.0, "TRUNCATED"),
        (59.0, 30.0, "TRUNCATED"),
        (-3.0, 30.0, "TRUNCATED MASKED_CENTER"),
        (30.0, 5000.0, "NO_DATA BAND_MISSING TRUNCATED NOT_CONVERGED"),
    ],
)
@pytest.mark.parametrize("model", ["star", "exp"])
def test_flags_at_the_border(model, x, y, flags, tmp_path):
    payload = with_source(empty((60, 60), 2), model, x, y, 2e4, re=3.0)
    _, rows, _ = fitted(noisy(payload, np.random.default_rng(4)), tmp_path)
    assert set(flags.split()) <= set(names(rows["flags"][0]))
    if "NO_DATA" not in flags:
        # Half and less of the light is there; the errors know it.
        assert np.abs((rows["flux"][0] - 2e4) / rows["flux_err"][0]).max() < 4.5


# --- the same optimum from a bad start -----------------------------------------------------------------------------

START = {
    "flux_zero", "flux_negative", "flux_1e8", "flux_1e25", "re_tiny", "re_low_bound", "re_high_bound", "re_beyond",
    "ell_0", "ell_099", "off_by_two",
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (model, name)
        for model in ("star", "exp", "dev", "sersic")
        for name in sorted(START)
        if model != "star" or not name.startswith(("re_", "ell_"))
    ],
)
def test_a_bad_start_leads_to_the_same_optimum(model, name, tmp_path):
    """S/N 100 in two bands: the light decides, not where the catalogue thought it was."""
    payload = with_source(empty((64, 64), 2), model, 32.2, 31.7, 3e4, re=3.0, ell=0.3, index=1.5)
    payload = noisy(payload, np.random.default_rng(5))
    # The prior is centred on the start: without it the optimum is that of the data alone.
    settings = Fit(priors={"enabled": False})
    _, good, _ = fitted(payload, tmp_path, settings)
    spoilt_start = spoilt(payload, (name,), 5)
    spoilt_start.sources["model"] = model
    _, found, _ = fitted(spoilt_start, tmp_path, settings)
    assert found["converged"].all()
    assert np.abs((found["flux"] - good["flux"]) / good["flux_err"]).max() < 0.1
    assert np.abs((found["x"] - good["x"]) / good["x_err"]).max() < 0.1


# --- neighbours ----------------------------------------------------------------------------------------------------

# Oddities of one source and of the pixels around it: what they can do stays where they are.
LOCAL = START | {
    "flux_nan", "twin", "crowd", "heap", "wrong_type", "masked_pixel", "masked_core", "saturated", "cosmic_ray",
}  # fmt: skip


def pair_of_groups(seed: int):
    """A victim at the left and two blended neighbours 70 pixels to the right, out of each other's light."""
    payload = with_source(empty((48, 120), 2), "exp", 20.3, 24.2, 8e3, re=2.0)
    payload = with_source(payload, "star", 92.3, 22.2, 5e3)
    return noisy(with_source(payload, "exp", 97.6, 25.1, 9e3, re=2.5), np.random.default_rng(seed))


@pytest.mark.parametrize("name", sorted(LOCAL))
def test_neighbours_out_of_its_light_do_not_notice(name, tmp_path):
    sane_rows = fitted(pair_of_groups(6), tmp_path)[1]
    rows = fitted(spoilt(pair_of_groups(6), (name,), 6), tmp_path)[1]
    # Convergence is to a chi2 of 1e-3, 0.03 sigma; stamps end where a model is 0.03 of the noise.
    assert np.abs((rows["flux"][1:3] - sane_rows["flux"][1:3]) / sane_rows["flux_err"][1:3]).max() < 0.1
    assert rows["flux_err"][1:3] == pytest.approx(sane_rows["flux_err"][1:3], rel=0.01)
    assert rows["converged"][1:3].all()


@pytest.mark.parametrize("name", ["re_beyond", "ell_099", "flux_1e25", "twin", "heap", "off_by_two"])
def test_a_bad_entry_upon_a_neighbour_takes_light_but_no_sense(name, tmp_path):
    """The victim's light overlaps a star's: together they still hold the light that is there."""
    payload = with_source(empty((64, 64), 2), "exp", 30.2, 31.7, 8e3, re=2.0)
    payload = noisy(with_source(payload, "star", 35.0, 33.0, 9e3), np.random.default_rng(7))
    _, rows, _ = fitted(spoilt(payload, (name,), 7), tmp_path)
    # Sum of the fluxes to 5 %: 17,000 with an error of 150, and what a Sersic profile makes of an exponential's wing.
    assert rows["flux"].sum(axis=0) == pytest.approx(1.7e4, rel=0.05)


def test_a_giant_among_small_ones(tmp_path):
    """A galaxy of 50 pixels half-light radius below stars of S/N 30: their fluxes are right within their errors."""
    payload = empty((150, 150), 2)
    rng = np.random.default_rng(8)
    for x, y in ((30, 40), (75, 80), (110, 50), (60, 120)):
        payload = with_source(payload, "star", x + rng.uniform(-0.5, 0.5), y + rng.uniform(-0.5, 0.5), 3e3)
    payload = with_source(payload, "exp", 74.6, 75.3, 4e5, re=50.0, ell=0.2)
    header, rows, _ = fitted(noisy(payload, rng), tmp_path)
    assert header["STATUS"] == "ok"
    assert np.abs((rows["flux"][:4] - 3e3) / rows["flux_err"][:4]).max() < 4.5
    assert np.abs((rows["flux"][4] - 4e5) / rows["flux_err"][4]).max() < 4.5
    assert rows["converged"].all()


def test_light_that_no_source_explains_stays_where_it_is(tmp_path):
    """A saturated star that the catalogue lacks, 60 pixels away."""
    sane_rows = fitted(pair_of_groups(9), tmp_path)[1]
    payload = pair_of_groups(9)
    shine_in(payload, "star", 20.0, 24.0, np.full(2, 1e6), 1.0, 0.0, 0.0, 1.0)
    np.minimum(payload.image, 2e4, out=payload.image)
    rows = fitted(payload, tmp_path)[1]
    assert np.abs((rows["flux"][1:3] - sane_rows["flux"][1:3]) / sane_rows["flux_err"][1:3]).max() < 0.1
    assert rows["flags"][0] & FIT["POOR_FIT"]
