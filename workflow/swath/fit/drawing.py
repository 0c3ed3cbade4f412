"""Drawing the sources of a scene: stamp sizes, images, gradients, templates, the model image."""

from typing import NamedTuple

import numpy as np

from ..models import sersic
from ..models.psf import PixelPsf
from ..models.render import INDEX_OF, SIZES, Stamp, analyse, canvas_size, cut, draw, modes, render, stamp_size
from .scene import Problem, Sources

# Stamps reach this far beyond where a source falls below the threshold [pix]: it moves before they are laid out anew.
_MARGIN = 6.0
# Transformed PSFs of one grid size may take so much; galaxies that would need a larger grid, far larger than their
# stamp, have the light beyond it folded back.
_GRID_BYTES = 1 << 28
# Sources are drawn together as long as what is at work fits into a processor's cache.
_TOGETHER = 1 << 19  # [bytes]

Box = tuple[int, int, int, int]
Window = tuple[slice, slice, slice]


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


class Drawn(NamedTuple):
    """One source as it was drawn.

    window : the pixels of its stamp on the image, (bands, y, x) slices. inner : the same pixels on its own grid.
    unit : (nband, ny, nx) float32 unit-flux image. modes : (k, side, half) complex64, the profile and its derivatives.
    """

    window: Window
    inner: Window
    unit: np.ndarray
    modes: np.ndarray


