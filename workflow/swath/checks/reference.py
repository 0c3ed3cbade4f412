"""The table of reference stars: readable, of the images' bands, and in their field."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ..config.imagelist import missing_inputs
from ..config.model import Config
from ..errors import InputError
from ..sources.exclusion import inside
from ..sources.positions import Field, Positions
from ..sources.reference import bright_enough, check_reference, place_reference
from ..tables import read_table
from .frameguess import better_frame
from .rows import Row, heard, said_of

NAME = "reference stars"


class Reference(NamedTuple):
    """The table's row, the stars and where they are: None while table or image are not usable."""

    row: Row
    stars: pd.DataFrame | None
    here: Positions | None


def check_reference_stars(config: Config, bands: Sequence[str] | None, field: Field | None) -> Reference:
    """Read the reference stars and place them on the image; parameters as `check_catalogue`."""
    if config.fetches_reference:
        return Reference(Row(NAME, "", "fetched by the run (gaia.fetch)"), None, None)
    path = config.inputs.gaia
    if path is None or not config.gaia.enabled:
        return Reference(Row(NAME, "", "none: no zero point" if path is None else "switched off"), None, None)
    if missing := missing_inputs(config, ["gaia"]):
        return Reference(Row(NAME, path, "no file", tuple(missing)), None, None)
    with heard() as notes:
        try:
            stars = check_reference(read_table(path, allow_empty=True), bands or ())
            here = None if field is None else place_reference(stars, field)
        except InputError as error:
            return Reference(Row(NAME, path, "not usable", said_of(path, error.problems)), None, None)
        found = f"{len(stars)} stars"
        if here is not None:
            found, more = _placement(stars, here, field, config)
            notes += more
    return Reference(Row(NAME, path, found, (), said_of(path, notes)), stars, here)


def _placement(stars: pd.DataFrame, here: Positions, field: Field, config: Config) -> tuple[str, list[str]]:
    """What was found, in short, and notes: without stars in the field there is no zero point, and no other harm."""
    near = inside(here.x, here.y, field.crop_box)
    bright = near & bright_enough(stars, config.gaia.mag_min, config.gaia.mag_max)
    limits = f"phot_g_mean_mag {config.gaia.mag_min:g} to {config.gaia.mag_max:g}"
    known = "phot_g_mean_mag" in stars
    chosen = f"{bright.sum()} of them with {limits}" if known else "all used: there is no phot_g_mean_mag"
    found = f"{len(stars)} stars, {near.sum()} in the field, {chosen}"
    if bright.any():
        return found, []
    better = "" if near.any() else better_frame(here.ra, here.dec, field)
    where = (
        f"{near.sum()} stars lie in the field and none of them has {limits}"
        if near.any()
        else "no star lies in the field"
    )
    return found, [f"{where}: there will be no zero point, and magnitudes stay empty. {better}".rstrip()]
