"""Method `stack`: an elliptical Moffat for all stars, plus what they have in common beyond it.

The PSF is Moffat + residual. The residual is stacked on the PSF's centre, smoothed, and kept in two dimensions where
the stars speak (it fades out between `taper_pix`); farther out only its mean over rings, as far as it stands out
of the noise. Within the cell the PSF may change linearly: the second moments (size, plus, cross) do.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from ..config.psf import Psf
from . import grid, shrink
from .joint import StarFit, fit_moffat
from .moffat import Moffat, from_fwhm, render
from .stamps import Stamps, local_background

SNR_CAP = 300.0  # ASSUME no star says more about the PSF than one of this S/N: its own peculiarities are systematic
SMOOTH_PIX = 0.8
ROUNDS = 5
CLIP = 4.0  # robust standard deviations of a star's misfit
PIXEL_CLIP, PIXEL_MODEL_ERROR = 5.0, 0.05


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


class Result(NamedTuple):
    """What came out.

    planes : shape (1 or 3, size, size) at the stamps' size.
    used : bool (n,), stars that were not clipped; weight : relative weight (n,), 0 for those.
    fits, background : per star. moffat : analytic part.
    """

    planes: np.ndarray
    used: np.ndarray
    weight: np.ndarray
    fits: StarFit
    background: np.ndarray
    moffat: Moffat


def build(stamps: Stamps, u: np.ndarray, v: np.ndarray, fwhm: float, settings: Psf, linear: bool, kern=None, kern2=None) -> Result:
    """Build the PSF of one band from star stamps.

    Parameters
    ----------
    u, v : star positions in the units of the planes, (x - x0) / scale, shape (n,).
    fwhm : first guess [pix].
    linear : let the second moments vary with u and v.
    """
    norm = grid.disk(stamps.size, settings.norm_radius_pix)
    kern = np.ones(len(u)) if kern is None else kern
    kern2 = kern if kern2 is None else kern2
    model, fits, background, used = _start(stamps, fwhm, settings, norm, kern)
    basis = np.stack([u, v], axis=1)
    for turn in range(ROUNDS):
        derived = derivative_planes(model.image, norm, settings)
        light = star_light(model, derived, basis, fits)
        background = local_background(stamps, fits.flux[:, None, None] * light, settings.local_background)
        fits = refine(stamps, background, light, fits)
        light = star_light(model, derived, basis, fits)
        used = clip_stars(stamps, background, light, fits, settings.min_stars) if turn else used
        weight = star_weights(stamps, light, fits) * used
        if linear:
            model = model._replace(slopes=model.slopes + slope_step(stamps, background, light, derived, basis, fits, weight*kern2))
            light = star_light(model, derived, basis, fits)
        residual, noise = stack_residual(stamps, background, light, fits, weight * kern)
        model, fits = _update(model, fits, residual, noise, norm, settings)
    derived = derivative_planes(model.image, norm, settings)
    planes = [model.image]
    if linear:
        planes += list(np.tensordot(model.slopes, derived, axes=1))
    return Result(np.stack(planes), used, weight / max(weight.max(), 1e-30), fits, background, model.moffat)


def _start(
    stamps: Stamps, fwhm: float, settings: Psf, norm: np.ndarray, kern
) -> tuple[Model, StarFit, np.ndarray, np.ndarray]:
    dx, dy = stamps.offset
    moffat, used = from_fwhm(fwhm, settings.fallback.moffat_beta), np.ones(len(dx), bool)
    flux = (stamps.data * (grid.radii(stamps.size) < fwhm)).sum((1, 2)) / 0.8
    fits, background = StarFit(np.maximum(flux, 1e-6), dx, dy), np.zeros(len(dx))
    for _ in range(2):
        light = fits.flux[:, None, None] * render(moffat, stamps.size, fits.dx, fits.dy)
        background = local_background(stamps, light, settings.local_background)
        moffat, fits = fit_moffat(stamps, background, moffat, fits, settings.norm_radius_pix, used * kern)
    image = render(moffat, stamps.size)
    total = (image * norm).sum()
    fits = fits._replace(flux=fits.flux * total)
    return Model(image / total, np.zeros((2, 3)), moffat, 1 / total), fits, background, used


def derivative_planes(image: np.ndarray, norm: np.ndarray, settings: Psf) -> np.ndarray:
    """Second-derivative images (3, size, size) of a PSF that change no flux within the norm radius."""
    fade = grid.fade(grid.radii(image.shape[-1]), settings.taper_pix[1], settings.taper_pix[1] + 4)
    planes = grid.second_derivatives(image) * fade
    return planes - image * ((planes * norm).sum((1, 2)) / (image * norm).sum())[:, None, None]


def star_light(model: Model, derived: np.ndarray, basis: np.ndarray, fits: StarFit) -> np.ndarray:
    """The PSF at each star, at its place in its stamp, shape (n, size, size), for unit flux.

    The analytic part is drawn where the star is; only the small rest is shifted.
    """
    size = model.image.shape[-1]
    rest = model.image - model.share * render(model.moffat, size)
    rest = rest + np.tensordot(basis @ model.slopes, derived, axes=1)
    return model.share * render(model.moffat, size, fits.dx, fits.dy) + grid.shift(rest, fits.dx, fits.dy)


def refine(stamps: Stamps, background: np.ndarray, light: np.ndarray, fits: StarFit) -> StarFit:
    """One Gauss-Newton step of flux and position of every star for a given PSF."""
    size = stamps.size
    grad_y, grad_x = np.gradient(light, axis=(1, 2))
    basis = np.stack([light, -grad_x, -grad_y], axis=1).reshape(len(light), 3, -1)
    inverse = inverse_variance(stamps, light, fits).reshape(len(light), -1)
    data = (stamps.data - background[:, None, None]).reshape(len(light), -1)
    inner = (grid.radii(size) < size // 4).ravel()
    weighted = basis * (inverse * inner)[:, None]
    normal = weighted @ basis.swapaxes(1, 2)
    flux, along_x, along_y = np.linalg.solve(normal, weighted @ data[:, :, None])[..., 0].T
    step = np.clip(np.stack([along_x, along_y]) / np.where(flux == 0, 1, flux), -0.5, 0.5)
    return StarFit(flux, fits.dx + step[0], fits.dy + step[1])


def inverse_variance(stamps: Stamps, light: np.ndarray, fits: StarFit, model_error: float = 0.01) -> np.ndarray:
    """Weights of the pixels of each star, shape (n, size, size): sky, photons of the model, and its own error."""
    model = np.maximum(fits.flux[:, None, None] * light, 0)
    return stamps.good / (stamps.variance + model / stamps.gain + (model_error * model) ** 2)


def star_snr(stamps: Stamps, light: np.ndarray, fits: StarFit) -> np.ndarray:
    """S/N of each star's flux in a PSF fit, shape (n,)."""
    information = (light**2 * inverse_variance(stamps, light, fits, 0.0)).sum((1, 2))
    return fits.flux * np.sqrt(information)


