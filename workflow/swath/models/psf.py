"""PSFs of all bands, ready for Fourier space.

Whatever form a PSF has, the engine sees its transform on the grid of a stamp and its envelope: a form costs what its
transform costs, once for each size of grid, and no form is faster than another to fit with. So all forms are kept
as planes of pixels (several planes where the PSF varies, several samples per pixel where it is undersampled),
with analytic wings where the light does not end with the stamp. Planes hold the light of whole pixels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .psfcells import Cells
from .psffold import padded, transforms
from .psfwings import beyond, profile

# ASSUME nothing is lost where wings end, 120 pix from a star: the largest stamps of the default settings hold that.
_FARTHEST = 120


class Grid(NamedTuple):
    """Angular wave numbers of an n x n real transform, float32, and the PSF's terms on it.

    psf : (nband, nterms, n, n // 2 + 1) complex64; for every fold (see `PixelPsf`) all planes.
    folds : (nfolds, 2) whole turns per pixel, along x and y, by which a fold's wave numbers exceed those of the grid.
    """

    kx: np.ndarray
    ky: np.ndarray
    kxx: np.ndarray
    kxy: np.ndarray
    kyy: np.ndarray
    psf: np.ndarray
    folds: np.ndarray


class PixelPsf:
    """PSFs on planes of pixels that may vary over the field.

    Parameters
    ----------
    planes : (nband, nplanes, m, m), m odd; plane 0 is the PSF at (x0, y0), planes 1 and 2 its slopes.
    x0, y0 : (nband,) reference positions [pix].
    scale : (nband,) unit of the slopes [pix].
    samples : (nband,) samples per pixel and axis; 1 if not given. With more than one, what pixels cannot resolve is
        folded back as the camera does it, exactly at every subpixel position of a star (Anderson & King 2000, PASP 112,
        1360, on the effective PSF); bands of fewer samples have their planes in the middle of `planes`.
    half : half side of the stamps [pix]; that of planes with one sample per pixel if not given.
    wings : (nband, ncell, ncomponents, 5), see `psfwings`: light beyond the stamps; the planes count within.
    cells : the planes are those of several cells, cell by cell, and are interpolated between them; x0, y0 and scale
        are not read.
    """

    def __init__(
        self,
        planes: np.ndarray,
        x0: Sequence[float],
        y0: Sequence[float],
        scale: Sequence[float],
        samples: Sequence[int] | None = None,
        half: int | None = None,
        wings: np.ndarray | None = None,
        cells: Cells | None = None,
    ) -> None:
        self.planes = np.asarray(planes, "f8")
        self.x0, self.y0, self.scale = (np.asarray(v, "f8") for v in (x0, y0, scale))
        self.samples = np.ones(len(self.planes), int) if samples is None else np.asarray(samples, int)
        self.half = self.planes.shape[-1] // 2 // int(self.samples.max(initial=1)) if half is None else int(half)
        self.wings = wings if wings is not None and np.any(wings[..., 0]) else None
        self.cells = cells
        self._grids: dict[int, Grid] = {}

    @property
    def nband(self) -> int:
        """Number of bands."""
        return len(self.planes)

    @property
    def extent(self) -> int:
        """Farthest light from the centre [pix]."""
        return self.half if self.wings is None else _FARTHEST

    def band(self, index: int) -> "PixelPsf":
        """The PSF of one band alone."""
        pick = slice(index, index + 1)
        wings = None if self.wings is None else self.wings[pick]
        parts = (self.planes, self.x0, self.y0, self.scale, self.samples)
        return PixelPsf(*(part[pick] for part in parts), self.half, wings, self.cells)

    def moved(self, dx: float, dy: float) -> "PixelPsf":
        """The same PSF for positions that count from the pixel (dx, dy), whole numbers; transforms are shared."""
        cells = self.cells and self.cells.moved(dx, dy)
        where = self.x0 - dx, self.y0 - dy, self.scale
        other = PixelPsf(self.planes, *where, self.samples, self.half, self.wings, cells)
        other._grids = self._grids
        return other

    def coefficients(self, x: float, y: float) -> np.ndarray:
        """Weights of the planes at a position, (nband, nplanes)."""
        if self.cells is not None:
            nplanes = self.planes.shape[1] // len(self.cells.column)
            return np.broadcast_to(self.cells.coefficients(x, y, nplanes), self.planes.shape[:2])
        if self.planes.shape[1] == 1:
            return np.ones((self.nband, 1))
        return np.stack([np.ones(self.nband), (x - self.x0) / self.scale, (y - self.y0) / self.scale], axis=1)

    def stamps(self, x: float, y: float) -> np.ndarray:
        """PSF stamps at a position, one sample per pixel, (nband, 2 half + 1, 2 half + 1)."""
        pixels = np.stack([self._pixels(index) for index in range(self.nband)])
        return np.einsum("bp,bpyx->byx", self.coefficients(x, y), pixels)

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
            self._grids[size] = Grid(kx, ky, kx * kx, 2 * kx * ky, ky * ky, *self._transform(size))
        return self._grids[size]

    def at(self, size: int, x: float, y: float) -> np.ndarray:
        """Transform of the PSF at a position on the grid of `size`, (nband, size, size // 2 + 1), complex64."""
        grid = self.grid(size)
        terms = grid.psf
        if terms.shape[1] == 1:
            return terms[:, 0]
        weights = self.coefficients(x, y)
        if len(grid.folds) == 1:
            # as pairs of real numbers: half the work of complex weights
            flat = terms.reshape(*terms.shape[:2], -1).view("f4")
            mixed = np.matmul(weights.astype("f4")[:, None], flat).view("c8")
        else:
            turns = np.exp(-2j * np.pi * (grid.folds @ (x % 1, y % 1)))
            weights = (turns[None, :, None] * weights[:, None]).reshape(self.nband, -1)
            mixed = np.matmul(weights.astype("c8")[:, None], terms.reshape(*terms.shape[:2], -1))
        return mixed.reshape(self.nband, *terms.shape[2:])

    def _stamp(self, index: int, step: int = 1) -> np.ndarray:
        """Planes of one band without what others need around them; every `step`-th sample."""
        reach, middle = int(self.samples[index]) * self.half, self.planes.shape[-1] // 2
        pick = slice(middle - reach, middle + reach + 1, step)
        return self.planes[index, :, pick, pick]

    def _pixels(self, index: int) -> np.ndarray:
        """Planes of one band at one sample per pixel."""
        return self._stamp(index, int(self.samples[index]))

    def _transform(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        parts = [self._band_transforms(index, size) for index in range(self.nband)]
        folds = list(dict.fromkeys(fold for part in parts for fold in part)) or [(0, 0)]
        shape = (self.planes.shape[1], size, size // 2 + 1)
        terms = np.zeros((self.nband, len(folds), *shape), np.complex64)
        for index, part in enumerate(parts):
            for fold, transform in part.items():
                terms[index, folds.index(fold)] = transform
        return terms.reshape(self.nband, -1, *shape[1:]), np.array(folds)

    def _band_transforms(self, index: int, size: int) -> dict[tuple[int, int], np.ndarray]:
        samples, out = int(self.samples[index]), (size - 1) // 2
        planes = self._stamp(index)
        if self.wings is not None and out > self.half:
            planes = padded(planes, samples * out)
            step = len(planes) // len(self.wings[index])
            planes[::step] += [beyond(rows, self.half, out, samples) for rows in self.wings[index]]
        return transforms(planes, samples, size)

    def _envelope(self) -> tuple[np.ndarray, np.ndarray]:
        """Radii [pix] and the largest mean light at or beyond each, (nradius,) and (nband, nradius)."""
        if not hasattr(self, "_radial"):
            step = 1 if self.cells is None else self.planes.shape[1] // len(self.cells.column)
            peaks = np.array([_rings(self._pixels(index)[::step]).max(axis=0) for index in range(self.nband)])
            radius = np.arange(self.half + 1.0)
            if self.wings is not None:
                far = np.arange(self.half + 1.0, _FARTHEST)
                light = [np.max([profile(rows, far) for rows in band], axis=0) for band in self.wings]
                radius, peaks = np.append(radius, far), np.concatenate([peaks, light], axis=1)
            self._radial = radius, np.maximum.accumulate(peaks[:, ::-1], axis=1)[:, ::-1]
        return self._radial


def _rings(planes: np.ndarray) -> np.ndarray:
    """Mean absolute light of (n, m, m) stamps in rings of one pixel, (n, m // 2 + 1); corners count to the last."""
    half = planes.shape[-1] // 2
    y, x = np.indices(planes.shape[-2:]) - half
    ring = np.minimum(np.rint(np.hypot(x, y)).astype(int), half).ravel()
    count = np.bincount(ring)
    return np.array([np.bincount(ring, np.abs(plane).ravel()) / count for plane in planes])
