"""Sersic galaxies that GalSim rendered are recovered to 0.5 %: index, size, ellipticity and flux."""

import numpy as np
import pytest
from scenes import limits, sources
from swath.fit.optimise import optimise
from swath.fit.scene import Pixels, Problem, Settings
from swath.models import sersic, shape
from swath.models.psf import PixelPsf

galsim = pytest.importorskip("galsim")
SIDE = 257


def stamp(profile, side: int, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    return profile.shift(x, y).drawImage(nx=side, ny=side, scale=1, dtype=float).array


@pytest.mark.slow
@pytest.mark.parametrize("index", [0.7, 1.5, 2.5, 4.0])
@pytest.mark.parametrize("re", [3.0, 7.0])
def test_recovery(index, re):
    psf = galsim.Moffat(beta=3.5, fwhm=4.0, trunc=20)
    ell, phi, flux = 0.35, 25.0, 1e5
    q = 1 - ell
    fine = galsim.GSParams(maximum_fft_size=16384, kvalue_accuracy=1e-6, folding_threshold=5e-4)
    radius = re * np.sqrt(q)
    galaxy = galsim.Sersic(n=index, half_light_radius=radius, trunc=sersic.TRUNCATION * radius, flux_untruncated=True)
    galaxy = galaxy.shear(q=q, beta=phi * galsim.degrees).withFlux(flux)
    image = stamp(galsim.Convolve(galaxy, psf, gsparams=fine), SIDE, 0.3, -0.2)
    planes = stamp(psf, 55)[None, None]
    good = np.ones((1, SIDE, SIDE), bool)
    pixels = Pixels(image[None].astype("f4"), good.astype("f4"), good, np.ones(1), np.zeros(1, bool))
    middle = SIDE // 2
    start = sources(["sersic"], middle + 0.1, middle, [0.7 * flux], 1, re=1.3 * re, ell=0.1, phi=0.0, index=1.5)
    settings = Settings(stamp_threshold=1e-5, stamp_max_pix=256, max_iterations=100)
    outcome = optimise(Problem(pixels, PixelPsf(planes, [0], [0], [1]), start, limits(start, priors=False), settings))
    found_re, found_ell, found_phi = shape.to_ellipse(outcome.sources.nonlinear[0, 2:5])
    # Noiseless: what is left is the PSF stamp's edge (55 pix) and float32.
    assert outcome.converged.all()
    assert np.exp(outcome.sources.nonlinear[0, 5]) == pytest.approx(index, rel=5e-3)
    assert found_re == pytest.approx(re, rel=5e-3)
    assert found_ell == pytest.approx(ell, abs=2e-3)
    assert found_phi == pytest.approx(phi, abs=0.3)
    assert outcome.sources.flux[0, 0] == pytest.approx(flux, rel=5e-3)
