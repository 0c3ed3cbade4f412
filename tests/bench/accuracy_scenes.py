"""Patches of known truth: drawn here, rendered by GalSim, handed to the fit as the workflow hands its payloads."""

from collections.abc import Iterator
from dataclasses import dataclass

import galsim
import numpy as np
import pandas as pd
from accuracy_optics import STAMP, Optics
from swath.config.fit import Fit
from swath.fit.errors import covariances
from swath.fit.optimise import optimise
from swath.fit.problem import problem
from swath.models import shape
from swath.models.sersic import TRUNCATION
from swath.patches.payload import OWNED, Payload
from swath.simulate.draw import INDICES
from swath.simulate.render import add_stamp
from swath.streams import stream

KINDS = ("star", "exp", "dev", "sersic")
NOISE, GAIN = 1.0, 15.0
STEP, ROWS = 90, 4  # pixels from one group to the next, groups per side of a patch
RE = (1.2, 6.0)
POSITION_ERROR, SHAPE_ERROR, FLUX_ERROR = 0.15, 0.15, 0.2  # of the catalogue that the fit starts from
FINE = galsim.GSParams(folding_threshold=5e-4, kvalue_accuracy=1e-5, maxk_threshold=1e-3, maximum_fft_size=16384)


@dataclass(frozen=True)
class Recipe:
    """What a sample is made of.

    members : 1 for isolated sources, 2 for pairs. count : groups. snr : range of the S/N of the brightest member in
    the shallowest band, as a matched filter would have it. separation : of pairs [FWHM of the middle band]. ratio :
    largest flux ratio of pairs.
    """

    name: str
    members: int
    count: int
    snr: tuple[float, float]
    kinds: tuple[str, ...] = KINDS
    separation: float = 1.0
    ratio: float = 10.0


