"""Where active sources can be, before any pixel is read: for the plan of a run."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from ..config.sources import Gaia, Sources
from .box import reference_box, widest_box
from .catalog import read_catalog
from .exclusion import inside
from .motion import at_epoch, image_epoch
from .positions import Box, Field, equatorial_wcs, locate
from .reference import bright_enough, place_reference, read_reference


def expected_positions(
    catalog: str | Path | None,
    reference: str | Path | None,
    header: fits.Header,
    crop_box: Box,
    sources: Sources,
    gaia: Gaia,
) -> np.ndarray | None:
    """Full-frame x, y of all sources that may be active, shape (n, 2): all that `build_sources` leaves active or more.

    Which sources are near saturated pixels is not known yet: they count as active here. None without a catalogue,
    since what will be detected is not known.

    Parameters
    ----------
    header : of the reference band's image, with NAXIS1, NAXIS2, its WCS and its date.

    Raises
    ------
    InputError : as `read_catalog`, `read_reference`.
    """
    if catalog is None:
        return None
    shape = header["NAXIS2"], header["NAXIS1"]
    field = Field(equatorial_wcs(header), shape, crop_box, image_epoch(header, sources.image_epoch))
    table = read_catalog(catalog)
    ra, dec = table["RA"].to_numpy(), table["DEC"].to_numpy()
    here = locate(*at_epoch(table, ra, dec, field.epoch, sources.catalog_epoch, "catalogue"), field.wcs)
    kept = inside(here.x, here.y, crop_box)
    x, y = here.x[kept], here.y[kept]
    box_of = widest_box if sources.saturation_cut.enabled else reference_box
    box = box_of(x, y, crop_box, gaia.min_box_size_pix)
    if reference is not None and gaia.enabled and gaia.inject and box is not None:
        stars = read_reference(reference, ())
        place = place_reference(stars, field)
        near = bright_enough(stars, gaia.mag_min, gaia.mag_max) & inside(place.x, place.y, box)
        x, y = np.concatenate([x, place.x[near]]), np.concatenate([y, place.y[near]])
    return np.stack([x, y], axis=-1)
