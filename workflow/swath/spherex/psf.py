"""PSFs as pixels see them: the share of a point source's light in every pixel, at any place between pixels.

Cubes of QR1 and QR2 hold the optical PSF, which pixels integrate; the table EPSF of QR3 holds the PSF with the pixel's
response in it, which is sampled (Anderson & King 2000). Both are interpolated by cubic splines, never shifted by whole
samples.
"""

from typing import Protocol

import numpy as np
from scipy.interpolate import RectBivariateSpline

from ..errors import InputError

_STEP, _REACH = 0.025, 3.0  # of the grid on which the FWHM is measured [pix]


class PixelPsf(Protocol):
    """The share of a point source's light in pixels."""

    fwhm: float

    def shares(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Shares (ny, nx) of pixels whose centres lie at x (nx,) and y (ny,) from the source [pix], ascending by 1."""
        ...


class OpticalPsf:
    """An optical PSF at `factor` samples per pixel, integrated over pixels.

    ASSUME samples are the light in cells of 1 / factor pixels, the source is at the stamp's centre, and no light lies
    beyond the stamp. (The cores of real PSFs are about 0.05 pixels off it, which is then part of the PSF.)
    """

    def __init__(self, stamp: np.ndarray, factor: int) -> None:
        self._half = np.array(stamp.shape[::-1]) / factor / 2
        edges = [np.linspace(-half, half, n + 1) for half, n in zip(self._half, stamp.shape[::-1], strict=True)]
        light = np.zeros((stamp.shape[0] + 1, stamp.shape[1] + 1))
        light[1:, 1:] = _normal(stamp, 1.0).cumsum(0).cumsum(1)
        self._spline = RectBivariateSpline(edges[1], edges[0], light, kx=3, ky=3, s=0)
        self.fwhm = _fwhm(self._seen)

    def shares(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """As `PixelPsf.shares`; their sum over all pixels is 1."""
        return np.diff(np.diff(self._light(_edges(x), _edges(y)), axis=0), axis=1)

    def _light(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Light left of x and below y; constant beyond the stamp."""
        return self._spline(np.clip(y, -self._half[1], self._half[1]), np.clip(x, -self._half[0], self._half[0]))

    def _seen(self, offsets: np.ndarray) -> np.ndarray:
        low, high = offsets - 0.5, offsets + 0.5
        return self._light(high, high) - self._light(low, high) - self._light(high, low) + self._light(low, low)


class EffectivePsf:
    """A PSF with the pixel's response in it, at `factor` samples per pixel.

    ASSUME the stamp's centre is the source's place, its axes go as the detector's, and its samples' sum over factor**2
    is all of the light.
    """

    def __init__(self, stamp: np.ndarray, factor: int) -> None:
        offsets = [(np.arange(n) - (n - 1) / 2) / factor for n in stamp.shape]
        self._reach = np.array([axis[-1] for axis in offsets])
        self._spline = RectBivariateSpline(*offsets, _normal(stamp, float(factor) ** 2), kx=3, ky=3, s=0)
        self.fwhm = _fwhm(lambda axis: self.shares(axis, axis))

    def shares(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """As `PixelPsf.shares`; 0 beyond the stamp."""
        inside = np.outer(np.abs(y) <= self._reach[0], np.abs(x) <= self._reach[1])
        return np.where(inside, self._spline(y, x), 0.0)


def _edges(centres: np.ndarray) -> np.ndarray:
    return np.append(centres - 0.5, centres[-1] + 0.5)


def _normal(stamp: np.ndarray, total: float) -> np.ndarray:
    """The stamp in float64 with a sum of `total`; InputError where it has none."""
    stamp = np.asarray(stamp, dtype=np.float64)
    light = stamp.sum()
    if stamp.ndim != 2 or min(stamp.shape) < 5 or not np.isfinite(light) or light <= 0:
        raise InputError(
            f"PSF stamp of shape {stamp.shape} with a sum of {light:g}; expected finite samples, positive in all"
        )
    return stamp * (total / light)


def _fwhm(seen: object) -> float:
    """Diameter [pix] of the circle that is as large as the area above half of the peak, in pixels' eyes."""
    axis = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    values = seen(axis)
    return float(2 * np.sqrt(np.sum(values >= values.max() / 2) * _STEP**2 / np.pi))
