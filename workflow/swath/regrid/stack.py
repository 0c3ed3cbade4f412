"""Several images of a band on one grid: the mean weighted by inverse variance, with its noise."""

from typing import NamedTuple

import numpy as np

from .resample import Resampled

Box = tuple[int, int, int, int]


class Stacked(NamedTuple):
    """A band on the grid, (ny, nx) each; fluxes in units of the first image.

    pixels : float32, NaN where no image has data. weight : float32, inverse variance, 0 there. mask : bool, no good
    data. saturated : bool, saturated wherever an image covers it. unit : a realisation of the noise over its standard
    deviation, 0 without data. gain : electrons per unit, by the photons' mean variance. gain_range : 5th and 95th
    percentile. count : images that a pixel has good data of.
    """

    pixels: np.ndarray
    weight: np.ndarray
    mask: np.ndarray
    saturated: np.ndarray
    unit: np.ndarray
    gain: float
    gain_range: tuple[float, float]
    count: np.ndarray


class Stack:
    """Images are added one by one; `finish` gives the result. Memory: 45 bytes per pixel of the grid."""

    # ASSUME images of a band are different exposures; overlapping cutouts of one would count twice where they do.

    def __init__(self, shape: tuple[int, int]) -> None:
        self._flux, self._weight, self._variance, self._noise, self._shot = (np.zeros(shape) for _ in range(5))
        self._single = np.full(shape, np.nan, np.float32)
        self._count, self._saturated = np.zeros(shape, np.uint16), np.zeros(shape, bool)
        self._gains: list[float | None] = []

    def add(
        self,
        image: Resampled,
        box: Box,
        factor: float,
        gain: float,
        worth: np.ndarray | None = None,
        averaged: np.ndarray | None = None,
        raw: np.ndarray | None = None,
    ) -> int:
        """Add an image on a box of the grid; the number of pixels with good data is returned.

        Parameters
        ----------
        factor : what its pixels are multiplied by, for the common zero point. gain : electrons per its own unit.
        worth : (ny, nx) variance that decides how much it counts; None takes its own. Resampling hides noise of pixels
            in their neighbours, more or less of it from pixel to pixel, but adds no information.
        averaged : (ny, nx) by how much less than independent photons a pixel scatters, resampled; None for copies.
        raw : its pixels where they are on the grid already, bad ones included; kept where no image has better ones.
        """
        x0, x1, y0, y1 = box
        here = np.s_[y0:y1, x0:x1]
        good = ~image.bad & (image.variance > 0) & np.isfinite(image.pixels)
        own = (image.variance if worth is None else worth) * factor**2
        weight = np.divide(1.0, own, out=np.zeros(good.shape), where=good)
        flux = np.where(good, image.pixels, 0.0) * factor
        self._flux[here] += weight * flux
        self._weight[here] += weight
        self._variance[here] += weight**2 * image.variance * factor**2
        self._noise[here] += weight * np.where(good, image.noise, 0.0) * factor
        self._shot[here] += weight**2 * factor / gain * (1.0 if averaged is None else averaged)
        alone, count = self._single[here], self._count[here]
        values = np.where(good, flux, np.nan) if raw is None else raw * factor
        take = np.where(count == 0, good | (np.isnan(alone) & (raw is not None)), False)
        alone[take] = values[take]
        count += good
        self._saturated[here] |= image.saturated
        self._gains.append(gain / factor if averaged is None else None)
        return int(np.count_nonzero(good))

    def finish(self, level: float | None) -> Stacked:
        """The band.

        Parameters
        ----------
        level : saturation level of the result; pixels without good data that are saturated get no less. None for none.
        """
        known = self._weight > 0
        pixels = self._single.copy()
        many = self._count > 1
        pixels[many] = (self._flux[many] / self._weight[many]).astype(np.float32)
        saturated = self._saturated & ~known
        inverse = np.divide(self._weight**2, self._variance, out=np.zeros(known.shape), where=known)
        weight = inverse.astype(np.float32)
        if level is not None:
            low = saturated & ~(pixels >= level)
            pixels[low] = level
        if known.any():
            weight[saturated] = np.float32(np.median(inverse[known]))
        unit = np.divide(self._noise, np.sqrt(self._variance), out=np.zeros(known.shape), where=known)
        gain, spread = self._gain(known)
        return Stacked(pixels, weight, ~(known | saturated), saturated, unit, gain, spread, self._count)

    def _gain(self, known: np.ndarray) -> tuple[float, tuple[float, float]]:
        """The photons' variance of a flux f is f / gain; of a weighted mean that is sum w^2 / gain over (sum w)^2."""
        if len(set(self._gains)) == 1 and self._gains[0] is not None and self._count.max() <= 1:
            return self._gains[0], (self._gains[0], self._gains[0])
        if not known.any():
            return np.nan, (np.nan, np.nan)
        inverse = self._shot[known] / self._weight[known] ** 2
        high, low = (float(1 / value) for value in np.percentile(inverse, (5, 95)))
        return float(1 / inverse.mean()), (low, high)
