"""The PSF of a band and cell without good stars: a declared form with the FWHM that the header states."""

import numpy as np

from ..config.psf import Fallback, Psf
from . import components, moffat
from .forms import Formed, Found, fitted, in_form

PIXEL_WIDTH_SQUARED = 8 * np.log(2) / 12  # a pixel has the variance 1/12; a Gaussian's FWHM^2 is 8 ln 2 times that


def fallback_psf(fwhm: float | None, settings: Psf) -> Formed:
    """The PSF in its form, size and norm; analytic, so that forms with wings have this profile's.

    Parameters
    ----------
    fwhm : of the frame [pix]; None takes `psf.fallback.fwhm_pix`.
    """
    chosen = settings.fallback
    rows = _moffat(chosen.fwhm_pix if fwhm is None else fwhm, chosen)
    if chosen.model != "moffat":
        rows = fitted(components.draw(rows, settings.size), chosen.model, settings)
    samples = settings.oversampling if settings.form == "oversampled" else 1
    fine = components.draw(rows, settings.size, samples)[None] if samples > 1 else None
    return in_form(Found(components.draw(rows, settings.size)[None], fine, samples, rows), settings)


def _moffat(fwhm: float, chosen: Fallback) -> np.ndarray:
    """The round Moffat of a FWHM, as a component."""
    rows = components.of_moffat(moffat.from_fwhm(fwhm, chosen.moffat_beta))
    if chosen.fwhm_of == "optics":
        return rows
    # ASSUME the FWHM of a header is that of the image: the pixel's own width must not be added to it again
    width = np.sqrt(max(fwhm**2 - PIXEL_WIDTH_SQUARED, 0.25 * fwhm**2))
    for _ in range(4):
        rows = components.of_moffat(moffat.from_fwhm(width, chosen.moffat_beta))
        width *= fwhm / components.image_fwhm(rows, fwhm)
    return rows
