"""The real Tractor on a problem, with its own classes throughout and driven in ways that people drive it.

'as in tract7dt' is what tract7dt 0.6.0 does: its constrained optimiser with all arguments at their defaults, 20 steps
or until ln probability gains less than 1e-6, a free sky per band, radii of 0.1 to 1000 pix, and NullWCS as it is, with
which galaxies hardly move. The others have that mended (derivatives by positions per pixel) and the sky held at 0.
"""

import time
from typing import Any

import numpy as np
from engines_fit import peak_mb
from swath.fit.scene import Problem, Sources
from tractor import ConstantSky, Fluxes, FluxesPhotoCal, Image, NullWCS, PixPos, PointSource, Tractor
from tractor.constrained_optimizer import ConstrainedOptimizer
from tractor.ellipses import EllipseESoft
from tractor.galaxy import DevGalaxy, ExpGalaxy
from tractor.lsqr_optimizer import LsqrOptimizer
from tractor.psf import PixelizedPSF
from tractor.sersic import SersicGalaxy, SersicIndex

GALAXIES = {"exp": ExpGalaxy, "dev": DevGalaxy, "sersic": SersicGalaxy}
FASTEST = {"shared_params": False, "alphas": [1.0]}  # full steps only, no parameters that sources share
# optimiser, steps, least gain of ln probability, arguments of a step
DRIVES = {
    "Tractor as in tract7dt": (ConstrainedOptimizer, 20, 1e-6, {}),
    "Tractor, LSQR": (LsqrOptimizer, 60, 1e-3, {}),
    "Tractor, fastest": (LsqrOptimizer, 60, 0.05, FASTEST),
}


class PixelWCS(NullWCS):
    """Derivatives by positions per pixel."""

    def cdInverseAtPosition(self, pos: Any, src: Any = None) -> np.ndarray:
        return np.eye(2)


def drive(posed: Problem, way: str) -> dict[str, Any]:
    """Fit a problem; figures of the case, and the sources as found."""
    optimizer, steps, least, arguments = DRIVES[way]
    peer = way == "Tractor as in tract7dt"
    bands = [f"b{number}" for number in range(len(posed.pixels.image))]
    tractor = Tractor(_images(posed, bands, NullWCS if peer else PixelWCS), _catalogue(posed, bands), optimizer())
    tractor.thawAllRecursive()
    if not peer:
        tractor.freezeParam("images")
    begun, gain, taken = time.process_time(), np.inf, 0
    while taken < steps and gain >= least:
        gain, _, _ = tractor.optimize(**arguments)
        taken += 1
    seconds, peak = time.process_time() - begun, peak_mb()
    return {
        "cpu": seconds,
        "iterations": taken,
        "converged": "yes" if gain < least else "no",
        "chi2_own": -2 * tractor.getLogLikelihood(),
        "peak_mb": peak,
        "sky": np.array([image.sky.val for image in tractor.images]),
        "sources": _found(posed, list(tractor.catalog)),
    }


def _images(posed: Problem, bands: list[str], wcs: type) -> list[Any]:
    pixels = posed.pixels
    stamps = posed.psf.stamps(pixels.extent[1] / 2, pixels.extent[0] / 2).astype("f4")
    return [
        Image(data=data, inverr=np.sqrt(weight), psf=PixelizedPSF(stamp), wcs=wcs(), sky=ConstantSky(0.0),
              photocal=FluxesPhotoCal(band), name=band)
        for data, weight, stamp, band in zip(pixels.image, pixels.weights(None), stamps, bands, strict=True)
    ]  # fmt: skip


def _catalogue(posed: Problem, bands: list[str]) -> list[Any]:
    sources, made = posed.sources, []
    for model, values, flux in zip(sources.model, sources.nonlinear, sources.flux, strict=True):
        place = PixPos(*map(float, values[:2]))
        light = Fluxes(order=bands, **dict(zip(bands, map(float, flux), strict=True)))
        index = [SersicIndex(float(np.exp(values[5])))] if model == "sersic" else []
        made.append(
            PointSource(place, light) if model == "star" else GALAXIES[str(model)](place, light, _soft(values), *index)
        )
    return made


def _soft(values: np.ndarray) -> Any:
    """The Tractor's ellipse of a shape: its radius is the major axis, its angle counts from y against ours."""
    log_r, e1, e2 = values[2:5]
    long = np.hypot(e1, e2)
    ratio = np.log((1 + np.exp(long)) / 2) / long if long > 0 else 0.5
    shape = EllipseESoft(log_r + long / 2, -ratio * e1, ratio * e2)
    shape.lowers, shape.uppers = [float(np.log(0.1)), -100.0, -100.0], [float(np.log(1000.0)), 100.0, 100.0]
    return shape


def _found(posed: Problem, catalogue: list[Any]) -> Sources:
    sources = posed.sources.copy()
    for index, source in enumerate(catalogue):
        sources.nonlinear[index, :2] = source.pos.x, source.pos.y
        sources.flux[index] = source.brightness.getAllParams()
        if sources.model[index] != "star":
            soft = np.hypot(source.shape.ee1, source.shape.ee2)
            long = np.log(2 * np.exp(soft) - 1)
            ratio = long / soft if soft > 0 else 2.0
            sources.nonlinear[index, 2:5] = (
                source.shape.logre - long / 2, -ratio * source.shape.ee1, ratio * source.shape.ee2,
            )  # fmt: skip
        if sources.model[index] == "sersic":
            sources.nonlinear[index, 5] = np.log(source.sersicindex.val)
    return sources
