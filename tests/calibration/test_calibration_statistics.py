"""Location, scatter and errors against what repeated random draws do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.calibration.statistics import clip, intrinsic_scatter, linear_fit, mad_sigma, median_error, weighted_median
from swath.calibration.zeropoint import locate

NUMBERS = st.floats(-100, 100, width=32)


@settings(deadline=None)
@given(values=st.lists(NUMBERS, min_size=1, max_size=30))
def test_equal_weights_give_the_median(values):
    assert weighted_median(np.array(values), np.ones(len(values))) == pytest.approx(np.median(values), abs=1e-9)


# Whole numbers: adding to them keeps ties, so that nothing but the shift can change.
@settings(deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(-99, 99), st.floats(1e-3, 1e3)), min_size=1, max_size=30),
    shift=st.integers(-99, 99),
    order=st.randoms(use_true_random=False),
)
def test_the_weighted_median_moves_with_the_values_and_stays_among_them(pairs, shift, order):
    values, weights = np.array(pairs, dtype=float).T
    middle = weighted_median(values, weights)
    assert values.min() <= middle <= values.max()
    assert weighted_median(values + shift, weights) == pytest.approx(middle + shift, abs=1e-9)
    order.shuffle(pairs)
    assert weighted_median(*np.array(pairs, dtype=float).T) == pytest.approx(middle, abs=1e-9)


def test_more_than_half_of_the_weight_decides():
    assert weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 1e6])) == pytest.approx(9, abs=1e-4)


@pytest.mark.parametrize(
    ("n", "errors"), [(5, "equal"), (12, "equal"), (60, "equal"), (20, "unequal"), (60, "unequal")]
)
def test_the_error_of_the_median_is_how_much_it_scatters(n, errors):
    rng = np.random.default_rng(n)
    sigma = np.full(n, 0.02) if errors == "equal" else rng.uniform(0.01, 0.05, n)
    found = [weighted_median(rng.normal(0, sigma), sigma**-2) for _ in range(3000)]
    # 3000 draws: 1.3 % on the scatter; the formula for small samples is good to some percent.
    assert median_error(sigma) == pytest.approx(np.std(found), rel=0.08)


@pytest.mark.parametrize("scatter", [0.02, 0.05])
@pytest.mark.parametrize("n", [5, 12, 40])
def test_the_intrinsic_scatter_is_unbiased(n, scatter):
    rng = np.random.default_rng(7)
    errors = 10 ** rng.uniform(-2.5, -1.7, (800, n))
    found = [intrinsic_scatter(25 + rng.normal(0, np.hypot(e, scatter)), e) for e in errors]
    # Its square is what is unbiased; 800 draws of n - 1 degrees of freedom leave up to 2.5 %.
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(scatter, rel=0.08)


def test_no_scatter_where_the_errors_explain_all():
    assert intrinsic_scatter(np.array([25.0]), np.array([0.01])) == 0
    assert intrinsic_scatter(np.array([25.0, 25.001, 24.999]), np.full(3, 0.1)) == 0


@pytest.mark.parametrize(("n", "scatter"), [(8, 0.05), (12, 0.02), (20, 0.02), (60, 0.0), (60, 0.02)])
def test_pulls_of_the_zero_point_have_unit_width(n, scatter):
    rng = np.random.default_rng(n)
    pulls = []
    for _ in range(800):
        errors = 10 ** rng.uniform(-2.5, -1.3, n)
        values = 25 + rng.normal(0, np.hypot(errors, scatter))
        keep = clip(values, errors, 3.0, 10)
        middle, error, _ = locate(values[keep], errors[keep])
        pulls.append((middle - 25) / error)
    # Few stars know their scatter badly (a Student distribution): the width is taken from the core.
    assert 1.4826 * np.median(np.abs(pulls)) == pytest.approx(1, abs=0.15)
    assert abs(np.mean(pulls)) < 0.15


def test_clipping_takes_outliers_and_spares_faint_stars_within_their_errors():
    rng = np.random.default_rng(2)
    errors = np.r_[np.full(30, 0.01), np.full(5, 0.3)]
    values = 25 + rng.normal(0, np.minimum(errors, 0.2))
    values[:3] += [0.4, -0.5, 1.0]
    assert list(np.flatnonzero(~clip(values, errors, 3.0, 10))) == [0, 1, 2]


@pytest.mark.parametrize("n", [3, 4, 5, 8, 20, 100])
def test_luck_alone_rarely_clips(n):
    rng = np.random.default_rng(n)
    errors = np.full(n, 1e-4)
    lost = np.mean([~clip(rng.normal(0, 0.02, n), errors, 3.0, 10) for _ in range(800)])
    # 0.27 % beyond 3 sigma in one round; a plain MAD limit loses 4 to 20 % of so few stars.
    assert lost < 0.006


def test_the_mad_is_a_standard_deviation():
    draws = np.random.default_rng(3).normal(0, 2, (3000, 9))
    assert np.mean([mad_sigma(values) for values in draws]) == pytest.approx(2, rel=0.03)


def test_a_line_with_its_error():
    rng = np.random.default_rng(4)
    x, sigma = rng.uniform(-1, 1, 40), rng.uniform(0.5, 2, 40)
    design = np.stack([np.ones(40), x], axis=1)
    slopes, errors = [], []
    for _ in range(1000):
        # The stated sigmas are three times too small: only their ratios are to count.
        fit = linear_fit(design, 1 + 3 * x + rng.normal(0, 3 * sigma), sigma)
        slopes.append(fit.coefficients[1])
        errors.append(fit.errors[1])
    assert np.mean(slopes) == pytest.approx(3, abs=5 * np.std(slopes) / np.sqrt(1000))
    assert np.mean(errors) == pytest.approx(np.std(slopes), rel=0.08)
