"""The two linear equations of flux and background, and the error of what they give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photutils.aperture import ApertureStats, CircularAperture
from swath.config.aperture import Aperture
from swath.photometry.kernel import Plane, background, flux_of, missing_share, solve
from swath.photometry.regions import Stamp, aperture_weights, background_regions

SIDE = 25
NO_CLIPS = Aperture(bg_sigma_clip_maxiters=0)


def scene(x=12.3, y=11.8, radius=1.5, seed=0, sigma=0.7):
    """A stamp with a Gaussian source's shares and the weights of an aperture."""
    stamp = Stamp(0, 0, SIDE, SIDE, x, y)
    share = np.exp(-0.5 * stamp.distance**2 / sigma**2)
    share /= share.sum()
    variance = np.random.default_rng(seed).uniform(0.5, 2.0, share.shape)
    return stamp, share, variance, aperture_weights(stamp, radius)


def measured(light, share, variance, weight, region, config=NO_CLIPS, zodi_error=0.0, zodi=None):
    plane = Plane(light, variance, share, weight, np.zeros_like(light) if zodi is None else zodi)
    found = background(plane, region, config)
    return flux_of(plane, found, float((weight * share).sum()), zodi_error, config), found


fluxes = st.floats(-1e4, 1e6)


@given(fluxes, st.floats(-100, 100), st.floats(11.5, 12.5), st.floats(11.5, 12.5), st.floats(0.6, 3.0))
def test_any_flux_on_any_background_is_found(flux, level, x, y, radius):
    """Also where clipping is on: it sees residuals, not the wings of a bright source."""
    stamp, share, variance, weight = scene(x, y, radius)
    region = next(background_regions(stamp, radius, Aperture()))
    for config in (NO_CLIPS, Aperture()):
        result, found = measured(flux * share + level, share, variance, weight, region, config)
        assert result.flux == pytest.approx(flux, abs=1e-6 * (abs(flux) + abs(level) + 1))
        assert found.level == pytest.approx(level, abs=1e-6 * (abs(flux) + abs(level) + 1))


@settings(max_examples=25)
@given(st.integers(0, 999), st.sampled_from([0.0, 0.3, 1.414]), st.booleans())
def test_error_is_that_of_the_weights_that_pixels_have(seed, offset, correct):
    """The flux is linear in the pixels: the weight of each is what it changes by, and the error is their sum. With an
    offset of 0 aperture and background share pixels."""
    stamp, share, variance, weight = scene(seed=seed)
    close = Aperture(bg_sigma_clip_maxiters=0, annulus_inner_offset=offset, correct=correct, min_annulus_area=20.0)
    region = next(background_regions(stamp, 1.5, close))
    light = np.zeros((SIDE, SIDE))  # no scatter: the background's error is that of VARIANCE
    result, _ = measured(light, share, variance, weight, region, close)
    total = 0.0
    for i, j in np.argwhere(region | (weight > 0)):
        light[i, j] = 1.0
        total += measured(light, share, variance, weight, region, close)[0].flux ** 2 * variance[i, j]
        light[i, j] = 0.0
    assert result.error == pytest.approx(total**0.5, rel=1e-9)


def test_scatter_beyond_variance_counts():
    """Neighbours that nobody flagged make the background's error, which VARIANCE does not know."""
    stamp, share, variance, weight = scene()
    region = next(background_regions(stamp, 1.5, Aperture()))
    noise = np.random.default_rng(1).normal(0, 5.0, share.shape)
    quiet, _ = measured(np.zeros_like(share), share, variance, weight, region)
    loud, noisy = measured(noise, share, variance, weight, region)
    assert noisy.error == pytest.approx(5.0 / noisy.pixels**0.5, rel=0.25)
    assert noisy.excess > 3
    assert loud.error > quiet.error


def test_error_of_the_zodiacal_light_counts_where_it_slopes():
    stamp, share, variance, weight = scene()
    region = next(background_regions(stamp, 1.5, Aperture()))
    light = np.zeros_like(share)
    flat, sloping = np.ones_like(share), np.ones_like(share) + 0.3 * stamp.distance**2
    quiet = measured(light, share, variance, weight, region)[0].error
    assert measured(light, share, variance, weight, region, zodi_error=1.0, zodi=flat)[0].error == pytest.approx(quiet)
    assert measured(light, share, variance, weight, region, zodi_error=1.0, zodi=sloping)[0].error > 2 * quiet


def test_outliers_of_the_background_are_clipped_and_wings_are_not():
    stamp, share, variance, weight = scene()
    region = next(background_regions(stamp, 1.5, Aperture()))
    rng = np.random.default_rng(3)
    light = 1e5 * share + rng.normal(0, 1.0, share.shape)
    clean = measured(light, share, variance, weight, region, Aperture())[1]
    rows, columns = np.nonzero(region)
    light[rows[::9], columns[::9]] += 50.0
    dirty = measured(light, share, variance, weight, region, Aperture())[1]
    assert clean.pixels > 0.95 * region.sum()
    assert not dirty.kept[rows[::9], columns[::9]].any()
    assert dirty.level == pytest.approx(clean.level, abs=4 * clean.error)


def test_sums_are_those_of_photutils():
    """An independent aperture and background: exact overlaps, the mean of the ring's pixels."""
    stamp, share, variance, weight = scene()
    region = next(background_regions(stamp, 1.5, Aperture()))
    light = np.random.default_rng(4).normal(3.0, 1.0, share.shape)
    aperture = ApertureStats(light, CircularAperture((stamp.x, stamp.y), 1.5), sum_method="exact")
    plain = Aperture(correct=False, bg_sigma_clip_maxiters=0)
    result, found = measured(light, share, variance, weight, region, plain)
    assert result.area == pytest.approx(np.pi * 1.5**2, rel=1e-9)
    assert result.flux == pytest.approx(float(aperture.sum) - result.area * found.level, rel=1e-9)
    flux, level = solve(Plane(light, variance, share, weight, light), region)
    assert level == pytest.approx(light[region].mean() - flux * share[region].mean())


def test_missing_pixels_are_filled_by_the_psf():
    stamp, share, variance, weight = scene()
    region = next(background_regions(stamp, 1.5, Aperture()))
    valid = np.ones_like(region)
    valid[12, 12] = False
    light = (200.0 * share + 4.0) * valid
    result, _ = measured(light, share, variance, weight * valid, region, Aperture(correct=True))
    assert result.flux == pytest.approx(200.0)
    assert missing_share(share, weight, valid) == pytest.approx(share[12, 12] * weight[12, 12] / (share * weight).sum())


def test_too_few_pixels_are_no_background():
    _, share, variance, weight = scene()
    region = np.zeros_like(share, dtype=bool)
    region[0, :9] = True
    plane = Plane(share, variance, share, weight, share)
    assert background(plane, region, Aperture()) is None
    assert background(plane, region, Aperture(min_usable_pixels=9)) is not None
