"""Every form of a PSF, from what a method found to the flux that a fit gives, against GalSim's renderings."""

import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from scipy.optimize import brentq
from swath.config.psf import Psf
from swath.fit.optimise import optimise
from swath.fit.scene import Limits, Pixels, Problem, Settings, Sources
from swath.patches.psfs import patch_psf, psf_hdus, read_parts
from swath.psf import components, grid, store
from swath.psf.fallback import fallback_psf
from swath.psf.forms import ANALYTIC, Found, in_form
from swath.psf.moffat import Moffat, from_fwhm

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from galsim_stars import FINE, effective, galsim, image, moffat

SIDE, FLUX = 128, 5e4


def gauss(sigma, g1=0.0):
    return galsim.Gaussian(sigma=sigma, gsparams=FINE).shear(g1=g1, g2=0.02 if g1 else 0.0)


TRUTH = {
    "pixelized": moffat(3.6),
    "oversampled": moffat(1.8, g1=0.03),
    "hybrid": moffat(3.6, 2.5),
    "moffat": moffat(3.6, 3.0, g1=0.04),
    "gaussian_mixture": gauss(1.6, 0.03) * 0.8 + gauss(3.2, -0.02) * 0.2,
    "ncircular_gaussian": gauss(1.5) * 0.7 + gauss(2.5) * 0.2 + gauss(5.0) * 0.1,
}


def formed(form, light=None, **more):
    light = TRUTH[form] if light is None else light
    settings = Psf(form=form, fallback={"n_mixture": 2}, **more)
    if form == "oversampled":
        fine = effective(light, 61, 2)[None]
        return in_form(Found(fine[:, ::2, ::2], fine, 2), settings)
    return in_form(Found(effective(light, 61)[None]), settings)


def band_psf(made, form, band="r", x0=60.0):
    return store.BandPsf(
        band, made.planes, x0, 60.0, 60.0, "stack", False, "", False, 9, 2, 12.0, form=form, samples=made.samples,
        fine=made.fine, wings=made.wings,
    )  # fmt: skip


def stored(folder, form, **more):
    """The PSF as the fit of a patch has it, after a way through the file of its cell."""
    store.write(folder / "r00_c00.fits", [band_psf(formed(form, **more), form)], np.zeros(0, store.STARS))
    return patch_psf(folder / "r00_c00.fits", (), (0, SIDE, 0, SIDE))[0]


def fitted_flux(psf, light, model, x, y, re=2.0, noise=0.5):
    """Flux of one source in a noiseless image by GalSim, its start 0.3 pixels and 20 % off, over the true one."""
    if model == "exp":
        disc = galsim.Sersic(n=1, half_light_radius=re, trunc=8 * re, flux_untruncated=True).withFlux(1)
        light = galsim.Convolve(disc, light, gsparams=FINE)
    data = (FLUX * image(light, SIDE, x, y)[None]).astype("f4")
    good = np.ones(data.shape, bool)
    pixels = Pixels(data, np.full(data.shape, noise**2, "f4"), good, np.ones(1), np.zeros(1, bool))
    start = np.array([[x + 0.3, y - 0.2, np.log(1.2 * re), 0.05, 0.0, 0.0]])
    wide = np.full((1, 6), np.inf)
    limits = Limits(start - 5, start + 5, start * 0, wide)
    sources = Sources(np.array([model]), start, np.array([[0.8 * FLUX]]), np.array([True]))
    outcome = optimise(Problem(pixels, psf, sources, limits, Settings(stamp_threshold=1e-3)))
    assert outcome.converged.all()
    return outcome.sources.flux[0, 0] / FLUX


def within_norm(light):
    """Part of the light that the flux convention counts."""
    return float((effective(light, 61) * grid.disk(61, 12.0)).sum())


@pytest.mark.parametrize("model", ["star", "exp"])
@pytest.mark.parametrize("form", TRUTH)
def test_fluxes_of_galsims_sources_are_unbiased(tmp_path, form, model):
    """0.1 % at two subpixel places, the truth being of the form's kind; 0.3 % for discs behind an undersampled PSF."""
    psf, light = stored(tmp_path, form), TRUTH[form]
    limit = 3e-3 if (form, model) == ("oversampled", "exp") else 1e-3
    for x, y in ((63.5, 64.5), (64.2, 63.9)):
        assert fitted_flux(psf, light, model, x, y) == pytest.approx(within_norm(light), rel=limit)


def test_what_one_sample_per_pixel_costs_an_undersampled_star(tmp_path):
    """The test above would pass for anything if this did."""
    psf, light = stored(tmp_path, "pixelized", light=TRUTH["oversampled"]), TRUTH["oversampled"]
    off = [fitted_flux(psf, light, "star", *place) / within_norm(light) - 1 for place in ((63.5, 64.5), (64.0, 64.0))]
    assert max(off, key=abs) > 5e-3 or min(off) < -5e-3


