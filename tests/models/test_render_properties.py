"""What holds of every rendering, whatever the source: turns, mirrors, places, bands, derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.models import shape
from swath.models.psf import PixelPsf
from swath.models.render import canvas_size, nderiv, render

SIDE = 64
MODELS = st.sampled_from(["star", "exp", "dev", "sersic"])
OFFSETS = st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
ELLIPSES = st.tuples(st.floats(0.3, 5), st.floats(0, 0.85), st.floats(-90, 90), st.floats(0.45, 6))


def gaussian(*sigmas: float) -> PixelPsf:
    """Round Gaussian PSFs sampled at the pixels, one band for each sigma."""
    y, x = np.indices((41, 41)) - 20
    planes = np.stack([np.exp(-(x**2 + y**2) / 2 / s**2) / (2 * np.pi * s**2) for s in sigmas])[:, None]
    return PixelPsf(planes, *np.zeros((2, len(sigmas))), np.ones(len(sigmas)))


PSF = gaussian(1.7)


def parameters(ellipse: tuple[float, float, float, float]) -> np.ndarray:
    re, ell, phi, index = ellipse
    return np.append(shape.from_ellipse(re, ell, phi), np.log(index))


def image(model, offset, pars, psf=PSF, side=SIDE, centre=(SIDE // 2, SIDE // 2), extent=(SIDE + 1, SIDE + 1)):
    """The source at `offset` from pixel (32, 32), drawn on a canvas that lets nothing come back in: (nband, ny, nx)."""
    at = np.array([SIDE // 2 + offset[0], SIDE // 2 + offset[1]])
    stamp = render(psf, model, at, pars, centre, side, extent, False, 192)
    whole = np.zeros((psf.nband, *extent), "f8")
    x0, x1, y0, y1 = stamp.box
    whole[:, y0:y1, x0:x1] = stamp.templates[:, 0]
    return whole


@given(MODELS, OFFSETS, ELLIPSES)
@settings(max_examples=20)
def test_a_quarter_turn_of_everything_turns_the_image(model, offset, ellipse):
    re, ell, phi, index = ellipse
    one = image(model, offset, parameters(ellipse), side=66)[0]
    turned = image(model, (-offset[1], offset[0]), parameters((re, ell, phi + 90, index)), side=66)[0]
    # float32: 3e-7 of the peak.
    assert np.rot90(one, -1) == pytest.approx(turned, abs=1e-6 * one.max())


@given(MODELS, OFFSETS, ELLIPSES)
@settings(max_examples=20)
def test_a_mirrored_source_is_the_mirrored_image(model, offset, ellipse):
    re, ell, phi, index = ellipse
    one = image(model, offset, parameters(ellipse), side=66)[0]
    mirrored = image(model, (-offset[0], offset[1]), parameters((re, ell, 180 - phi, index)), side=66)[0]
    assert one[:, ::-1] == pytest.approx(mirrored, abs=1e-6 * one.max())


@given(MODELS, OFFSETS, ELLIPSES, st.tuples(st.integers(-9, 9), st.integers(-9, 9)), st.sampled_from([24, 32, 40]))
@settings(max_examples=20)
def test_where_the_stamp_lies_does_not_matter(model, offset, ellipse, shift, side):
    """Stamps of other sizes, about other pixels, hold the same light: sources move without their stamps."""
    pars = parameters(ellipse)
    whole = image(model, offset, pars)[0]
    centre = (SIDE // 2 + shift[0], SIDE // 2 + shift[1])
    part = image(model, offset, pars, side=side, centre=centre)[0]
    inside = np.zeros_like(part, bool)
    inside[centre[1] - side // 2 : centre[1] + side // 2, centre[0] - side // 2 : centre[0] + side // 2] = True
    assert part[inside] == pytest.approx(whole[inside], abs=1e-6 * whole.max())
    assert (part[~inside] == 0).all()


@given(MODELS, OFFSETS, ELLIPSES)
@settings(max_examples=12)
def test_each_band_is_that_of_its_own_psf(model, offset, ellipse):
    pars = parameters(ellipse)
    together = image(model, offset, pars, gaussian(1.3, 1.7, 2.4))
    apart = [image(model, offset, pars, gaussian(sigma))[0] for sigma in (1.3, 1.7, 2.4)]
    assert together == pytest.approx(np.stack(apart), abs=1e-7)


@given(OFFSETS, st.floats(0.3, 6), st.floats(0, 0.85), st.floats(-90, 90))
@settings(max_examples=12)
def test_exponential_and_de_vaucouleurs_are_sersic_profiles(offset, re, ell, phi):
    for model, index in (("exp", 1.0), ("dev", 4.0)):
        pars = parameters((re, ell, phi, index))
        one, other = (image(name, offset, pars)[0] for name in (model, "sersic"))
        if model == "dev":
            assert one == pytest.approx(other, abs=1e-6 * one.max())
        else:
            # The exponential's transform is that of the whole profile; Sersic's ends at 8 Re, 2e-5 of the light.
            assert one == pytest.approx(other, abs=1e-4 * one.max())


@given(MODELS, OFFSETS, ELLIPSES)
@settings(max_examples=20)
def test_the_flux_is_one(model, offset, ellipse):
    """All of it: on a grid that holds the profile to its end, none comes back in and none is lost."""
    re = ellipse[0]
    side = 2 * (int(8 * re) + 25)
    grid = canvas_size(side, 8 * re + 25)
    at = np.array([side // 2 + offset[0], side // 2 + offset[1]])
    stamp = render(PSF, model, at, parameters(ellipse), (side // 2, side // 2), side, (side, side), False, grid)
    assert stamp.templates[0, 0].sum(dtype="f8") == pytest.approx(1, abs=1e-4)


@given(MODELS, OFFSETS, ELLIPSES)
@settings(max_examples=20)
def test_derivatives_are_those_of_the_image(model, offset, ellipse):
    """To 1e-4 of the largest value: a five-point formula, so that steps may be large against float32."""
    at, pars = np.array([SIDE // 2 + offset[0], SIDE // 2 + offset[1]]), parameters(ellipse)
    middle, extent = (SIDE // 2, SIDE // 2), (SIDE, SIDE)
    stamp = render(PSF, model, at, pars, middle, SIDE, extent, True, 128)
    start = np.concatenate([at, pars])
    for k in range(nderiv(model)):
        h = 0.04 if k < 2 else 0.02  # small against the edge of the profile
        values = {}
        for step in (-2, -1, 1, 2):
            moved = start.copy()
            moved[k] += step * h
            one = render(PSF, model, moved[:2], moved[2:], middle, SIDE, extent, False, 128)
            values[step] = one.templates[0, 0].astype("f8")
        numeric = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * h)
        analytic = stamp.templates[0, 1 + k]
        # float32 knows an image of peak p to 1e-7 p, its derivative to 1e-7 p / h.
        slack = 1e-4 * np.abs(numeric).max() + 1e-5 * stamp.templates[0, 0].max()
        assert np.abs(numeric - analytic).max() < slack, k
