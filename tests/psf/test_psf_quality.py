"""The test on held-out stars: noise alone fails no PSF, a wrong one fails."""

import numpy as np
import pytest
from stardata import moffat_stars
from swath.config.psf import Psf
from swath.psf import grid, quality
from swath.psf.moffat import from_fwhm, render

NORM = grid.disk(55, 12.0)


def plane(fwhm=4.0, beta=3.5):
    image = render(from_fwhm(fwhm, beta), 55)
    return (image / (image * NORM).sum())[None]


def scored(planes, level, count=6, sigma=1.0, seed=2, **settings):
    stamps, _, u, v = moffat_stars(count, sigma=sigma, low=level, high=level, seed=seed)
    return quality.score(stamps, planes, u, v, 4.0, Psf(**settings))


@pytest.mark.parametrize("level", [2.6, 3.0, 4.0, 5.0])
def test_the_true_psf_passes_at_any_brightness(level):
    # S/N 60 to 15,000: residuals over the peak are 5 % to 0.02 % of noise; both limits are 0.05
    for seed in range(5):
        score = scored(plane(), level, seed=seed)
        assert score.rms < 0.03
        assert abs(score.ee) < 0.02


@pytest.mark.parametrize("fwhm", [3.4, 4.7])
def test_a_psf_of_a_wrong_width_fails(fwhm):
    # 15 % off: residuals of 5 % of the peak, 15 % of the light in the wrong place
    score = scored(plane(fwhm), 4.0)
    assert score.rms > 0.04
    assert abs(score.ee) > 0.1
    # stars wider than the PSF have light outside that the PSF does not know of
    assert np.sign(score.ee) == np.sign(4.0 - fwhm)


def test_a_missing_wing_shows_in_the_encircled_energy():
    wingless = plane(beta=12.0)
    score = scored(wingless, 5.0)
    assert score.ee > 0.03


def test_variation_is_taken_into_account():
    # stars 8 % wider at u = 1: the planes that say so score better than the constant PSF
    stamps, _, u, v = moffat_stars(10, sigma=1.0, low=4.5, high=4.5, widen=0.08)
    slope = (plane(4.16) - plane(3.84)) / 0.04 * 0.04
    varying = quality.score(stamps, np.concatenate([plane(), slope, 0 * slope]), u, v, 4.0, Psf())
    constant = quality.score(stamps, plane(), u, v, 4.0, Psf())
    assert varying.rms < 0.5 * constant.rms


def test_no_stars_no_score():
    stamps, _, u, v = moffat_stars(2)
    assert quality.score(stamps.take(np.zeros(2, bool)), plane(), u[:0], v[:0], 4.0, Psf()) == (None, None)
    blind = stamps._replace(good=np.zeros_like(stamps.good), data=0 * stamps.data)
    assert quality.score(blind, plane(), u, v, 4.0, Psf()) == (None, None)


def test_growth_and_facts():
    _, light = quality.growth(plane()[0])
    assert light[11] == pytest.approx(1)
    assert (np.diff(light) > 0).all()
    facts = quality.facts(plane()[0])
    # pixels widen a star of FWHM 4 by 0.06 pixels
    assert facts["fwhm_pix"] == pytest.approx(4.06, abs=0.08)
    assert (facts["centre_x"], facts["centre_y"]) == pytest.approx((0, 0), abs=1e-6)
    assert facts["ee_r50"] < facts["ee_r80"] < 12
