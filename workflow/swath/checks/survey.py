"""One pass over all inputs of a tile: everything that is wrong with any of them, and what the plan is made from."""

import warnings
from typing import NamedTuple

import numpy as np

from ..config.model import Config
from ..errors import ConfigError, InputError
from ..frames.crop import Box, crop_box
from ..frames.header import ImageFacts
from ..sources.expected import expected_positions
from ..sources.motion import image_epoch
from ..sources.positions import Field, equatorial_wcs
from .catalogue import check_catalogue
from .images import Images, check_images
from .place import check_place
from .reference import check_reference_stars
from .rows import Row, raise_errors


class Survey(NamedTuple):
    """What the inputs are, when none of them is wrong.

    rows : for the table. images : as listed. crop : the crop box. count : rows of the catalogue.
    positions : x, y of the sources that may be active, shape (n, 2), None when they are not known yet.
    """

    rows: list[Row]
    images: Images
    crop: Box
    count: int
    positions: np.ndarray | None


def survey(config: Config) -> Survey:
    """Look at headers, tables and folders; no pixel is read.

    Raises
    ------
    InputError : every problem of every input, below the table of all inputs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy's own: what matters of them is said here
        return _survey(config)


def _survey(config: Config) -> Survey:
    images = check_images(config)
    crop, grid = _grid(images.reference, config)
    field, frame = _field(images.reference, crop, config)
    bands = images.bands if images.complete else None
    catalogue = check_catalogue(config, bands, field)
    reference = check_reference_stars(config, bands, field)
    rows = [*images.rows, *frame, *grid, catalogue.row, reference.row, check_place(config)]
    raise_errors(rows)
    where = None
    # Reference stars that are still in an archive may join the sources anywhere.
    if catalogue.here is not None and not (config.fetches_reference and config.gaia.inject):
        where = expected_positions(catalogue.here, reference.stars, reference.here, crop, config.sources, config.gaia)
    return Survey(rows, images, crop, catalogue.count, where)


def _grid(reference: ImageFacts | None, config: Config) -> tuple[Box | None, list[Row]]:
    """The crop box, and a row when the config's margins and grids leave too little of the image."""
    if reference is None:
        return None, []
    try:
        crop = crop_box(reference.shape, config.crop)
    except ConfigError as error:
        return None, [Row("crop", "", f"margin {config.crop.margin} pix", tuple(error.problems))]
    side = min(crop[1] - crop[0], crop[3] - crop[2])
    parts = config.psf.ngrid * config.patches.ngrid
    if side // parts >= 16:
        return crop, []
    problem = (
        f"psf.ngrid {config.psf.ngrid} times patches.ngrid {config.patches.ngrid} divides {side} pix into patches "
        f"of {side // parts} pix; expected at least 16, better 100 or more: lower them"
    )
    return crop, [Row("patches", "", f"{side // parts} pix wide", (problem,))]


def _field(reference: ImageFacts | None, crop: Box | None, config: Config) -> tuple[Field | None, list[Row]]:
    """The sky that the images show, and a row when their axes are not those of the catalogue."""
    if reference is None:
        return None, []
    whole = (0, reference.shape[1], 0, reference.shape[0])
    epoch = image_epoch(reference.header, config.sources.image_epoch)
    try:
        wcs = equatorial_wcs(reference.header, reference.path)
    except InputError as error:
        return None, [Row("axes", reference.path, "not right ascension and declination", tuple(error.problems))]
    return Field(wcs, reference.shape, crop or whole, epoch), []
