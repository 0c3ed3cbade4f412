"""Drawing the sources of a scene: stamp sizes, templates, the model image."""

import numpy as np

from ..models import sersic
from ..models.psf import PixelPsf
from ..models.render import INDEX_OF, Stamp, canvas_size, render, stamp_size
from .scene import Problem, Sources

_MARGIN = 6.0


def reach(psf: PixelPsf, sources: Sources, index: int, noise: np.ndarray, threshold: float) -> float:
    """Radius [pix] out to which one source stands above `threshold` sigma per pixel in any band."""
    snr = np.where(np.isfinite(noise), np.abs(sources.flux[index]) / noise, 0)
    radius = psf.reach(snr, threshold)
    model = str(sources.model[index])
    if model != "star" and snr.max() > 0:
        log_r, e1, e2, ln_n = sources.nonlinear[index, 2:]
        major = np.exp(log_r + np.hypot(e1, e2) / 2)
        n = INDEX_OF.get(model) or float(np.exp(ln_n))
        level = threshold * np.exp(2 * log_r) / snr.max()
        radius = max(radius, major * sersic.brightness_radius(n, level))
    return radius + _MARGIN


class Canvas:
    """Stamps of every source of a problem, at sizes and centres that hold until `resize`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.noise = problem.pixels.noise
        self.resize(problem.sources)

    def resize(self, sources: Sources) -> None:
        """Choose stamp sizes and centres anew from the current fluxes, sizes and positions."""
        settings, psf = self.problem.settings, self.problem.psf
        radii = [reach(psf, sources, i, self.noise, settings.stamp_threshold) for i in range(len(sources))]
        self.sizes = [stamp_size(radius, settings.stamp_max_pix) for radius in radii]
        # A stamp that had to stay smaller than its source is cut from a grid large enough to keep the light outside.
        self.capped = np.array([2 * radius + 2 > size for radius, size in zip(radii, self.sizes, strict=True)], bool)
        self.grids = [
            canvas_size(size, radius) if capped else size
            for radius, size, capped in zip(radii, self.sizes, self.capped, strict=True)
        ]
        self.centres = np.rint(sources.nonlinear[:, :2]).astype(int)

    def stamp(self, sources: Sources, index: int, derivatives: bool) -> Stamp:
        """Templates of one source."""
        return render(
            self.problem.psf,
            str(sources.model[index]),
            sources.nonlinear[index, :2],
            sources.nonlinear[index, 2:],
            tuple(self.centres[index]),
            self.sizes[index],
            self.problem.pixels.extent,
            derivatives,
            self.grids[index],
        )

    def outline(self, index: int) -> tuple[int, int, int, int]:
        """Box (x0, x1, y0, y1) of a stamp before it is cut to the image."""
        (x, y), size = self.centres[index], self.sizes[index]
        return x - size // 2, x - size // 2 + size, y - size // 2, y - size // 2 + size

    def stamps(self, sources: Sources, derivatives: bool = True) -> list[Stamp]:
        """Templates of all sources, with derivatives for the free ones."""
        return [self.stamp(sources, i, derivatives and bool(sources.free[i])) for i in range(len(sources))]

    def model(self, sources: Sources, stamps: list[Stamp], sky: np.ndarray | None = None) -> np.ndarray:
        """Model image of all bands, (nband, ny, nx) float32; `sky` is (nband,)."""
        image = np.zeros_like(self.problem.pixels.image)
        if sky is not None:
            image += sky.astype("f4")[:, None, None]
        for index, stamp in enumerate(stamps):
            add(image, stamp, sources.flux[index])
        return image


def add(image: np.ndarray, stamp: Stamp, flux: np.ndarray) -> None:
    """Add a source of `flux` (nband,) to `image` (nband, ny, nx) in place."""
    x0, x1, y0, y1 = stamp.box
    image[:, y0:y1, x0:x1] += flux.astype("f4")[:, None, None] * stamp.templates[:, 0]


def overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> tuple[int, int, int, int] | None:
    """Common box of two boxes, None when they do not touch."""
    box = (max(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), min(a[3], b[3]))
    return box if box[0] < box[1] and box[2] < box[3] else None


def neighbours(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    """Pairs (i < j) of overlapping boxes."""
    edges = np.array(boxes).reshape(-1, 4)
    pairs = []
    for i, (x0, x1, y0, y1) in enumerate(boxes):
        rest = edges[i + 1 :]
        near = (rest[:, 0] < x1) & (rest[:, 1] > x0) & (rest[:, 2] < y1) & (rest[:, 3] > y0)
        near &= (rest[:, 0] < rest[:, 1]) & (rest[:, 2] < rest[:, 3]) & (x0 < x1) & (y0 < y1)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(near)]
    return pairs
