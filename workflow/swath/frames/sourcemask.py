"""Which parts of an image hold light of sources: detection, generously grown."""

import numpy as np
import sep
from scipy import ndimage

from .. import extraction

# ASSUME a Gaussian of 1 bin (2 pix) is close enough to every PSF and faint galaxy for finding what to mask.
SMOOTHING = 1.0
MIN_AREA = 5
# A source is masked out to this many times its isophotal radius, so that the wings of bright ones are covered too.
RADII = 2.0


def source_mask(excess: np.ndarray, bad: np.ndarray, threshold: float, grow: float) -> np.ndarray:
    """Pixels that belong to sources or their wings.

    Parameters
    ----------
    excess : (ny, nx) float32, image less sky over noise, of any unit; 0 where `bad`.
    bad : (ny, nx) bool, pixels without data.
    threshold : detection threshold in units of the noise of the smoothed image, which is measured here: that of
        resampled images is correlated and larger than the pixels' own noise would make it.
    grow : every footprint grows by this many pixels, and reaches to twice the source's isophotal radius.

    Returns
    -------
    (ny, nx) bool, True on sources. Bad pixels are True only where a source covers them.
    """
    smooth = ndimage.gaussian_filter(excess, SMOOTHING)
    limit = threshold * robust_sigma(smooth[~bad])
    options = {"mask": bad, "minarea": MIN_AREA, "filter_kernel": None, "clean": False, "segmentation_map": True}
    found, segments = extraction.extract(smooth, limit, **options)
    width = 2 * round(grow) + 1
    mask = (segments > 0).view(np.uint8)
    del segments, smooth
    for axis in (0, 1):
        ndimage.maximum_filter1d(mask, width, axis=axis, output=mask)
    a, b = _isophote_axes(found)
    sep.mask_ellipse(mask, found["x"], found["y"], RADII * a + grow, RADII * b + grow, found["theta"], 1.0)
    return mask.view(bool)


def robust_sigma(values: np.ndarray) -> float:
    """Standard deviation from the median absolute deviation about the median; 0 for no values.

    Where most values are equal, as in images of few counts, that is 0 and the plain standard deviation is returned.
    """
    if not values.size:
        return 0.0
    return float(1.4826 * np.median(np.abs(values - np.median(values))) or values.std(dtype=float))


def _isophote_axes(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half axes of the ellipse with the area of the footprint and the axis ratio of the light."""
    ratio = np.sqrt(found["b"] / found["a"])
    radius = np.sqrt(found["npix"] / np.pi)
    return radius / ratio, radius * ratio
