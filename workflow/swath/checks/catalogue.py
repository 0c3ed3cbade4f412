"""The source catalogue: readable, on the images, of their bands, and of sensible shapes."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ..config.imagelist import missing_inputs
from ..config.model import Config
from ..errors import InputError
from ..frames.align import flux_column_problems
from ..frames.wcscards import pixel_scale
from ..sources.catalog import check_catalog, place_catalog
from ..sources.positions import Field, Positions
from ..tables import find_column, numbers, read_table
from .frameguess import better_frame
from .placement import placement
from .rows import Row, heard, said_of
from .shapes import shape_problems

NAME = "catalogue"


class Catalogue(NamedTuple):
    """The table's row, its number of sources, and where they are: None while catalogue or image are not usable."""

    row: Row
    count: int
    here: Positions | None


def check_catalogue(config: Config, bands: Sequence[str] | None, field: Field | None) -> Catalogue:
    """Read the catalogue and place its sources on the image.

    Parameters
    ----------
    bands : of all images, None where one is not known. field : None without a usable image.
    """
    path = config.inputs.catalog
    if path is None:
        return Catalogue(Row(NAME, "", "none: sources are detected"), 0, None)
    if missing := missing_inputs(config, ["catalog"]):
        return Catalogue(Row(NAME, path, "no file", tuple(missing)), 0, None)
    with heard() as notes:
        try:
            raw = read_table(path)
        except InputError as error:
            return Catalogue(Row(NAME, path, "not readable", said_of(path, error.problems)), 0, None)
        errors = [] if bands is None else flux_column_problems(raw.columns, bands)
        found, here, more, remarks = _content(raw, field, config)
    row = Row(NAME, path, found, said_of(path, [*errors, *more]), said_of(path, [*notes, *remarks]))
    return Catalogue(row, len(raw), here)


def _content(
    raw: pd.DataFrame, field: Field | None, config: Config
) -> tuple[str, Positions | None, list[str], list[str]]:
    """What was found, in short; positions; errors; notes."""
    try:
        table = check_catalog(raw)
        here = None if field is None else place_catalog(table, field, config.sources.catalog_epoch)
    except InputError as error:
        return f"{len(raw)} rows", None, [*error.problems, *_hint(raw, field)], []
    scale = None if field is None else pixel_scale(field.wcs.to_header())
    errors, notes = shape_problems(table, config.sources, scale)
    if here is None:
        return f"{len(raw)} sources", None, errors, notes
    found, misplaced, remarks = placement(here, field)
    return found, here, misplaced + errors, remarks + notes


def _hint(raw: pd.DataFrame, field: Field | None) -> list[str]:
    """In which coordinates the columns would make sense, when they are out of range as they are."""
    try:
        names = [find_column(raw.columns, name) for name in ("RA", "DEC")]
        if field is None or None in names:
            return []
        better = better_frame(*(numbers(raw[name]) for name in names), field)
    except InputError:
        return []
    return [better] if better else []
