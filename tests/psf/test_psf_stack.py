"""Method `stack` on stamps: truth, masks, weights of other cells' stars, profiles that are no Moffat."""

import numpy as np
import pytest
from field import flux_bias
from stardata import SIDE, moffat_stars, stamps_of
from swath.config.psf import Psf
from swath.psf import grid, stack
from swath.psf.moffat import from_fwhm, render

NORM = grid.disk(SIDE, 12.0)
SETTINGS = Psf()


def bias(result, fwhm=4.0):
    return flux_bias(result.planes[0], render(from_fwhm(fwhm, 3.5), SIDE), NORM)


@pytest.mark.parametrize("seed", range(5))
def test_four_stars_of_medium_brightness_are_enough(seed):
    # S/N about 150 each, 300 in all: noise alone scatters the flux by 0.5 %
    stamps, _, u, v = moffat_stars(4, sigma=1.0, low=3.0, high=3.2, seed=seed)
    result = stack.build(stamps, u, v, 4.4, SETTINGS, linear=False)
    assert abs(bias(result)) < 0.015
    assert result.planes.shape == (1, SIDE, SIDE)
    assert (result.planes[0] * NORM).sum() == pytest.approx(1, abs=1e-6)
    assert np.hypot(*grid.centre(result.planes[0], 4.0)) < 0.02
    # positions to 0.42 FWHM / (S/N) = 0.012 pixels
    np.testing.assert_allclose([result.fits.dx, result.fits.dy], stamps.offset, atol=0.06)


@pytest.mark.parametrize("fwhm", [2.2, 3.0, 6.0, 9.0])
def test_any_seeing(fwhm):
    stamps, _, u, v = moffat_stars(6, sigma=1.0, low=4.0, high=4.5, fwhm=fwhm)
    assert abs(bias(stack.build(stamps, u, v, 1.2 * fwhm, SETTINGS, linear=False), fwhm)) < 0.01


def test_masked_columns_change_nothing():
    # every star has two dead columns near its core: interpolating over them would be wrong by tens of per cent there
    stamps, _, u, v = moffat_stars(8, sigma=1.0, low=4.0, high=4.5)
    data, good = stamps.data.copy(), stamps.good.copy()
    for i in range(8):
        columns = slice(27 + i % 5, 29 + i % 5)
        data[i, :, columns], good[i, :, columns] = -1e4, False
    masked = stamps_of(data, stamps.x, stamps.y, 1.0, good=good)
    whole, holed = (stack.build(s, u, v, 4.2, SETTINGS, linear=False) for s in (stamps, masked))
    assert abs(bias(holed)) < 0.01
    assert np.abs(whole.planes[0] - holed.planes[0]).max() < 0.01 * whole.planes[0].max()


def test_backgrounds_of_the_stars_are_taken_off():
    stamps, flux, u, v = moffat_stars(8, sigma=1.0, low=4.0, high=4.5)
    level = np.linspace(-20, 40, 8)
    raised = stamps._replace(data=stamps.data + level[:, None, None])
    result = stack.build(raised, u, v, 4.2, SETTINGS, linear=False)
    # the annulus' median is good to 0.03; the star's own wing there, 1e-5 per pixel, is not counted
    np.testing.assert_allclose(result.background, level, atol=0.2)
    assert abs(bias(result)) < 0.01
    np.testing.assert_allclose(result.fits.flux / flux, (result.fits.flux / flux).mean(), rtol=0.01)


def test_an_odd_star_is_left_out():
    stamps, flux, u, v = moffat_stars(8, sigma=1.0, low=4.0, high=4.2)
    data = stamps.data.copy()
    data[3] += 0.5 * flux[3] * render(from_fwhm(4.0, 3.5), SIDE, 4.0, 2.0)
    result = stack.build(stamps._replace(data=data), u, v, 4.2, SETTINGS, linear=False)
    assert np.flatnonzero(result.weight == 0).tolist() == [3]
    assert abs(bias(result)) < 0.01


def test_stars_of_other_cells_count_as_much_as_they_are_near():
    # narrow stars here, wide ones elsewhere: the nearer to 0 their weight, the narrower the PSF
    here, _, u, v = moffat_stars(6, sigma=1.0, low=4.0, high=4.0, fwhm=4.0)
    there = moffat_stars(6, sigma=1.0, low=4.0, high=4.0, fwhm=4.3, seed=9)[0]
    both = type(here)(*(np.concatenate(pair) for pair in zip(here[:-1], there[:-1], strict=True)), here.gain)
    widths = []
    for weight in (1.0, 0.1, 0.0):
        near = np.repeat([1.0, weight], 6)
        result = stack.build(both, np.tile(u, 2), np.tile(v, 2), 4.2, SETTINGS, linear=False, nearness=near)
        widths.append(bias(result))
    assert widths[0] > widths[1] > widths[2]
    assert abs(widths[2]) < 0.01


def test_linear_variation_is_recovered_across_the_cell():
    # FWHM from 3.84 to 4.16: a constant PSF misses the corners' fluxes by 4 %
    stamps, _, u, v = moffat_stars(16, sigma=1.0, low=4.0, high=4.5, widen=0.04)
    linear = stack.build(stamps, u, v, 4.2, SETTINGS, linear=True)
    constant = stack.build(stamps, u, v, 4.2, SETTINGS, linear=False)
    for at in (-1.0, 1.0):
        true = render(from_fwhm(4.0 * (1 + 0.04 * at), 3.5), SIDE)
        here = linear.planes[0] + at * linear.planes[1]
        assert abs(flux_bias(here, true, NORM)) < 0.015
        assert abs(flux_bias(constant.planes[0], true, NORM)) > 0.03
    np.testing.assert_allclose((linear.planes[1:] * NORM).sum((1, 2)), 0, atol=1e-9)


@pytest.mark.filterwarnings("ignore:A component to be convolved")
@pytest.mark.parametrize("seed", range(3))
def test_a_profile_that_is_no_moffat(seed):
    """Kolmogorov seeing with a trefoil and a halo of 1.5 %: the flux to 1 %, the peak too."""
    galsim = pytest.importorskip("galsim")
    star = galsim.Convolve(galsim.Kolmogorov(fwhm=3.6), galsim.OpticalPSF(lam_over_diam=0.5, trefoil1=0.15, coma2=0.1))
    profile = galsim.Sum([0.985 * star, 0.015 * galsim.Moffat(beta=1.8, half_light_radius=12, trunc=80)])
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(100, 900, (2, 6))
    flux = 10 ** rng.uniform(3.5, 4.5, 6)
    images = np.array(
        [
            f
            * profile.drawImage(nx=SIDE, ny=SIDE, scale=1.0, offset=(a - np.rint(a), b - np.rint(b)), dtype=float).array
            for f, a, b in zip(flux, x, y, strict=True)
        ]
    )
    stamps = stamps_of(images + rng.normal(size=images.shape), x, y, 1.0)
    result = stack.build(stamps, x * 0, y * 0, 4.0, SETTINGS, linear=False)
    true = profile.drawImage(nx=SIDE, ny=SIDE, scale=1.0, dtype=float).array
    true = grid.shift(true, *(-value for value in grid.centre(true, 4.0)))
    # the annulus takes 0.3 % of the light within 12 pixels: the halo's level at 20 to 30 pixels
    assert abs(flux_bias(result.planes[0], true, NORM) + 0.003) < 0.01
    # structure of the core is there: the Moffat alone leaves 4 % of the peak
    assert np.abs(result.planes[0] - true / (true * NORM).sum()).max() < 0.012 * result.planes[0].max()
