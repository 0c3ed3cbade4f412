"""Components of analytic PSFs (rows as in `models.psfwings`) drawn on pixels, and fitted to stamps."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import least_squares

from ..models import shape
from ..models.psfwings import surface
from . import grid
from .moffat import Moffat

# Gauss-Legendre points per pixel and axis: exact to 1e-5 of the peak for a FWHM of 1.5 pixels
NODES, WEIGHTS = (values / 2 for values in np.polynomial.legendre.leggauss(4))
_STEEPEST, _SHALLOWEST = 12.0, 1.2  # exponents of fitted Moffats
_SMALLEST = 0.1  # radius [pix] of fitted Moffats: within it all power laws look alike
ROUND_ENOUGH = 0.9  # an ellipse must take the misfit of round Gaussians below this fraction of it
_SEEN = 0.003  # and this much of the peak must be at stake, rms within one FWHM


def draw(rows: np.ndarray, size: int, samples: int = 1) -> np.ndarray:
    """Light of whole pixels at points `samples` to a pixel, out to half of `size` (odd) pixels.

    Shape (m, m), m = samples (size - 1) + 1; every `samples`-th value is that of the stamp's own pixels.
    """
    half = size // 2
    axis = np.arange(-half * samples, half * samples + 1) / samples
    dx, dy = axis[None, :], axis[:, None]
    parts = (
        wx * wy * surface(rows, dx + nx, dy + ny)
        for ny, wy in zip(NODES, WEIGHTS, strict=True)
        for nx, wx in zip(NODES, WEIGHTS, strict=True)
    )
    return sum(parts, start=np.zeros((len(axis), len(axis))))


def of_moffat(moffat: Moffat, flux: float = 1.0) -> np.ndarray:
    """A Moffat of total `flux` as a component, (1, 5)."""
    peak = flux * (moffat.beta - 1) / np.pi * np.sqrt(moffat.determinant)
    return np.array([[peak, moffat.qxx, moffat.qxy, moffat.qyy, moffat.beta]])


def image_fwhm(rows: np.ndarray, about: float) -> float:
    """FWHM [pix] along x of components as pixels see them; `about` as much."""
    samples = 20
    light = draw(rows, 2 * int(np.ceil(about)) + 1, samples)
    half = light[len(light) // 2, len(light) // 2 :]
    return float(2 * np.interp(-half[0] / 2, -half, np.arange(len(half)) / samples))


def gaussians(flux: np.ndarray, sigma: np.ndarray, e1: np.ndarray | float, e2: np.ndarray | float) -> np.ndarray:
    """Gaussians of `flux`, geometric mean `sigma` [pix] and conformal shears as components, (n, 5)."""
    rows = np.zeros((len(flux), 5))
    rows[:, 0] = flux / (2 * np.pi * sigma**2)
    shapes = np.broadcast_arrays(np.log(sigma), e1, e2)
    rows[:, 1:4] = [_form(*values) for values in zip(*shapes, strict=True)]
    return rows


def fit_mixture(stamp: np.ndarray, count: int) -> np.ndarray:
    """The mixture of `count` concentric elliptical Gaussians nearest to a stamp (size, size), as components.

    Least squares over amplitude, sigma and two shear components of each (Hogg & Lang 2013, PASP 125, 719, describe the
    use of mixtures); all amplitudes are positive.
    """
    start = np.concatenate([*_start(stamp, np.geomspace(0.7, 4.0, count)), np.zeros(2 * count)])

    def rows(values: np.ndarray) -> np.ndarray:
        flux, sigma, e1, e2 = np.split(values, 4)
        return gaussians(np.exp(flux), np.exp(sigma), e1, e2)

    return _nearest(rows, start, stamp)[0]


def fit_circular(stamp: np.ndarray, count: int) -> np.ndarray:
    """The sum of `count` round Gaussians nearest to a stamp, as components.

    Where the stamp is clearly elliptical, all of them have one common ellipse: where that takes a tenth off the misfit
    of round ones, and the misfit is worth it.
    """
    start = np.concatenate(_start(stamp, np.geomspace(0.8, 3.0, count)))

    def rows(values: np.ndarray) -> np.ndarray:
        flux, sigma = np.split(values[: 2 * count], 2)
        return gaussians(np.exp(flux), np.exp(sigma), *(values[2 * count :] if len(values) > 2 * count else (0.0, 0.0)))

    found, misfit = _nearest(rows, start, stamp)
    if misfit < _SEEN:
        return found
    bent, less = _nearest(rows, np.append(start, [0.0, 0.0]), stamp)
    return bent if less < ROUND_ENOUGH * misfit else found


def fit_moffat(stamp: np.ndarray) -> np.ndarray:
    """The elliptical Moffat nearest to a stamp, as a component (1, 5)."""
    (_,), (width,) = _start(stamp, np.ones(1))
    return _nearest(_moffat, np.array([np.log(stamp.max()), width + 0.7, 0.0, 0.0, np.log(2.5)]), stamp)[0]


def fit_wing(stamp: np.ndarray, inner: float) -> np.ndarray:
    """The Moffat that continues a stamp beyond its border, from its light beyond `inner` [pix]; (1, 5) or (0, 5).

    Relative residuals count: of a fit of absolute ones the core alone decides, and what it says of the wing is wrong by
    any factor. Empty where the stamp's outer light does not stand above its noise.
    """
    radius = grid.radii(stamp.shape[-1])
    ring = np.rint(radius).astype(int)
    level = np.array([np.median(stamp[ring == r]) for r in range(ring.max() + 1)])
    part = radius > inner
    noise = 1.4826 * np.median(np.abs(stamp - level[ring])[part]) + 1e-7 * stamp.max()
    scale = np.maximum(level[ring], 0)[part] + noise
    outer = (radius > (inner + stamp.shape[-1] / 2) / 2) & (radius < stamp.shape[-1] / 2)
    if stamp[outer].mean() < 3 * noise / np.sqrt(outer.sum()):
        return np.zeros((0, 5))
    dx, dy = grid.offsets(stamp.shape[-1])
    solved = least_squares(
        lambda values: (surface(_moffat(values), dx, dy) - stamp)[part] / scale,
        _power_law(stamp, level, inner),
        loss="soft_l1",
        max_nfev=300,
    )
    return _moffat(solved.x)


def _power_law(stamp: np.ndarray, level: np.ndarray, inner: float) -> np.ndarray:
    """Parameters of the Moffat of the stamp's width through its median light at `inner` and twice as far out."""
    near = max(int(inner), 2)
    far = min(2 * near, len(level) - 1)
    width = np.sqrt(stamp.sum() / (2 * np.pi * stamp.max()))
    least = 1e-7 * stamp.max()
    steepness = np.log(max(level[near], least) / max(level[far], least)) / np.log(far / near) / 2
    beta = np.clip(steepness, _SHALLOWEST + 0.1, 6.0)
    amplitude = np.log(max(level[near], least)) + beta * np.log(1 + (near / width) ** 2)
    return np.array([amplitude, np.log(width), 0.0, 0.0, np.log(beta - 1)])