@pytest.mark.parametrize("form", ["hybrid", "moffat", "gaussian_mixture"])
def test_wings_take_what_a_bright_star_has_beyond_the_stamp(tmp_path, form):
    """Residual light at 30 to 55 pixels: the pixelized stamp leaves all of it, a Moffat 2 %, Gaussians nearly all."""
    light = moffat(3.6, 2.2)
    y, x = np.indices((SIDE, SIDE))
    radius = np.hypot(x - 64, y - 64)
    far = (radius > 30) & (radius < 55)
    true = image(light, SIDE, 64, 64)[far].sum() / within_norm(light)
    psf = stored(tmp_path, form, light=light)
    drawn = np.fft.fftshift(np.fft.irfft2(psf.at(SIDE, 64, 64)[0], s=(SIDE, SIDE)))[far].sum()
    assert true > 2e-3
    if form == "gaussian_mixture":
        assert drawn < 0.2 * true
    else:
        assert drawn == pytest.approx(true, rel=0.03)
    assert stored(tmp_path, "pixelized", light=light).wings is None


def test_a_faint_star_in_the_wing_of_a_bright_one(tmp_path):
    """40 pixels from a star 3,000 times as bright, where the stamp has ended: 10 % off with it, 0.01 % with a wing."""
    light, bright, faint = moffat(3.6, 2.2), 3e6, 1e3
    total = bright * image(light, 192, 96.3, 95.8) + faint * image(light, 192, 134.6, 105.2)
    good = np.ones((1, 192, 192), bool)
    pixels = Pixels(total[None].astype("f4"), good.astype("f4"), good, np.ones(1), np.zeros(1, bool))
    start = np.array([[96.2, 95.9, 0, 0, 0, 0], [134.4, 105.3, 0, 0, 0, 0]])
    limits = Limits(start - 3, start + 3, start * 0, np.full((2, 6), np.inf))
    sources = Sources(np.array(["star"] * 2), start, np.array([[2e6], [2e3]]), np.ones(2, bool))
    off = {}
    for form in ("pixelized", "hybrid"):
        outcome = optimise(Problem(pixels, stored(tmp_path, form, light=light), sources.copy(), limits, Settings()))
        assert outcome.converged.all()
        off[form] = outcome.sources.flux[:, 0] / np.array([bright, faint]) / within_norm(light) - 1
    assert abs(off["hybrid"][0]) < 1e-3
    assert abs(off["hybrid"][1]) < 2e-3
    assert off["pixelized"][1] > 0.05


def test_the_wing_of_other_light_is_right_within_a_third():
    """Atmosphere without a Moffat in it: fitted beyond half the norm radius, judged twice as far out as the stamp."""
    light = galsim.Kolmogorov(fwhm=4.0, gsparams=FINE)
    wing = components.fit_wing(effective(light, 55), 6.0)
    true, found = effective(light, 141), components.draw(wing, 141)
    radius = grid.radii(141)
    for low, high in ((27, 35), (35, 50), (50, 65)):
        ring = (radius > low) & (radius < high)
        assert found[ring].sum() == pytest.approx(true[ring].sum(), rel=0.33)


def test_a_stamp_whose_border_is_noise_gets_no_wing():
    rng = np.random.default_rng(3)
    stamp = components.draw(components.gaussians(np.ones(1), np.array([1.7]), 0.0, 0.0), 55)
    noisy = stamp + rng.normal(size=stamp.shape) * 1e-3 * stamp.max()
    assert components.fit_wing(noisy, 6.0).shape == (0, 5)
    made = in_form(Found(noisy[None]), Psf(form="hybrid"))
    assert made.wings is None
    assert made.planes[0] == pytest.approx(noisy / (noisy * grid.disk(55, 12)).sum())


def test_a_noisy_border_does_not_bend_the_wing():
    """Noise of 1e-4 of the peak, as in stamps from few stars: the light beyond the stamp is right within half."""
    light = moffat(4.0, 2.2)
    rng = np.random.default_rng(4)
    clean = effective(light, 55)
    wing = components.fit_wing(clean + rng.normal(size=clean.shape) * 1e-4 * clean.max(), 6.0)
    ring = (grid.radii(121) > 28) & (grid.radii(121) < 55)
    assert components.draw(wing, 121)[ring].sum() == pytest.approx(effective(light, 121)[ring].sum(), rel=0.5)


@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("fwhm", [1.5, 2.5, 4.0])
def test_components_hold_the_light_of_whole_pixels(fwhm, samples):
    """0.05 % of the peak; GalSim's own renderings of Moffats are good to 0.03 %."""
    for light, rows in (
        (galsim.Gaussian(fwhm=fwhm, gsparams=FINE), components.gaussians(np.ones(1), np.array([fwhm / 2.35482]), 0, 0)),
        (moffat(fwhm), components.of_moffat(from_fwhm(fwhm, 3.5))),
    ):
        true = effective(light, 41, samples)
        assert np.abs(components.draw(rows, 41, samples) - true).max() < 5e-4 * true.max()


