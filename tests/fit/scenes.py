"""Small simulated patches with known truth, for the tests of the fit."""

from typing import NamedTuple

import numpy as np
from swath.fit.drawing import Canvas
from swath.fit.scene import Limits, Pixels, Problem, Settings, Sources
from swath.models import shape
from swath.models.psf import PixelPsf

SKY, GAIN = 5.0, 5.0


class Truth(NamedTuple):
    """A problem to solve and what its answer should be."""

    problem: Problem
    sources: Sources


def moffat(fwhm: float, beta: float = 3.5, size: int = 41) -> np.ndarray:
    """A Moffat PSF averaged over pixels on a 5 x 5 grid, normalised to sum 1."""
    alpha = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    y, x = np.indices((size, size)) - size // 2
    offsets = np.linspace(-0.4, 0.4, 5)
    image = sum((1 + ((x + dx) ** 2 + (y + dy) ** 2) / alpha**2) ** -beta for dx in offsets for dy in offsets)
    return image / image.sum()


def psf(nband: int) -> PixelPsf:
    """PSFs from 4.6 to 3.4 pix FWHM."""
    planes = np.stack([moffat(fwhm)[None] for fwhm in np.linspace(4.6, 3.4, nband)])
    return PixelPsf(planes, np.zeros(nband), np.zeros(nband), np.ones(nband))


def limits(start: Sources, shift: float = 3.0, priors: bool = True) -> Limits:
    """The bounds and priors that the workflow sets with its defaults."""
    n = len(start)
    low = np.tile([0, 0, np.log(0.05), -np.inf, -np.inf, np.log(0.41)], (n, 1)).astype(float)
    high = np.tile([0, 0, np.log(200.0), np.inf, np.inf, np.log(6.3)], (n, 1)).astype(float)
    low[:, :2], high[:, :2] = start.nonlinear[:, :2] - shift, start.nonlinear[:, :2] + shift
    mean, width = np.zeros((n, 6)), np.full((n, 6), np.inf)
    if priors:
        mean[:, 2], mean[:, 5] = start.nonlinear[:, 2], np.log(1.5)
        width[:, 2:] = [1.0, 0.6, 0.6, 1.0]
        width[start.model == "star"] = np.inf
    return Limits(low, high, mean, width)


def sources(models: list[str], x, y, flux, nband: int, re=3.0, ell=0.3, phi=20.0, index=2.0) -> Sources:
    """Sources from broadcastable catalogue values; `flux` may be (n,) or (n, nband)."""
    n = len(models)
    columns = [np.broadcast_to(np.asarray(v, float), n) for v in (x, y, re, ell, phi, index)]
    index_of = {"exp": 1.0, "dev": 4.0}
    n_sersic = np.array([index_of.get(m, v) for m, v in zip(models, columns[5], strict=True)])
    nonlinear = np.column_stack([columns[0], columns[1], shape.from_ellipse(*columns[2:5]), np.log(n_sersic)])
    fluxes = np.asarray(flux, float)
    fluxes = np.broadcast_to(fluxes[:, None] if fluxes.ndim == 1 else fluxes, (n, nband)).copy()
    return Sources(np.array(models), nonlinear, fluxes, np.ones(n, bool))


def render(true: Sources, extent: tuple[int, int], nband: int, seed: int | None, gain: float = GAIN) -> Pixels:
    """Images of `true` with sky and Poisson noise; `seed` None leaves the noise out."""
    shape3 = (nband, *extent)
    blank = Pixels(
        np.zeros(shape3, "f4"),
        np.full(shape3, SKY**2, "f4"),
        np.ones(shape3, bool),
        np.full(nband, gain),
        np.ones(nband, bool),
    )
    drawn = Problem(blank, psf(nband), true, limits(true), Settings(stamp_threshold=1e-5))
    canvas = Canvas(drawn)
    image = canvas.model(true, canvas.stamps(true, derivatives=False)).astype("f8")
    if seed is not None:
        noise = np.random.default_rng(seed).normal(size=shape3)
        image += noise * np.sqrt(SKY**2 + np.maximum(image, 0) / gain)
    blank.image = image.astype("f4")
    return blank


def perturbed(true: Sources, rng: np.random.Generator) -> Sources:
    """A start as a catalogue would give it: 20 % in flux, 0.2 pix, 15 % in size, half the ellipticity."""
    start = true.copy()
    n = len(true)
    start.nonlinear[:, :2] += rng.normal(size=(n, 2)) * 0.2
    start.nonlinear[:, 2] += rng.normal(size=n) * 0.15
    start.nonlinear[:, 3:5] *= 0.5
    start.nonlinear[true.model == "sersic", 5] = np.log(1.5)
    start.flux = true.flux * rng.uniform(0.8, 1.25, true.flux.shape)
    return start


def field(seed: int, n: int = 20, side: int = 200, nband: int = 3, noise: bool = True) -> Truth:
    """A random mix of stars and galaxies."""
    rng = np.random.default_rng(seed)
    models = list(rng.choice(["star", "exp", "dev", "sersic"], n, p=[0.4, 0.3, 0.15, 0.15]))
    true = sources(
        models,
        rng.uniform(15, side - 15, n),
        rng.uniform(15, side - 15, n),
        10 ** rng.uniform(2.8, 4.3, n)[:, None] * rng.uniform(0.6, 1.5, (n, nband)),
        nband,
        rng.uniform(1.5, 5, n),
        rng.uniform(0, 0.6, n),
        rng.uniform(-90, 90, n),
        rng.uniform(0.8, 3.5, n),
    )
    pixels = render(true, (side, side), nband, seed if noise else None)
    start = perturbed(true, rng)
    return Truth(Problem(pixels, psf(nband), start, limits(start), Settings()), true)
