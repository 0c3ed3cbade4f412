"""How much the products of a tile will take on disk, before there are any."""

from ..config.model import Config
from ..patches.grid import Box, least_halo

# ASSUME per source and band 2 kB of tables: merged and calibrated catalogue in three formats, fits, sources.
_SOURCE_BYTES = 2000
_FRAME_BYTES = 13  # image, sigma, total noise (4 bytes each) and mask
_GRIDDED_BYTES = 9  # image and weight (4 bytes each) and mask, before they become frames
_PATCH_BYTES = 9  # image, sigma and mask
_WHITE_BYTES = 8
_CELLS_BETWEEN = 4  # whose PSFs a patch holds where they are interpolated
_PSF_PLANES = 3


def needed_bytes(config: Config, shape: tuple[int, int], crop: Box, bands: int, patches: int, sources: int) -> int:
    """Size of frames, white stack, payloads with their least halos, PSFs and tables; figures and downloads come on top.

    Parameters
    ----------
    shape : (ny, nx) of the frames. patches : how many are in use. sources : rows of the catalogue, 0 when not known.
    """
    parts = config.psf.ngrid * config.patches.ngrid
    margin = 2 * least_halo(config.psf.size, config.patches.halo_min_pix)
    sides = (min((high - low) / parts + margin, most) for low, high, most in _axes(crop, shape))
    width, height = sides
    stamps = 4 * _PSF_PLANES * config.psf.size**2
    stamps *= config.psf.oversampling**2 if config.psf.form == "oversampled" else 1
    stamps *= _CELLS_BETWEEN if config.psf.interpolate else 1
    per_patch = bands * (_PATCH_BYTES * width * height + stamps)
    per_pixel = _FRAME_BYTES + _GRIDDED_BYTES * config.archived
    images = bands * per_pixel * shape[0] * shape[1] + _WHITE_BYTES * (crop[1] - crop[0]) * (crop[3] - crop[2])
    return int(images + patches * per_patch + bands * sources * _SOURCE_BYTES)


def _axes(crop: Box, shape: tuple[int, int]) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Crop box and image along x, then y: low, high, full side."""
    return (crop[0], crop[1], shape[1]), (crop[2], crop[3], shape[0])
