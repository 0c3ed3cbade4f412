"""Method `supplied`: the user's own PSF image of a band."""

from pathlib import Path

import numpy as np

from ..config.psf import Psf
from ..errors import InputError
from ..images import read_image
from .grid import centre, disk, resize

# A PSF this far off its middle pixel shifts every fitted position by as much.
_FARTHEST_PIX = 0.5


def supplied_psf(path: str | Path, hdu: int | str | None, settings: Psf) -> np.ndarray:
    """The stamp (size, size), padded or cut, which sums to 1 within the norm radius.

    Raises
    ------
    InputError : unreadable, even sides, not finite, no light, or off its centre by more than half a pixel.
    """
    stamp, _ = read_image(path, hdu, dtype="f8")
    problems = []
    if stamp.shape[0] % 2 == 0 or stamp.shape[1] % 2 == 0:
        problems.append(f"{path}: a PSF of {stamp.shape[1]} x {stamp.shape[0]} pix; both sides must be odd")
    elif not np.isfinite(stamp).all():
        problems.append(f"{path}: {np.count_nonzero(~np.isfinite(stamp))} pixels of the PSF are not numbers")
    elif not stamp.sum() > 0:
        problems.append(f"{path}: the PSF sums to {stamp.sum():g}, expected a positive sum")
    if problems:
        raise InputError(problems)
    square = resize(stamp, settings.size)
    total = (square * disk(settings.size, settings.norm_radius_pix)).sum()
    dx, dy = centre(square / total, 3.0)
    if np.hypot(dx, dy) > _FARTHEST_PIX:
        raise InputError(
            f"{path}: the PSF is centred ({dx:+.2f}, {dy:+.2f}) pix off its middle pixel, expected within "
            f"{_FARTHEST_PIX} pix; shift it"
        )
    return square / total
