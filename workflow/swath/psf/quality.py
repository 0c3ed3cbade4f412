"""Is a PSF good? Tested on stars that it has not seen."""

from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from . import grid
from .stamps import Stamps, local_background
from .starfit import StarFit, inverse_variance, refine

_ROUNDS = 3


class Score(NamedTuple):
    """Medians over the stars; None without stars.

    rms : residual rms within one FWHM of the centre over the peak, less what noise alone gives.
    ee : encircled energy within one FWHM, star over PSF, minus 1.
    """

    rms: float | None
    ee: float | None


class Tested(NamedTuple):
    """Stars matched with the PSF at their places: fits, background (n,), light of unit flux (n, size, size)."""

    fits: StarFit
    background: np.ndarray
    light: np.ndarray


def match(stamps: Stamps, planes: np.ndarray, u: np.ndarray, v: np.ndarray, settings: Psf) -> Tested:
    """Fit flux and position of every star with the PSF `planes` (nplanes, size, size) at (u, v)."""
    terms = np.stack([np.ones(len(u)), u, v], axis=1)[:, : len(planes)]
    at_star = np.tensordot(terms, np.stack([grid.resize(plane, stamps.size) for plane in planes]), axes=1)
    dx, dy = stamps.offset
    flux = (stamps.data * (grid.radii(stamps.size) < 4)).sum((1, 2))
    fits, background = StarFit(np.maximum(flux, 1e-6), dx, dy), np.zeros(len(dx))
    light = grid.shift(at_star, fits.dx, fits.dy)
    for _ in range(_ROUNDS):
        background = local_background(stamps, fits.flux[:, None, None] * light, settings.local_background)
        fits = refine(stamps, background, light, fits)
        light = grid.shift(at_star, fits.dx, fits.dy)
    return Tested(fits, background, light)


def score(stamps: Stamps, tested: Tested, fwhm: float) -> Score:
    """Score of a PSF on stars."""
    if not len(stamps.data):
        return Score(None, None)
    fits, background, light = tested
    inside = grid.radii(stamps.size) <= fwhm
    residual = stamps.data - background[:, None, None] - fits.flux[:, None, None] * light
    inverse = inverse_variance(stamps, light, fits, 0.0)
    good = (inverse > 0) & inside
    noise = np.where(good, 1 / np.where(good, inverse, 1), 0)
    excess = (np.where(good, residual**2, 0) - noise).sum((1, 2)) / np.maximum(good.sum((1, 2)), 1)
    peak = fits.flux * light.max((1, 2))
    usable = (fits.flux > 0) & (good.sum((1, 2)) > 5)
    if not usable.any():
        return Score(None, None)
    rms = np.sqrt(np.maximum(excess, 0))[usable] / peak[usable]
    lost = (residual * good).sum((1, 2))[usable] / (fits.flux[:, None, None] * light * good).sum((1, 2))[usable]
    return Score(float(np.median(rms)), float(np.median(lost)))


def growth(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radii [pix] and the light of a stamp within them."""
    radii = np.arange(1, image.shape[-1] // 2 + 1).astype(float)
    return radii, np.array([(image * grid.disk(image.shape[-1], radius)).sum() for radius in radii])


def facts(plane: np.ndarray) -> dict[str, float]:
    """Numbers of a PSF for its meta data: half-light radius, width, extremes, centre, light at the edge."""
    radii, light = growth(plane)
    peak = float(plane.max())
    dx, dy = grid.centre(plane, 3.0)
    half = float(np.interp(0.5, light, radii)) if light[-1] > 0.5 else float(radii[-1])
    return {
        "ee_r50": half,
        "ee_r80": float(np.interp(0.8, light, radii)),
        "ee_edge": float(light[-1]),
        "epsf_min": float(plane.min()),
        "epsf_max": peak,
        "fwhm_pix": float(2 * np.sqrt((plane > peak / 2).sum() / np.pi)),
        "centre_x": float(dx),
        "centre_y": float(dy),
    }
