"""The stacked residual: what is believed of it and what is not."""

import numpy as np
from stardata import moffat_stars, stamps_of
from swath.config.psf import Psf
from swath.psf import grid
from swath.psf.moffat import from_fwhm, render
from swath.psf.residual import stack_residual, trusted
from swath.psf.starfit import StarFit

ANALYTIC = render(from_fwhm(4.0, 3.5), 61)
RADIUS = grid.radii(61)


def noisy(snr, seed=1):
    """Residual of pure noise as one star of this S/N leaves it, and its variance."""
    sigma = np.sqrt((ANALYTIC**2).sum()) / snr
    return sigma * np.random.default_rng(seed).normal(size=ANALYTIC.shape), np.full(ANALYTIC.shape, sigma**2)


def test_noise_of_faint_stars_leaves_the_moffat_alone():
    # S/N 50 in all: plain stacking scatters the light within 12 pixels by sqrt(452 pixels) x noise = 6 %. A profile
    # that may differ by RING_PRIOR cannot be without noise, but at most half of it may be left, and no wing
    norm = grid.disk(61, 12.0)
    moved = [(trusted(*noisy(50, seed), ANALYTIC, Psf()) * norm).sum() for seed in range(40)]
    plain = [(noisy(50, seed)[0] * norm).sum() for seed in range(40)]
    assert np.std(moved) < 0.5 * np.std(plain)
    assert np.abs(trusted(*noisy(50), ANALYTIC, Psf())[RADIUS > 12]).max() < 0.2 * ANALYTIC[RADIUS <= 12].min()


def test_structure_that_bright_stars_share_is_kept():
    # 3 % of the light in a pattern two pixels wide, S/N 3000: 90 % of it must come through
    dx, dy = grid.offsets(61)
    pattern = 0.03 * ANALYTIC * np.cos(np.pi * dx / 2) * np.cos(np.pi * dy / 2)
    noise, variance = noisy(3000)
    kept = trusted(pattern + noise, variance, ANALYTIC, Psf())
    inner = RADIUS < 5
    assert (kept * pattern * inner).sum() > 0.9 * (pattern**2 * inner).sum()


def test_a_halo_is_learnt_from_bright_stars_and_ends_at_the_annulus():
    halo = 0.01 * render(from_fwhm(16.0, 2.0), 61)
    noise, variance = noisy(50_000)
    kept = trusted(halo + noise, variance, ANALYTIC, Psf())
    ring = (RADIUS > 9) & (RADIUS < 13)
    assert 0.8 < kept[ring].sum() / halo[ring].sum() < 1.2
    assert np.abs(kept[RADIUS > 20]).max() == 0


def test_masked_pixels_are_not_interpolated():
    # a bad column through each of four stars, at another place of each: no trace of it in the stack
    stamps, flux, *_ = moffat_stars(4)
    data, good = stamps.data.copy(), stamps.good.copy()
    for i in range(4):
        data[i, :, 28 + i], good[i, :, 28 + i] = 1e6, False
    stamps = stamps_of(data, stamps.x, stamps.y, good=good)
    light = render(from_fwhm(4.0, 3.5), 61, *stamps.offset)
    mean, variance = stack_residual(stamps, np.zeros(4), light, StarFit(flux, *stamps.offset), np.ones(4))
    assert np.abs(mean).max() < 1e-12
    assert (variance > 0).all()


def test_a_cosmic_ray_is_clipped_and_counts_less_stars():
    stamps, flux, *_ = moffat_stars(5)
    data = stamps.data.copy()
    data[0, 35, 20] += 5000
    stamps = stamps_of(data, stamps.x, stamps.y)
    light = render(from_fwhm(4.0, 3.5), 61, *stamps.offset)
    mean, _ = stack_residual(stamps, np.zeros(5), light, StarFit(flux, *stamps.offset), np.ones(5))
    assert np.abs(mean).max() < 1e-6


def test_the_mean_is_weighted():
    stamps, flux, *_ = moffat_stars(2, low=3.0, high=3.0)
    light = render(from_fwhm(4.0, 3.5), 61, *stamps.offset)
    odd = np.array([0.001, -0.001])[:, None, None] * flux[:, None, None]
    stamps = stamps._replace(data=stamps.data + odd, variance=np.full(stamps.data.shape, 100.0))
    fits = StarFit(flux, *stamps.offset)
    mean, _ = stack_residual(stamps, np.zeros(2), light, fits, np.array([3.0, 1.0]))
    # moving a constant rings from the stamp's edges by about 1 %
    np.testing.assert_allclose(mean[25:36, 25:36], 0.0005, rtol=0.02)
