"""Maps of the pixels' solid angles (SAPM), one for each detector [arcsec2]."""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from astropy.io import fits

from ..errors import InputError
from ..images import find_image


def mapped_area(folder: str | Path | None, detector: int, x: float, y: float) -> float | None:
    """Solid angle [arcsec2] of the nearest pixel to the 0-based detector position; None without a map of it.

    Raises
    ------
    InputError : a folder or map that cannot be read, several maps of a detector.
    """
    if folder is None or (pixels := _map(str(folder), detector)) is None:
        return None
    row, column = round(y), round(x)
    if not (0 <= row < pixels.shape[0] and 0 <= column < pixels.shape[1]):
        return None
    area = float(pixels[row, column])
    return area if area > 0 else None


@lru_cache(maxsize=8)
def _map(folder: str, detector: int) -> np.ndarray | None:
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: no such folder (aperture.solid_angle_maps)")
    word = re.compile(rf"(?<![0-9A-Za-z])[Dd]{detector}(?![0-9])")
    found = sorted(path for path in Path(folder).glob("*.fits*") if word.search(path.name))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(
            f"{folder}: several maps of detector D{detector} ({names}); leave one (aperture.solid_angle_maps)"
        )
    if not found:
        return None
    try:
        with fits.open(found[0], memmap=True) as hdus:
            return hdus[find_image(hdus, None, found[0])].data
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise InputError(f"{found[0]}: not a readable map of solid angles ({error})") from None
