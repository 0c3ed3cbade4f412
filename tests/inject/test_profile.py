"""Stamps of added sources against GalSim's renderings, and against what follows from their definition."""

import numpy as np
import pytest
from scipy import integrate, special
from swath.inject.profile import LARGEST_WAVE, stamp, transform
from swath.models.sersic import TRUNCATION

SHAPES = [("EXP", 1.5, 0.2, 30.0), ("EXP", 3.0, 0.6, 100.0), ("DEV", 1.2, 0.0, 0.0), ("DEV", 3.0, 0.5, 150.0)]


@pytest.fixture(scope="module")
def galsim():
    return pytest.importorskip("galsim")


def moffat(galsim):
    return galsim.Moffat(beta=3.5, fwhm=3.4).shear(g1=0.02, g2=-0.03)


@pytest.mark.parametrize(("kind", "re", "ell", "phi"), SHAPES)
def test_galaxies_are_galsims(galsim, kind, re, ell, phi):
    psf = moffat(galsim).drawImage(nx=101, ny=101, scale=1, dtype=float).array
    precise = galsim.GSParams(folding_threshold=5e-4, kvalue_accuracy=1e-6, maxk_threshold=1e-3, maximum_fft_size=16384)
    radius = re * np.sqrt(1 - ell)
    profile = galsim.Sersic(
        n={"EXP": 1, "DEV": 4}[kind], half_light_radius=radius, trunc=TRUNCATION * radius, flux_untruncated=True,
        gsparams=precise,
    ).shear(q=1 - ell, beta=phi * galsim.degrees).withFlux(1)  # fmt: skip
    found = stamp(psf, kind, 0.31, -0.27, re, ell, phi)
    n = len(found)
    light = galsim.Convolve(profile, moffat(galsim), gsparams=precise)
    true = light.drawImage(nx=n + 1, ny=n + 1, scale=1, offset=(0.31, -0.27), dtype=float).array[:n, :n]
    # The stamp of the PSF ends at 50 pix, with 0.05 % of the light beyond.
    assert np.abs(found - true).max() < 1e-3 * true.max()
    assert (found * true).sum() / (true**2).sum() == pytest.approx(1, abs=1e-3)


def test_stars_are_the_psf_between_the_pixels(galsim):
    psf = moffat(galsim).drawImage(nx=61, ny=61, scale=1, dtype=float).array
    found = stamp(psf, "STAR", 0.4, -0.35)
    n = len(found)
    true = moffat(galsim).drawImage(nx=n + 1, ny=n + 1, scale=1, offset=(0.4, -0.35), dtype=float).array[:n, :n]
    inner = slice(n // 2 - 25, n // 2 + 26)
    # A Moffat of 3.4 pix FWHM has a little power beyond the Nyquist frequency of its pixels.
    assert np.abs(found - true)[inner, inner].max() < 2e-3 * true.max()


@pytest.mark.parametrize("kind", ["STAR", "EXP", "DEV"])
def test_flux_and_centre_are_as_asked_for(kind):
    axis = np.arange(41) - 20
    psf = np.exp(-0.5 * (axis**2 + axis[:, None] ** 2) / 1.5**2)
    shape = () if kind == "STAR" else (2.0, 0.3, 70.0)
    found = stamp(psf / psf.sum(), kind, 0.2, 0.45, *shape)
    y, x = np.indices(found.shape) - len(found) // 2
    assert found.sum() == pytest.approx(1, abs=1e-9)
    assert (found * x).sum() == pytest.approx(0.2, abs=2e-3)
    assert (found * y).sum() == pytest.approx(0.45, abs=2e-3)


@pytest.mark.parametrize("index", [1.0, 4.0])
@pytest.mark.parametrize("wave", [0.0, 0.7, 5.0, 30.0])
def test_transforms_are_the_integral_of_the_profile(index, wave):
    b = special.gammaincinv(2 * index, 0.5)

    def light(t: float) -> float:  # r = t^n: no cusp
        return np.exp(-b * t) * index * t ** (2 * index - 1)

    top = TRUNCATION ** (1 / index)
    whole = integrate.quad(light, 0, top, epsabs=0, epsrel=1e-10, limit=500)[0]
    part = integrate.quad(lambda t: light(t) * special.j0(wave * t**index), 0, top, epsabs=1e-13, limit=2000)[0]
    assert transform(index)(wave) == pytest.approx(part / whole, abs=1e-6)


def test_the_largest_galaxy_is_within_the_table():
    from swath.inject.draw import RE_RANGE

    assert np.sqrt(2) * np.pi * RE_RANGE[1] < LARGEST_WAVE
