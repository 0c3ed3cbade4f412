"""The forms that a PSF can take: how what a method found is kept for the fit (`psf.form`).

A fit in Fourier space sees a PSF as a transform and an envelope, so that no form is faster than another. What they
differ in is what they say between the pixels and beyond the stamp:

pixelized : the stamp, as band-limited between its pixels, and nothing beyond it. Right for a FWHM of 2.5 pixels and
    more: against GalSim renderings at subpixel positions, off by 0.06 % of the peak at 3, 0.33 % at 2.5, 1.2 % at 2.
oversampled : several samples per pixel; exact at every subpixel position for any width (see `models.psffold`).
hybrid : the stamp, which passes into an elliptical Moffat between the norm radius and its border, and the Moffat
    beyond. It is for bright stars whose wings outreach the stamp. A mixture of Gaussians is no wing: fitted to stamps
    of 55 pixels of Kolmogorov and Moffat light, 4 Gaussians have 0 to 36 % (once 460 %) of the light at 60 pixels where
    the Moffat, fitted to the same, has 72 to 105 %. As an approximation of the core for galaxies, which is what others
    call hybrid, a mixture saves nothing here.
moffat, gaussian_mixture, ncircular_gaussian : one elliptical Moffat, `n_mixture` elliptical Gaussians or `n_circular`
    round ones (of one common ellipse where the stamp is clearly not round), fitted to the stamp. They end nowhere and
    have no noise, and are wrong where the PSF is not of their kind. Integrated over pixels; below a FWHM of 3 pixels
    with two samples per pixel: transforms in closed form would need the same folds (0.29 % off at 2.5 without).

On a field of SDSS Stripe 82 (FWHM 3.5 to 4 pixels) hybrid and oversampled give bright stars and galaxies the fluxes of
pixelized to 0.01 %, four elliptical or three round Gaussians to 0.2 %; one Moffat makes stars 2 % fainter, as its core
says what its wings are.
"""

from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from . import components, grid

ANALYTIC = ("moffat", "gaussian_mixture", "ncircular_gaussian")
WELL_SAMPLED_PIX = 3.0  # analytic PSFs of a smaller FWHM get two samples per pixel


class Found(NamedTuple):
    """What a method found.

    planes : (nplanes, n, n), n odd, one sample per pixel. fine : the same with `samples` samples per pixel and axis,
        (nplanes, m, m), m odd, or None. rows : components that are all of the PSF, or its wing, where the method knows.
    """

    planes: np.ndarray
    fine: np.ndarray | None = None
    samples: int = 1
    rows: np.ndarray | None = None


class Formed(NamedTuple):
    """A PSF in its form, size and norm.

    planes : (nplanes, size, size), one sample per pixel; plane 0 sums to 1 within the norm radius, the others to 0.
    fine : (nplanes, m, m), m = samples (size - 1) + 1, the planes with `samples` samples per pixel; None for one.
    wings : (ncomponents, 5) light beyond the stamp, or None.
    """

    planes: np.ndarray
    fine: np.ndarray | None
    samples: int
    wings: np.ndarray | None


def in_form(found: Found, settings: Psf) -> Formed:
    """The PSF in the form that `psf.form` names."""
    planes = np.stack([grid.resize(plane, settings.size) for plane in found.planes])
    if settings.form in ANALYTIC:
        rows = found.rows if found.rows is not None else fitted(planes[0], settings.form, settings)
        return _normalised(_drawn(rows, planes, settings), settings)
    if settings.form == "hybrid":
        wing = found.rows if found.rows is not None else components.fit_wing(planes[0], settings.norm_radius_pix / 2)
        return _normalised(_hybrid(wing, planes, settings), settings)
    if settings.form == "oversampled" and found.fine is not None:
        side = found.samples * (settings.size - 1) + 1
        fine = np.stack([grid.resize(plane, side) for plane in found.fine])
        return _normalised(Formed(planes, fine, found.samples, None), settings)
    return _normalised(Formed(planes, None, 1, None), settings)


def fitted(stamp: np.ndarray, model: str, settings: Psf) -> np.ndarray:
    """The analytic model nearest to a stamp, as components."""
    if model == "moffat":
        return components.fit_moffat(stamp)
    if model == "gaussian_mixture":
        return components.fit_mixture(stamp, settings.fallback.n_mixture)
    return components.fit_circular(stamp, settings.fallback.n_circular)


def refined(planes: np.ndarray, rows: np.ndarray, samples: int) -> np.ndarray:
    """Planes (nplanes, n, n) with `samples` samples per pixel: components `rows` drawn, the small rest interpolated."""
    rest = planes.copy()
    rest[0] -= components.draw(rows, planes.shape[-1])
    fine = grid.upsample(rest, samples)
    fine[0] += components.draw(rows, planes.shape[-1], samples)
    return fine


def _drawn(rows: np.ndarray, planes: np.ndarray, settings: Psf) -> Formed:
    """Components instead of plane 0; the slopes are the method's."""
    whole = np.stack([components.draw(rows, settings.size), *planes[1:]])
    if not _narrow(rows):
        return Formed(whole, None, 1, rows)
    return Formed(whole, refined(whole, rows, 2), 2, rows)


def _narrow(rows: np.ndarray) -> bool:
    light = components.draw(rows, 5, 2)
    return bool(_along_axes(light, 3) < light.max() / 2)


def _along_axes(light: np.ndarray, step: int) -> float:
    """Mean of the four values `step` samples from the middle; WELL_SAMPLED_PIX / 2 are 3 half pixels."""
    c = light.shape[-1] // 2
    return float(light[[c - step, c + step, c, c], [c, c, c - step, c + step]].mean())


def _hybrid(wing: np.ndarray, planes: np.ndarray, settings: Psf) -> Formed:
    if not len(wing):
        return Formed(planes, None, 1, None)
    border = settings.size / 2
    core = grid.fade(grid.radii(settings.size), min(settings.norm_radius_pix, border - 1), border)
    first = core * planes[0] + (1 - core) * components.draw(wing, settings.size)
    return Formed(np.stack([first, *(core * plane for plane in planes[1:])]), None, 1, wing)


def _normalised(formed: Formed, settings: Psf) -> Formed:
    """Plane 0 sums to 1 within the norm radius, the others to 0."""
    norm = grid.disk(settings.size, settings.norm_radius_pix)
    total, *slopes = ((plane * norm).sum() for plane in formed.planes)

    def scaled(planes: np.ndarray) -> np.ndarray:
        first = planes[0] / total
        return np.stack([first, *(plane - first * part for plane, part in zip(planes[1:], slopes, strict=True))])

    fine = None if formed.fine is None else scaled(formed.fine)
    wings = None if formed.wings is None else formed.wings * np.array([1 / total, 1, 1, 1, 1])
    return Formed(scaled(formed.planes), fine, formed.samples, wings)
