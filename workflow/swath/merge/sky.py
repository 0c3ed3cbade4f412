"""Fitted pixels on the sky: positions with their covariance."""

from typing import TYPE_CHECKING

import numpy as np

from ..sources.angles import STEP_PIX, tangents

if TYPE_CHECKING:
    from astropy.wcs import WCS

ARCSEC_PER_RADIAN = np.degrees(3600.0)


def to_sky(wcs: "WCS", x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RA, DEC [deg] of 0-based pixels of the image that `wcs` belongs to, distortions included; NaN stays NaN."""
    ra, dec = np.full(np.shape(x), np.nan), np.full(np.shape(x), np.nan)
    good = np.isfinite(x) & np.isfinite(y)
    ra[good], dec[good] = wcs.all_pix2world(x[good], y[good], 0)
    return ra, dec


def jacobian(wcs: "WCS", x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """d(east, north)/d(x, y) [arcsec/pix] at each pixel position, shape (n, 2, 2), by central differences."""
    axes = np.stack(tangents(*to_sky(wcs, x, y)), axis=-2)
    steps = [
        (_direction(wcs, x + dx, y + dy) - _direction(wcs, x - dx, y - dy)) / (2 * STEP_PIX)
        for dx, dy in ((STEP_PIX, 0.0), (0.0, STEP_PIX))
    ]
    return ARCSEC_PER_RADIAN * axes @ np.stack(steps, axis=-1)


def sky_errors(
    jac: np.ndarray, x_err: np.ndarray, y_err: np.ndarray, xy_cov: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors towards east and north [arcsec] and their correlation, from pixel errors and covariance, shape (n,)."""
    pixel = np.stack([np.stack([x_err**2, xy_cov], -1), np.stack([xy_cov, y_err**2], -1)], -2)
    sky = jac @ pixel @ np.swapaxes(jac, -1, -2)
    east, north = np.sqrt(sky[..., 0, 0]), np.sqrt(sky[..., 1, 1])
    return east, north, correlation(sky[..., 0, 1], east, north)


def correlation(covariance: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlation coefficient; NaN where one of the errors is 0."""
    product = first * second
    return np.divide(covariance, product, out=np.full(np.shape(product), np.nan), where=product > 0)


def _direction(wcs: "WCS", x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.cross(*tangents(*to_sky(wcs, x, y)))
