"""The choice of models against simulated truth."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scenes import field, limits, psf, render, sources
from swath.config.fit import Auto, Fit
from swath.fit.auto import choose
from swath.fit.errors import covariances
from swath.fit.optimise import optimise
from swath.fit.problem import galaxy_limits
from swath.fit.scene import Problem, Settings, Sources

MODELS = ("star", "exp", "dev", "sersic")


def named(problem: Problem, models: list[str] | np.ndarray) -> Problem:
    """The problem as if the catalogue had called its sources by these models."""
    start = problem.sources.copy()
    start.model = np.array(models, "U8")
    return replace(problem, sources=start, limits=limits(start))


def chosen(problem: Problem, settings: Auto | None = None, which: np.ndarray | None = None):
    which = np.ones(len(problem.sources), bool) if which is None else which
    return choose(problem, which, galaxy_limits(problem, Fit()), settings or Auto())


def alone(model: str, flux: float, seed: int, called: str, nband: int = 3, **shape: float) -> Problem:
    true = sources([model], 50.3, 49.6, [flux], nband, **shape)
    pixels = render(true, (100, 100), nband, seed)
    return named(Problem(pixels, psf(nband), true, limits(true), Settings()), [called])


def snr(problem: Problem, truth: Sources) -> np.ndarray:
    errors = covariances(problem, optimise(problem))
    return np.sqrt(((truth.flux / errors.flux) ** 2).sum(axis=1))


@pytest.mark.parametrize("called", MODELS)
@pytest.mark.parametrize(
    ("model", "shape"),
    [("star", {}), ("exp", {"re": 3.0, "ell": 0.4}), ("dev", {"re": 4.0}), ("sersic", {"re": 4.0, "index": 2.2})],
)
def test_a_bright_source_is_recognised_whatever_it_was_called(model, shape, called):
    choice = chosen(alone(model, 30000.0, 3, called, **shape))
    assert choice.problem.sources.model[0] == model
    assert choice.runner_up[0] not in ("", model)
    assert choice.margin[0] > 0


def test_what_is_not_undecided_keeps_its_model_and_start():
    problem = named(field(1, n=8).problem, ["exp"] * 8)
    which = np.arange(8) == 3
    choice = chosen(problem, which=which)
    assert (choice.problem.sources.model[~which] == "exp").all()
    assert (choice.runner_up[~which] == "").all()
    assert np.isnan(choice.margin[~which]).all()
    nothing = chosen(problem, which=np.zeros(8, bool))
    assert nothing.problem is problem


def test_noise_alone_makes_no_galaxy_of_a_star():
    # 40 stars of S/N 15 to 100: at 3 sigma beyond the parameters, less than one in 100 is lost.
    galaxies = sum(
        chosen(alone("star", flux, seed, "exp", nband=2)).problem.sources.model[0] != "star"
        for seed, flux in enumerate(np.geomspace(500, 5000, 40))
    )
    assert galaxies <= 1


def test_a_wrong_psf_makes_no_galaxy_of_a_bright_star():
    """The PSF of the fit is 1 % narrower than the true one."""
    problem = alone("star", 300000.0, 0, "star")
    planes = psf(3).planes
    wide = np.stack([np.roll(planes, shift, axis) for shift in (-1, 1) for axis in (-1, -2)]).mean(axis=0)
    narrow = planes - 0.1 * (wide - planes)
    wrong = replace(problem, psf=type(problem.psf)(narrow, [0] * 3, [0] * 3, [1] * 3))
    assert chosen(wrong).problem.sources.model[0] == "star"
    assert chosen(wrong, Auto(psf_error=0.0)).problem.sources.model[0] != "star"


def test_the_choice_is_the_same_again_and_for_the_sources_in_another_order():
    truth = field(5, n=10)
    problem = named(truth.problem, ["star", "exp"] * 5)
    first, again = chosen(problem), chosen(problem)
    assert first.problem.sources.model.tolist() == again.problem.sources.model.tolist()
    assert np.array_equal(first.margin, again.margin)
    turned = problem.sources.copy()
    order = np.arange(10)[::-1]
    other = Sources(turned.model[order], turned.nonlinear[order], turned.flux[order], turned.free[order])
    back = chosen(replace(problem, sources=other, limits=limits(other))).problem.sources.model[order]
    assert back.tolist() == first.problem.sources.model.tolist()


@pytest.mark.slow
def test_stars_and_galaxies_part_in_crowded_fields():
    """20 sources on 200 x 200 pix, their TYPEs drawn at random: what they are is found, neighbours and all."""
    table = Counter()
    for seed in range(8):
        truth = field(seed)
        rng = np.random.default_rng(seed + 1000)
        problem = named(truth.problem, rng.choice(["star", "exp"], len(truth.sources)))
        choice = chosen(problem)
        bright = snr(choice.problem, truth.sources) > 20
        pairs = zip(truth.sources.model[bright], choice.problem.sources.model[bright], strict=True)
        table.update((str(a), str(b)) for a, b in pairs)
    total = sum(table.values())
    right = sum(count for (a, b), count in table.items() if (a == "star") == (b == "star"))
    # 3 of 209 in 12 fields, all within a FWHM of a neighbour as bright: 95 % leaves room for as many again.
    assert total > 120
    assert right / total > 0.95
    exact = sum(count for (a, b), count in table.items() if a == b)
    assert exact / total > 0.8
