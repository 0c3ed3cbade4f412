"""Images that an archive is still to be asked for: what the config alone says of them."""

from ..config.model import Config
from ..errors import SwathError
from ..frames.header import ImageFacts
from ..frames.wcscards import pixel_scale
from ..regrid.field import images
from ..regrid.grid import grid_header, shape_of
from .listed import check_list
from .rows import Row

_UNKNOWN = float("nan")


def archived_images(config: Config) -> tuple[list[Row], list[ImageFacts]]:
    """Rows of the grid and of the bands, and facts as far as they are known: shape and WCS; none without a grid."""
    given = config.grid.like or "grid"
    try:
        header = grid_header(config.grid)
    except SwathError as error:
        return [Row("pixel grid", given, "not usable", tuple(error.problems))], []
    ny, nx = shape_of(header)
    notes = [] if config.noise.correct_errors or config.grid.like else [_correlated(config)]
    facts = [
        ImageFacts(str(image.band), image.path, image.hdu, (ny, nx), _UNKNOWN, _UNKNOWN, None, None, None, header)
        for image in images(config)
    ]
    found = f'{nx} x {ny} pix, {pixel_scale(header):.3f}"/pix'
    asked = f"{len(facts)} bands of archive.service: {config.archive.service}"
    rows = [Row("pixel grid", given, found), Row("images", "inputs.archive", asked, (), tuple(notes))]
    return [*rows, *check_list(config)], facts


def _correlated(config: Config) -> str:
    facts = f"{config.results}/{config.tile}/regrid/<band>.json"
    return (
        "inputs.archive: in resampled images neighbouring pixels share their noise; set noise.correct_errors: true, or "
        f"mind that flux errors are too small by about the noise_factor in {facts}"
    )
