"""Rendering with GalSim (Rowe et al. 2015, Astronomy and Computing 10, 121), an optional dependency."""

from types import ModuleType

import numpy as np
import pandas as pd

from ..errors import RunError
from ..models.sersic import TRUNCATION
from ..psf.grid import disk
from .psffield import PsfField

FAINT = 0.01  # stamps reach to where a source falls below this fraction of the sky's noise per pixel
SMALLEST, LARGEST = 41, 401


def load_galsim() -> ModuleType:
    """GalSim.

    Raises
    ------
    RunError : it is not installed.
    """
    try:
        import galsim
    except ModuleNotFoundError:
        raise RunError(
            "GalSim is not installed, and the simulated field needs it; install the extra with `pip install galsim` "
            "(nothing else in swath uses it)"
        ) from None
    return galsim


def render_sources(table: pd.DataFrame, flux: np.ndarray, psf: PsfField, noise: float) -> np.ndarray:
    """The noiseless image of all sources, shape (side, side) float64, every one with the PSF of its own place.

    Parameters
    ----------
    table : from `draw_sources`. flux : (n,) in image units. noise : of the sky per pixel; it decides where stamps end.
    """
    galsim = load_galsim()
    image = np.zeros((psf.side, psf.side))
    for row, total in zip(table.itertuples(), flux, strict=True):
        profile = _convolved(galsim, row, float(total), psf_profile(galsim, psf, row.x, row.y))
        size = stamp_side(row, float(total), psf, noise)
        add_stamp(image, profile, row.x, row.y, size)
    return image


def psf_profile(galsim: ModuleType, psf: PsfField, x: float, y: float) -> object:
    """The PSF at a place as a GalSim object of unit flux: a Moffat without end."""
    fwhm, ell, phi = psf.at(x, y)
    round_one = galsim.Moffat(beta=psf.beta, fwhm=float(fwhm), gsparams=_precise(galsim))
    return round_one.shear(q=1 - float(ell), beta=float(phi) * galsim.degrees)


def psf_stamp(psf: PsfField, x: float, y: float, side: int) -> np.ndarray:
    """The PSF at a place, pixel-integrated and centred on the middle pixel, shape (side, side); its light is 1."""
    galsim = load_galsim()
    return psf_profile(galsim, psf, x, y).drawImage(nx=side, ny=side, scale=1, dtype=float).array


def encircled(psf: PsfField, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Share of the PSF's light within `radius` [pix] at every place, shape (n,)."""
    side = 2 * int(np.ceil(radius + 1)) + 1
    aperture = disk(side, radius)
    return np.array([(psf_stamp(psf, *place, side) * aperture).sum() for place in zip(x, y, strict=True)])


def stamp_side(row: object, flux: float, psf: PsfField, noise: float) -> int:
    """Odd side of the stamp that holds a source."""
    alpha = psf.fwhm / 2 / np.sqrt(2 ** (1 / psf.beta) - 1)
    peak = (psf.beta - 1) / (np.pi * alpha**2) * flux / (FAINT * noise)
    reach = alpha * np.sqrt(max(peak, 1.0) ** (1 / psf.beta) - 1)
    if row.TYPE != "STAR":
        reach += TRUNCATION * row.Re
    return int(np.clip(2 * np.ceil(reach) + 1, SMALLEST, LARGEST))


def add_stamp(image: np.ndarray, profile: object, x: float, y: float, size: int) -> None:
    """Draw a GalSim object centred on (x, y), pixel-integrated, into `image` as far as it reaches."""
    ix, iy, half = round(x), round(y), size // 2
    stamp = profile.drawImage(nx=size, ny=size, scale=1, offset=(x - ix, y - iy), dtype=float).array
    (y0, y1), (x0, x1) = ((max(c - half, 0), min(c + half + 1, n)) for c, n in zip((iy, ix), image.shape, strict=True))
    image[y0:y1, x0:x1] += stamp[y0 - iy + half : y1 - iy + half, x0 - ix + half : x1 - ix + half]


def _convolved(galsim: ModuleType, row: object, flux: float, psf: object) -> object:
    if row.TYPE == "STAR":
        return psf.withFlux(flux)
    q, gsparams = 1 - row.ELL, _precise(galsim)
    radius = row.Re * np.sqrt(q)
    # The half-light radius is that of the profile without its truncation, the flux what lies within: as swath counts.
    galaxy = galsim.Sersic(
        n=row.n, half_light_radius=radius, trunc=TRUNCATION * radius, flux_untruncated=True, gsparams=gsparams
    )
    return galsim.Convolve(galaxy.shear(q=q, beta=row.phi * galsim.degrees).withFlux(flux), psf, gsparams=gsparams)


def _precise(galsim: ModuleType) -> object:
    """GalSim's defaults fold half a per cent of the light back into the stamp."""
    return galsim.GSParams(folding_threshold=5e-4, kvalue_accuracy=1e-5, maxk_threshold=1e-3, maximum_fft_size=16384)
