"""PSFs in Fourier space: several planes, several samples per pixel, wings, and several cells."""

import numpy as np
import pytest
import scipy.fft
from galsim_stars import effective, galsim, image, moffat
from hypothesis import given
from hypothesis import strategies as st
from swath.models.psf import PixelPsf
from swath.models.psfcells import Cells
from swath.models.psfwings import surface
from swath.models.render import render

SIDE = 64
PLACES = [(31.5, 31.5), (31.25, 32.4), (31.5, 32.0), (32.0, 32.0)]


def drawn(psf, x, y, model="star", parameters=(0.0, 0.0, 0.0, 0.0), side=SIDE, canvas=None):
    at = (side // 2, side // 2)
    shape = np.array(parameters)
    return render(psf, model, np.array([x, y]), shape, at, side, (side, side), False, canvas).templates[0, 0]


def one_band(plane, samples=1, half=None, wings=None):
    return PixelPsf(plane[None, None], [0.0], [0.0], [1.0], [samples], half, wings)


@pytest.mark.parametrize("fwhm", [1.5, 2.0, 2.5, 3.0])
@pytest.mark.parametrize("samples", [2, 3])
def test_an_oversampled_psf_is_right_between_the_pixels(fwhm, samples):
    """To 0.1 % of the peak of GalSim's stars. Red if a fold is missing, has the wrong phase or is taken twice."""
    light = moffat(fwhm)
    psf = one_band(effective(light, SIDE - 1, samples), samples)
    for x, y in PLACES:
        true = image(light, SIDE, x, y)
        assert np.abs(drawn(psf, x, y) - true)[4:-4, 4:-4].max() < 1e-3 * true.max()


def test_one_sample_per_pixel_is_enough_for_three_pixels_and_not_for_two():
    """What the docstring of `psf.forms` says of the pixelized form."""
    worst = {}
    for fwhm in (2.0, 2.5, 3.0):
        light = moffat(fwhm)
        psf = one_band(effective(light, SIDE - 1))
        true = [image(light, SIDE, *place) for place in PLACES]
        errors = [np.abs(drawn(psf, *place) - t)[4:-4, 4:-4].max() / t.max() for place, t in zip(PLACES, true)]  # noqa: B905
        worst[fwhm] = max(errors)
    assert worst[3.0] < 1e-3 < worst[2.5] < 5e-3 < 1e-2 < worst[2.0]


@pytest.mark.parametrize(("re", "limit"), [(0.6, 4e-3), (1.5, 2e-3)])
def test_small_galaxies_behind_a_narrow_psf(re, limit):
    """The galaxy's transform is taken at the fold's own grid: right where folds matter, near the band's edge."""
    light = moffat(1.8)
    disc = galsim.Sersic(n=1, half_light_radius=re, trunc=8 * re, flux_untruncated=True).withFlux(1)
    psf = one_band(effective(light, SIDE - 1, 2), 2)
    for x, y in PLACES[:2]:
        true = image(galsim.Convolve(disc, light), SIDE, x, y)
        found = drawn(psf, x, y, "exp", (np.log(re), 0.0, 0.0, 0.0))
        assert np.abs(found - true)[4:-4, 4:-4].max() < limit * true.max()


def test_folds_that_carry_no_light_are_left_out():
    wide, narrow = (one_band(effective(moffat(fwhm), 61, 2), 2) for fwhm in (4.0, 1.8))
    assert len(wide.grid(64).folds) == 1
    assert len(narrow.grid(64).folds) > 3


@pytest.mark.parametrize("with_wings", [False, True])
def test_bands_of_different_sampling_stand_beside_each_other(with_wings):
    wings = np.tile([[0.02, 0.1, 0.0, 0.1, 2.5]], (2, 1, 1, 1)) if with_wings else None
    one = None if wings is None else wings[:1]
    narrow, wide = effective(moffat(1.8), 31, 2), effective(moffat(4.0), 31)
    planes = np.zeros((2, 1, 61, 61))
    planes[0, 0], planes[1, 0, 15:46, 15:46] = narrow, wide
    both = PixelPsf(planes, [0, 0], [0, 0], [1, 1], [2, 1], 15, wings)
    together = both.at(40, 3.3, 4.6)
    alone = one_band(narrow, 2, wings=one).at(40, 3.3, 4.6), one_band(wide, wings=one).at(40, 3.3, 4.6)
    assert together == pytest.approx(np.concatenate(alone), abs=1e-6)
    assert both.band(1).at(40, 3.3, 4.6) == pytest.approx(together[1:], abs=1e-6)
    assert both.stamps(0, 0) == pytest.approx(np.stack([narrow[::2, ::2], wide]))


@pytest.mark.parametrize("samples", [1, 2])
def test_the_transform_at_a_place_is_that_of_the_stamp_there(samples):
    """Linear planes; red if a plane's weight is lost between folds."""
    base = effective(moffat(3.6), 41, samples)
    slope = effective(moffat(4.0), 41, samples) - base
    psf = PixelPsf(np.stack([base, slope, 2 * slope])[None], [10.0], [20.0], [100.0], [samples])
    stamp = psf.stamps(60.0, 45.0)[0]
    padded = np.zeros((48, 48))
    padded[:41, :41] = stamp
    expected = scipy.fft.rfft2(np.roll(padded, (-20, -20), (0, 1)))
    assert psf.at(48, 60.0, 45.0)[0] == pytest.approx(expected, abs=2e-5)
    assert psf.moved(7, -3).at(48, 53.0, 48.0) == pytest.approx(psf.at(48, 60.0, 45.0))


def test_wings_continue_the_light_beyond_the_stamp():
    """A Moffat cut to 31 pixels and its own wing: GalSim's star out to 60 pixels, to 1 % of the light there."""
    light = moffat(4.0, 2.5)
    q = 4 * (2 ** (1 / 2.5) - 1) / 4.0**2
    wings = np.array([[[[1.5 / np.pi * q, q, 0.0, q, 2.5]]]])
    psf = one_band(effective(light, 31), wings=wings)
    side = 160
    found, true = drawn(psf, 80.3, 79.8, side=side), image(light, side, 80.3, 79.8)
    y, x = np.indices(true.shape)
    radius = np.hypot(x - 80.3, y - 79.8)
    for low, high in ((12, 18), (18, 30), (30, 55)):
        ring = (radius > low) & (radius < high)
        assert found[ring].sum() == pytest.approx(true[ring].sum(), rel=0.01)
    without = drawn(one_band(effective(light, 31)), 80.3, 79.8, side=side)
    assert abs(without[(radius > 25) & (radius < 55)].sum()) < 0.02 * true[(radius > 25) & (radius < 55)].sum()


def test_wings_make_bright_stars_reach_farther():
    q = 0.05
    rows = np.array([[[[0.02, q, 0.0, q, 2.5]]]])
    plane = surface(rows[0, 0], *np.meshgrid(np.arange(-15, 16.0), np.arange(-15, 16.0)))
    cut, whole = one_band(plane), one_band(plane, wings=rows)
    assert cut.reach(np.array([100.0]), 0.03) == whole.reach(np.array([100.0]), 0.03) < 15
    assert cut.reach(np.array([1e6]), 0.03) == 15
    # the radius at which 1e6 times the profile is 0.03
    expected = np.sqrt(((1e6 * 0.02 / 0.03) ** (1 / 2.5) - 1) / q)
    assert whole.reach(np.array([1e6]), 0.03) == pytest.approx(expected, abs=1)
    assert whole.extent > 100 > cut.extent == 15


GRID = Cells(
    np.array([50.0, 150.0, 250.0]), np.array([60.0, 160.0]), np.array([1, 0, 2, 0, 1]), np.array([0, 0, 0, 1, 1]),
    np.full(5, 50.0),
)  # fmt: skip


@given(st.floats(-100, 400), st.floats(-100, 400))
def test_weights_between_cells_add_up_and_never_jump(x, y):
    weight = GRID.weights(x, y)
    assert weight.sum() == pytest.approx(1)
    assert (weight >= 0).all()
    # the cell at column 2, row 1 is missing: its share goes to the others, until nothing is left to share
    if x < 240 or y < 150:
        assert np.abs(GRID.weights(x + 1e-3, y + 1e-3) - weight).max() < 1e-3


def test_weights_are_bilinear_and_end_at_the_outermost_centres():
    assert GRID.weights(150, 60) == pytest.approx([1, 0, 0, 0, 0])
    assert GRID.weights(75, 85) == pytest.approx([0.25 * 0.75, 0.75 * 0.75, 0, 0.75 * 0.25, 0.25 * 0.25])
    assert GRID.weights(-40, 20) == pytest.approx([0, 1, 0, 0, 0])
    assert GRID.weights(900, 900)[GRID.own] == 1  # only the missing cell is there: the patch's own answers


def test_a_psf_between_cells_is_the_weighted_one_of_their_planes():
    rng = np.random.default_rng(1)
    planes = rng.normal(size=(2, 5 * 3, 21, 21))
    psf = PixelPsf(planes, [0, 0], [0, 0], [1, 1], cells=GRID)
    x, y = 90.0, 75.0
    weight, each = GRID.weights(x, y), planes.reshape(2, 5, 3, 21, 21)
    u, v = (x - GRID.columns[GRID.column]) / 50, (y - GRID.rows[GRID.row]) / 50
    expected = sum(weight[c] * (each[:, c, 0] + u[c] * each[:, c, 1] + v[c] * each[:, c, 2]) for c in range(5))
    assert psf.stamps(x, y) == pytest.approx(expected)
    assert scipy.fft.irfft2(psf.at(24, x, y))[:, 0, 0] == pytest.approx(expected[:, 10, 10], abs=1e-5)
    assert psf.moved(30, 40).stamps(x - 30, y - 40) == pytest.approx(expected)
