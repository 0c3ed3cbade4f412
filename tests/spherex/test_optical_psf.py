"""The optical cube against an independent rendering: a diffraction-limited telescope drawn by GalSim."""

import galsim
import numpy as np
import pytest
from swath.spherex.psf import OpticalPsf

# 20 cm, as SPHEREx's, at 2.4 um in 6.15 arcsec pixels, with a jitter of 1 arcsec; diffraction rings and all.
PSF = galsim.Convolve(galsim.Airy(lam=2400, diam=0.2, obscuration=0.3), galsim.Gaussian(sigma=1.0))
PIXEL = 6.15


def test_light_in_apertures_at_any_place_between_pixels():
    """The cube's samples are GalSim's light per tenth of a pixel; its stamp ends at 5 pixels, beyond which lie 2 % of
    the light, so shares are compared as fractions of what the stamp holds."""
    cube = PSF.drawImage(nx=101, ny=101, scale=PIXEL / 10, dtype=float).array
    psf = OpticalPsf(cube, 10)
    rng = np.random.default_rng(1)
    for x, y in rng.uniform(-0.5, 0.5, (20, 2)):
        drawn = PSF.drawImage(nx=15, ny=15, scale=PIXEL, offset=(x, y), dtype=float).array / cube.sum()
        ours = psf.shares(np.arange(-7, 8) - x, np.arange(-7, 8) - y)
        assert ours[5:10, 5:10] == pytest.approx(drawn[5:10, 5:10], abs=2e-4)
        assert ours[5:10, 5:10].sum() == pytest.approx(drawn[5:10, 5:10].sum(), rel=5e-4)
