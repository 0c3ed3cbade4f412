"""The scale of the zodiacal light: weighted least squares, its limits, its fallbacks."""

import numpy as np
import pytest
from swath.config.aperture import Aperture
from swath.photometry.quality import QUALITY
from swath.photometry.zodi import zodi_scale
from swath.spherex.mef import Pixels


def pixels(scale=1.3, seed=0, shape=(40, 50)):
    rng = np.random.default_rng(seed)
    zodi = 0.4 * (1 + 0.2 * np.linspace(-1, 1, shape[1]) + np.zeros(shape))
    variance = rng.uniform(1e-4, 9e-4, shape)
    image = scale * zodi + rng.normal(0, variance**0.5)
    return Pixels(image, variance, zodi, np.zeros(shape, int), np.ones(shape, bool))


def test_scale_and_its_error():
    """Pulls of 100 fields: mean good to 0.1, standard deviation to 0.07."""
    everywhere = np.ones((40, 50), bool)
    found = [zodi_scale(pixels(seed=seed), everywhere, ~everywhere, Aperture()) for seed in range(100)]
    pulls = np.array([(one.scale - 1.3) / one.error for one in found])
    assert {one.quality for one in found} == {0}
    assert abs(pulls.mean()) < 0.4
    assert pulls.std() == pytest.approx(1, abs=0.28)


def test_sources_do_not_count():
    part, everywhere = pixels(), np.ones((40, 50), bool)
    source = np.random.default_rng(1).random((40, 50)) < 0.5
    bright = part._replace(image=part.image + 7.0 * source)
    assert zodi_scale(bright, everywhere, source, Aperture()).scale == pytest.approx(1.3, abs=0.01)
    assert zodi_scale(bright, everywhere, ~everywhere, Aperture()).scale > 3


def test_over_masked_fields_are_clipped_and_told():
    """All of the field is SOURCE, a tenth of it really: the rest still gives the scale."""
    part, everywhere = pixels(), np.ones((40, 50), bool)
    bright = part._replace(image=part.image + 7.0 * (np.random.default_rng(1).random((40, 50)) < 0.1))
    found = zodi_scale(bright, everywhere, everywhere, Aperture())
    assert found.scale == pytest.approx(1.3, abs=0.01)
    assert found.quality == QUALITY["ZODI_SOURCE"]


@pytest.mark.parametrize(
    ("scale", "settings", "bit"),
    [
        (12.0, Aperture(), "ZODI_LIMITS"),
        (-0.5, Aperture(), "ZODI_LIMITS"),
        (1.3, Aperture(zodi_scale_max=1.2), "ZODI_LIMITS"),
        (1.3, Aperture(zodi_scale_min=1.4), "ZODI_LIMITS"),
        (1.3, Aperture(zodi_min_pixels=5000), "ZODI_UNSCALED"),
    ],
)
def test_scales_that_are_not_believed_are_told(scale, settings, bit):
    everywhere = np.ones((40, 50), bool)
    found = zodi_scale(pixels(scale), everywhere, ~everywhere, settings)
    assert (found.scale, found.error) == (1.0, 0.0)
    assert found.quality & QUALITY[bit]
