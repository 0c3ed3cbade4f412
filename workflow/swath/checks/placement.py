"""Do the sources lie on the images? And if not, where, and in which coordinates would they?"""

import numpy as np

from ..sources.exclusion import inside
from ..sources.positions import Field, Positions
from ..tables import rows_text
from .frameguess import better_frame

_MOST_OUTSIDE = 0.9


def placement(here: Positions, field: Field) -> tuple[str, list[str], list[str]]:
    """What to tell of the positions of a catalogue: in short, as errors, and as notes.

    Nothing to fit is an error, and so are positions that are nearly all outside while they would be inside in other
    coordinates. Rows without coordinates are kept and flagged: a note.
    """
    known = np.isfinite(here.ra) & np.isfinite(here.dec)
    ny, nx = field.shape
    on_image = int(inside(here.x, here.y, (0, nx, 0, ny)).sum())
    active = int(inside(here.x, here.y, field.crop_box).sum())
    found = f"{len(known)} sources, {on_image} in the image" + (
        f" ({on_image - active} of them outside the crop box)" if active < on_image else ""
    )
    notes = _without_coordinates(known)
    if not known.any():
        return found, ["no row has usable RA and DEC"], []
    if on_image == 0:
        return found, [_nowhere(here, known, field)], notes
    if active == 0:
        return found, [f"all {on_image} sources in the image lie outside the crop box; lower crop.margin"], notes
    outside = 1 - on_image / known.sum()
    better = better_frame(here.ra, here.dec, field) if outside > 1 - _MOST_OUTSIDE else ""
    sentence = [f"{known.sum() - on_image} of {known.sum()} sources lie outside the image. {better}"] if better else []
    return (found, sentence, notes) if outside > _MOST_OUTSIDE else (found, [], notes + sentence)


def _without_coordinates(known: np.ndarray) -> list[str]:
    lost = np.flatnonzero(~known)
    return (
        [
            f"RA or DEC is not a number in {rows_text(lost)}: kept in the catalogue, not fitted, flagged EXCLUDED_CROP "
            "and BAD_POSITION"
        ]
        if len(lost)
        else []
    )


def _nowhere(here: Positions, known: np.ndarray, field: Field) -> str:
    ny, nx = field.shape
    ra, dec = field.wcs.all_pix2world((nx - 1) / 2, (ny - 1) / 2, 0)
    low, high = np.min([here.ra[known], here.dec[known]], axis=1), np.max([here.ra[known], here.dec[known]], axis=1)
    better = better_frame(here.ra, here.dec, field)
    return (
        f"none of {known.sum()} sources lies in the image: found RA {low[0]:.4f} to {high[0]:.4f}, DEC {low[1]:.4f} to "
        f"{high[1]:.4f}, expected some near the image's centre at RA {ra:.4f}, DEC {dec:.4f} (ICRS, deg). "
        + (better or "Is it the catalogue of another field?")
    )
