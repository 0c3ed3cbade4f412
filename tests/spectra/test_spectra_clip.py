"""Clipping among neighbours in wavelength: strays go, lines stay, and nobody is judged without witnesses."""

import fake_photometry
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.spectra.clip import outliers

ROUNDS = 10


def clip(wavelength, flux, error, sigma=3.0, bandwidth=0.02, band="D1", rounds=ROUNDS):
    wavelength, flux = np.asarray(wavelength, float), np.asarray(flux, float)
    shape = wavelength.shape
    return outliers(
        wavelength, np.broadcast_to(bandwidth, shape), flux, np.broadcast_to(error, shape).astype(float),
        np.broadcast_to(band, shape), sigma, rounds,
    )  # fmt: skip


def test_a_stray_among_six_neighbours_by_hand():
    """Neighbours 9, 9, 10, 10, 11, 11: median 10, MAD 1, scatter 1.4826; error 1 is smaller."""
    deviation, clipped = clip(1 + 0.001 * np.arange(7), [9, 10, 11, 100, 9, 10, 11], 1.0)
    assert deviation[3] == pytest.approx(90 / 1.4826)
    assert clipped.tolist() == [False] * 3 + [True] + [False] * 3
    # without the stray the first one's five neighbours are 10, 11, 9, 10, 11: median 10, MAD 1
    assert deviation[0] == pytest.approx(-1 / 1.4826)


def test_the_error_counts_where_it_is_larger_than_the_scatter():
    deviation, clipped = clip(1 + 0.001 * np.arange(7), [9, 10, 11, 100, 9, 10, 11], 40.0)
    assert deviation[3] == pytest.approx(90 / 40)
    assert not clipped.any()


def test_four_neighbours_are_too_few_to_say_who_is_the_stray():
    deviation, clipped = clip(1 + 0.001 * np.arange(5), [10, 10, 100, 10, 10], 1.0)
    assert np.isnan(deviation).all()
    assert not clipped.any()


def test_neighbours_are_of_the_same_band_within_half_a_bandwidth():
    wavelength, flux = 1 + 0.001 * np.arange(7), [10, 10, 10, 100, 10, 10, 10]
    assert clip(wavelength, flux, 1.0)[1].sum() == 1
    assert np.isnan(clip(wavelength, flux, 1.0, bandwidth=0.003)[0]).all()
    others = np.array(["D1", "D2", "D1", "D1", "D1", "D2", "D1"])
    assert np.isnan(clip(wavelength, flux, 1.0, band=others)[0]).all()


def test_what_is_not_a_number_takes_no_part():
    flux = [10, np.nan, 10, 100, 10, 10, 10, 10]
    deviation, clipped = clip(1 + 0.001 * np.arange(8), flux, 1.0)
    assert np.isnan(deviation[1])
    assert np.flatnonzero(clipped).tolist() == [3]


def test_a_second_round_finds_what_the_first_strays_hid():
    """60 is 49 / 2.97 = 16.5 off while 900 and 1000 are among its neighbours, and 50 / 1.48 = 34 without them."""
    wavelength, flux = 1 + 0.001 * np.arange(8), [10, 12, 60, 8, 11, 9, 1000, 900]
    assert np.flatnonzero(clip(wavelength, flux, 1.0, sigma=20, rounds=1)[1]).tolist() == [6, 7]
    deviation, clipped = clip(wavelength, flux, 1.0, sigma=20)
    assert np.flatnonzero(clipped).tolist() == [2, 6, 7]
    assert deviation[2] == pytest.approx(50 / 1.4826)


@pytest.mark.parametrize("rounds", [2, 3, 10, 11])
def test_what_is_clipped_stays_clipped_when_its_own_witnesses_go(rounds):
    """The last stray's neighbours are six, two of them strays: four are left, too few to judge it anew."""
    flux = [10, 11, 1000, 9, 10, 900, 950]
    deviation, clipped = clip(1 + 0.001 * np.arange(7), flux, 1.0, rounds=rounds)
    assert np.flatnonzero(clipped).tolist() == [2, 5, 6]
    assert np.isfinite(deviation[clipped]).all()


def test_without_a_sigma_nothing_is_clipped_and_deviations_are_told():
    deviation, clipped = clip(1 + 0.001 * np.arange(7), [10, 10, 10, 1e9, 10, 10, 10], 1.0, sigma=None)
    assert not clipped.any()
    assert np.isfinite(deviation).all()


@pytest.mark.parametrize("per_bandwidth", [3, 12, 60, 600])
@pytest.mark.parametrize("band", ["D1", "D4", "D6"])
@pytest.mark.parametrize("height", [3.0, -0.8, 300.0])
def test_lines_stay_however_high_and_however_densely_sampled(per_bandwidth, band, height):
    """An unresolved line is as wide as the bandpass (FWHM = bandwidth), and all that lie on it are real."""
    blue, red, resolution = fake_photometry.EDGES[band]
    middle = (blue + red) / 2
    bandwidth = middle / resolution
    generator = np.random.default_rng(per_bandwidth)
    wavelength = middle + bandwidth * generator.uniform(-3, 3, 6 * per_bandwidth)
    profile = np.exp(-4 * np.log(2) * ((wavelength - middle) / bandwidth) ** 2)
    flux = 1000 * (1 + height * profile)
    on_line = np.abs(wavelength - middle) < bandwidth
    error = 5.0 * np.ones_like(flux)
    clipped = clip(wavelength, flux + error * generator.normal(size=len(flux)), error, bandwidth=bandwidth)[1]
    # noise alone is beyond 3 sigma in 0.3 % of cases, somewhat more where few neighbours tell the scatter
    assert clipped[on_line].sum() <= max(1, 0.015 * on_line.sum())


@pytest.mark.parametrize("count", [200, 5000])
def test_noise_alone_is_hardly_clipped(count):
    """3 sigma of a Gaussian are 0.27 %; the neighbours' median adds 2 to 5 % to the scatter: 0.6 % allowed at 5000."""
    generator = np.random.default_rng(3)
    wavelength = generator.uniform(1.0, 1.1, count)
    clipped = clip(wavelength, 100 + generator.normal(size=count), 1.0)[1]
    assert clipped.mean() < (0.006 if count == 5000 else 0.02)


def test_strays_are_found_beside_a_line():
    generator = np.random.default_rng(4)
    wavelength = np.sort(generator.uniform(1.0, 1.1, 600))
    flux = 1000 + 5000 * np.exp(-4 * np.log(2) * ((wavelength - 1.05) / 0.02) ** 2) + 5 * generator.normal(size=600)
    strays = [40, 300, 560]
    flux[strays] += [400, -3000, 400]
    assert set(strays) <= set(np.flatnonzero(clip(wavelength, flux, 5.0)[1]))


@given(seed=st.integers(0, 999), scale=st.floats(1e-3, 1e3), offset=st.floats(-1e4, 1e4))
def test_neither_order_nor_unit_nor_zero_point_of_the_fluxes_matters(seed, scale, offset):
    generator = np.random.default_rng(seed)
    wavelength, flux = generator.uniform(1.0, 1.05, 30), generator.standard_t(2, 30)
    order = generator.permutation(30)
    deviation, clipped = clip(wavelength, flux, 1.0)
    other, other_clipped = clip(wavelength[order], scale * flux[order] + offset, scale)
    np.testing.assert_allclose(other, deviation[order], atol=1e-6)
    if not (np.abs(np.abs(deviation) - 3) < 1e-6).any():
        assert (other_clipped == clipped[order]).all()
