"""Renderings against references that share no code with them: GalSim with a Moffat PSF, and scipy's integrals.

Promised: 0.1 % of the flux of the profile that ends at the declared radius, and 0.2 % of the peak in every pixel.
"""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammainc, gammaincinv, ive
from swath.models import sersic, shape
from swath.models.psf import PixelPsf
from swath.models.render import canvas_size, render

SIDE = 160
FLUX, PIXEL = 1e-3, 2e-3


def drawn(psf: PixelPsf, index: float, re: float, ell: float, phi: float, dx: float, dy: float) -> np.ndarray:
    """Unit-flux image (SIDE, SIDE) of a galaxy at (80 + dx, 80 + dy)."""
    model = {1.0: "exp", 4.0: "dev"}.get(index, "sersic")
    pars = np.append(shape.from_ellipse(re, ell, phi), np.log(index))
    middle, grid = SIDE // 2, canvas_size(SIDE, 8 * re + 20)
    place = np.array([middle + dx, middle + dy])
    stamp = render(psf, model, place, pars, (middle, middle), SIDE, (SIDE, SIDE), False, grid)
    return stamp.templates[0, 0].astype("f8")


def galsim_pair(index: float, re: float, ell: float, phi: float, fwhm: float) -> tuple[np.ndarray, np.ndarray]:
    """The galaxy seen through a Moffat PSF by GalSim, and by swath with GalSim's image of that PSF."""
    galsim = pytest.importorskip("galsim")
    psf = galsim.Moffat(beta=3.0, fwhm=fwhm, trunc=5 * fwhm)
    radius, dx, dy = re * np.sqrt(1 - ell), 0.3, -0.4
    galaxy = galsim.Sersic(n=index, half_light_radius=radius, trunc=sersic.TRUNCATION * radius, flux_untruncated=True)
    galaxy = galaxy.shear(q=1 - ell, beta=phi * galsim.degrees).withFlux(1)
    fine = galsim.GSParams(maximum_fft_size=16384, kvalue_accuracy=1e-6, folding_threshold=1e-3)
    both = galsim.Convolve(galaxy, psf, gsparams=fine).shift(dx + 0.5, dy + 0.5)
    expected = both.drawImage(nx=SIDE, ny=SIDE, scale=1, dtype=float).array
    planes = psf.drawImage(nx=61, ny=61, scale=1, dtype=float).array[None, None]
    return expected, drawn(PixelPsf(planes, [0], [0], [1]), index, re, ell, phi, dx, dy)


@pytest.mark.slow
@pytest.mark.parametrize("index", [0.5, 1.0, 2.5, 4.0, 6.0])
@pytest.mark.parametrize(
    ("re", "ell", "phi", "fwhm"),
    [(1.0, 0.0, 0.0, 3.0), (2.0, 0.7, 35.0, 3.0), (4.0, 0.3, -70.0, 4.5), (8.0, 0.85, 10, 3)],
)
def test_galaxies_through_a_moffat_psf_match_galsim(index, re, ell, phi, fwhm):
    expected, found = galsim_pair(index, re, ell, phi, fwhm)
    assert found.sum() == pytest.approx(expected.sum(), abs=FLUX)
    assert np.abs(found - expected).max() < PIXEL * expected.max()


def through_a_gaussian(index: float, re: float, sigma: float, radius: float) -> float:
    """Brightness at `radius` of a round unit-flux profile of `re` that ends at 8 re, convolved with a Gaussian."""
    b = gammaincinv(2 * index, 0.5)
    end = sersic.TRUNCATION * re
    total = re**2 * 2 * np.pi * index * b ** (-2 * index) * np.exp(float(_lgamma(2 * index)))
    total *= gammainc(2 * index, b * sersic.TRUNCATION ** (1 / index))

    def integrand(t: float) -> float:
        r = t**index  # the cusp at the centre is smooth in r^(1/n)
        near = np.exp(-((r - radius) ** 2) / 2 / sigma**2) * ive(0, r * radius / sigma**2) / sigma**2
        return np.exp(-b * t / re ** (1 / index)) * near * r * index * t ** (index - 1)

    points = sorted(
        {max(radius + k * sigma, 1e-9) ** (1 / index) for k in (-4, -2, 0, 2, 4) if radius + k * sigma < end}
    )
    return quad(integrand, 0, end ** (1 / index), points=points, limit=400, epsabs=1e-14, epsrel=1e-9)[0] / total


def _lgamma(x: float) -> float:
    from scipy.special import gammaln

    return gammaln(x)


@pytest.mark.parametrize("index", [0.5, 0.7, 1.0, 1.6, 2.5, 4.0, 6.0])
@pytest.mark.parametrize("re", [1.0, 3.0, 8.0])
def test_round_galaxies_are_the_convolution_integral(index, re):
    """In one dimension: the integral over radii with a Bessel function, for a Gaussian PSF sampled at the pixels."""
    sigma = 1.6
    y, x = np.indices((41, 41)) - 20
    plane = np.exp(-(x**2 + y**2) / 2 / sigma**2) / (2 * np.pi * sigma**2)
    image = drawn(PixelPsf(plane[None, None], [0], [0], [1]), index, re, 0.0, 0.0, 0.25, 0.0)
    columns = np.array([80, 81, 82, 84, 88, 95, 110])
    expected = [through_a_gaussian(index, re, sigma, abs(column - 80.25)) for column in columns]
    # A tenth of what is promised.
    assert image[80, columns] == pytest.approx(expected, abs=0.1 * PIXEL * image.max())


@pytest.mark.parametrize("index", [0.5, 1.0, 2.0, 4.0, 6.0])
def test_the_curve_of_growth_is_that_of_the_truncated_profile(index):
    """Light within circles, for a galaxy so large that the PSF is nothing: Re stays that of the whole profile."""
    re, sigma = 12.0, 0.8
    y, x = np.indices((41, 41)) - 20
    plane = np.exp(-(x**2 + y**2) / 2 / sigma**2)
    image = drawn(PixelPsf((plane / plane.sum())[None, None], [0], [0], [1]), index, re, 0.0, 0.0, 0.0, 0.0)
    b = gammaincinv(2 * index, 0.5)

    def within(radius: float) -> float:
        return float(gammainc(2 * index, b * (radius / re) ** (1 / index)))

    y, x = np.indices(image.shape) - 80
    for radius in (20.0, 40.0, 60.0):
        inside = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)  # to a linear edge
        # The profile's part within, of that within 8 Re; circles of pixels and the PSF change 2e-3.
        assert (image * inside).sum() == pytest.approx(within(radius) / within(sersic.TRUNCATION * re), abs=2.5e-3)
