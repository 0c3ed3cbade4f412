"""The stellar locus: the ridge in size among galaxies, over a varying field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.psf.locus import fit_locus


def crowd(stars, galaxies, slope=0.0, seed=1, scatter=0.01):
    """x, y, hlr, is_star: stars of hlr 2 that grow by `slope` from left to right, galaxies from 1.1 to 4 times that."""
    rng = np.random.default_rng(seed)
    count = stars + galaxies
    x, y = rng.uniform(0, 1000, (2, count))
    hlr = 2.0 * (1 + slope * (x / 1000 - 0.5)) * np.exp(scatter * rng.normal(size=count))
    hlr[stars:] *= 10 ** rng.uniform(np.log10(1.1), np.log10(4), galaxies)
    return x, y, hlr, np.arange(count) < stars


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("stars", "galaxies"), [(10, 5), (20, 20), (15, 30)])
def test_the_ridge_is_found_among_galaxies(stars, galaxies, seed):
    x, y, hlr, is_star = crowd(stars, galaxies, seed=seed)
    locus = fit_locus(x, y, hlr, np.zeros(len(x), bool))
    np.testing.assert_allclose(locus.at(x, y)[is_star], 2.0, rtol=0.03)


def test_the_ridge_follows_the_field():
    # seeing that changes by 15 % from edge to edge: a constant ridge would lose half of the stars at 4 %
    x, y, hlr, is_star = crowd(40, 20, slope=0.15)
    locus = fit_locus(x, y, hlr, np.zeros(len(x), bool))
    assert (np.abs(hlr / locus.at(x, y) - 1)[is_star] < 0.04).all()
    assert locus.scatter < 0.02


def test_known_stars_say_where_the_ridge_is():
    # galaxies of one size outnumber the stars; three reference stars, one of them a galaxy in truth, decide
    x, y, hlr, is_star = crowd(6, 30)
    hlr[~is_star] = 3.0 * np.exp(0.01 * np.random.default_rng(0).normal(size=30))
    seed = np.zeros(36, bool)
    seed[[0, 1, 2, 30]] = True
    np.testing.assert_allclose(fit_locus(x, y, hlr, seed).at(x, y)[is_star], 2.0, rtol=0.03)
    assert fit_locus(x, y, hlr, np.zeros(36, bool)).at(x, y).mean() == pytest.approx(3.0, rel=0.03)


def test_nothing_and_little():
    assert fit_locus(*np.zeros((3, 0)), np.zeros(0, bool)) is None
    one = fit_locus(np.array([5.0]), np.array([7.0]), np.array([2.2]), np.zeros(1, bool))
    assert one.at(np.array([100.0]), np.array([0.0]))[0] == pytest.approx(2.2)
    # of very few the smallest is taken for a star
    few = fit_locus(np.arange(3.0), np.arange(3.0), np.array([3.9, 2.0, 3.0]), np.zeros(3, bool))
    assert few.at(np.zeros(1), np.zeros(1))[0] == pytest.approx(2.0)


@given(st.permutations(range(30)))
@settings(max_examples=20, deadline=None)
def test_the_order_does_not_matter(order):
    x, y, hlr, _ = crowd(18, 12)
    order = np.array(order)
    whole, shuffled = (
        fit_locus(a, b, c, np.zeros(30, bool)) for a, b, c in ((x, y, hlr), (x[order], y[order], hlr[order]))
    )
    np.testing.assert_allclose(whole.at(x, y), shuffled.at(x, y), rtol=1e-9)
