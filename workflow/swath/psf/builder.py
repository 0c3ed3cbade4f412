"""Method `epsfbuilder`: photutils' EPSFBuilder (Anderson & King 2000, PASP 112, 1360), for comparison."""

import numpy as np
from astropy.stats import SigmaClip
from photutils.psf import EPSFBuilder, EPSFStar, EPSFStars

from ..config.psf import Psf
from ..errors import RunError
from . import grid
from .stamps import Stamps, local_background


def build(stamps: Stamps, fwhm: float, settings: Psf) -> tuple[np.ndarray, np.ndarray]:
    """PSF stamp at native sampling and the stamps' size, centred, and the stars' background levels (n,).

    Raises
    ------
    RunError : the builder gives no usable PSF; the message says why.
    """
    chosen = settings.epsfbuilder
    size = stamps.size
    background = local_background(stamps, np.zeros_like(stamps.data), settings.local_background)
    builder = EPSFBuilder(
        oversampling=chosen.oversampling,
        maxiters=chosen.maxiters,
        recentering_boxsize=chosen.recentering_boxsize,
        sigma_clip=SigmaClip(sigma=3, cenfunc="median", maxiters=10) if chosen.sigma_clip else None,
        progress_bar=False,
    )
    try:
        epsf = builder(_stars(stamps, background)).epsf
    except (ValueError, TypeError, IndexError) as error:
        raise RunError(f"EPSFBuilder failed ({error})") from None
    y, x = np.mgrid[:size, :size] - size // 2
    image = np.nan_to_num(epsf.evaluate(x.astype(float), y.astype(float), 1.0, 0.0, 0.0))
    total = (image * grid.disk(size, settings.norm_radius_pix)).sum()
    if not total > 0:
        raise RunError("EPSFBuilder gave a PSF without light")
    dx, dy = grid.centre(image / total, fwhm)
    return grid.shift(image / total, -dx, -dy), background


def _stars(stamps: Stamps, background: np.ndarray) -> EPSFStars:
    """Every star gets an id_label: photutils 3.0.0 raises without one."""
    half = stamps.size // 2
    dx, dy = stamps.offset
    stars = []
    for i in range(len(stamps.data)):
        weights = np.where(stamps.good[i], 1 / np.sqrt(stamps.variance[i]), 0.0)
        stars.append(
            EPSFStar(
                stamps.data[i] - background[i],
                weights=weights,
                cutout_center=(half + dx[i], half + dy[i]),
                origin=(int(stamps.corner_x[i]), int(stamps.corner_y[i])),
                id_label=i + 1,
            )
        )
    return EPSFStars(stars)