def _start(stamp: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln flux and ln sigma of components to start from; `widths` in units of the stamp's own."""
    width = np.sqrt(stamp.sum() / (2 * np.pi * stamp.max()))
    return np.log(np.full(len(widths), stamp.sum() / len(widths))), np.log(width * widths)


def _nearest(
    rows: Callable[[np.ndarray], np.ndarray], start: np.ndarray, stamp: np.ndarray
) -> tuple[np.ndarray, float]:
    """Components from the parameters that fit a stamp best, and the rms over the peak that is left in its core."""
    peak, size = float(stamp.max()), stamp.shape[-1]

    def misfit(values: np.ndarray) -> np.ndarray:
        return ((draw(rows(values), size) - stamp) / peak).ravel()

    solved = least_squares(misfit, start, ftol=1e-7, max_nfev=200)
    core = (stamp > peak / 10).ravel()
    return rows(solved.x), float(np.sqrt((solved.fun[core] ** 2).mean()))


def _moffat(values: np.ndarray) -> np.ndarray:
    """ln amplitude, ln radius, shears, ln(beta - 1), radius and beta kept within bounds, as a component (1, 5)."""
    radius = max(values[1], np.log(_SMALLEST))
    beta = 1 + np.exp(np.clip(values[4], np.log(_SHALLOWEST - 1), np.log(_STEEPEST - 1)))
    return np.array([[np.exp(values[0]), *_form(radius, *values[2:4]), beta]])


def _form(log_sigma: float, e1: float, e2: float) -> np.ndarray:
    """(3,): qxx, qxy, qyy, the inverse of sigma^2 exp([[e1, e2], [e2, -e1]]): an ellipse for any values."""
    return shape.matrix(np.array([-log_sigma, -e1, -e2]))[0]
