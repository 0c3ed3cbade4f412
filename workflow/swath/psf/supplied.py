"""Method `supplied`: the user's own PSF image of a band."""

from pathlib import Path

import numpy as np

from ..config.psf import Psf
from ..errors import InputError
from ..images import read_image
from .grid import centre, disk, resize, shift

SMALLEST_PIX = 5  # a smaller stamp holds no profile
FARTHEST_PIX = 0.5  # farther off its middle pixel a stamp is taken for a mistake
CENTRED_PIX = 0.02  # farther off it is moved there, or every fitted position would be off by as much
WINDOW_PIX = 3.0  # FWHM of the window of the centre


def supplied_psf(path: str | Path, hdu: int | str | None, settings: Psf) -> np.ndarray:
    """The stamp (size, size), centred, padded or cut, which sums to 1 within the norm radius.

    Raises
    ------
    InputError : unreadable, even sides, not finite, no light, or off its centre by more than half a pixel.
    """
    stamp, _ = read_image(path, hdu, dtype="f8")
    problems = side_problems(path, stamp.shape)
    if not problems and not np.isfinite(stamp).all():
        problems.append(f"{path}: {np.count_nonzero(~np.isfinite(stamp))} pixels of the PSF are not numbers")
    elif not problems and not stamp.sum() > 0:
        problems.append(f"{path}: the PSF sums to {stamp.sum():g}, expected a positive sum")
    if problems:
        raise InputError(problems)
    square = resize(stamp, max(stamp.shape))
    dx, dy = centre(square / square.sum(), WINDOW_PIX)
    if not np.hypot(dx, dy) <= FARTHEST_PIX:
        raise InputError(
            f"{path}: the PSF is centred ({dx:+.2f}, {dy:+.2f}) pix off its middle pixel, expected within "
            f"{FARTHEST_PIX} pix; shift it"
        )
    square = resize(shift(square, -dx, -dy) if np.hypot(dx, dy) > CENTRED_PIX else square, settings.size)
    return square / (square * disk(settings.size, settings.norm_radius_pix)).sum()


def side_problems(path: str | Path, shape: tuple[int, int]) -> list[str]:
    """What is wrong with the shape (ny, nx) of a PSF stamp."""
    problems = ["both sides must be odd"] if shape[0] % 2 == 0 or shape[1] % 2 == 0 else []
    problems += [f"expected at least {SMALLEST_PIX} on each side"] if min(shape) < SMALLEST_PIX else []
    return [f"{path}: a PSF of {shape[1]} x {shape[0]} pix; {problem}" for problem in problems]
