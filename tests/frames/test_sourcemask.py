import numpy as np
import pytest
from swath.frames.sourcemask import robust_sigma, source_mask

from .synthetic import add, exponential, moffat


def masked(light, bad=None, threshold=3.0, grow=3.0, seed=1):
    excess = (light + np.random.default_rng(seed).standard_normal(light.shape)).astype("f4")
    bad = np.zeros(light.shape, bool) if bad is None else bad
    excess[bad] = 0
    return source_mask(excess, bad, threshold, grow)


def test_mask_reaches_twice_the_isophote_and_the_growth():
    """A disc of radius 10 far above the noise; smoothing adds about 2 pix to the isophote."""
    y, x = np.mgrid[0:101, 0:101] - 50
    radius = np.hypot(x, y)
    mask = masked(np.where(radius <= 10, 1000.0, 0.0))
    assert mask[radius < 2 * 10 + 3].all()
    assert not mask[radius > 2 * 14 + 3 + 1].any()


def test_elongated_source_gets_an_elongated_mask():
    light = np.zeros((201, 201), "f4")
    add(light, exponential, 100, 100, 1e5, scale=8, q=0.3)
    rows, columns = np.nonzero(masked(light))
    assert 1.7 < np.ptp(columns) / np.ptp(rows) < 3.3
    assert abs(rows.mean() - 100) < 2
    assert abs(columns.mean() - 100) < 2


def test_footprints_that_are_no_ellipses_grow_too():
    """A cross of diffraction spikes, much longer than the ellipse of its area."""
    y, x = np.abs(np.mgrid[0:401, 0:401] - 200)
    mask = masked(np.where((np.minimum(x, y) < 2) & (np.maximum(x, y) < 170), 300.0, 0.0), grow=12.0)
    assert mask[(np.minimum(x, y) < 13) & (np.maximum(x, y) < 180)].all()
    assert not mask[(x > 120) & (y > 120)].all()


def test_growth_by_nothing_and_more():
    light = moffat((101, 101), 50, 50, 500)
    sizes = [np.count_nonzero(masked(light, grow=grow)) for grow in (0, 3, 6)]
    assert sizes[0] < sizes[1] < sizes[2]


def test_noise_is_left_alone():
    """Less than 1 % masked at 3 sigma of the smoothed noise, none at 6; the noise's own size is measured."""
    nothing = np.zeros((300, 300))
    assert masked(nothing).mean() < 0.01
    assert not masked(nothing, threshold=6.0).any()
    loud = (50 * np.random.default_rng(4).standard_normal((300, 300))).astype("f4")
    assert source_mask(loud, nothing.astype(bool), 3.0, 3.0).mean() < 0.01


def test_bad_pixels_are_no_sources():
    bad = np.zeros((100, 100), bool)
    bad[40:60, 40:60] = True
    light = np.where(bad, 1e6, 0.0)
    assert not masked(light, bad, threshold=5.0).any()


@pytest.mark.slow
def test_a_field_full_of_one_object_overruns_no_buffer():
    """More pixels above the threshold than sep's own limit of 300,000, more blended peaks than its 1024."""
    light = np.full((700, 700), 1e4)
    light[:50] = 0
    light[100:600:8, 4::8] += 1e6
    mask = masked(light)
    assert mask[60:].all()


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0]])
def test_no_scatter(values):
    assert robust_sigma(np.array(values)) == 0


def test_robust_sigma():
    values = np.random.default_rng(1).normal(5, 3, 100_000)
    values[:1000] = 1e6
    assert robust_sigma(values) == pytest.approx(3, rel=0.03)
    few = (np.arange(1000) % 10 == 0).astype(float)  # one count in every tenth pixel
    assert robust_sigma(few) == pytest.approx(0.3)
