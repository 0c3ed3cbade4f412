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
from ..plots.arrays import robust_sd

NODES = 17  # of the sky grid along each side
MOST_BYTES = 6_000_000  # of the encoded picture
QUALITIES = (92, 85, 75, 60, 40)
NO_DATA = (70, 68, 88)
STRIP = 128  # rows painted at once
BLACK = 0.5  # noise below the sky that is black
FADE = 2.0  # noise above the sky at which a colour is half as strong as measured
SAMPLED = 1500  # pixels per side from which sky and noise are taken


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
        planes = [] if frames else 3 * [block_average(hdus["WHITE"].data, block)]
    planes += [_averaged(path, box, block) for path in frames]
    colours = lupton(planes, settings)
    left, bottom = box[0] - 0.5, box[2] - 0.5
    extent = (left, left + colours.shape[1] * block, bottom, bottom + colours.shape[0] * block)
    return Picture(colours, extent, block)


def lupton(planes: Sequence[np.ndarray], settings: Explore) -> np.ndarray:
    """Red, green and blue planes of flux, (ny, nx) each, as colours (ny, nx, 3) bytes.

    Lupton et al. (2004, PASP 116, 133). Each plane is taken above its own sky and in units of its own noise, so that
    no band's noise tints the sky: grey is what is seen equally well in all three, not what has equal fluxes. Where a
    pixel's mean is not above its noise its colour is unknown, and it fades to grey. Pixels without data in any plane
    have a colour of their own.
    """
    levels = [sky_and_noise(plane) for plane in planes]
    sky, sd = (np.array(values, "f4")[:, None, None] for values in zip(*levels, strict=True))
    few, known = _scaled([_few(plane) for plane in planes], sky, sd)
    noise = np.float32(sky_and_noise(np.where(known, few.mean(axis=0), np.nan))[1])
    colours = np.empty((*planes[0].shape, 3), "u1")
    for start in range(0, len(colours), STRIP):
        strip, known = _scaled([plane[start : start + STRIP] for plane in planes], sky, sd)
        with np.errstate(invalid="ignore"):  # a pixel that is black to the last digit is divided by its brightness
            painted = make_lupton_rgb(
                *faded(strip / noise), minimum=-BLACK, stretch=settings.stretch, Q=settings.softness
            )
        painted[~known] = NO_DATA
        colours[start : start + STRIP] = painted
    return colours


def faded(planes: np.ndarray) -> np.ndarray:
    """Planes (3, ny, nx) in units of the noise of their mean, drawn to that mean where it is not above FADE."""
    mean = planes.mean(axis=0)
    bright = np.maximum(mean, 0) ** 2
    return mean + (planes - mean) * bright / (bright + FADE**2)


def sky_and_noise(plane: np.ndarray) -> tuple[float, float]:
    """Median of a plane and its scatter from pixel to pixel; 0 where no pixel has data, 1 where none scatters."""
    few = _few(plane)
    known = few[np.isfinite(few)]
    if not known.size:
        return 0.0, 1.0
    # ASSUME most of a field's pixels are sky: their median is its level, their robust scatter its noise.
    return float(np.median(known)), robust_sd(known) or 1.0


def _few(plane: np.ndarray) -> np.ndarray:
    """Pixels enough to know sky and noise from."""
    step = max(1, max(plane.shape) // SAMPLED)
    return plane[::step, ::step]


def _scaled(planes: Sequence[np.ndarray], sky: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Planes (3, ny, nx) above their skies in units of their noise, what is missing as sky; where any has data."""
    scaled = (np.stack(planes) - sky) / sd
    known = np.isfinite(scaled)
    return np.where(known, scaled, np.float32(0)), known.any(axis=0)


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
