"""Simulated patches for the benchmarks of the fit: GalSim's rendering, the true PSF, every source in the model."""

import numpy as np
import pandas as pd
from swath.config.fit import Fit
from swath.config.simulate import Simulate
from swath.patches.payload import OWNED, Payload
from swath.simulate.field import true_sources
from swath.simulate.psffield import psf_field
from swath.simulate.render import psf_stamp, render_sources
from swath.simulate.sky import camera

PSF_SIDE, ZP_REF = 61, 25.0
SIDE_PER_SOURCE = 47.0  # [pix]: 1800 sources on 2000 x 2000 pix
POSITION_ERROR, SHAPE_ERROR, FLUX_ERROR = 0.2, 0.15, 0.2  # of the start: [pix], in ln, in ln


def patch(count: int, bands: int, seed: int, side: int | None = None) -> tuple[Payload, pd.DataFrame]:
    """A payload with `count` sources in `bands` bands, and its truth.

    Nothing lies outside and no pixel is bad, so that every fitter that finds the optimum finds the same one. PSFs are
    Moffats of 4.2 to 3.2 pix FWHM, given exactly. `side` [pix] is by default that of 1800 sources on 2000 x 2000 pix.
    """
    side = side or round(SIDE_PER_SOURCE * np.sqrt(count))
    own = {"seed": seed, "bands": bands, "side_pix": side, "saturated": 0, "fwhm_variation": 0.0, "blends": count // 10}
    settings = Simulate.model_construct(**Simulate().model_dump() | own | _counts(count))
    names = [f"b{number + 1}" for number in range(bands)]
    truth = true_sources(settings, names, ZP_REF)
    fields = [psf_field(settings, number) for number in range(bands)]
    cameras = [camera(settings, number) for number in range(bands)]
    unit = [10 ** (0.4 * (ZP_REF - optics.zero_point)) for optics in cameras]
    gain = np.array([optics.gain / scale for optics, scale in zip(cameras, unit, strict=True)])
    noise = np.array([optics.noise * scale for optics, scale in zip(cameras, unit, strict=True)])
    rng = np.random.default_rng(seed)
    light = [
        render_sources(truth, truth[f"FLUX_{name}"].to_numpy(), field, sigma)
        for name, field, sigma in zip(names, fields, noise, strict=True)
    ]
    image = [
        rng.poisson(np.maximum(flux, 0) * g) / g + rng.normal(0, sigma, flux.shape)
        for flux, g, sigma in zip(light, gain, noise, strict=True)
    ]
    planes = np.stack([psf_stamp(field, side / 2, side / 2, PSF_SIDE)[None] for field in fields])
    box = (0, side, 0, side)
    sigma = np.broadcast_to(noise.astype("f4")[:, None, None], (bands, side, side))
    payload = Payload(
        "bench", "bench", box, box, np.array(image, "f4"), np.array(sigma), np.zeros(sigma.shape, "u1"),
        planes.astype("f4"), _bands(names, gain, noise), _sources(truth, names, rng),
    )  # fmt: skip
    return payload, truth


def settings(**changes: object) -> Fit:
    """The workflow's settings of the fit, with changes."""
    return Fit(**changes)


def _counts(count: int) -> dict[str, int]:
    """The types of the issue's field: a third stars, the rest galaxies."""
    stars, exp, dev = round(count * 0.4), round(count * 0.3), round(count * 0.15)
    return {"stars": stars, "exp": exp, "dev": dev, "sersic": count - stars - exp - dev}


def _bands(names: list[str], gain: np.ndarray, noise: np.ndarray) -> np.ndarray:
    dtype = [
        ("band", "U8"), ("gain", "f8"), ("noise", "U8"), ("sky_sigma", "f8"), ("psf_x0", "f8"), ("psf_y0", "f8"),
        ("psf_scale", "f8"), ("psf_planes", "i4"), ("psf_fallback", "?"), ("psf_pooled", "?"), ("psf_nstars", "i4"),
        ("psf_norm_radius", "f8"), ("rms_score", "f8"), ("psf_reason", "U8"),
    ]  # fmt: skip
    rows = np.zeros(len(names), dtype)
    rows["band"], rows["gain"], rows["noise"], rows["sky_sigma"] = names, gain, "sky", noise
    rows["psf_scale"], rows["psf_planes"] = 1, 1
    return rows


def _sources(truth: pd.DataFrame, names: list[str], rng: np.random.Generator) -> np.ndarray:
    """Starts as a user's catalogue would give them: off by the errors above."""
    count = len(truth)
    dtype = [
        ("row", "i4"), ("ID", "U8"), ("role", "i2"), ("model", "U8"), ("x", "f8"), ("y", "f8"), ("re", "f8"),
        ("ell", "f8"), ("phi", "f8"), ("flux_start", "f8", (len(names),)),
    ]  # fmt: skip
    rows = np.zeros(count, dtype)
    rows["row"], rows["ID"], rows["role"] = np.arange(count), truth["ID"], OWNED
    rows["model"] = [kind.lower() for kind in truth["TYPE"]]
    for axis in ("x", "y"):
        rows[axis] = truth[axis] + rng.normal(0, POSITION_ERROR, count)
    rows["re"] = truth["Re"] * np.exp(rng.normal(0, SHAPE_ERROR, count))
    rows["ell"] = np.clip(truth["ELL"] + rng.normal(0, SHAPE_ERROR, count), 0, 0.8)
    rows["phi"] = truth["phi"] + rng.normal(0, 10, count)
    fluxes = truth[[f"FLUX_{name}" for name in names]].to_numpy()
    rows["flux_start"] = fluxes * np.exp(rng.normal(0, FLUX_ERROR, fluxes.shape))
    return rows
