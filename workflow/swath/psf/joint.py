"""One Moffat for all stars of a cell: shape shared, flux and position per star, solved together."""

from typing import NamedTuple

import numpy as np

from .grid import offsets, radii
from .moffat import Moffat, derivatives
from .stamps import Stamps
from .starfit import SNR_CAP, StarFit

MODEL_ERROR = 0.02  # ASSUME a Moffat describes a real PSF to 2 %: so bright stars' cores do not outweigh their wings
ROUNDS = 3  # the variance follows the model this often
BETA_RANGE = (1.5, 12.0)  # below: the flux within any radius means little; above: a Gaussian


def fit_moffat(
    stamps: Stamps, background: np.ndarray, start: Moffat, stars: StarFit, radius: float, weights: np.ndarray
) -> tuple[Moffat, StarFit]:
    """Levenberg-Marquardt on all stamps within `radius` [pix]; the stars' parameters are eliminated block by block.

    Parameters
    ----------
    background : level per star, subtracted, shape (n,).
    weights : extra weight of each star, shape (n,), e.g. 0 for a clipped one.
    """
    pixels = radii(stamps.size) < radius
    dx, dy = np.broadcast_arrays(*offsets(stamps.size))
    problem = _Problem(
        (stamps.data - background[:, None, None])[:, pixels], stamps.variance[:, pixels], dx[pixels], dy[pixels]
    )
    moffat = start
    for _ in range(ROUNDS):
        model = stars.flux[:, None] * _images(problem, moffat, stars)[0]
        noise = problem.variance + np.maximum(model, 0) / stamps.gain
        too_bright = 1 + (model**2 / noise).sum(1, keepdims=True) / SNR_CAP**2
        inverse = weights[:, None] / (noise * too_bright + (MODEL_ERROR * model) ** 2)
        moffat, stars = _descend(problem, inverse, moffat, stars)
    return moffat, stars


class _Problem(NamedTuple):
    """Pixels (n, p) within the fit radius and their positions (p,)."""

    data: np.ndarray
    variance: np.ndarray
    dx: np.ndarray
    dy: np.ndarray


def _descend(problem: _Problem, inverse: np.ndarray, moffat: Moffat, stars: StarFit) -> tuple[Moffat, StarFit]:
    """Minimise chi2 for fixed inverse variances (n, p)."""
    damping, state = 1e-3, _evaluate(problem, inverse, moffat, stars)
    for _ in range(30):
        step_shape, step_stars = _solve(*state[1:], damping)
        trial_moffat = Moffat(*(float(value) for value in np.array(moffat) + step_shape))
        trial_stars = StarFit(*(np.array(stars) + step_stars.T))
        trial = _evaluate(problem, inverse, trial_moffat, trial_stars) if _valid(trial_moffat) else None
        if trial is None or not trial[0] <= state[0]:
            damping *= 10
            if damping > 1e4:
                break
            continue
        gain = state[0] - trial[0]
        moffat, stars, state, damping = trial_moffat, trial_stars, trial, max(damping / 10, 1e-9)
        if gain < 1e-3 * len(problem.data):
            break
    return moffat, stars


def _valid(moffat: Moffat) -> bool:
    return bool(
        np.isfinite(moffat).all()
        and moffat.qxx > 0
        and moffat.determinant > 0
        and BETA_RANGE[0] <= moffat.beta <= BETA_RANGE[1]
    )


def _images(problem: _Problem, moffat: Moffat, stars: StarFit) -> np.ndarray:
    return derivatives(moffat, problem.dx - stars.dx[:, None], problem.dy - stars.dy[:, None])


def _evaluate(
    problem: _Problem, inverse: np.ndarray, moffat: Moffat, stars: StarFit
) -> tuple[float, np.ndarray, np.ndarray]:
    """chi2, normal matrix (n, 7, 7) and gradient (n, 7) per star; order flux, x, y, then the four of the shape."""
    images = _images(problem, moffat, stars)
    residual = problem.data - stars.flux[:, None] * images[0]
    jacobian = np.concatenate([images[:1], stars.flux[None, :, None] * images[1:]]).swapaxes(0, 1)
    weighted = jacobian * inverse[:, None]
    normal = weighted @ jacobian.swapaxes(1, 2)
    return float((inverse * residual**2).sum()), normal, (weighted @ residual[:, :, None])[..., 0]


def _solve(normal: np.ndarray, gradient: np.ndarray, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the shape (4,) and of the stars (n, 3), by the Schur complement of the stars' blocks."""
    damped = normal * (1 + damping * np.eye(7))
    own, cross, shared = damped[:, :3, :3], damped[:, :3, 3:], damped[:, 3:, 3:]
    # a star of weight 0 keeps its parameters instead of making the matrix singular
    own = own + np.eye(3) * (np.trace(own, axis1=1, axis2=2) == 0)[:, None, None]
    eliminated = np.linalg.solve(own, np.concatenate([cross, gradient[:, :3, None]], axis=2))
    schur = (shared - cross.swapaxes(1, 2) @ eliminated[:, :, :4]).sum(0)
    right = (gradient[:, 3:] - (cross.swapaxes(1, 2) @ eliminated[:, :, 4:])[..., 0]).sum(0)
    shape = np.linalg.lstsq(schur, right, rcond=None)[0]
    return shape, eliminated[:, :, 4] - eliminated[:, :, :4] @ shape