def test_fitted_components_are_those_that_made_the_stamp():
    q = Moffat(0.11, 0.01, 0.09, 2.8)
    rows = components.of_moffat(q, 0.9)
    assert components.fit_moffat(components.draw(rows, 55)) == pytest.approx(rows, rel=1e-4)
    rows = components.gaussians(
        np.array([0.3, 0.7]), np.array([1.5, 3.0]), np.array([0.1, -0.05]), np.array([0.0, 0.1])
    )
    found = components.fit_mixture(components.draw(rows, 55), 2)
    assert found[np.argsort(found[:, 0])] == pytest.approx(rows[np.argsort(rows[:, 0])], rel=1e-3)


def test_round_gaussians_become_elliptical_where_the_stamp_is():
    def stamp(shear):
        return components.draw(components.gaussians(np.array([0.6, 0.4]), np.array([1.6, 3.0]), shear, 0.0), 55)

    for shear, round_ in ((0.0, True), (0.005, True), (0.15, False)):
        rows = components.fit_circular(stamp(shear), 2)
        assert (np.abs(rows[:, 1] / rows[:, 3] - 1).max() < 1e-6) == round_
    assert np.log(rows[:, 3] / rows[:, 1]) / 2 == pytest.approx(0.15, rel=0.02)


@pytest.mark.parametrize("form", TRUTH)
def test_a_form_survives_the_file_of_its_cell_and_the_payload(tmp_path, form):
    made = formed(form)
    store.write(tmp_path / "r00_c00.fits", [band_psf(made, form)], np.zeros(0, store.STARS))
    (read,) = store.read(tmp_path / "r00_c00.fits")
    assert (read.form, read.samples) == (form, made.samples)
    for name in ("fine", "wings"):
        before, after = getattr(made, name), getattr(read, name)
        assert (before is None) == (after is None)
        assert before is None or after == pytest.approx(before, rel=1e-6, abs=1e-9)
    psf, (own,) = patch_psf(tmp_path / "r00_c00.fits", (), (0, SIDE, 0, SIDE))
    assert own.form == form
    fits.HDUList([fits.PrimaryHDU(), *psf_hdus(psf)]).writeto(tmp_path / "p.fits")
    with fits.open(tmp_path / "p.fits") as hdus:
        parts = read_parts(hdus)
    assert parts.half == psf.half == 27
    assert (parts.wings is None) == (form in ("pixelized", "oversampled"))
    assert parts.cells is None
    assert psf.extent == (27 if parts.wings is None else 120)
    # what those see who look at the stamp: one sample per pixel, whatever the form
    norm = grid.disk(55, 12)
    assert (psf.stamps(60, 60)[0] * norm).sum() == pytest.approx(1, abs=1e-6)
    assert psf.stamps(60, 60)[0] == pytest.approx(read.planes[0], abs=1e-8)


def test_narrow_analytic_psfs_get_two_samples_per_pixel():
    for form in ANALYTIC:
        assert formed(form, moffat(2.0)).samples == 2
        assert formed(form, moffat(3.4)).samples == 1
    assert formed("pixelized", moffat(2.0)).samples == 1


@pytest.mark.parametrize(("of", "fwhm"), [("image", 3.0), ("optics", 3.0), ("image", 2.0), ("optics", 2.0)])
def test_the_fwhm_of_a_declared_psf_is_that_of_the_image_or_of_the_optics(of, fwhm):
    """Against GalSim: a Moffat of this FWHM before the pixels, or one whose image has it."""
    made = fallback_psf(fwhm, Psf(fallback={"fwhm_of": of}))
    if of == "optics":
        true = effective(moffat(fwhm), 55)
        true /= (true * grid.disk(55, 12)).sum()
        # as good as GalSim's own rendering
        assert np.abs(made.planes[0] - true).max() < 1e-3 * true.max()
    else:

        def seen(inner):
            middle = effective(moffat(inner), 9, 40)[160, 160:]
            return 2 * np.interp(-middle[0] / 2, -middle, np.arange(161) / 40)

        inner = brentq(lambda value: seen(value) - fwhm, 0.5 * fwhm, fwhm, xtol=1e-3)
        true = effective(moffat(inner), 55)
        true /= (true * grid.disk(55, 12)).sum()
        assert np.abs(made.planes[0] - true).max() < 2e-3 * true.max()


def test_more_samples_per_pixel_of_what_is_band_limited():
    light = moffat(4.0)
    found = grid.upsample(effective(light, 61), 3)
    true = effective(light, 61, 3)
    assert found.shape == (181, 181)
    assert np.abs(found - true)[9:-9, 9:-9].max() < 2e-4 * true.max()
    assert found[::3, ::3] == pytest.approx(effective(light, 61), abs=1e-12)


@pytest.mark.parametrize("samples", [2, 3, 4])
def test_pixels_average_light_that_was_sampled_before_them(samples):
    """Fine pixels of GalSim, summed over a whole pixel at each of them, are its effective PSF."""
    light = moffat(2.5)
    side = samples * 40 + 1
    bins = light.drawImage(nx=side, ny=side, scale=1 / samples, dtype=float).array * samples**2
    found, true = grid.integrate(bins, samples), effective(light, 41, samples)
    assert np.abs(found - true)[samples:-samples, samples:-samples].max() < 1e-3 * true.max()
