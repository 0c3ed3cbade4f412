"""The picture of a tile: the white stack in grey, or three bands in colour, bounded in size; and where its sky is."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.visualization import make_lupton_rgb
from PIL import Image

from ..config.explore import Explore
from ..frames.frame import celestial_wcs
from ..frames.white import block_average
from ..merge.sky import to_sky

NODES = 17  # of the sky grid along each side
MOST_BYTES = 6_000_000  # of the encoded picture
QUALITIES = (92, 85, 75, 60, 40)
NO_DATA = (70, 68, 88)
# ASSUME noise of the picture from its median absolute deviation: most of a field's pixels are sky.
TO_SIGMA = 1.4826


class Picture(NamedTuple):
    """Colours (ny, nx, 3) bytes, first row at the bottom, and the pixels of the full frame that they cover.

    extent : edges (left, right, bottom, top) [pix]; pixel centres are whole numbers. block : pixels averaged per side.
    """

    colours: np.ndarray
    extent: tuple[float, float, float, float]
    block: int


def draw_picture(white: str | Path, frames: Sequence[str | Path], settings: Explore) -> Picture:
    """Paint a tile within its crop box.

    Parameters
    ----------
    white : `white/white.fits`. frames : the frames of `explore.rgb` as red, green and blue; none for the white stack.
    """
    with fits.open(white, memmap=True) as hdus:
        header = hdus["WHITE"].header
        box = tuple(int(header[name]) for name in ("CROPX0", "CROPX1", "CROPY0", "CROPY1"))
        block = math.ceil(max(box[1] - box[0], box[3] - box[2]) / settings.picture_max_pix)
        stack = None if frames else block_average(hdus["WHITE"].data, block)
    planes = [_averaged(path, box, block) for path in frames]
    colours = grey(stack, settings) if stack is not None else lupton(np.stack(planes), settings)
    left, bottom = box[0] - 0.5, box[2] - 0.5
    extent = (left, left + colours.shape[1] * block, bottom, bottom + colours.shape[0] * block)
    return Picture(colours, extent, block)


def grey(stack: np.ndarray, settings: Explore) -> np.ndarray:
    """The white stack (ny, nx) in grey with the stretch of `lupton`, (ny, nx, 3) bytes."""
    return lupton(np.broadcast_to(stack, (3, *stack.shape)), settings)


def lupton(planes: np.ndarray, settings: Explore) -> np.ndarray:
    """Red, green and blue planes of flux (3, ny, nx) as colours (ny, nx, 3) bytes.

    Lupton et al. (2004, PASP 116, 133). Equal fluxes are grey: the planes are on one zero point. Pixels without data
    in any plane have a colour of their own.
    """
    known = np.isfinite(planes)
    values = np.where(known, planes, 0.0)
    intensity = values.mean(axis=0)[known.any(axis=0)]
    sky = float(np.median(intensity)) if intensity.size else 0.0
    noise = TO_SIGMA * float(np.median(np.abs(intensity - sky))) if intensity.size else 1.0
    noise = noise or 1.0
    colours = make_lupton_rgb(
        *values.astype("f4"), minimum=sky - noise / 2, stretch=settings.stretch * noise, Q=settings.softness
    )
    colours[~known.any(axis=0)] = NO_DATA
    return colours


def encode(colours: np.ndarray, most: int = MOST_BYTES) -> bytes:
    """JPEG of colours (ny, nx, 3), first row at the bottom, in the best quality that has at most `most` bytes."""
    image = Image.fromarray(np.ascontiguousarray(colours[::-1]))
    for quality in QUALITIES:
        stream = io.BytesIO()
        image.save(stream, format="JPEG", quality=quality, subsampling=0 if quality > 80 else 2)
        if stream.tell() <= most:
            break
    return stream.getvalue()


def sky_grid(white: str | Path, extent: Sequence[float]) -> np.ndarray:
    """Unit vectors of the sky at NODES x NODES points over `extent`, (NODES, NODES, 3) by y and x.

    The page interpolates them linearly: within a field of one degree that is good to a milliarcsecond.
    """
    with fits.open(white) as hdus:
        header = hdus["WHITE"].header
    left, right, bottom, top = extent
    x, y = np.meshgrid(np.linspace(left, right, NODES), np.linspace(bottom, top, NODES))
    ra, dec = to_sky(celestial_wcs(header), x - header["CROPX0"], y - header["CROPY0"])
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _averaged(path: str | Path, box: Sequence[int], block: int) -> np.ndarray:
    x0, x1, y0, y1 = box
    with fits.open(path, memmap=True) as hdus:
        return block_average(hdus["IMAGE"].data[y0:y1, x0:x1], block)