class Canvas:
    """Stamps of every source of a problem, at sizes and centres that hold until `resize`."""

    def __init__(self, problem: Problem, coarseness: float = 1.0) -> None:
        self.problem = problem
        self.noise = problem.pixels.noise
        free, mode = problem.sources, problem.settings.mode
        self.moving = [free.moving(s, mode) for s in range(len(free))]
        self.resize(problem.sources, coarseness)

    def resize(self, sources: Sources, coarseness: float = 1.0) -> np.ndarray:
        """Choose stamp sizes and centres anew from the current fluxes, sizes and positions.

        Parameters
        ----------
        coarseness : stamps end where sources fall below so many times the threshold of the settings.

        Returns
        -------
        changed : (n,) bool, the sources whose stamps are not what they were.
        """
        settings, psf = self.problem.settings, self.problem.psf
        radii = [reach(psf, sources, i, self.noise, coarseness * settings.stamp_threshold) for i in range(len(sources))]
        before = getattr(self, "layout", None)
        self.sizes = [stamp_size(radius, settings.stamp_max_pix) for radius in radii]
        # A stamp that had to stay smaller than its source is cut from a grid large enough to keep the light outside.
        self.capped = np.array([2 * radius + 2 > size for radius, size in zip(radii, self.sizes, strict=True)], bool)
        room = np.sqrt(_GRID_BYTES / (4 * np.prod(psf.planes.shape[:2])))
        largest = int(SIZES[max(np.searchsorted(SIZES, room, side="right") - 1, 0)])
        self.grids = [
            max(size, min(canvas_size(size, radius), largest)) if capped else size
            for radius, size, capped in zip(radii, self.sizes, self.capped, strict=True)
        ]
        self.centres = np.rint(sources.nonlinear[:, :2]).astype(int)
        self.boxes = [
            cut(centre, size, self.problem.pixels.extent) for centre, size in zip(self.centres, self.sizes, strict=True)
        ]
        sides, grids = np.array(self.sizes, int), np.array(self.grids, int)
        self.corners = self.centres - (sides // 2 + (grids - sides) // 2)[:, None]
        self.windows = [self._windows(s) for s in range(len(sources))]
        self.layout = np.column_stack([self.centres, self.sizes, self.grids]).reshape(-1, 4)
        return np.ones(len(sources), bool) if before is None else (before != self.layout).any(axis=1)

    def draw(self, sources: Sources, which: np.ndarray) -> dict[int, Drawn]:
        """Draw the sources with the indices `which`."""
        drawn = {}
        for members, wanted in self._batches(sources, which):
            grid = self.problem.psf.grid(self.grids[members[0]])
            nonlinear = sources.nonlinear[members]
            names = [str(name) for name in sources.model[members]]
            forms = modes(grid, names, nonlinear[:, :2] - self.corners[members], nonlinear, max(wanted, key=len))
            spectra = np.empty((len(members), self.problem.psf.nband, *forms.shape[2:]), np.complex64)
            for k, s in enumerate(members):
                np.multiply(self._psf(sources, s), forms[k, 0], out=spectra[k])
            images = draw(spectra)
            for k, s in enumerate(members):
                window, inner = self.windows[s]
                # A view would keep the whole of a grid that is far larger than its stamp.
                unit = images[k][inner].copy() if self.capped[s] else images[k][inner]
                drawn[s] = Drawn(window, inner, unit, forms[k, : 1 + len(wanted[k])])
        return drawn

    def gradients(self, sources: Sources, drawn: dict[int, Drawn], which: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Sums over the pixels of `image` (nband, ny, nx) times each template, (len(which), nband, 7).

        The first of the 7 is the unit-flux image, the others its derivatives by the nonlinear parameters, 0 for those
        that do not move. The sums are taken in Fourier space: one transform a band, however many derivatives there are.
        """
        place = {int(s): k for k, s in enumerate(which)}
        sums = np.zeros((len(which), len(image), 7))
        for members, wanted in self._batches(sources, which):
            side = self.grids[members[0]]
            pixels = np.zeros((len(members), len(image), side, side), "f4")
            for k, s in enumerate(members):
                pixels[k][drawn[s].inner] = image[drawn[s].window]
            spectra = analyse(pixels)
            # The half of a real image's transform that is not kept.
            spectra[..., 1:-1] *= 2
            for k, s in enumerate(members):
                seen = np.conj(self._psf(sources, s)) * spectra[k]
                left, right = (a.reshape(len(a), -1).view("f4") for a in (seen, drawn[s].modes))
                sums[place[s]][:, columns(wanted[k])] = left @ right.T
        return sums

    def derivatives(self, sources: Sources, drawn: Drawn, index: int, bands: slice) -> np.ndarray:
        """Derivatives of one source's unit-flux image in some bands, (nband, moving parameters, ny, nx) float32."""
        spectrum = self._psf(sources, index)[bands, None] * drawn.modes[1:]
        return draw(spectrum)[:, :, drawn.inner[1], drawn.inner[2]]

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

    def stamps(self, sources: Sources, derivatives: bool = True) -> list[Stamp]:
        """Templates of all sources, with derivatives for the free ones."""
        return [self.stamp(sources, i, derivatives and bool(sources.free[i])) for i in range(len(sources))]

    def outline(self, index: int) -> Box:
        """Box (x0, x1, y0, y1) of a stamp before it is cut to the image."""
        (x, y), size = self.centres[index], self.sizes[index]
        return x - size // 2, x - size // 2 + size, y - size // 2, y - size // 2 + size

    def model(self, sources: Sources, stamps: list[Stamp], sky: np.ndarray | None = None) -> np.ndarray:
        """Model image of all bands, (nband, ny, nx) float32; `sky` is (nband,)."""
        image = self._blank(sky)
        for index, stamp in enumerate(stamps):
            add(image, stamp, sources.flux[index])
        return image

    def light(self, sources: Sources, drawn: dict[int, Drawn], sky: np.ndarray | None = None) -> np.ndarray:
        """Model image of all bands from what was drawn; see `model`."""
        image = self._blank(sky)
        for s, one in drawn.items():
            image[one.window] += scaled(one, sources.flux[s])
        return image

    def _blank(self, sky: np.ndarray | None) -> np.ndarray:
        image = np.zeros_like(self.problem.pixels.image)
        if sky is not None:
            image += sky.astype("f4")[:, None, None]
        return image

    def _psf(self, sources: Sources, index: int) -> np.ndarray:
        return self.problem.psf.at(self.grids[index], *sources.nonlinear[index, :2])

    def _windows(self, index: int) -> tuple[Window, Window]:
        x0, x1, y0, y1 = self.boxes[index]
        cx, cy = map(int, self.corners[index])
        bands = slice(None)
        inner = (bands, slice(y0 - cy, y1 - cy), slice(x0 - cx, x1 - cx))
        return (bands, slice(y0, y1), slice(x0, x1)), inner

    def _batches(self, sources: Sources, which: np.ndarray) -> list[tuple[list[int], list[tuple[int, ...]]]]:
        """Stars, or galaxies, on grids of the same size; and the parameters that each moves by."""
        alike: dict[tuple, list[int]] = {}
        for s in map(int, which):
            alike.setdefault((sources.model[s] == "star", bool(self.moving[s]), self.grids[s]), []).append(s)
        batches = []
        for (_, _, side), members in alike.items():
            count = max(1, _TOGETHER // (4 * side * side * max(self.problem.psf.nband, 7)))
            parts = [members[k : k + count] for k in range(0, len(members), count)]
            batches += [(part, [self.moving[s] for s in part]) for part in parts]
        return batches


def columns(wanted: tuple[int, ...]) -> list[int]:
    """Places of the unit-flux image and of the derivatives by `wanted` among the 7 templates of a source."""
    return [0, *(1 + parameter for parameter in wanted)]


def scaled(drawn: Drawn, flux: np.ndarray) -> np.ndarray:
    """Image of a source of `flux` (nband,), float32."""
    return flux.astype("f4")[:, None, None] * drawn.unit


def add(image: np.ndarray, stamp: Stamp, flux: np.ndarray) -> None:
    """Add a source of `flux` (nband,) to `image` (nband, ny, nx) in place."""
    x0, x1, y0, y1 = stamp.box
    image[:, y0:y1, x0:x1] += flux.astype("f4")[:, None, None] * stamp.templates[:, 0]


def overlap(a: Box, b: Box) -> Box | None:
    """Common box of two boxes, None when they do not touch."""
    box = (max(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), min(a[3], b[3]))
    return box if box[0] < box[1] and box[2] < box[3] else None


def neighbours(boxes: list[Box]) -> list[tuple[int, int]]:
    """Pairs (i < j) of overlapping boxes."""
    edges = np.array(boxes).reshape(-1, 4)
    pairs = []
    for i, (x0, x1, y0, y1) in enumerate(boxes):
        rest = edges[i + 1 :]
        near = (rest[:, 0] < x1) & (rest[:, 1] > x0) & (rest[:, 2] < y1) & (rest[:, 3] > y0)
        near &= (rest[:, 0] < rest[:, 1]) & (rest[:, 2] < rest[:, 3]) & (x0 < x1) & (y0 < y1)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(near)]
    return pairs
