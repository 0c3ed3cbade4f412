"""Templates against GalSim and against what every rendering must obey."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.models import sersic, shape
from swath.models.psf import PixelPsf
from swath.models.render import canvas_size, nderiv, render

SIZE = 96
MODELS = ["star", "exp", "dev", "sersic"]


def gaussian_psf(fwhm: float = 4.0, size: int = 41) -> PixelPsf:
    """A pixel-integrated Gaussian, by exact integration."""
    from scipy.special import erf

    sigma = fwhm / 2.3548200450309493
    edge = np.arange(size + 1) - size / 2
    line = np.diff(erf(edge / sigma / np.sqrt(2))) / 2
    return PixelPsf(np.outer(line, line)[None, None], [0.0], [0.0], [1.0])


def parameters(re=4.0, ell=0.4, phi=30.0, index=2.0):
    return np.append(shape.from_ellipse(re, ell, phi), np.log(index))


def draw(model, x, y, pars, derivatives=False, size=SIZE, psf=None, extent=None):
    centre = (size // 2, size // 2)
    return render(
        psf or gaussian_psf(), model, np.array([x, y]), pars, centre, size, extent or (size, size), derivatives
    )


@pytest.mark.parametrize(
    ("index", "re", "ell", "phi"),
    [(0.5, 3, 0.2, 10), (1, 5, 0.3, 30), (4, 3, 0.5, -60), (0.7, 7, 0, 0), (2.5, 4, 0.6, 80), (6, 2, 0.1, 45)],
)
def test_galaxies_match_galsim(index, re, ell, phi):
    galsim = pytest.importorskip("galsim")
    size, dx, dy, q = 256, 0.3, -0.4, 1 - ell
    radius = re * np.sqrt(q)
    galaxy = galsim.Sersic(n=index, half_light_radius=radius, trunc=sersic.TRUNCATION * radius, flux_untruncated=True)
    galaxy = galaxy.shear(q=q, beta=phi * galsim.degrees).withFlux(1)
    fine = galsim.GSParams(maximum_fft_size=16384, kvalue_accuracy=1e-6, folding_threshold=1e-4)
    both = galsim.Convolve(galaxy, galsim.Gaussian(fwhm=4.0), gsparams=fine).shift(dx + 0.5, dy + 0.5)
    expected = both.drawImage(nx=size, ny=size, scale=1).array
    model = {1: "exp", 4: "dev"}.get(index, "sersic")
    found = draw(model, size // 2 + dx, size // 2 + dy, parameters(re, ell, phi, index), size=size).templates[0, 0]
    # Promised: 0.1 % of the flux, 0.2 % of the peak per pixel. What is left is the PSF stamp's edge and float32.
    assert found.sum() == pytest.approx(expected.sum(), abs=1e-4)
    assert np.abs(found - expected).max() < 2e-4 * expected.max()


@given(
    st.sampled_from(MODELS),
    st.floats(-0.5, 0.5),
    st.floats(-0.5, 0.5),
    st.floats(0.3, 4),
    st.floats(0, 0.8),
    st.floats(-90, 90),
    st.floats(0.5, 5),
)
@settings(max_examples=60, deadline=None)
def test_flux_is_conserved_and_the_centre_is_where_it_was_put(model, dx, dy, re, ell, phi, index):
    stamp = draw(model, SIZE // 2 + dx, SIZE // 2 + dy, parameters(re, ell, phi, index))
    image = stamp.templates[0, 0].astype("f8")
    # The transform at wave number 0 is 1, so that the flux is exact whatever wraps around.
    assert image.sum() == pytest.approx(1, abs=2e-5)
    if model == "star" or re * (1 - ell) < 2:
        axis = np.arange(SIZE)
        wide = 30  # the wings beyond wrap around symmetrically to the stamp, not to the source
        window = np.abs(axis - SIZE // 2) <= wide
        core = image * np.outer(window, window)
        if model in ("star", "exp"):
            assert (core.sum(0) @ axis) / core.sum() == pytest.approx(SIZE // 2 + dx, abs=5e-3)


@given(st.sampled_from(MODELS), st.integers(-5, 5), st.integers(-5, 5))
@settings(max_examples=30, deadline=None)
def test_whole_pixel_shifts_move_the_image(model, sx, sy):
    pars = parameters()
    here = draw(model, SIZE // 2 + 0.2, SIZE // 2 - 0.3, pars).templates[0, 0]
    there = draw(model, SIZE // 2 + 0.2 + sx, SIZE // 2 - 0.3 + sy, pars).templates[0, 0]
    assert np.roll(here, (sy, sx), axis=(0, 1)) == pytest.approx(there, abs=3e-7)


@pytest.mark.parametrize("model", MODELS)
def test_a_quarter_turn_of_the_galaxy_turns_the_image(model):
    one = draw(model, SIZE // 2, SIZE // 2, parameters(phi=20.0)).templates[0, 0]
    turned = draw(model, SIZE // 2, SIZE // 2, parameters(phi=110.0)).templates[0, 0]
    # The centre is pixel SIZE // 2: drop the first row and column to turn about it.
    assert np.rot90(one[1:, 1:], -1) == pytest.approx(turned[1:, 1:], abs=3e-7)


@given(st.sampled_from(MODELS), st.floats(0.5, 5), st.floats(0, 0.7), st.floats(-90, 90), st.floats(0.6, 4.5))
@settings(max_examples=40, deadline=None)
def test_derivatives_match_finite_differences(model, re, ell, phi, index):
    pars, position = parameters(re, ell, phi, index), np.array([SIZE // 2 + 0.3, SIZE // 2 - 0.2])
    stamp = draw(model, *position, pars, derivatives=True)
    assert stamp.templates.shape[1] == 1 + nderiv(model)
    for k in range(nderiv(model)):
        step = np.zeros(6)
        step[k] = 1e-2
        above, below = (
            draw(model, *(position + s * step[:2]), pars + s * step[2:]).templates[0, 0].astype("f8") for s in (1, -1)
        )
        numeric = (above - below) / 2e-2
        # float32 images of peak p know a difference to about 3e-7 p / h = 3e-5 p; the parabola leaves 1e-4.
        slack = 3e-4 * np.abs(numeric).max() + 5e-5 * above.max()
        assert np.abs(numeric - stamp.templates[0, 1 + k]).max() < slack


def test_stamps_are_cut_to_the_image():
    whole = draw("exp", 48.0, 48.0, parameters())
    cut = render(gaussian_psf(), "exp", np.array([3.0, 90.0]), parameters(), (3, 90), SIZE, (100, 120), False)
    x0, x1, y0, y1 = cut.box
    assert (x0, x1, y0, y1) == (0, 51, 42, 100)
    assert cut.templates[0, 0] == pytest.approx(whole.templates[0, 0][: y1 - y0, 45 : 45 + x1], abs=1e-9)
    away = render(gaussian_psf(), "exp", np.array([900.0, 900.0]), parameters(), (900, 900), SIZE, (100, 120), False)
    assert away.templates.size == 0


def test_varying_psf_is_linear_in_position():
    base = gaussian_psf(4.0).planes[0, 0]
    slope = gaussian_psf(5.0).planes[0, 0] - base
    psf = PixelPsf(np.stack([base, slope, 2 * slope])[None], [10.0], [20.0], [100.0])
    stamp = render(psf, "star", np.array([60.0, 45.0]), np.zeros(4), (60, 45), 64, (128, 128), False).templates[0, 0]
    expected = base + 0.5 * slope + 0.25 * 2 * slope
    assert stamp[32 - 20 : 32 + 21, 32 - 20 : 32 + 21] == pytest.approx(expected, abs=1e-7)
    assert psf.stamps(60.0, 45.0)[0] == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "index", "re"), [("dev", 4.0, 30.0), ("exp", 1.0, 50.0)])
def test_galaxies_larger_than_their_stamp_do_not_come_back_in(model, index, re):
    """Light beyond the stamp is left out, not folded back: a stamp cut from a larger grid is the profile itself."""
    from scipy.integrate import quad

    psf, size = gaussian_psf(), 128
    pars = parameters(re, 0.0, 0.0, index)
    middle = np.array([64.0, 64.0])
    canvas = canvas_size(size, 8 * re)
    stamp = render(psf, model, middle, pars, (64, 64), size, (size, size), False, canvas).templates[0, 0]
    b = {4.0: 7.669249443, 1.0: 1.678346990}[index]

    def profile(r: float) -> float:
        return float(np.exp(-b * (r / re) ** (1 / index)))

    total = quad(lambda r: 2 * np.pi * r * profile(r), 0, 8 * re, limit=200)[0]
    # Far from the centre the PSF hardly matters: brightness along the row, to the edge of the stamp.
    row = np.array([stamp[64, 64 + r] for r in (25, 40, 63)])
    expected = np.array([profile(r) for r in (25, 40, 63)]) / total
    assert row == pytest.approx(expected, rel=0.02)
    folded = render(psf, model, middle, pars, (64, 64), size, (size, size), False).templates[0, 0]
    assert folded[64, 127] > 1.3 * stamp[64, 127]
