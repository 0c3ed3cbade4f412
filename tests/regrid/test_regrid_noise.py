"""Noise after resampling, against what follows from the weights of pixels, and against many realisations."""

import numpy as np
import pytest
from skies import tan
from swath.regrid.correlation import aperture_factors, power
from swath.regrid.geometry import lie_of
from swath.regrid.resample import resample
from swath.regrid.stack import Stack

SHAPE = (200, 200)
NONE = np.zeros(SHAPE, bool)


def resampled(noise, image, grid, method="exact", variance=None):
    lie = lie_of(grid, SHAPE, image, SHAPE)
    x0, x1, y0, y1 = lie.box
    variance = np.ones(SHAPE) if variance is None else variance
    planes = {"pixels": np.zeros(SHAPE), "variance": variance, "noise": noise * np.sqrt(variance)}
    return resample(planes, NONE, NONE, image, grid[y0:y1, x0:x1], lie, method), lie


@pytest.mark.parametrize(("fx", "fy"), [(0.5, 0.5), (0.25, 0.0), (0.1, 0.4)])
def test_a_shift_leaves_of_the_variance_the_sum_of_squared_areas(fx, fy):
    """Shared areas are (1 - f, f) on each axis, for every pixel alike; what a pixel loses its neighbours share."""
    out, lie = resampled(np.random.default_rng(2).normal(size=SHAPE), tan(SHAPE), tan(SHAPE, offset=(fx, fy)))
    left = power(out.noise, out.variance, ~out.bad, lie.x, lie.y)
    expected = ((1 - fx) ** 2 + fx**2) * ((1 - fy) ** 2 + fy**2)
    # 40,000 pixels of which neighbours share noise: about 1.1 % of the variance.
    assert np.mean(left[~out.bad]) == pytest.approx(expected, rel=0.04)
    unit = out.noise / np.sqrt(expected)
    rows = aperture_factors(np.where(out.bad, 0, unit), out.bad, (4.0, 6.0), 4000, np.random.default_rng(1))
    assert rows[0]["factor"] == pytest.approx(1.0, abs=0.05)
    # A disk of 6 pix loses a little at its edge: between 93 % and 100 % of 1 / sqrt(power).
    for row in rows[1:]:
        whole = 1 / np.sqrt(expected)
        assert 0.9 * whole - 3 * row["error"] < row["factor"] < whole + 3 * row["error"]


def test_where_a_pixel_lies_decides_and_is_found_over_the_whole_image():
    """Scales that differ by 1 % make a pattern: middles of pixels keep their noise, corners a quarter of it."""
    image, grid = tan(SHAPE), tan(SHAPE, 0.99)
    rng = np.random.default_rng(3)
    runs = [resampled(rng.normal(size=SHAPE), image, grid) for _ in range(3)]
    out, lie = runs[0]
    left = power(out.noise, out.variance, ~out.bad, lie.x, lie.y)
    truth = np.mean([run.noise**2 for run, _ in runs], axis=0) / out.variance
    phase = [np.abs(place - np.rint(place)) for place in (lie.x, lie.y)]
    middles = ~out.bad & (phase[0] < 0.05) & (phase[1] < 0.05)
    corners = ~out.bad & (phase[0] > 0.45) & (phase[1] > 0.45)
    assert left[middles].mean() == pytest.approx(truth[middles].mean(), rel=0.15)
    assert left[corners].mean() == pytest.approx(truth[corners].mean(), rel=0.15)
    assert left[middles].mean() > 3 * left[corners].mean()


def test_a_coarse_grid_averages_noise_as_it_should():
    """Twice the scale: four pixels in one, twice the noise of one, and nothing correlated."""
    shape = (100, 100)
    image, grid = tan(SHAPE), tan(shape, 2.0)
    lie = lie_of(grid, shape, image, SHAPE)
    noise = np.random.default_rng(4).normal(size=SHAPE)
    planes = {"pixels": np.zeros(SHAPE), "variance": np.ones(SHAPE), "noise": noise}
    out = resample(planes, NONE, NONE, image, grid, lie, "exact")
    left = power(out.noise, out.variance, ~out.bad, lie.x, lie.y)
    assert np.mean((out.variance * left)[~out.bad]) == pytest.approx(4.0, rel=0.06)
    # What an image counts by beside those of other scales: the variance of its light on a pixel of the grid.
    assert (out.variance / lie.area)[~out.bad] == pytest.approx(4.0, rel=1e-4)


@pytest.mark.parametrize("method", ["exact", "cubic"])
def test_the_declared_noise_of_a_stack_is_that_of_many(method):
    """Two images, one resampled, of different depth and zero point: scatter of 15 realisations over declared noise."""
    own, grid = tan(SHAPE, 1.0, 30, (0.3, 0.3))[70:130, 70:130], tan((60, 60))
    shape, rng = (60, 60), np.random.default_rng(5)
    lie = lie_of(grid, shape, own, shape)
    x0, x1, y0, y1 = lie.box
    none = np.zeros(shape, bool)
    values, worth = [], None
    for _ in range(15):
        stack = Stack(shape)
        noise = rng.normal(size=(2, *shape))
        planes = {"pixels": 3 * noise[0], "variance": np.full(shape, 9.0), "noise": 3 * rng.normal(size=shape)}
        out = resample(planes, none, none, own, grid[y0:y1, x0:x1], lie, method)
        left = power(out.noise, out.variance, ~out.bad, lie.x, lie.y)
        stack.add(out._replace(variance=out.variance * left), lie.box, 1.0, 1.0, out.variance / lie.area, left)
        plain = out._replace(pixels=noise[1], variance=np.ones(shape), noise=noise[1], bad=none, saturated=none)
        stack.add(plain, (0, 60, 0, 60), 2.0, 1.0)
        band = stack.finish(None)
        values.append(band.pixels * np.sqrt(band.weight))
        worth = band
    both = worth.count == 2
    # 15 realisations of about 2,500 pixels, and the error of `power` from one of them.
    assert np.std(np.array(values)[:, both]) == pytest.approx(1.0, abs=0.04)
    # Weights are those of independent pixels of the images: 1/9 and 1/4.
    assert np.median(worth.weight[both]) > 1 / 9 + 1 / 4


def test_too_few_places_say_nothing():
    rows = aperture_factors(np.zeros((30, 30)), np.zeros((30, 30), bool), (13.0,), 100, np.random.default_rng(1))
    assert rows[1]["factor"] is None
