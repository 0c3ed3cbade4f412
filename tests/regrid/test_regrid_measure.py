"""Sky sigma and gain measured from images whose noise is known."""

import numpy as np
import pytest
from skies import star
from swath.config.images import Sky
from swath.regrid.measure import measure_gain, sky_and_sigma

SHAPE = (300, 300)
NONE = np.zeros(SHAPE, bool)


def field(gain, seed, fwhm=4.0, sources=60, sky=100.0, brightest=5.5):
    """Stars and wide Gaussian galaxies with photon noise; flux in image units of `gain` electrons."""
    rng = np.random.default_rng(seed)
    light = np.zeros(SHAPE)
    for number in range(sources):
        x, y = rng.uniform(10, 290, 2)
        light += star(SHAPE, x, y, fwhm * (1 if number % 2 else rng.uniform(1, 4)), 10 ** rng.uniform(3, brightest))
    return rng.poisson((light + sky) * gain) / gain + rng.normal(0, 3 / gain, SHAPE), np.sqrt(
        sky / gain + (3 / gain) ** 2
    )


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_sky_sigma_is_that_of_empty_sky(gain):
    pixels, sigma = field(gain, 1)
    _, measured = sky_and_sigma(pixels, NONE, Sky())
    # Faint wings add a little; 1 % is ten times the error of 50,000 free pixels.
    assert measured == pytest.approx(sigma, rel=0.015)


def test_gain_is_found_within_its_error():
    """Six fields: pulls of about one, and no bias beyond 10 %."""
    found = []
    for seed in range(6):
        gain = (0.5, 2.0, 5.0)[seed % 3]
        pixels, _ = field(gain, seed)
        clean, sigma = sky_and_sigma(pixels, NONE, Sky())
        measured = measure_gain(clean, NONE, sigma, 0.5)
        found.append(((measured.value - gain) / measured.error, measured.value / gain))
    pulls, ratios = np.array(found).T
    assert np.abs(pulls).max() < 3.5
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)


def test_a_field_without_light_says_nothing_of_its_gain():
    pixels, _ = field(2.0, 3, sources=1, brightest=3.01)
    clean, sigma = sky_and_sigma(pixels, NONE, Sky())
    with pytest.raises(ValueError, match="the gain cannot be measured"):
        measure_gain(clean, NONE, sigma, 0.2)


def test_an_error_above_the_limit_is_refused_with_its_value():
    pixels, _ = field(2.0, 4)
    clean, sigma = sky_and_sigma(pixels, NONE, Sky())
    with pytest.raises(ValueError, match=r"cannot be measured: \d.* \+- \d+ %"):
        measure_gain(clean, NONE, sigma, 0.001)


def test_pixels_without_noise_are_refused():
    with pytest.raises(ValueError, match="no noise"):
        sky_and_sigma(np.ones(SHAPE), NONE, Sky())
