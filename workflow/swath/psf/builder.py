"""Method `epsfbuilder`: photutils' EPSFBuilder (Anderson & King 2000, PASP 112, 1360), for comparison."""

import numpy as np
from astropy.stats import SigmaClip
from photutils.psf import EPSFBuilder, EPSFStar, EPSFStars, ImagePSF

from ..config.psf import Psf
from ..errors import RunError
from . import grid
from .forms import Found
from .stamps import Stamps, local_background


def build(stamps: Stamps, fwhm: float, settings: Psf) -> tuple[Found, np.ndarray]:
    """PSF of the stamps' size, centred, and the stars' background levels (n,).

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
    image = _sampled(epsf, size, 1)
    total = (image * grid.disk(size, settings.norm_radius_pix)).sum()
    if not total > 0:
        raise RunError("EPSFBuilder gave a PSF without light")
    dx, dy = grid.centre(image / total, fwhm)
    planes = grid.shift(image / total, -dx, -dy)[None]
    if settings.form != "oversampled":
        return Found(planes), background
    fine = _sampled(epsf, size, settings.oversampling, dx, dy) / total
    return Found(planes, fine[None], settings.oversampling), background


def _sampled(epsf: ImagePSF, size: int, samples: int, dx: float = 0.0, dy: float = 0.0) -> np.ndarray:
    """Its values at `samples` points per pixel out to half of `size`, centred on (dx, dy) [pix] of it."""
    half = size // 2
    axis = np.arange(-half * samples, half * samples + 1) / samples
    x, y = np.meshgrid(axis + dx, axis + dy)
    return np.nan_to_num(epsf.evaluate(x, y, 1.0, 0.0, 0.0))


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
