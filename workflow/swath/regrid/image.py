"""One image of an archive, ready to be laid on the grid."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..config.images import Load, Sky
from ..config.mapping import ArchiveImages
from ..errors import RunError
from ..frames.sky import remove_sky
from ..images import read_image
from ..noise.empty import blank_pixels
from .header import Known
from .measure import measure_gain, sky_and_sigma

NO_WEIGHT = 1e-6


class Ready(NamedTuple):
    """Pixels and what is known of them, in the image's own units, (ny, nx) each.

    pixels : float32, as the file has them, less `sky` where that was subtracted. variance : of the sky, float64.
    bad, saturated : bool; the saturated ones are bad too. sky : what was subtracted in the mean, 0 for nothing.
    gain_error : of a measured gain, 0 for one that was given.
    """

    pixels: np.ndarray
    variance: np.ndarray
    bad: np.ndarray
    saturated: np.ndarray
    sky_sigma: float
    gain: float
    gain_error: float
    sky: float


def make_ready(path: Path, known: Known, archive: ArchiveImages, load: Load, flatten: bool) -> Ready:
    """Read an image, find its bad pixels, its noise and its gain, and take its sky off where asked.

    Raises
    ------
    InputError : the file is damaged, or lacks an HDU. ValueError : it cannot be used, with the reason.
    """
    pixels, _ = read_image(path, archive.hdu)
    bad = ~np.isfinite(pixels)
    if archive.mask_hdu is not None:
        bad |= _same(read_image(path, archive.mask_hdu, dtype=None)[0], pixels, "mask") != 0
    saturated = np.zeros(bad.shape, bool)
    if known.saturation is not None:
        saturated = np.nan_to_num(pixels, nan=-np.inf) >= load.saturation_fraction * known.saturation
    bad |= saturated
    variance = None
    if archive.weight_hdu is not None:
        weight = _same(read_image(path, archive.weight_hdu, dtype="f8")[0], pixels, "weight")
        variance = _variance(weight, archive.weight_is, bad)
    _check_some(bad)
    clean = None
    if known.gain is None or (variance is None and known.sky_sigma is None):
        clean, measured = sky_and_sigma(pixels, bad, load.sky)
    sigma = _sigma(known, variance, bad, None if clean is None else measured)
    if variance is None:
        variance = np.full(pixels.shape, sigma**2)
        bad |= blank_pixels(np.where(bad, 0, pixels), np.full(pixels.shape, sigma, np.float32))
        _check_some(bad)
    gain, error = known.gain, 0.0
    if gain is None:
        gain, error, _ = measure_gain(clean, bad, measured, archive.max_gain_error)
    level = _flatten(pixels, sigma, bad, load.sky) if flatten else 0.0
    return Ready(pixels, variance, bad, saturated, sigma, gain, error, level)


def _flatten(pixels: np.ndarray, sigma: float, bad: np.ndarray, settings: Sky) -> float:
    """Subtract the sky in place, bad pixels as they are; its mean level is returned."""
    # ASSUME where the sky is fitted patch by patch, or left alone, a constant is what images of a band differ by.
    model = "constant" if settings.model == "patch" else settings.model
    kept = pixels[bad]
    pixels[bad] = 0
    try:
        sky = remove_sky(pixels, sigma, bad, settings.model_copy(update={"model": model}))
    except RunError as error:
        raise ValueError(str(error)) from None
    finally:
        pixels[bad] = kept
    return sky.c0


def _variance(weight: np.ndarray, kind: str, bad: np.ndarray) -> np.ndarray:
    """Variance from the noise HDU; pixels where it says nothing become bad, in place."""
    inverse = weight if kind == "inverse_variance" else weight if kind == "variance" else weight**2
    usable = np.isfinite(inverse) & (inverse > 0) & ((weight > 0) | (kind != "sigma"))
    if kind == "inverse_variance" and usable.any():
        usable &= inverse > NO_WEIGHT * np.median(inverse[usable])
    bad |= ~usable
    filled = np.where(usable, inverse, 1.0)
    return 1 / filled if kind == "inverse_variance" else filled


def _sigma(known: Known, variance: np.ndarray | None, bad: np.ndarray, measured: float | None) -> float:
    if variance is not None:
        return float(np.sqrt(np.median(variance[~bad])))
    return known.sky_sigma if known.sky_sigma is not None else measured


def _same(plane: np.ndarray, pixels: np.ndarray, name: str) -> np.ndarray:
    if plane.shape != pixels.shape:
        found, wanted = (f"{nx} x {ny}" for ny, nx in (plane.shape, pixels.shape))
        raise ValueError(f"its {name} has {found} pix, expected {wanted} as the image")
    return plane


def _check_some(bad: np.ndarray) -> None:
    if bad.all():
        raise ValueError("every pixel is masked, saturated, blank or not a number")