def draw(recipe: Recipe, optics: Optics, seed: int) -> pd.DataFrame:
    """Sources, one row each: patch, group, kind, x, y [pix of the patch], re, ell, phi, n and true_<band>."""
    rng = stream(seed, "accuracy", recipe.name)
    groups = np.repeat(np.arange(recipe.count), recipe.members)
    member = np.tile(np.arange(recipe.members), recipe.count)
    total = len(groups)
    place = groups % ROWS**2
    centre = np.stack([place % ROWS, place // ROWS], axis=1) * STEP + STEP / 2
    angle, dither = rng.uniform(0, 2 * np.pi, recipe.count), rng.uniform(-3, 3, (recipe.count, 2))
    apart = recipe.separation * optics.fwhm[len(optics.fwhm) // 2]
    step = np.stack([np.cos(angle), np.sin(angle)], axis=1)[groups] * (member * apart)[:, None]
    x, y = (centre + dither[groups] + step).T
    kind = rng.permutation(np.resize(recipe.kinds, total))
    galaxy = kind != "star"
    index = INDICES[rng.integers(0, len(INDICES), total)]
    n = np.select([kind == "exp", kind == "dev", kind == "sersic"], [1.0, 4.0, index], np.nan)
    re = np.exp(rng.uniform(*np.log(RE), total))
    table = pd.DataFrame({"patch": groups // ROWS**2, "group": groups, "kind": kind, "x": x, "y": y})
    table["re"], table["n"] = np.where(galaxy, re, np.nan), n
    table["ell"] = np.where(galaxy, np.clip(np.abs(rng.normal(0, 0.3, total)), 0, 0.75), np.nan)
    table["phi"] = np.where(galaxy, rng.uniform(-90, 90, total), np.nan)
    return table.assign(**_fluxes(recipe, table, member, optics, rng))


def _fluxes(
    recipe: Recipe, table: pd.DataFrame, member: np.ndarray, optics: Optics, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    count = recipe.count
    snr = np.exp(rng.uniform(*np.log(recipe.snr), count))[table["group"]]
    fainter = np.exp(rng.uniform(0, np.log(recipe.ratio), count))[table["group"]]
    # ASSUME the light of a source falls on a Gaussian area of this sigma: it sets the scale of the S/N, no more.
    area = 4 * np.pi * ((max(optics.fwhm) / 2.355) ** 2 + (0.6 * np.nan_to_num(table["re"].to_numpy())) ** 2)
    first = member == 0
    background = NOISE**2 * area[first][table["group"]]
    flux = snr**2 / GAIN / 2 + np.sqrt((snr**2 / GAIN / 2) ** 2 + snr**2 * background)
    flux = np.where(first, flux, flux / fainter)
    colours = np.exp(rng.uniform(0, 0.7, (len(optics.fwhm), count)))[:, table["group"]]
    return {f"true_{band}": flux * colour for band, colour in enumerate(colours)}


def render(table: pd.DataFrame, optics: Optics, origin: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Images of one patch, (nband, side, side) float32, with Gaussian sky and Poisson noise; `origin` is its corner."""
    side, nband = STEP * ROWS, len(optics.fwhm)
    images = np.zeros((nband, side, side))
    for row in table.itertuples():
        for band in range(nband):
            psf = optics.profile(band, row.x + origin[0], row.y + origin[1])
            profile = galaxy(row, psf).withFlux(getattr(row, f"true_{band}"))
            reach = STAMP // 2 + (0 if row.kind == "star" else TRUNCATION * row.re)
            add_stamp(images[band], profile, row.x, row.y, 2 * int(min(reach, side)) + 1)
    photons = rng.poisson(np.maximum(images, 0) * GAIN) / GAIN
    return (photons + rng.normal(0, NOISE, images.shape)).astype("f4")


def galaxy(row: object, psf: galsim.GSObject) -> galsim.GSObject:
    """A source of a table seen through a PSF; its flux is that within the declared radius, Re that of the whole."""
    if row.kind == "star":
        return psf
    q = 1 - row.ell
    radius = row.re * np.sqrt(q)
    profile = galsim.Sersic(
        row.n, half_light_radius=radius, trunc=TRUNCATION * radius, flux_untruncated=True, gsparams=FINE
    )
    return galsim.Convolve(profile.shear(q=q, beta=row.phi * galsim.degrees), psf, gsparams=FINE).withFlux(1.0)


def payload(
    table: pd.DataFrame, images: np.ndarray, optics: Optics, origin: tuple[int, int], rng: np.random.Generator
) -> Payload:
    """The patch as the workflow would give it to the fit: a perturbed catalogue, and PSFs as they are believed."""
    nband, side, _ = images.shape
    size = max(planes.shape[-1] for planes, *_ in optics.believed)
    planes = np.zeros((nband, max(len(p) for p, *_ in optics.believed), size, size), "f4")
    bands = np.zeros(nband, [(name, "f8") for name in ("gain", "psf_x0", "psf_y0", "psf_scale")] + [("noise", "U8")])
    for band, (stamp, x0, y0, scale) in enumerate(optics.believed):
        planes[band, : len(stamp)] = stamp
        bands[band] = GAIN, x0, y0, scale, "sky"
    sigma = np.full(images.shape, NOISE, "f4")
    roi = (origin[0], origin[0] + side, origin[1], origin[1] + side)
    sources = _catalogue(table, nband, origin, rng)
    return Payload(
        f"at_{origin[0]}_{origin[1]}",
        "cell",
        roi,
        roi,
        images,
        sigma,
        np.zeros(images.shape, "u1"),
        planes,
        bands,
        sources,
    )


def _catalogue(table: pd.DataFrame, nband: int, origin: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    count, star = len(table), (table["kind"] == "star").to_numpy()
    filled = (np.where(star, other, table[name]) for name, other in (("re", 1.0), ("ell", 0.0), ("phi", 0.0)))
    re, ell, phi = shape.to_ellipse(shape.from_ellipse(*filled) + SHAPE_ERROR * rng.normal(size=(count, 3)))
    rows = np.zeros(
        count,
        [("row", "i4"), ("ID", "U8"), ("role", "i2"), ("model", "U8"), *((k, "f8") for k in ("x", "y", "re", "ell")),
         ("phi", "f8"), ("flux_start", "f8", (nband,))],
    )  # fmt: skip
    rows["row"], rows["ID"] = np.arange(count), [f"S{i}" for i in range(count)]
    rows["role"], rows["model"] = OWNED, table["kind"]
    rows["x"] = table["x"] + origin[0] + POSITION_ERROR * rng.normal(size=count)
    rows["y"] = table["y"] + origin[1] + POSITION_ERROR * rng.normal(size=count)
    rows["re"], rows["ell"], rows["phi"] = re, ell, phi
    true = table[[f"true_{band}" for band in range(nband)]].to_numpy()
    rows["flux_start"] = true * np.exp(FLUX_ERROR * rng.normal(size=true.shape))
    return rows


def patches(recipe: Recipe, cells: list[Optics], seed: int) -> Iterator[tuple[pd.DataFrame, Optics, Payload]]:
    """The patches of a sample, each with its truth; they take turns among the cells and have a noise of their own."""
    for number, table in draw(recipe, cells[0], seed).groupby("patch"):
        optics = cells[number % len(cells)]
        rng = stream(seed, "accuracy noise", recipe.name, str(number))
        x0, x1, y0, y1 = optics.box
        side = STEP * ROWS
        origin = int(rng.integers(x0, max(x1 - side, x0) + 1)), int(rng.integers(y0, max(y1 - side, y0) + 1))
        yield table, optics, payload(table, render(table, optics, origin, rng), optics, origin, rng)


def fitted(recipe: Recipe, cells: list[Optics], seed: int) -> pd.DataFrame:
    """The table of `draw` with flux_<band>, err_<band> (of all light), Re_fit, n_fit, converged and reason."""
    return pd.concat([_fit(*patch) for patch in patches(recipe, cells, seed)], ignore_index=True)


def _fit(table: pd.DataFrame, optics: Optics, given: Payload) -> pd.DataFrame:
    patch = problem(given, Fit(), free_sky=False)
    outcome = optimise(patch)
    errors = covariances(patch, outcome)
    found = outcome.sources
    re, _, _ = shape.to_ellipse(found.nonlinear[:, 2:5])
    columns = {"Re_fit": re, "n_fit": np.exp(found.nonlinear[:, 5])}
    columns |= {"converged": outcome.converged, "reason": outcome.reason}
    for band, scale in enumerate(optics.scale):
        columns[f"flux_{band}"], columns[f"err_{band}"] = found.flux[:, band] * scale, errors.flux[:, band] * scale
    return table.assign(**columns)
