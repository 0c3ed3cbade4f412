"""The one sky of a band: a constant, a plane or a coarse mesh through what the sources leave free.

The mean of the free pixels is wanted, not their mode: light of sources too faint to be detected lies under the
bright ones too. Masks take the sources out, clipping only what they miss. All is done on bins of 2 x 2 pixels.
"""

from typing import NamedTuple

import numpy as np
import sep

from ..config.images import Sky as SkySettings
from ..errors import RunError
from .sourcemask import robust_sigma, source_mask

BIN = 2
FIRST_MESH = 128
NOISE_MESH = 32
ROWS = 256
NOISE_ROWS = 2000
MAX_CLIPS = 20
LEAST_FREE = 0.01
TERMS = {"constant": 1, "plane": 3}


class Sky(NamedTuple):
    """The sky that was subtracted: c0 + cx (x - xc) / nx + cy (y - yc) / ny, (xc, yc) the middle of the frame.

    Of a mesh c0 is the mean and cx = cy = 0. error : standard error of c0 from white noise alone. free : fraction of
    the good pixels that no source covers. noise_ratio : measured over declared noise of those pixels, None where
    nothing was measured.
    """

    model: str
    c0: float = 0.0
    cx: float = 0.0
    cy: float = 0.0
    error: float = 0.0
    free: float = 0.0
    noise_ratio: float | None = None


class Bins(NamedTuple):
    """Means of the good pixels of 2 x 2 bins, their inverse variances (0 without a good pixel), the frame's shape."""

    value: np.ndarray
    weight: np.ndarray
    shape: tuple[int, int]


