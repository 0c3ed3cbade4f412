"""The Tractor's PSFs from ours."""

from typing import Any

import numpy as np
from tractor.psf import GaussianMixturePSF, HybridPixelizedPSF, PixelizedPSF

from ...config.fit import ByTractor
from ...models.psf import PixelPsf


class Optics:
    """The Tractor's PSFs of all bands, made from stamps with one sample per pixel; light beyond the stamps is lost."""

    def __init__(self, psf: PixelPsf, extent: tuple[int, int], how: ByTractor) -> None:
        self.psf, self.how = psf, how
        self.varies = psf.planes.shape[1] > 1
        ny, nx = extent
        self.middle = self._made(nx / 2, ny / 2)

    def at(self, x: float, y: float) -> list[Any]:
        """PSFs of all bands at a position."""
        return self._made(x, y) if self.varies else self.middle

    def _made(self, x: float, y: float) -> list[Any]:
        return [_one(stamp, self.how) for stamp in self.psf.stamps(x, y)]


def _one(stamp: np.ndarray, how: ByTractor) -> Any:
    pixels = PixelizedPSF(np.ascontiguousarray(stamp, "f4"))
    if how.psf == "pixelized":
        return pixels
    mixture = GaussianMixturePSF.fromStamp(np.ascontiguousarray(stamp, "f8"), N=how.gaussians)
    mixture.radius = stamp.shape[0] // 2
    mixture.mog.amp *= stamp.sum() / mixture.mog.amp.sum()
    return mixture if how.psf == "gaussian_mixture" else HybridPixelizedPSF(pixels, mixture)
