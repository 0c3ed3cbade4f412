"""Several images of a band: weights, zero points, gain, and pixels without good data."""

import numpy as np
import pytest
from swath.regrid.resample import Resampled
from swath.regrid.stack import Stack

SHAPE, BOX = (6, 8), (0, 8, 0, 6)


def image(value, variance=1.0, bad=(), saturated=()):
    planes = [np.full(SHAPE, float(value)), np.full(SHAPE, float(variance)), np.zeros(SHAPE)]
    flags = [np.zeros(SHAPE, bool) for _ in range(2)]
    for place in (*bad, *saturated):
        flags[0][place] = True
    for place in saturated:
        flags[1][place] = True
    return Resampled(*planes, *flags)


def test_images_count_by_their_inverse_variances_at_one_zero_point():
    stack = Stack(SHAPE)
    stack.add(image(10.0, 4.0), BOX, 1.0, 2.0)
    stack.add(image(3.0, 1.0), BOX, 4.0, 2.0)  # 12 +- 4 at the zero point of the first
    band = stack.finish(None)
    assert band.pixels == pytest.approx((10 / 4 + 12 / 16) / (1 / 4 + 1 / 16), rel=1e-6)
    assert band.weight == pytest.approx(1 / 4 + 1 / 16, rel=1e-6)
    # Photons of a flux f: f / 2 in the first, f / (2 / 4) in the second.
    w = np.array([1 / 4, 1 / 16])
    assert band.gain == pytest.approx(w.sum() ** 2 / (w**2 / [2, 0.5]).sum(), rel=1e-6)


def test_equal_exposures_gain_electrons():
    stack = Stack(SHAPE)
    for _ in range(3):
        stack.add(image(10.0), BOX, 1.0, 2.0)
    assert stack.finish(None).gain == pytest.approx(6.0)


def test_a_pixel_that_is_bad_in_one_comes_from_the_other():
    stack = Stack(SHAPE)
    stack.add(image(10.0, bad=[(1, 1)], saturated=[(2, 2), (3, 3)]), BOX, 1.0, 2.0)
    stack.add(image(20.0, saturated=[(3, 3)], bad=[(4, 4)]), BOX, 1.0, 2.0)
    band = stack.finish(level=5e4)
    assert band.pixels[1, 1] == band.pixels[2, 2] == 20
    assert band.pixels[0, 0] == 15
    assert band.pixels[4, 4] == 10
    # Saturated in all that cover it: not masked, but as bright as saturated pixels are, so that `load` knows them.
    assert band.saturated.sum() == 1
    assert band.pixels[3, 3] == 5e4
    assert not band.mask.any()
    assert band.weight[3, 3] > 0


def test_what_nobody_covers_is_masked_and_weighs_nothing():
    stack = Stack((10, 12))
    stack.add(image(1.0, bad=[(0, 0)]), (2, 10, 1, 7), 1.0, 1.0)
    band = stack.finish(None)
    outside = np.ones((10, 12), bool)
    outside[1:7, 2:10] = False
    outside[1, 2] = True
    assert np.array_equal(band.mask, outside)
    assert (band.weight[outside] == 0).all()
    assert np.isnan(band.pixels[outside]).all()


def test_copied_pixels_stay_as_they_are_bad_ones_too():
    values = np.random.default_rng(1).normal(size=SHAPE).astype("f4")
    values[0, 0], values[1, 1] = np.nan, 7e4
    one = image(0, saturated=[(1, 1)], bad=[(0, 0)])._replace(pixels=values)
    stack = Stack(SHAPE)
    stack.add(one, BOX, 1.0, 3.7, raw=values)
    band = stack.finish(5e4)
    assert np.array_equal(band.pixels, values, equal_nan=True)
    assert band.gain == 3.7