def remove_sky(image: np.ndarray, sigma: np.ndarray | float, bad: np.ndarray, settings: SkySettings) -> Sky:
    """Measure the sky and subtract it from `image` in place (models 'patch' and 'off' subtract nothing).

    Parameters
    ----------
    image : (ny, nx) float32, finite everywhere.
    sigma : declared noise, one number or (ny, nx), in the image's unit, finite where not bad.
    bad : (ny, nx) bool, pixels that do not count.

    Raises
    ------
    RunError : sources cover nearly all of the good pixels.
    """
    if settings.model in ("off", "patch") or bad[tuple(slice(n // BIN * BIN) for n in image.shape)].all():
        return Sky(settings.model)
    bins = bin_pixels(image, sigma, bad)
    level = _mesh(bins, bins.weight > 0, FIRST_MESH)
    # Twice: the first guess sinks into big galaxies, so that their outskirts are found only after the first fit.
    for _ in range(2):
        free = _free_of_sources(bins, level, settings)
        if settings.model == "mesh":
            level = _mesh(bins, free, settings.mesh_size // BIN)
        else:
            sky = fit_plane(bins, free, TERMS[settings.model], settings.clip_sigma)
            level = plane(sky, bins.shape, BIN)
    unused = bad | ~_expand(free, image.shape)
    if settings.model == "mesh":
        sky = _subtract_mesh(image, unused, settings.mesh_size)
    else:
        _subtract_plane(image, sky)
    fraction = float(np.count_nonzero(free) / np.count_nonzero(bins.weight))
    return sky._replace(model=settings.model, free=fraction, noise_ratio=_noise_ratio(image, sigma, unused))


def bin_pixels(image: np.ndarray, sigma: np.ndarray | float, bad: np.ndarray) -> Bins:
    """Average the good pixels of each 2 x 2 bin; an odd last row or column is left out.

    The weights follow a smoothed map of `sigma`: weights that know the noise of their own pixel would bias the mean.
    """
    ny, nx = (n // BIN * BIN for n in image.shape)
    value, variance, count = (np.zeros((ny // BIN, nx // BIN), np.float32) for _ in range(3))
    for y in range(0, ny, ROWS):
        pixels, bins = np.s_[y : min(y + ROWS, ny), :nx], np.s_[y // BIN : min(y + ROWS, ny) // BIN]
        good = ~bad[pixels]
        noise = sigma if np.isscalar(sigma) else sigma[pixels]
        count[bins] = _block_sum(good)
        value[bins] = _block_sum(np.where(good, image[pixels], 0))
        variance[bins] = _block_sum(np.where(good, noise, 0) ** 2)
    filled = np.maximum(count, 1)
    value /= filled
    noise = np.sqrt(variance / filled)
    if not np.isscalar(sigma):
        smooth = sep.Background(noise, mask=count == 0, bw=NOISE_MESH, bh=NOISE_MESH).back()
        noise = np.clip(smooth, noise[count > 0].min(), None)
    return Bins(value, np.divide(count, noise**2, out=np.zeros_like(count), where=count > 0), image.shape)


def fit_plane(bins: Bins, free: np.ndarray, terms: int, clip_sigma: float) -> Sky:
    """Weighted least squares of a constant (1 term) or a plane (3) through the free bins, clipped until it settles."""
    sky, used = Sky("plane", c0=float(np.median(bins.value[free]))), free
    for _ in range(MAX_CLIPS):
        residual = (bins.value - plane(sky, bins.shape, BIN)) * np.sqrt(bins.weight)
        scatter = robust_sigma(residual[free])
        kept = free & (np.abs(residual) <= clip_sigma * scatter)
        sky, previous = _least_squares(bins, kept, terms, scatter), sky
        if np.array_equal(kept, used) or np.allclose(sky[1:4], previous[1:4], rtol=0, atol=0.01 * sky.error):
            break
        used = kept
    return sky


def plane(sky: Sky, shape: tuple[int, int], step: int) -> np.ndarray:
    """The sky, float32, on every pixel (step 1) or on the bins (step 2) of a frame of `shape`."""
    y, x = (_axis(n, step) for n in shape)
    return (sky.c0 + sky.cy * y[:, None] + sky.cx * x).astype(np.float32)


def _axis(n: int, step: int) -> np.ndarray:
    """Positions of the centres of n // step bins, counted from the middle of the frame in units of its side."""
    return (np.arange(n // step) * step + (step - n) / 2) / n


def _least_squares(bins: Bins, kept: np.ndarray, terms: int, scatter: float) -> Sky:
    y, x = (_axis(n, BIN) for n in bins.shape)
    normal, moment = np.zeros((terms, terms)), np.zeros(terms)
    for y0 in range(0, len(y), ROWS):
        rows = slice(y0, y0 + ROWS)
        iy, ix = np.nonzero(kept[rows])
        design = np.stack([np.ones(ix.size), x[ix], y[rows][iy]])[:terms]
        weight = bins.weight[rows][iy, ix]
        normal += (design * weight) @ design.T
        moment += (design * weight) @ bins.value[rows][iy, ix].astype(float)
    solution = np.zeros(3)
    solution[:terms] = np.linalg.lstsq(normal, moment)[0]
    error = scatter * np.sqrt(np.linalg.pinv(normal)[0, 0])
    return Sky("plane", *solution.tolist(), error=float(error))


def _free_of_sources(bins: Bins, level: np.ndarray, settings: SkySettings) -> np.ndarray:
    bad = bins.weight == 0
    excess = (bins.value - level) * np.sqrt(bins.weight)
    free = ~(bad | source_mask(excess, bad, settings.detect_sigma, settings.grow / BIN))
    left = np.count_nonzero(free) / np.count_nonzero(~bad)
    if left < LEAST_FREE:
        raise RunError(
            f"the sky cannot be measured: sources leave {100 * left:.1f} % of the good pixels free, at least "
            f"{100 * LEAST_FREE:.0f} % are needed. Raise load.sky.detect_sigma ({settings.detect_sigma}), lower "
            f"load.sky.grow ({settings.grow}), or set load.sky.model to patch or off"
        )
    return free


def _mesh(bins: Bins, free: np.ndarray, width: int) -> np.ndarray:
    return sep.Background(bins.value, mask=~free, bw=width, bh=width).back()


def _subtract_plane(image: np.ndarray, sky: Sky) -> None:
    y, x = (_axis(n, 1) for n in image.shape)
    image -= (sky.c0 + sky.cx * x).astype(np.float32)
    image -= (sky.cy * y).astype(np.float32)[:, None]


def _subtract_mesh(image: np.ndarray, unused: np.ndarray, width: int) -> Sky:
    mesh = sep.Background(image, mask=unused, bw=width, bh=width)
    level = mesh.back()
    image -= level
    error = mesh.globalrms / np.sqrt(np.count_nonzero(~unused))
    return Sky("mesh", c0=float(level.mean(dtype=float)), error=float(error))


def _noise_ratio(image: np.ndarray, sigma: np.ndarray | float, unused: np.ndarray) -> float:
    some = np.s_[:: max(1, len(image) // NOISE_ROWS)]
    noise = sigma if np.isscalar(sigma) else sigma[some]
    return robust_sigma((image[some] / noise)[~unused[some]])


def _block_sum(pixels: np.ndarray) -> np.ndarray:
    ny, nx = pixels.shape
    return pixels.reshape(ny // BIN, BIN, nx // BIN, BIN).sum(axis=(1, 3), dtype=np.float32)


def _expand(bins: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bins (bool) as pixels; an odd last row or column is False."""
    pixels = np.zeros(shape, bool)
    ny, nx = (n * BIN for n in bins.shape)
    pixels[:ny, :nx] = bins.repeat(BIN, axis=0).repeat(BIN, axis=1)
    return pixels
