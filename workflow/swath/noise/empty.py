"""What of a frame is empty sky: neither masked, nor near a detected source, nor near one of the catalogue."""

import numpy as np
import pandas as pd

from ..frames.sourcemask import source_mask

DETECT_SIGMA, GROW_PIX = 3.0, 4.0
# ASSUME sources of the catalogue that are too faint to be detected end at 6 pix plus 2 half-light radii.
LEAST_PIX, RADII = 6.0, 2.0


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
