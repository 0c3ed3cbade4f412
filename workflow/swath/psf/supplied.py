"""Method `supplied`: the user's own PSF image of a band, with one sample per pixel or several."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from astropy.io import fits

from ..config.psf import Psf
from ..errors import InputError
from ..images import read_header, read_image
from .forms import Formed, Found, in_form
from .grid import centre, disk, integrate, resize, shift

SMALLEST_PIX, LARGEST_PIX = 5, 1001  # a smaller stamp holds no profile, a larger one is another image
FARTHEST_PIX = 0.5  # farther off its middle pixel a stamp is taken for a mistake
CENTRED_PIX = 0.02  # farther off it is moved there, or every fitted position would be off by as much
WINDOW_PIX = 3.0  # FWHM of the window of the centre
LEAST_SUM, LARGEST_SUM = 1e-6, 1e9
LEAST_WITHIN = 0.5  # of all light within the norm radius; a background left in the stamp has less
MOST_SAMPLES = 16
CARD = "OVERSAMP"


class SuppliedImage(NamedTuple):
    """The PSF of an `inputs.images` entry, `of` the image or of the optics; samples None: as the header says."""

    path: str | Path | None
    hdu: int | str | None = None
    samples: int | None = None
    of: str | None = None


def supplied(images: Mapping[str, Mapping[str, Any]]) -> dict[str, SuppliedImage]:
    """Band -> PSF image, of `inputs.images` entries in plain types."""
    names = "psf", "psf_hdu", "psf_oversampling", "psf_of"
    return {band: SuppliedImage(*(image[name] for name in names)) for band, image in images.items()}


def supplied_psf(image: SuppliedImage, settings: Psf) -> Formed:
    """The PSF in its form, centred, padded or cut to `psf.size`.

    Raises
    ------
    InputError : unreadable, or not usable as a PSF; every reason at once.
    """
    if problems := stamp_problems(image, settings):
        raise InputError(problems)
    stamp, header = read_image(image.path, image.hdu, dtype="f8")
    samples = samples_per_pixel(image, header)
    square = resize(stamp, max(stamp.shape))
    dx, dy = centre(square / square.sum(), WINDOW_PIX * samples)
    square = shift(square, -dx, -dy) if np.hypot(dx, dy) > CENTRED_PIX * samples else square
    if image.of == "optics":
        square = integrate(square, samples)
    half = square.shape[-1] // 2 // samples
    fine = resize(square, 2 * samples * half + 1)
    return in_form(Found(fine[None, ::samples, ::samples], fine[None], samples), settings)


def stamp_problems(image: SuppliedImage, settings: Psf) -> list[str]:
    """What is wrong with a PSF image, in sentences; its pixels are read. Empty for a usable one."""
    try:
        header = read_header(image.path, image.hdu)
        problems = [
            *side_problems(image.path, (header["NAXIS2"], header["NAXIS1"])),
            *_sampling(image, header, settings),
        ]
        stamp, _ = read_image(image.path, image.hdu, dtype="f8")
    except InputError as error:
        return error.problems
    problems += _values(image.path, stamp)
    # How wide the light is, and where, is told in pixels: not before their number is known.
    return problems or _light(image.path, stamp, samples_per_pixel(image, header), settings)


def samples_per_pixel(image: SuppliedImage, header: fits.Header) -> int:
    """What the config says, else the header's card OVERSAMP, else 1."""
    return int(image.samples if image.samples is not None else header.get(CARD, 1))


def side_problems(path: str | Path, shape: tuple[int, int]) -> list[str]:
    """What is wrong with the shape (ny, nx) of a PSF stamp."""
    problems = ["both sides must be odd"] if shape[0] % 2 == 0 or shape[1] % 2 == 0 else []
    problems += [f"expected at least {SMALLEST_PIX} on each side"] if min(shape) < SMALLEST_PIX else []
    problems += [f"expected at most {LARGEST_PIX} on each side: is this a PSF?"] if max(shape) > LARGEST_PIX else []
    return [f"{path}: a PSF of {shape[1]} x {shape[0]} pix; {problem}" for problem in problems]


def _sampling(image: SuppliedImage, header: fits.Header, settings: Psf) -> list[str]:
    card, path = header.get(CARD), image.path
    if card is not None and (isinstance(card, bool | str) or card != int(card) or not 1 <= card <= MOST_SAMPLES):
        return [f"{path}: {CARD} = {card!r}, expected a whole number from 1 to {MOST_SAMPLES}"]
    if None not in (card, image.samples) and int(card) != image.samples:
        return [
            f"{path}: {CARD} = {card} in the header, but psf_oversampling: {image.samples} in the config; which is it?"
        ]
    samples = samples_per_pixel(image, header)
    problems = []
    if samples > 1 and min(header["NAXIS1"], header["NAXIS2"]) < SMALLEST_PIX * samples:
        sides = f"{header['NAXIS1']} x {header['NAXIS2']}"
        problems.append(
            f"{path}: {sides} samples, {samples} to a pixel, expected at least {SMALLEST_PIX} pixels on each side"
        )
    if image.of == "optics" and samples == 1:
        problems.append(
            f"{path}: psf_of: optics with one sample per pixel, from which pixels cannot be averaged; "
            f"expected several samples per pixel (psf_oversampling, or {CARD} in the header)"
        )
    if settings.form == "oversampled" and samples == 1 and card is None and image.samples is None:
        problems.append(
            f"{path}: psf.form is oversampled, but nothing says how many samples this PSF has per pixel; set "
            f"psf_oversampling (1 is possible), or {CARD} in its header, or take psf.form: pixelized"
        )
    return problems


def _values(path: str | Path, stamp: np.ndarray) -> list[str]:
    """What is wrong with the values of a stamp, however many samples a pixel has."""
    if bad := np.count_nonzero(~np.isfinite(stamp)):
        return [f"{path}: {bad} of {stamp.size} pixels of the PSF are not numbers"]
    if not stamp.any():
        return [f"{path}: all pixels of the PSF are 0"]
    if not (total := float(stamp.sum())) > 0:
        return [f"{path}: the PSF sums to {total:g}, expected a positive sum (1 for a PSF of unit flux)"]
    return []


def _light(path: str | Path, stamp: np.ndarray, samples: int, settings: Psf) -> list[str]:
    """What is wrong with the light of a stamp of sound values: how much it is, how wide, and where."""
    total = float(stamp.sum())
    if not LEAST_SUM <= total / samples**2 <= LARGEST_SUM:
        return [
            f"{path}: the PSF sums to {total:g}, expected a positive sum from {LEAST_SUM:g} to {LARGEST_SUM:g} "
            "(1 for a PSF of unit flux)"
        ]
    square = resize(stamp, max(stamp.shape))
    within = float(np.abs(square * disk(len(square), settings.norm_radius_pix * samples)).sum() / np.abs(square).sum())
    if within < LEAST_WITHIN:
        return [
            f"{path}: {within:.0%} of the PSF's light is within psf.norm_radius_pix "
            f"({settings.norm_radius_pix:g} pix), expected at least {LEAST_WITHIN:.0%}: subtract its background"
        ]
    dx, dy = (value / samples for value in centre(square / total, WINDOW_PIX * samples))
    if not np.hypot(dx, dy) <= FARTHEST_PIX:
        return [
            f"{path}: the PSF is centred ({dx:+.2f}, {dy:+.2f}) pix off its middle pixel, expected within "
            f"{FARTHEST_PIX} pix; shift it"
        ]
    return []
