"""The PSF of a band and cell without good stars: a declared form with the FWHM that the header states."""

import numpy as np
from scipy.optimize import least_squares

from ..config.psf import Psf
from . import moffat
from .grid import disk
from .mixture import circular, fit_mixture

PIXEL_WIDTH_SQUARED = 8 * np.log(2) / 12  # a pixel has the variance 1/12; a Gaussian's FWHM^2 is 8 ln 2 times that


def fallback_psf(fwhm: float | None, settings: Psf) -> np.ndarray:
    """The stamp (size, size), which sums to 1 within the norm radius.

    Parameters
    ----------
    fwhm : of the frame [pix]; None takes `psf.fallback.fwhm_pix`.
    """
    width = settings.fallback.fwhm_pix if fwhm is None else fwhm
    # ASSUME the FWHM of a header is that of the image: the pixel's own width must not be added to it again
    inner = np.sqrt(max(width**2 - PIXEL_WIDTH_SQUARED, 0.25 * width**2))
    round_moffat = moffat.render(moffat.from_fwhm(inner, settings.fallback.moffat_beta), settings.size)
    if settings.fallback.model == "moffat":
        stamp = round_moffat
    elif settings.fallback.model == "gaussian_mixture":
        stamp = fit_mixture(round_moffat, settings.fallback.n_mixture)
    else:
        stamp = nearest_circular(round_moffat, settings.fallback.n_circular)
    return stamp / (stamp * disk(settings.size, settings.norm_radius_pix)).sum()


def nearest_circular(stamp: np.ndarray, count: int) -> np.ndarray:
    """The sum of `count` round Gaussians nearest to a stamp."""
    size, peak = stamp.shape[-1], float(stamp.max())
    width = np.sqrt(stamp.sum() / (2 * np.pi * peak))
    start = np.concatenate([np.log(width * np.geomspace(0.8, 3.0, count)), np.log(np.full(count, stamp.sum() / count))])

    def draw(values: np.ndarray) -> np.ndarray:
        return circular(size, np.exp(values[:count]), np.exp(values[count:]))

    return draw(least_squares(lambda values: ((draw(values) - stamp) / peak).ravel(), start, max_nfev=200).x)
