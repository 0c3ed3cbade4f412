"""Method `stack`: an elliptical Moffat for all stars, plus what they have in common beyond it (see `residual`).

Within the cell the PSF may change linearly (see `vary`). Stars of other cells may take part with less weight.
"""

from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from . import grid, starfit
from .joint import fit_moffat
from .moffat import Moffat, from_fwhm, render
from .residual import stack_residual, trusted
from .stamps import Stamps, local_background
from .starfit import StarFit, refine
from .vary import derivative_planes, slope_step

ROUNDS = 4


class Model(NamedTuple):
    """A PSF while it is built, on the stamps' grid.

    image : PSF at the reference position, shape (size, size), sums to 1 within the norm radius.
    slopes : coefficients (2, 3) of the second-derivative images per unit of u and v.
    moffat : the analytic part of `image`, of which `share` is in it.
    """

    image: np.ndarray
    slopes: np.ndarray
    moffat: Moffat
    share: float

    @property
    def analytic(self) -> np.ndarray:
        """The analytic part at the reference position, shape (size, size)."""
        return self.share * render(self.moffat, self.image.shape[-1])


class Result(NamedTuple):
    """What came out.

    planes : shape (1 or 3, size, size) at the stamps' size.
    weight : relative weight of each star, shape (n,), the largest 1; 0 for a star that was left out.
    fits, background : per star. moffat : the analytic part, of which `share` is in plane 0.
    """

    planes: np.ndarray
    weight: np.ndarray
    fits: StarFit
    background: np.ndarray
    moffat: Moffat
    share: float


def build(
    stamps: Stamps,
    u: np.ndarray,
    v: np.ndarray,
    fwhm: float,
    settings: Psf,
    linear: bool,
    nearness: np.ndarray | None = None,
) -> Result:
    """Build the PSF of one band from star stamps.

    Parameters
    ----------
    u, v : star positions in the units of the planes, (x - x0) / scale, shape (n,).
    fwhm : first guess [pix].
    linear : let the second moments vary with u and v.
    nearness : extra weight per star, shape (n,), 1 for the cell's own; None for all 1.
    """
    nearness = np.ones(len(u)) if nearness is None else nearness
    norm = grid.disk(stamps.size, settings.norm_radius_pix)
    model, fits = _start(stamps, fwhm, settings, norm, nearness)
    basis, outer = np.stack([u, v], axis=1), settings.taper_pix[1]
    for _ in range(ROUNDS):
        derived = derivative_planes(model.image, model.analytic, norm, outer)
        light = star_light(model, derived, basis, fits)
        background = local_background(stamps, fits.flux[:, None, None] * light, settings.local_background)
        fits = refine(stamps, background, light, fits)
        light = star_light(model, derived, basis, fits)
        used = starfit.usable(stamps, background, light, fits, settings.min_stars)
        weight = starfit.weights(stamps, light, fits) * nearness * used
        if linear:
            step = slope_step(stamps, background, light, derived, basis, fits, weight)
            model = model._replace(slopes=model.slopes + step)
            light = star_light(model, derived, basis, fits)
        model, fits = _update(model, fits, *stack_residual(stamps, background, light, fits, weight), norm, settings)
    planes = [model.image]
    if linear:
        planes += list(np.tensordot(model.slopes, derivative_planes(model.image, model.analytic, norm, outer), axes=1))
    return Result(np.stack(planes), weight / max(weight.max(), 1e-30), fits, background, model.moffat, model.share)


def star_light(model: Model, derived: np.ndarray, basis: np.ndarray, fits: StarFit) -> np.ndarray:
    """The PSF at each star, at its place in its stamp, shape (n, size, size), for unit flux.

    The analytic part is drawn where the star is; only the small rest is shifted.
    """
    rest = model.image - model.analytic + np.tensordot(basis @ model.slopes, derived, axes=1)
    drawn = model.share * render(model.moffat, model.image.shape[-1], fits.dx, fits.dy)
    return drawn + grid.shift(rest, fits.dx, fits.dy)


def _start(stamps: Stamps, fwhm: float, settings: Psf, norm: np.ndarray, nearness: np.ndarray) -> tuple[Model, StarFit]:
    """The Moffat alone."""
    moffat = from_fwhm(fwhm, settings.fallback.moffat_beta)
    flux = (stamps.data * (grid.radii(stamps.size) < fwhm)).sum((1, 2))
    fits = StarFit(np.maximum(flux, 1e-6), *stamps.offset)
    weight = nearness
    for _ in range(2):
        light = render(moffat, stamps.size, fits.dx, fits.dy)
        background = local_background(stamps, fits.flux[:, None, None] * light, settings.local_background)
        moffat, fits = fit_moffat(stamps, background, moffat, fits, settings.norm_radius_pix, weight)
        light = render(moffat, stamps.size, fits.dx, fits.dy)
        weight = nearness * starfit.usable(stamps, background, light, fits, settings.min_stars)
    image = render(moffat, stamps.size)
    total = (image * norm).sum()
    return Model(image / total, np.zeros((2, 3)), moffat, 1 / total), fits._replace(flux=fits.flux * total)


def _update(
    model: Model, fits: StarFit, residual: np.ndarray, variance: np.ndarray, norm: np.ndarray, settings: Psf
) -> tuple[Model, StarFit]:
    """Add the stacked residual, then restore the norm and the centre; the stars' parameters follow."""
    analytic = model.analytic
    image = analytic + trusted(model.image - analytic + residual, variance, analytic, settings)
    dx, dy = grid.centre(image, model.moffat.fwhm)
    image = grid.shift(image, -dx, -dy)
    scale = (image * norm).sum()
    fits = StarFit(fits.flux * scale, fits.dx + dx, fits.dy + dy)
    return model._replace(image=image / scale, share=model.share / scale), fits
