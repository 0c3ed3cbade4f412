"""Is a PSF good? Tested on stars that it has not seen."""

from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from . import grid
from .stamps import Stamps, annulus, local_background
from .starfit import StarFit, inverse_variance, refine

ROUNDS = 4
FEWEST_PIXELS = 5
EE_RADII = (0.5, 1.0, 1.5, 2.0, 3.0)  # in FWHM


class Score(NamedTuple):
    """What held-out stars say; None without a usable star. Noise is taken off: alone it fails no PSF.

    rms : median over the stars of residual rms over peak, within one FWHM.
    ee : largest error of the encircled energy, star minus PSF, as a fraction of the flux; mean over the stars.
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
    core = grid.radii(stamps.size) < 4
    fits = StarFit(np.maximum((stamps.data * core).sum((1, 2)), 1e-6), *stamps.offset)
    background, light = np.zeros(len(u)), grid.shift(at_star, fits.dx, fits.dy)
    for _ in range(ROUNDS):
        background = local_background(stamps, fits.flux[:, None, None] * light, settings.local_background)
        fits = refine(stamps, background, light, fits)
        light = grid.shift(at_star, fits.dx, fits.dy)
    return Tested(fits, background, light)


def score(stamps: Stamps, planes: np.ndarray, u: np.ndarray, v: np.ndarray, fwhm: float, settings: Psf) -> Score:
    """Score of the PSF `planes` on stars at (u, v) in the units of the planes; `fwhm` [pix] is the stars'."""
    if not len(stamps.data):
        return Score(None, None)
    fits, background, light = match(stamps, planes, u, v, settings)
    residual = (stamps.data - background[:, None, None] - fits.flux[:, None, None] * light) * stamps.good
    inverse = inverse_variance(stamps, light, fits)
    variance = np.where(inverse > 0, 1 / np.where(inverse > 0, inverse, 1.0), 0.0)
    pixels = ((inverse > 0) & (grid.radii(stamps.size) <= fwhm)).sum((1, 2))
    usable = (fits.flux > 0) & (pixels > FEWEST_PIXELS)
    if not usable.any():
        return Score(None, None)
    parts = residual[usable], variance[usable], stamps.good[usable], fits.flux[usable]
    return Score(_rms(*parts, light[usable], fwhm), _encircled(*parts, fwhm, settings))


def _rms(
    residual: np.ndarray, variance: np.ndarray, good: np.ndarray, flux: np.ndarray, light: np.ndarray, fwhm: float
) -> float:
    inside = good & (grid.radii(residual.shape[-1]) <= fwhm)
    excess = ((residual**2 - variance) * inside).sum((1, 2)) / inside.sum((1, 2))
    return float(np.median(np.sqrt(np.maximum(excess, 0)) / (flux * light.max((1, 2)))))


def _encircled(
    residual: np.ndarray, variance: np.ndarray, good: np.ndarray, flux: np.ndarray, fwhm: float, settings: Psf
) -> float:
    """Mean residual light within each radius, weighted by its noise; the largest after taking off two sigma of it."""
    size, ring = residual.shape[-1], annulus(residual.shape[-1], settings.local_background)
    level = np.pi / 2 * np.median(variance[good]) / max(ring.sum(), 1)  # variance of a median
    errors = []
    for radius in sorted({min(factor * fwhm, settings.norm_radius_pix) for factor in EE_RADII}):
        disk = grid.disk(size, radius)
        off = (residual * disk).sum((1, 2)) / flux
        noise = ((variance * disk**2).sum((1, 2)) + disk.sum() ** 2 * level) / flux**2
        mean, error = np.average(off, weights=1 / noise), 1 / np.sqrt((1 / noise).sum())
        errors.append(np.sign(mean) * max(abs(mean) - 2 * error, 0.0))
    return float(max(errors, key=abs))


def growth(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radii [pix] and the light of a stamp within them."""
    radii = np.arange(1, image.shape[-1] // 2 + 1).astype(float)
    return radii, np.array([(image * grid.disk(image.shape[-1], radius)).sum() for radius in radii])


def facts(plane: np.ndarray) -> dict[str, float]:
    """Numbers of a PSF for its meta data: half-light radius, width, extremes, centre, light at the edge."""
    radii, light = growth(plane)
    peak = float(plane.max())
    width = _width(plane)
    dx, dy = grid.centre(plane, width)
    return {
        "ee_r50": float(np.interp(0.5, light, radii)),
        "ee_r80": float(np.interp(0.8, light, radii)),
        "ee_edge": float(light[-1]),
        "epsf_min": float(plane.min()),
        "epsf_max": peak,
        "fwhm_pix": width,
        "centre_x": float(dx),
        "centre_y": float(dy),
    }


def _width(plane: np.ndarray) -> float:
    """FWHM [pix] of the mean radial profile, interpolated."""
    radius = grid.radii(plane.shape[-1])
    order = np.argsort(radius.ravel(), kind="stable")
    steps = np.unique(np.round(radius.ravel()[order], 6))
    means = np.array([plane[np.abs(radius - step) < 1e-5].mean() for step in steps[steps < plane.shape[-1] // 2]])
    below = int(np.argmax(means < means[0] / 2)) or len(means) - 1
    return float(2 * np.interp(-means[0] / 2, -means[below - 1 : below + 1], steps[below - 1 : below + 1]))
