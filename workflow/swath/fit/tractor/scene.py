"""A problem as the Tractor's images and sources, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from tractor import ConstantSky, Fluxes, FluxesPhotoCal, Image, Tractor

from ...config.fit import ByTractor
from ..scene import MOVING, Problem, Sources
from .optics import Optics
from .pieces import GALAXIES, LnIndex, PatchWcs, Place, Shear, Star

# The parts of a source that hold nonlinear parameters.
PARTS = {"pos": Place, "shape": Shear, "sersicindex": LnIndex}
_MARGIN = 2
# ASSUME sources whose centres may lie farther beyond the pixels than this show nothing there [pix].
_FARTHEST = 150


@dataclass
class Scene:
    """The Tractor's view of a problem.

    tractor : holds the free sources, but for those far off; its images reach `margin` pixels beyond the patch, without
    weight. which : (nfree,) indices of its sources in the problem. fixed : (nband, ny, nx) light of the sources that
    are not fitted, which has been taken off the images.
    """

    problem: Problem
    tractor: Any
    which: np.ndarray
    fixed: np.ndarray
    margin: int

    @property
    def sources(self) -> list[Any]:
        """The Tractor's sources, in the order of `which`."""
        return list(self.tractor.catalog)

    def weigh(self, weights: np.ndarray) -> None:
        """Set the inverse variances of all images, (nband, ny, nx)."""
        for image, weight in zip(self.tractor.images, weights, strict=True):
            image.inverr = np.pad(np.sqrt(weight), self.margin)

    def light(self) -> np.ndarray:
        """The Tractor's model of all sources without sky, (nband, ny, nx) float32."""
        models = [self.tractor.getModelImage(image, sky=False) for image in self.tractor.images]
        return self.fixed + np.array([self._cut(model) for model in models], "f4")

    def sky(self) -> np.ndarray:
        """(nband,)."""
        return np.array([image.sky.val for image in self.tractor.images])

    def hold(self) -> list[tuple[Any, str]]:
        """Put all parameters within their bounds; the parts (source, name) that were not."""
        return [(source, name) for source in self.sources for name in parts(source) if getattr(source, name).hold()]

    def thaw(self) -> None:
        """Let everything move that the mode of the fit lets move."""
        moving = MOVING[self.problem.settings.mode]
        for source in self.sources:
            source.thawAllParams()
            for name in parts(source):
                if not moving & set(PARTS[name].columns):
                    source.freezeParam(name)

    def found(self) -> Sources:
        """The problem's sources at the parameters of the Tractor's."""
        sources = self.problem.sources.copy()
        for index, source in zip(self.which, self.sources, strict=True):
            sources.flux[index] = source.brightness.getAllParams()
            for name in parts(source):
                sources.nonlinear[index, list(PARTS[name].columns)] = getattr(source, name).within()
        return sources

    def _cut(self, image: np.ndarray) -> np.ndarray:
        ny, nx = self.problem.pixels.extent
        return image[self.margin : self.margin + ny, self.margin : self.margin + nx]


def parts(source: Any) -> list[str]:
    """Names of the parts of a source that hold nonlinear parameters."""
    return [name for name in PARTS if hasattr(source, name)]


def build(problem: Problem, how: ByTractor, optimizer: Any) -> Scene:
    """The Tractor's objects for a problem, with weights that know nothing of the sources' own noise."""
    pixels, sources = problem.pixels, problem.sources
    optics = Optics(problem.psf, pixels.extent, how)
    bands = [f"band{index}" for index in range(len(pixels.image))]
    which, margin = _within_reach(problem)
    images = [
        Image(
            data=np.pad(data, margin), inverr=np.pad(np.sqrt(weight), margin), psf=psf, wcs=PatchWcs(margin),
            sky=ConstantSky(0.0), photocal=FluxesPhotoCal(band), name=band,
        )
        for data, weight, psf, band in zip(pixels.image, pixels.weights(None), optics.middle, bands, strict=True)
    ]  # fmt: skip
    made = [_source(problem, index, bands, optics) for index in range(len(sources))]
    scene = Scene(problem, Tractor(images, [made[s] for s in np.flatnonzero(~sources.free)], optimizer=optimizer),
                  which, np.zeros_like(pixels.image), margin)  # fmt: skip
    scene.fixed = scene.light()
    for image, light in zip(images, scene.fixed, strict=True):
        image.data = image.data - np.pad(light, margin)
    scene.tractor = Tractor(images, [made[s] for s in scene.which], optimizer=optimizer)
    for image in images:
        image.freezeAllBut("sky")
    if not problem.settings.free_sky:
        scene.tractor.freezeParam("images")
    scene.thaw()
    return scene


def _source(problem: Problem, index: int, bands: list[str], optics: Optics) -> Any:
    sources, limits = problem.sources, problem.limits
    values, model = sources.nonlinear[index], str(sources.model[index])
    bound = [kind(*map(float, values[list(kind.columns)])) for kind in PARTS.values()]
    for part in bound:
        part.bind(limits, index)
    place, shear, ln_index = bound
    flux = np.nan_to_num(sources.flux[index], nan=0.0, posinf=0.0, neginf=0.0)
    light = Fluxes(order=bands, **dict(zip(bands, map(float, flux), strict=True)))
    if model == "star":
        source = Star(place, light)
    else:
        source = GALAXIES[model](place, light, shear, *([ln_index] if model == "sersic" else []))
    if optics.varies:
        source.psfs = dict(zip(bands, optics.at(*values[:2]), strict=True))
    return source


def _within_reach(problem: Problem) -> tuple[np.ndarray, int]:
    """Indices of the free sources to be fitted, and pixels around the patch within which the centres of galaxies stay.

    The Tractor cannot differentiate a galaxy by its shape whose centre is beyond the image, and gives up all of it.
    """
    sources, limits = problem.sources, problem.limits
    ny, nx = problem.pixels.extent
    at = sources.nonlinear[:, :2]
    low, high = (np.where(np.isfinite(edge[:, :2]), edge[:, :2], at) for edge in (limits.low, limits.high))
    beyond = np.maximum(-low, high - (nx - 1, ny - 1)).max(axis=1)
    near = sources.free & (beyond <= _FARTHEST)
    farthest = beyond[near & (sources.model != "star")].max(initial=-_MARGIN)
    return np.flatnonzero(near), max(int(np.ceil(farthest)) + _MARGIN, 0)
