"""Linear variation: known changes of the second moments are found again."""

import numpy as np
import pytest
from stardata import moffat_stars
from swath.psf import grid, vary
from swath.psf.moffat import from_fwhm, render
from swath.psf.starfit import StarFit

NORM = grid.disk(61, 12.0)


def model(fwhm=4.0, beta=3.5):
    image = render(from_fwhm(fwhm, beta), 61)
    return image / (image * NORM).sum()


def test_planes_change_no_flux_within_the_norm_radius():
    planes = vary.derivative_planes(model(), model(), NORM, 10.0)
    np.testing.assert_allclose((planes * NORM).sum((1, 2)), 0, atol=1e-12)
    # beyond the fade only the compensation of the norm is left
    assert np.abs(planes[:, 0, 0]).max() < 1e-6


def test_a_gradient_of_the_width_is_found():
    # FWHM 2 % larger at u = 1. No multiple of the size image is nearer than 22 % to a Moffat's dilation (least
    # squares on this pair of images); red if a factor 2, a sign or an axis is wrong
    stamps, flux, u, v = moffat_stars(12, widen=0.02)
    image = model()
    derived = vary.derivative_planes(image, image, NORM, 10.0)
    total = (render(from_fwhm(4.0, 3.5), 61) * NORM).sum()
    light = render(from_fwhm(4.0, 3.5), 61, *stamps.offset) / total
    fits = StarFit(flux * total, *stamps.offset)
    slopes = vary.slope_step(stamps, np.zeros(12), light, derived, np.stack([u, v], 1), fits, np.full(12, 300.0**2))
    predicted = np.tensordot(slopes[0], derived, axes=1)
    wider = render(from_fwhm(4.08, 3.5), 61)
    true = wider / (wider * NORM).sum() - image
    assert np.sqrt(((predicted - true) ** 2).sum() / (true**2).sum()) < 0.27
    # nothing else varies: along v the light moved is at most a twentieth
    assert np.abs(np.tensordot(slopes[1], derived, axes=1)).sum() < 0.05 * np.abs(true).sum()


def test_few_faint_stars_say_little():
    # the prior is worth a star of S/N 40 at the border: one of S/N 10 moves the slope by less than a tenth of its say
    stamps, flux, u, v = moffat_stars(4, widen=0.05)
    image = model()
    derived = vary.derivative_planes(image, image, NORM, 10.0)
    light = render(from_fwhm(4.0, 3.5), 61, *stamps.offset)
    arguments = stamps, np.zeros(4), light, derived, np.stack([u, v], 1), StarFit(flux, *stamps.offset)
    firm = vary.slope_step(*arguments, np.full(4, 1e6))
    weak = vary.slope_step(*arguments, np.full(4, 100.0))
    assert np.abs(weak).max() < 0.2 * np.abs(firm).max()
    assert np.abs(firm).max() == pytest.approx(np.abs(vary.slope_step(*arguments, np.full(4, 1e8))).max(), rel=0.05)