def star_weights(stamps: Stamps, light: np.ndarray, fits: StarFit) -> np.ndarray:
    """Weight of each star's unit-flux image, shape (n,): S/N^2, levelling off at SNR_CAP."""
    snr = np.maximum(star_snr(stamps, light, fits), 0)
    return snr**2 / (1 + (snr / SNR_CAP) ** 2)


def clip_stars(
    stamps: Stamps, background: np.ndarray, light: np.ndarray, fits: StarFit, least: int
) -> np.ndarray:
    """Stars that look like the others, bool (n,): misfit within CLIP robust standard deviations of the median.

    Never fewer than `least` or half of the stars remain; with three or fewer nobody can tell who is odd.
    """
    inner = grid.radii(stamps.size) < 10
    residual = stamps.data - background[:, None, None] - fits.flux[:, None, None] * light
    inverse = inverse_variance(stamps, light, fits, 0.02) * inner
    misfit = np.sqrt((inverse * residual**2).sum((1, 2)) / np.maximum((inverse > 0).sum((1, 2)), 1))
    positive = fits.flux > 0
    if len(misfit) <= 3:
        return positive
    median = np.median(misfit[positive]) if positive.any() else 0.0
    spread = max(1.4826 * np.median(np.abs(misfit[positive] - median)), 0.1 * median) if positive.any() else 0.0
    keep = positive & (misfit <= median + CLIP * spread)
    if keep.sum() < max(least, (len(keep) + 1) // 2):
        order = np.argsort(np.where(positive, misfit, np.inf), kind="stable")
        keep = np.isin(np.arange(len(keep)), order[: max(least, (len(keep) + 1) // 2)]) & positive
    return keep


def slope_step(
    stamps: Stamps,
    background: np.ndarray,
    light: np.ndarray,
    derived: np.ndarray,
    basis: np.ndarray,
    fits: StarFit,
    weight: np.ndarray,
) -> np.ndarray:
    """Change of the slopes (2, 3): second moments of every star's residual, regressed on its position."""
    size, count = stamps.size, len(light)
    grad_y, grad_x = np.gradient(light, axis=(1, 2))
    placed = grid.shift(np.broadcast_to(derived, (count, 3, size, size)), fits.dx[:, None], fits.dy[:, None])
    columns = np.concatenate([light[:, None], grad_x[:, None], grad_y[:, None], placed], axis=1)
    columns = columns.reshape(count, 6, -1) * fits.flux[:, None, None]
    inverse = (inverse_variance(stamps, light, fits) * (grid.radii(size) < size // 4)).reshape(count, -1)
    residual = (stamps.data - background[:, None, None]).reshape(count, -1) - fits.flux[:, None] * light.reshape(count, -1)
    weighted = columns * inverse[:, None]
    moments = np.linalg.solve(weighted @ columns.swapaxes(1, 2), weighted @ residual[:, :, None])[:, 3:, 0]
    design = np.concatenate([np.ones((count, 1)), basis], axis=1)
    root = np.sqrt(weight)[:, None]
    return np.linalg.lstsq(design * root, moments * root, rcond=None)[0][1:]


def stack_residual(
    stamps: Stamps, background: np.ndarray, light: np.ndarray, fits: StarFit, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean residual of the unit-flux stars on the PSF's centre, and its variance, shape (size, size) each.

    A masked pixel counts as equal to the model with weight 0: nothing is interpolated across it.
    """
    flux = np.where(fits.flux > 0, fits.flux, 1.0)[:, None, None]
    residual = (stamps.data - background[:, None, None]) / flux - light
    variance = (stamps.variance + np.maximum(flux * light, 0) / stamps.gain) / flux**2
    odd = residual**2 > PIXEL_CLIP**2 * (variance + (PIXEL_MODEL_ERROR * light) ** 2)
    usable = stamps.good & ~odd
    residual = grid.shift(np.where(usable, residual, 0.0), -fits.dx, -fits.dy)
    usable = usable & (weight > 0)[:, None, None]
    variance = np.where(usable, variance, 0.0)
    share = weight[:, None, None] * usable
    total = share.sum(0)
    mean = (share * residual).sum(0) / np.maximum(total, 1e-30)
    return mean, (share**2 * variance).sum(0) / np.maximum(total, 1e-30) ** 2


def _update(
    model: Model, fits: StarFit, residual: np.ndarray, noise: np.ndarray, norm: np.ndarray, settings: Psf
) -> tuple[Model, StarFit]:
    """Add the stacked residual, then restore the norm and the centre; the stars' parameters follow."""
    analytic = model.share * render(model.moffat, model.image.shape[-1])
    image = analytic + shrink.trusted(model.image - analytic + residual, noise, analytic, settings)
    dx, dy = grid.centre(image, model.moffat.fwhm)
    image = grid.shift(image, -dx, -dy)
    scale = (image * norm).sum()
    fits = StarFit(fits.flux * scale, fits.dx + dx, fits.dy + dy)
    return model._replace(image=image / scale, share=model.share / scale), fits
