"""From a payload to the problems that the optimiser solves."""

import numpy as np

from ..config.fit import Fit
from ..models.psf import PixelPsf
from ..models.render import nderiv
from ..patches.payload import FIXED, Payload
from ..patches.starts import nonlinear
from .scene import Limits, Pixels, Problem, Settings, Sources

# Bounds: half-light radii sqrt(ab) of 0.05 to 200 pix, Sersic indices of 0.41 to 6.3, axis ratios down to 0.08.
_LOW = np.array([-np.inf, -np.inf, np.log(0.05), -np.inf, -np.inf, np.log(0.41)])
_HIGH = np.array([np.inf, np.inf, np.log(200.0), np.inf, np.inf, np.log(6.3)])


def problem(payload: Payload, settings: Fit, free_sky: bool) -> Problem:
    """The joint problem of all bands; positions become pixels of the payload's images."""
    sources = _sources(payload, settings)
    return Problem(_pixels(payload), _psf(payload), sources, _limits(sources, settings), _settings(settings, free_sky))


def single_band(joint: Problem, index: int) -> Problem:
    """The problem of one band alone."""
    return Problem(
        joint.pixels.band(index), joint.psf.band(index), joint.sources.band(index), joint.limits, joint.settings
    )


def _pixels(payload: Payload) -> Pixels:
    good = (payload.mask == 0) & np.isfinite(payload.sigma) & (payload.sigma > 0)
    variance = np.where(good, payload.sigma, 1).astype("f4") ** 2
    image = np.where(good, payload.image, 0).astype("f4")
    return Pixels(image, variance, good, payload.bands["gain"], payload.bands["noise"] != "total")


def _psf(payload: Payload) -> PixelPsf:
    x0, _, y0, _ = payload.roi
    bands = payload.bands
    return PixelPsf(payload.psf, bands["psf_x0"] - x0, bands["psf_y0"] - y0, bands["psf_scale"])


def _sources(payload: Payload, settings: Fit) -> Sources:
    rows = payload.sources
    start = [
        nonlinear(
            str(row["model"]), row["x"] - payload.roi[0], row["y"] - payload.roi[2], row["re"], row["ell"], row["phi"],
            settings.sersic_n_init,
        )
        for row in rows
    ]  # fmt: skip
    free = rows["role"] != FIXED
    return Sources(rows["model"].astype(str), np.array(start).reshape(-1, 6), rows["flux_start"].astype(float), free)


def _limits(sources: Sources, settings: Fit) -> Limits:
    n = len(sources)
    low, high = np.tile(_LOW, (n, 1)), np.tile(_HIGH, (n, 1))
    low[:, :2] = sources.nonlinear[:, :2] - settings.max_shift_pix
    high[:, :2] = sources.nonlinear[:, :2] + settings.max_shift_pix
    mean, width = np.zeros((n, 6)), np.full((n, 6), np.inf)
    if settings.priors.enabled:
        # ASSUME ln Re is normal about its starting value, both components of ln(a/b) about 0, ln n about its start.
        priors = settings.priors
        mean[:, 2] = sources.nonlinear[:, 2]
        mean[:, 5] = np.log(settings.sersic_n_init)
        width[:, 2:] = [priors.log_re_sd, priors.ellipticity_sd, priors.ellipticity_sd, priors.log_n_sd]
    stars = sources.model == "star"
    width[stars] = np.inf
    return Limits(low, high, mean, width)


def _settings(settings: Fit, free_sky: bool) -> Settings:
    return Settings(
        settings.noise,
        settings.max_iterations,
        settings.tolerance,
        settings.stamp_threshold,
        settings.stamp_max_pix,
        free_sky,
        settings.deadline_s,
    )


def parameter_count(model: str) -> int:
    """Nonlinear parameters of a model: 2 for a star, 5 for exp and dev, 6 for Sersic."""
    return nderiv(model)
