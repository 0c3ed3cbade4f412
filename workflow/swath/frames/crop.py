"""The part of the image that is catalogued, as a box."""

from ..config.images import Crop
from ..errors import ConfigError

Box = tuple[int, int, int, int]


def crop_box(shape: tuple[int, int], crop: Crop) -> Box:
    """Box (x0, x1, y0, y1), half open, that the margin leaves of an image of `shape` = (ny, nx).

    Raises
    ------
    ConfigError : the margin leaves no pixel.
    """
    ny, nx = shape
    margin = crop.margin if crop.enabled else 0
    if 2 * margin >= min(nx, ny):
        raise ConfigError(
            f"crop.margin: {margin} pix on every side leaves nothing of an image of {nx} x {ny} pix; "
            f"the largest possible margin is {(min(nx, ny) - 1) // 2}, or set crop.enabled: false"
        )
    return margin, nx - margin, margin, ny - margin
