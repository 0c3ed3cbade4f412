"""What of a frame is empty sky: neither masked, nor near a detected source, nor near one of the catalogue."""

import numpy as np
import pandas as pd
from scipy import ndimage

from ..frames.sourcemask import source_mask

DETECT_SIGMA, GROW_PIX = 3.0, 4.0
# ASSUME sources of the catalogue that are too faint to be detected end at 6 pix plus 2 half-light radii.
LEAST_PIX, RADII = 6.0, 2.0
# ASSUME no sky with noise is smooth to 0.3 % of it over 81 pixels: coarse digital steps are flat over fewer, and noise
# must be spread over a dozen pixels to come near.
BLANK_PIX, SMOOTH, ROUNDING = 9, 0.003, 4


def blocked_pixels(
    excess: np.ndarray, bad: np.ndarray, sources: pd.DataFrame, white: np.ndarray, corner: tuple[int, int]
) -> np.ndarray:
    """Pixels of a frame that no empty aperture may hold, shape (ny, nx), bool.

    Parameters
    ----------
    excess : (ny, nx) image over its noise, 0 where `bad`. sources : the source list (x_pix, y_pix, sw_re).
    white : the white stack over its noise, NaN where unknown; its first pixel is `corner` (x, y) of the frame.
    """
    blocked = bad | source_mask(excess, bad, DETECT_SIGMA, GROW_PIX)
    unknown = ~np.isfinite(white)
    seen = source_mask(np.where(unknown, 0, white).astype("f4"), unknown, DETECT_SIGMA, GROW_PIX)
    x0, y0 = corner
    blocked[y0 : y0 + seen.shape[0], x0 : x0 + seen.shape[1]] |= seen
    _block_disks(blocked, sources)
    return blocked


def blank_pixels(image: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Pixels without data that no mask tells of, such as the constant edges of mosaics; shape (ny, nx), bool.

    They fill squares of BLANK_PIX without any noise: second differences along x and y, which a subtracted sky hardly
    has, are below SMOOTH of the declared noise or of the order of rounding.

    Parameters
    ----------
    image : (ny, nx). sigma : (ny, nx) its declared noise; pixels where it is NaN are not judged.
    """
    flat = np.ones(image.shape, np.uint8)
    limit = np.maximum(SMOOTH * sigma, ROUNDING * np.spacing(np.abs(image)))
    for inner, axis in ((np.s_[1:-1, :], 0), (np.s_[:, 1:-1], 1)):
        flat[inner] &= np.abs(np.diff(image, 2, axis=axis)) <= limit[inner]
    for axis in (0, 1):
        ndimage.minimum_filter1d(flat, BLANK_PIX, axis=axis, output=flat)
    for axis in (0, 1):  # one pixel more than what was taken: the last ones differ from the sky beside them
        ndimage.maximum_filter1d(flat, BLANK_PIX + 2, axis=axis, output=flat)
    return flat.view(bool)


def _block_disks(blocked: np.ndarray, sources: pd.DataFrame) -> None:
    """Block a disk around every source of the list, in place."""
    ny, nx = blocked.shape
    reach = LEAST_PIX + RADII * np.nan_to_num(sources["sw_re"].to_numpy(float))
    for x, y, radius in zip(sources["x_pix"], sources["y_pix"], reach, strict=True):
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        x0, x1 = (int(np.clip(v, 0, nx)) for v in (np.floor(x - radius), np.ceil(x + radius) + 1))
        y0, y1 = (int(np.clip(v, 0, ny)) for v in (np.floor(y - radius), np.ceil(y + radius) + 1))
        inside = np.hypot(np.arange(x0, x1) - x, np.arange(y0, y1)[:, None] - y) <= radius
        blocked[y0:y1, x0:x1] |= inside
