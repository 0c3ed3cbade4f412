"""Exclusion, against the plain reading of its rules."""

import numpy as np
import pytest
from swath.config.sources import SaturationCut
from swath.sources.exclusion import Saturation, inside, reasons

from .synthetic import make_header, write_frame

PIXELS = {"g": [(50, 60), (51, 60), (200, 10)], "r": [(52, 61)], "i": []}


@pytest.fixture
def saturation(tmp_path):
    paths = [write_frame(tmp_path / f"{band}.fits", make_header(), band, pixels) for band, pixels in PIXELS.items()]
    return Saturation(paths, (300, 400))


def by_hand(x, y, pixels, radius):
    return any(np.hypot(px - x, py - y) <= radius or (round(x), round(y)) == (px, py) for px, py in pixels)


@pytest.mark.parametrize("radius", [0.0, 0.4, 5.0, 20.0])
def test_the_disk_is_a_disk(saturation, radius):
    rng = np.random.default_rng(1)
    x, y = rng.normal(51, 8, 1000), rng.normal(60, 8, 1000)
    cut = SaturationCut(radius_pix=radius)
    expected = [any(by_hand(*place, pixels, radius) for pixels in PIXELS.values()) for place in zip(x, y, strict=True)]
    np.testing.assert_array_equal(saturation.excluded(x, y, cut), expected)
    assert 0 < sum(expected) < 1000


def test_all_bands_means_all_bands(tmp_path):
    paths = [write_frame(tmp_path / f"{band}.fits", make_header(), band, PIXELS[band]) for band in ("g", "r")]
    saturation = Saturation(paths, (300, 400))
    x, y = np.array([51.0, 200.0]), np.array([60.0, 10.0])
    assert saturation.excluded(x, y, SaturationCut(radius_pix=5)).tolist() == [True, True]
    assert saturation.excluded(x, y, SaturationCut(radius_pix=5, require_all_bands=True)).tolist() == [True, False]


def test_places_outside_and_nowhere(saturation):
    cut = SaturationCut(radius_pix=20)
    x, y = np.array([200.0, np.nan, -500.0]), np.array([-5.0, 60.0, 0.0])
    assert saturation.excluded(x, y, cut).tolist() == [True, False, False]
    assert saturation.excluded(np.empty(0), np.empty(0), cut).shape == (0,)


def test_the_crop_box_is_half_open():
    # Pixels reach half a pixel around their centres.
    x, y = np.array([9.5, 9.499, 19.5, 19.499, np.nan]), np.array([5.0, 5.0, 5.0, 7.499, 5.0])
    assert inside(x, y, (10, 20, 5, 8)).tolist() == [True, False, False, True, False]


def test_reasons_have_tract7dt_words():
    assert reasons([False, True, False, True], [False, False, True, True]) == [
        "",
        "crop",
        "saturation",
        "crop+saturation",
    ]
