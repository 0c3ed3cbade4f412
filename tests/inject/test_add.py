"""Added light: as much as was asked for, with the noise of its photons and no other, whatever the order."""

import numpy as np
import pandas as pd
import pytest
from swath.inject.add import add_sources, photons, total_weight


def psf_at(x: float, y: float) -> np.ndarray:
    axis = np.arange(31) - 15
    psf = np.exp(-0.5 * (axis**2 + axis[:, None] ** 2) / 1.7**2)
    return psf / psf.sum()


def sources(*places: tuple[float, float]) -> pd.DataFrame:
    x, y = zip(*places, strict=True)
    blank = np.full(len(x), np.nan)
    ids = [f"s{i}" for i in range(len(x))]
    return pd.DataFrame({"ID": ids, "TYPE": "STAR", "x": x, "y": y, "Re": blank, "ELL": blank, "phi": blank})


def test_light_is_where_it_belongs():
    image = np.zeros((80, 90), "f4")
    light = add_sources(image, sources((30.3, 50.6)), np.array([1000.0]), psf_at, 1e6, 1, "r")
    y, x = np.indices(light.shape)
    assert light.sum() == pytest.approx(1000, rel=1e-5)
    assert (light * x).sum() / light.sum() == pytest.approx(30.3, abs=1e-3)
    assert (light * y).sum() / light.sum() == pytest.approx(50.6, abs=1e-3)
    assert np.abs(image - light).max() < 0.05  # at a gain of a million, the noise is small


def test_the_noise_is_that_of_photons():
    light, gain = np.full((400, 400), 7.0), 3.0
    found = photons(light, gain, np.random.default_rng(1))
    # Variance flux / gain; both within 4 standard errors of 160,000 pixels.
    assert found.mean() == pytest.approx(7, abs=4 * np.sqrt(7 / 3 / 160_000))
    assert found.var() == pytest.approx(7 / 3, rel=4 * np.sqrt(2 / 160_000) * 1.1)


def test_light_too_bright_to_be_counted_has_its_noise_too():
    """numpy counts up to 9e18: an absurdly bright source would end in a traceback."""
    electrons = np.full(40_000, 4e20)
    found = photons(electrons, 1.0, np.random.default_rng(1)) - electrons
    # Deviations of 2e10 in steps of 65536; 4 standard errors.
    assert found.std() == pytest.approx(2e10, rel=4 / np.sqrt(80_000))
    assert abs(found.mean()) < 4 * 2e10 / 200
    mixed = photons(np.array([3.0, 4e20, -1.0]), 2.0, np.random.default_rng(2))
    assert mixed[0] * 2 == int(mixed[0] * 2)
    assert mixed[2] == -1


def test_order_and_company_change_nothing():
    two, flux = sources((20.2, 20.4), (60.1, 55.5)), np.array([500.0, 900.0])
    both, turned, alone = (np.zeros((80, 80), "f4") for _ in range(3))
    add_sources(both, two, flux, psf_at, 2.0, 1, "r")
    add_sources(turned, two[::-1], flux[::-1], psf_at, 2.0, 1, "r")
    add_sources(alone, two[1:], flux[1:], psf_at, 2.0, 1, "r")
    assert both == pytest.approx(turned, abs=1e-4)  # sums in another order
    assert both[45:, 50:] == pytest.approx(alone[45:, 50:], abs=1e-4)
    other = np.zeros((80, 80), "f4")
    add_sources(other, two, flux, psf_at, 2.0, 1, "i")
    assert np.abs(both - other).max() > 1


@pytest.mark.parametrize("place", [(0.2, 0.3), (79.3, 40.0), (-30.0, 20.0), (500.0, 500.0)])
def test_borders_cut_the_stamp(place):
    image = np.full((80, 80), 5.0, "f4")
    light = add_sources(image, sources(place), np.array([300.0]), psf_at, 2.0, 1, "r")
    assert light.sum() <= 300.1
    assert image.shape == (80, 80)
    assert np.isfinite(image).all()


def test_undefined_pixels_stay_undefined():
    image = np.full((60, 60), np.nan, "f4")
    add_sources(image, sources((30.0, 30.0)), np.array([300.0]), psf_at, 2.0, 1, "r")
    assert np.isnan(image).all()


def test_total_weights_learn_of_the_light():
    weight = np.array([[4.0, 0.0], [np.nan, 1.0]], "f4")
    found = total_weight(weight, np.array([[6.0, 6.0], [6.0, 0.0]]), 2.0)
    assert found[0, 0] == pytest.approx(1 / (0.25 + 3.0))
    assert found[0, 1] == 0
    assert np.isnan(found[1, 0])
    assert found[1, 1] == 1
