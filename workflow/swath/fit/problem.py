"""From a payload to the problems that the optimiser solves."""

from dataclasses import replace

import numpy as np

from ..config.fit import Fit
from ..models.render import INDEX_OF
from ..models.shape import from_ellipse
from ..patches.payload import FIXED, Payload
from ..patches.starts import SMALLEST_PIX, nonlinear
from .scene import Limits, Pixels, Problem, Settings, Sources

# ASSUME bounds: half-light radii sqrt(ab) of 0.05 to 200 pix, Sersic indices of 0.41 to 6.3, axis ratios down to 0.08.
_LOW = np.array([-np.inf, -np.inf, np.log(0.05), -np.inf, -np.inf, np.log(0.41)])
_HIGH = np.array([np.inf, np.inf, np.log(200.0), np.inf, np.inf, np.log(6.3)])

_LARGEST_ELL = -np.expm1(-Limits.stretch_max)

# What can be drawn of a shape that is held: thinner ones have no single-precision transform across their long axis.
_SMALLEST_DRAWN, _THINNEST_DRAWN = 1e-6, 0.99  # Re [pix], ELL

_LARGEST_SNR = np.float32(1e12)


def problem(payload: Payload, settings: Fit, free_sky: bool) -> Problem:
    """The joint problem of all bands; positions become pixels of the payload's images."""
    sources = _sources(payload, settings)
    psf, limits = payload.pixel_psf(), _limits(sources, settings, payload.image.shape[1:])
    return Problem(_pixels(payload), psf, sources, limits, _settings(settings, free_sky))


def single_band(joint: Problem, index: int) -> Problem:
    """The problem of one band alone."""
    return Problem(
        joint.pixels.band(index), joint.psf.band(index), joint.sources.band(index), joint.limits, joint.settings
    )


def _pixels(payload: Payload) -> Pixels:
    with np.errstate(over="ignore", under="ignore"):
        variance = np.square(payload.sigma, dtype="f4")
        # ASSUME no light is this far above the noise: such a value is a defect of the file, and its square no float32.
        real = np.abs(payload.image) < _LARGEST_SNR * payload.sigma
    # Weights must be float32 numbers too: one that is none would enter the sums of the whole patch.
    usable = (payload.sigma > 0) & (variance >= np.finfo("f4").tiny) & np.isfinite(variance)
    good = (payload.mask == 0) & usable & real
    variance = np.where(good, variance, np.float32(1))
    image = np.where(good, payload.image, 0).astype("f4")
    return Pixels(image, variance, good, payload.bands["gain"], payload.bands["noise"] != "total")


def _sources(payload: Payload, settings: Fit) -> Sources:
    rows = payload.sources
    found = rows["n"] if "n" in rows.dtype.names else np.full(len(rows), np.nan)
    free = rows["role"] != FIXED
    held = ~free | (settings.mode == "forced")
    start = [
        _given(row, payload, n if np.isfinite(n) else settings.sersic_n_init, keep) if keep or np.isfinite(n)
        else nonlinear(
            str(row["model"]), row["x"] - payload.roi[0], row["y"] - payload.roi[2], row["re"], row["ell"], row["phi"],
            settings.sersic_n_init,
        )
        for row, n, keep in zip(rows, found, held, strict=True)
    ]  # fmt: skip
    return Sources(rows["model"].astype(str), np.array(start).reshape(-1, 6), rows["flux_start"].astype(float), free)


def _given(row: np.void, payload: Payload, index: float, held: bool) -> np.ndarray:
    """The parameters (6,) of a given shape: within the bounds of a fit, or all that can be drawn if it is `held`."""
    x, y = row["x"] - payload.roi[0], row["y"] - payload.roi[2]
    if row["model"] == "star":
        return np.array([x, y, 0, 0, 0, 0])
    smallest, thinnest = (_SMALLEST_DRAWN, _THINNEST_DRAWN) if held else (0.0, _LARGEST_ELL)
    log_r, e1, e2 = from_ellipse(max(row["re"], smallest), min(row["ell"], thinnest), row["phi"])
    log_r = log_r if held else max(log_r, _LOW[2])
    return np.array([x, y, log_r, e1, e2, np.log(INDEX_OF.get(str(row["model"]), index))])


def undrawable(payload: Payload) -> np.ndarray:
    """(n,) bool: galaxies whose given shape cannot be drawn as it is; where shapes are held, it was changed."""
    rows = payload.sources
    return (rows["model"] != "star") & ((rows["re"] < _SMALLEST_DRAWN) | (rows["ell"] > _THINNEST_DRAWN))


def galaxy_limits(joint: Problem, settings: Fit) -> Limits:
    """Bounds and priors of all sources as galaxies: of those without a shape, about the PSF's size.

    ASSUME a source that the catalogue calls a star is, if it is a galaxy, about as large as the sharpest PSF.
    """
    sources = joint.sources.copy()
    stars = sources.model == "star"
    ny, nx = joint.pixels.extent
    sources.nonlinear[stars, 2] = np.log(_psf_radius(joint.psf.stamps(nx / 2, ny / 2)))
    return _limits(replace(sources, model=np.where(stars, "exp", sources.model)), settings, (ny, nx))


def _psf_radius(planes: np.ndarray) -> float:
    """Least half-light radius [pix] of PSFs, (nband, m, m)."""
    half = planes.shape[-1] // 2
    y, x = np.indices(planes.shape[1:]) - half
    radius = np.hypot(x, y)
    order = np.argsort(radius, axis=None)
    light = np.cumsum(planes.reshape(len(planes), -1)[:, order], axis=1)
    inside = light < 0.5 * light[:, -1:]
    return max(float(radius.ravel()[order][inside.sum(axis=1)].min()), SMALLEST_PIX)


def _limits(sources: Sources, settings: Fit, extent: tuple[int, int]) -> Limits:
    n = len(sources)
    low, high = np.tile(_LOW, (n, 1)), np.tile(_HIGH, (n, 1))
    # ASSUME no galaxy's half-light radius is larger than the patch, unless it is said to be.
    high[:, 2] = np.minimum(high[:, 2], np.maximum(np.log(max(extent)), sources.nonlinear[:, 2]))
    low[:, :2] = sources.nonlinear[:, :2] - settings.max_shift_pix
    high[:, :2] = sources.nonlinear[:, :2] + settings.max_shift_pix
    mean, width = np.zeros((n, 6)), np.full((n, 6), np.inf)
    mean[:, 2] = sources.nonlinear[:, 2]
    mean[:, 5] = np.log(settings.sersic_n_init)
    if settings.priors.enabled:
        # ASSUME ln Re is normal about its starting value, both components of ln(a/b) about 0, ln n about its start.
        priors = settings.priors
        width[:, 2:] = [priors.log_re_sd, priors.ellipticity_sd, priors.ellipticity_sd, priors.log_n_sd]
    width[sources.model == "star"] = np.inf
    return Limits(low, high, mean, width)


def _settings(settings: Fit, free_sky: bool) -> Settings:
    return Settings(
        mode=settings.mode,
        noise=settings.noise,
        max_iterations=settings.max_iterations,
        tolerance=settings.tolerance,
        stamp_threshold=settings.stamp_threshold,
        stamp_max_pix=settings.stamp_max_pix,
        free_sky=free_sky,
        deadline_s=settings.deadline_s,
    )
