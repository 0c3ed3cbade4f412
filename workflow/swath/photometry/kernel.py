"""The measurement: flux in a circle, less a local background, over the PSF's share in it, with its error.

Background and flux are solved together: the source's own light in the background's pixels is that of the PSF, so that
clipping sees residuals and never the wings of a bright star. Both are means, linear in the pixels: no bias at any flux.
"""

from typing import NamedTuple

import numpy as np

from ..config.aperture import Aperture

TINY_SHARE = 1e-3
MAD_TO_SD = 1.4826  # standard deviation of a normal distribution over its median absolute deviation


class Plane(NamedTuple):
    """What is known of the pixels of a stamp, shapes (ny, nx).

    light : IMAGE less zodiacal light, 0 where not `valid`. variance : of it, 0 where not valid. share : of a point
    source's light. weight : share of the pixel in the aperture, 0 where not valid. zodi : model of the zodiacal light.
    """

    light: np.ndarray
    variance: np.ndarray
    share: np.ndarray
    weight: np.ndarray
    zodi: np.ndarray


class Background(NamedTuple):
    """Mean of the kept pixels without the source's own light, its error, their number, and their scatter over the
    one that VARIANCE tells; `kept` (ny, nx)."""

    level: float
    error: float
    pixels: int
    excess: float
    kept: np.ndarray


class Flux(NamedTuple):
    """Flux and error in units of the image times pixels, the correction in it, and the area that was measured."""

    flux: float
    error: float
    correction: float
    area: float


def solve(plane: Plane, kept: np.ndarray) -> tuple[float, float]:
    """Flux and background level with the background of the pixels `kept`: two linear equations.

    aperture:   sum(w light) = flux sum(w share) + level sum(w)
    background: mean(light)  = flux mean(share)  + level
    """
    mean_light, mean_share = plane.light[kept].mean(), plane.share[kept].mean()
    area = plane.weight.sum()
    held = np.vdot(plane.weight, plane.share) - area * mean_share
    flux = (np.vdot(plane.weight, plane.light) - area * mean_light) / held if abs(held) > TINY_SHARE else 0.0
    return float(flux), float(mean_light - flux * mean_share)


def background(plane: Plane, usable: np.ndarray, settings: Aperture) -> Background | None:
    """Background of the pixels `usable` (ny, nx), clipped around the median of what the source leaves; None if few.

    Its error is the larger of what VARIANCE and what the scatter of the pixels says.
    """
    kept = usable
    if np.count_nonzero(kept) < settings.min_usable_pixels:
        return None
    for _ in range(settings.bg_sigma_clip_maxiters):
        flux, _ = solve(plane, kept)
        residual = plane.light - flux * plane.share
        centre = np.median(residual[kept])
        spread = MAD_TO_SD * np.median(np.abs(residual[kept] - centre))
        if not spread > 0:
            break
        now = usable & (np.abs(residual - centre) <= settings.bg_sigma_clip_sigma * spread)
        if np.count_nonzero(now) < settings.min_usable_pixels:
            return None
        if np.array_equal(now, kept):
            break
        kept = now
    flux, level = solve(plane, kept)
    count = int(np.count_nonzero(kept))
    expected = float(plane.variance[kept].mean())
    scatter = float(np.var((plane.light - flux * plane.share)[kept], ddof=1))
    return Background(level, (max(expected, scatter) / count) ** 0.5, count, (scatter / expected) ** 0.5, kept)


def missing_share(share: np.ndarray, weight: np.ndarray, valid: np.ndarray) -> float:
    """Fraction of the light in the aperture with all of its pixels (`weight` (ny, nx)) that is not `valid`."""
    whole = np.vdot(weight, share)
    return float(np.vdot(weight, share * ~valid) / whole) if whole > 0 else 1.0


def flux_of(plane: Plane, found: Background, whole: float, zodi_error: float, settings: Aperture) -> Flux | None:
    """Flux with its error; None where the pixels hold too little of the PSF.

    The error propagates VARIANCE through the weights that pixels have in the flux: those of the aperture, less their
    part in the background's mean, where an aperture that reaches into the background's pixels counts in both.

    Parameters
    ----------
    whole : share of the PSF in the aperture with all of its pixels, which is what the flux is of without
        aperture.correct. zodi_error : of the scale of the zodiacal light.
    """
    area = float(plane.weight.sum())
    share = float(np.vdot(plane.weight, plane.share))
    mean_share = float(plane.share[found.kept].mean())
    if min(share, share - area * mean_share) < TINY_SHARE:
        return None
    flux = (np.vdot(plane.weight, plane.light) - area * found.level) / share
    held = share - area * mean_share
    own = np.vdot(plane.weight**2, plane.variance)
    common = np.vdot(plane.weight * found.kept, plane.variance) * area / found.pixels
    slope = np.vdot(plane.weight, plane.zodi) - area * plane.zodi[found.kept].mean()
    error = (max(own + (area * found.error) ** 2 - 2 * common, 0.0) + (slope * zodi_error) ** 2) ** 0.5 / held
    wanted = 1.0 if settings.correct else whole
    error = float(np.hypot(error, settings.psf_error * flux if settings.correct else 0.0))
    return Flux(float(flux) * wanted, error * wanted, wanted / share, area)
