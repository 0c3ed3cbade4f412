"""Starting fluxes: right for an isolated source, whatever is masked."""

import numpy as np
import pytest
from swath.models.psf import PixelPsf
from swath.models.render import render
from swath.patches.starts import measure, nonlinear


def gaussian_psf() -> PixelPsf:
    y, x = np.indices((41, 41)) - 20
    image = np.exp(-(x**2 + y**2) / 2 / 1.7**2)
    return PixelPsf(np.stack([image / image.sum()] * 2)[:, None], [0, 0], [0, 0], [1, 1])


@pytest.mark.parametrize("model", ["star", "exp", "dev", "sersic"])
@pytest.mark.parametrize("masked", ["nothing", "half", "core"])
def test_start_is_the_flux(model, masked):
    psf, start = gaussian_psf(), nonlinear(model, 50.2, 49.7, 3.0, 0.3, 20.0, 1.5)
    stamp = render(psf, model, start[:2], start[2:], (50, 50), 96, (100, 100), False)
    image = np.zeros((2, 100, 100), "f4")
    x0, x1, y0, y1 = stamp.box
    image[:, y0:y1, x0:x1] = np.array([1000.0, 300.0], "f4")[:, None, None] * stamp.templates[:, 0]
    good = np.ones(image.shape, bool)
    if masked == "half":
        good[:, :, :50] = False
    if masked == "core":
        y, x = np.indices((100, 100)) - 50
        good[:, np.hypot(x, y) < 6] = False
    image[~good] = 1e6
    # Noiseless: only the stamp's size differs. A masked pixel that leaked in would be worth thousands.
    assert measure(image, good, psf, model, start, 5.0, 1e-4) == pytest.approx([1000, 300], rel=0.02)


def test_nothing_seen_gives_the_floor():
    psf, start = gaussian_psf(), nonlinear("star", 50.0, 50.0, np.nan, np.nan, np.nan, 1.5)
    blank = np.zeros((2, 100, 100), "f4")
    assert (measure(blank, np.zeros(blank.shape, bool), psf, "star", start, 5.0, 1e-4) == 1e-4).all()
    assert (measure(blank - 5, np.ones(blank.shape, bool), psf, "star", start, 5.0, 1e-4) == 1e-4).all()
    far = nonlinear("star", -500.0, 50.0, np.nan, np.nan, np.nan, 1.5)
    assert (measure(blank, np.ones(blank.shape, bool), psf, "star", far, 5.0, 1e-4) == 1e-4).all()
