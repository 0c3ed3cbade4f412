"""Pixel PSFs of all bands, ready for Fourier space."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.fft


class Grid(NamedTuple):
    """Angular wave numbers of an n x n real transform, float32, and the PSF planes on it."""

    kx: np.ndarray
    ky: np.ndarray
    kxx: np.ndarray
    kxy: np.ndarray
    kyy: np.ndarray
    psf: np.ndarray


class PixelPsf:
    """Pixelized PSFs that may vary linearly over the field.

    Parameters
    ----------
    planes : (nband, nplanes, m, m), m odd; plane 0 is the PSF at (x0, y0), planes 1 and 2 its slopes.
    x0, y0 : (nband,) reference positions [pix].
    scale : (nband,) unit of the slopes [pix].
    """

    def __init__(self, planes: np.ndarray, x0: Sequence[float], y0: Sequence[float], scale: Sequence[float]) -> None:
        self.planes = np.asarray(planes, "f8")
        self.x0, self.y0, self.scale = (np.asarray(v, "f8") for v in (x0, y0, scale))
        self._grids: dict[int, Grid] = {}

    @property
    def nband(self) -> int:
        """Number of bands."""
        return len(self.planes)

    def band(self, index: int) -> "PixelPsf":
        """The PSF of one band alone."""
        pick = slice(index, index + 1)
        return PixelPsf(self.planes[pick], self.x0[pick], self.y0[pick], self.scale[pick])

    def coefficients(self, x: float, y: float) -> np.ndarray:
        """Weights of the planes at a position, (nband, nplanes)."""
        if self.planes.shape[1] == 1:
            return np.ones((self.nband, 1))
        return np.stack([np.ones(self.nband), (x - self.x0) / self.scale, (y - self.y0) / self.scale], axis=1)

    def stamps(self, x: float, y: float) -> np.ndarray:
        """PSF stamps at a position, (nband, m, m)."""
        return np.einsum("bp,bpyx->byx", self.coefficients(x, y), self.planes)

    def reach(self, peak_snr: np.ndarray, threshold: float) -> float:
        """Radius [pix] within which flux / sigma times the PSF stays above `threshold` in any band.

        Parameters
        ----------
        peak_snr : (nband,) flux over the noise of one pixel.
        """
        radius, envelope = self._envelope()
        bright = (envelope * np.asarray(peak_snr)[:, None] > threshold).any(axis=0)
        return float(radius[bright][-1]) if bright.any() else 0.0

    def grid(self, size: int) -> Grid:
        """Wave numbers and transformed planes for stamps of `size` (even) pixels, kept for the next call."""
        if size not in self._grids:
            ky = (2 * np.pi * np.fft.fftfreq(size)).astype("f4")[:, None]
            kx = (2 * np.pi * np.fft.rfftfreq(size)).astype("f4")[None, :]
            self._grids[size] = Grid(kx, ky, kx * kx, 2 * kx * ky, ky * ky, self._transform(size))
        return self._grids[size]

    def at(self, size: int, x: float, y: float) -> np.ndarray:
        """Transform of the PSF at a position on the grid of `size`, (nband, size, size // 2 + 1), complex64."""
        planes = self.grid(size).psf
        if planes.shape[1] == 1:
            return planes[:, 0]
        weights = self.coefficients(x, y).astype("f4")
        return planes[:, 0] + weights[:, 1, None, None] * planes[:, 1] + weights[:, 2, None, None] * planes[:, 2]

    def _transform(self, size: int) -> np.ndarray:
        half = self.planes.shape[-1] // 2
        keep = min((size - 1) // 2, half)
        core = self.planes[..., half - keep : half + keep + 1, half - keep : half + keep + 1]
        padded = np.zeros((*self.planes.shape[:2], size, size))
        padded[..., : 2 * keep + 1, : 2 * keep + 1] = core
        return scipy.fft.rfft2(np.roll(padded, (-keep, -keep), axis=(-2, -1))).astype(np.complex64)

    def _envelope(self) -> tuple[np.ndarray, np.ndarray]:
        if not hasattr(self, "_radial"):
            half = self.planes.shape[-1] // 2
            y, x = np.indices(self.planes.shape[-2:]) - half
            ring = np.minimum(np.rint(np.hypot(x, y)).astype(int), half)
            peaks = np.array(
                [[np.abs(plane[ring == r]).mean() for r in range(half + 1)] for plane in self.planes[:, 0]]
            )
            outside_in = np.maximum.accumulate(peaks[:, ::-1], axis=1)[:, ::-1]
            self._radial = np.arange(half + 1.0), outside_in
        return self._radial
