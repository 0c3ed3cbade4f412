"""Where active sources can be, before any pixel is read: for the plan of a run."""

import numpy as np
import pandas as pd

from ..config.sources import Gaia, Sources
from .box import reference_box, widest_box
from .exclusion import inside
from .positions import Box, Positions
from .reference import bright_enough


def expected_positions(
    here: Positions,
    stars: pd.DataFrame | None,
    stars_here: Positions | None,
    crop_box: Box,
    sources: Sources,
    gaia: Gaia,
) -> np.ndarray:
    """Full-frame x, y of all sources that may be active, shape (n, 2): all that `build_sources` leaves active or more.

    Which sources are near saturated pixels is not known yet: they count as active here.

    Parameters
    ----------
    here : of the catalogue's rows. stars, stars_here : reference stars and where they are, None without any.
    """
    kept = inside(here.x, here.y, crop_box)
    x, y = here.x[kept], here.y[kept]
    box_of = widest_box if sources.saturation_cut.enabled else reference_box
    box = box_of(x, y, crop_box, gaia.min_box_size_pix)
    if stars is not None and gaia.enabled and gaia.inject and box is not None:
        near = bright_enough(stars, gaia.mag_min, gaia.mag_max) & inside(stars_here.x, stars_here.y, box)
        x, y = np.concatenate([x, stars_here.x[near]]), np.concatenate([y, stars_here.y[near]])
    return np.stack([x, y], axis=-1)
