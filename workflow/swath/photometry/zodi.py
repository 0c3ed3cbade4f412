"""The scale of the zodiacal light: how much of the file's model is in the image."""

from typing import NamedTuple

import numpy as np

from ..config.aperture import Aperture
from ..spherex.mef import Pixels
from .quality import QUALITY

CLIP, ROUNDS = 3.0, 5


class ZodiScale(NamedTuple):
    """Factor, its 1 sigma error, and quality bits."""

    scale: float
    error: float
    quality: int


def zodi_scale(pixels: Pixels, usable: np.ndarray, source: np.ndarray, settings: Aperture) -> ZodiScale:
    """Weighted least squares of IMAGE on ZODI without a constant: sum(I Z / V) / sum(Z Z / V).

    Over pixels that are `usable` and free of `source`; where those are fewer than aperture.zodi_min_pixels, over the
    usable ones, clipped around their median ratio. Scales beyond their limits are not believed: then, and where pixels
    are too few, the model is taken as it is. Each of these is told by a quality bit.

    Parameters
    ----------
    usable, source : (ny, nx), pixels without bad flags; pixels with SOURCE.
    """
    usable = usable & (pixels.zodi > 0)
    clean, quality = usable & ~source, 0
    if np.count_nonzero(clean) < settings.zodi_min_pixels:
        clean, quality = _without_sources(pixels, usable), QUALITY["ZODI_SOURCE"]
    if np.count_nonzero(clean) < settings.zodi_min_pixels:
        return ZodiScale(1.0, 0.0, QUALITY["ZODI_UNSCALED"])
    image, zodi, variance = pixels.image[clean], pixels.zodi[clean], pixels.variance[clean]
    weight = zodi / variance
    information = float(weight @ zodi)
    scale = float(weight @ image) / information
    if not settings.zodi_scale_min < scale <= settings.zodi_scale_max:
        return ZodiScale(1.0, 0.0, quality | QUALITY["ZODI_LIMITS"])
    return ZodiScale(scale, information**-0.5, quality)


def _without_sources(pixels: Pixels, usable: np.ndarray) -> np.ndarray:
    """The usable pixels whose ratio to the model is near the median one: bright pixels are sources, flagged or not."""
    ratio = np.divide(pixels.image, pixels.zodi, out=np.full(pixels.image.shape, np.nan), where=usable)
    kept = usable
    for _ in range(ROUNDS):
        values = ratio[kept]
        if not values.size:
            break
        centre = np.median(values)
        spread = 1.4826 * np.median(np.abs(values - centre))
        now = kept & (np.abs(ratio - centre) <= CLIP * spread)
        if np.array_equal(now, kept):
            break
        kept = now
    return kept
