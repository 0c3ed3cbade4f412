"""How a PSF changes over a cell: its second moments (size, "plus", "cross") are linear in the position."""

import numpy as np
from scipy.ndimage import gaussian_filter

from . import grid
from .stamps import Stamps
from .starfit import StarFit, fit_weights, solve

SMOOTH_PIX = 0.8  # of the stacked part: two derivatives amplify the noise of single pixels
FADE_PIX = 4.0  # the planes fade out over this much beyond the outer taper radius
PRIOR_STARS = 40.0  # ASSUME the PSF is constant as firmly as a star of this S/N at the cell's border would say


def derivative_planes(image: np.ndarray, analytic: np.ndarray, norm: np.ndarray, outer: float) -> np.ndarray:
    """Second-derivative images (3, size, size) of a PSF that change no flux within the norm radius.

    analytic : the noiseless part of the PSF, same shape. norm : weights of the norm aperture, same shape.
    outer : where they begin to fade out [pix].
    """
    smooth = analytic + gaussian_filter(image - analytic, SMOOTH_PIX)
    planes = grid.second_derivatives(smooth) * grid.fade(grid.radii(image.shape[-1]), outer, outer + FADE_PIX)
    return planes - image * ((planes * norm).sum((1, 2)) / (image * norm).sum())[:, None, None]


def slope_step(
    stamps: Stamps,
    background: np.ndarray,
    light: np.ndarray,
    derived: np.ndarray,
    basis: np.ndarray,
    fits: StarFit,
    weight: np.ndarray,
) -> np.ndarray:
    """Change of the slopes (2, 3): second moments of every star's residual, regressed on its position.

    Parameters
    ----------
    light : the PSF at each star for unit flux. derived : from `derivative_planes`, on the PSF's centre.
    basis : positions in the units of the planes, shape (n, 2). weight : of each star, shape (n,).
    """
    moments = _moments(stamps, background, light, derived, fits)
    design = np.concatenate([np.ones((len(basis), 1)), basis], axis=1)
    normal = design.T @ (weight[:, None] * design) + np.diag([0.0, PRIOR_STARS**2, PRIOR_STARS**2])
    return np.linalg.lstsq(normal, design.T @ (weight[:, None] * moments), rcond=None)[0][1:]


def _moments(
    stamps: Stamps, background: np.ndarray, light: np.ndarray, derived: np.ndarray, fits: StarFit
) -> np.ndarray:
    """Coefficients (n, 3) of the derivative images in each star's residual, flux and position left free."""
    count, size = len(light), stamps.size
    grad_y, grad_x = np.gradient(light, axis=(1, 2))
    placed = grid.shift(np.broadcast_to(derived, (count, 3, size, size)), fits.dx[:, None], fits.dy[:, None])
    columns = np.concatenate([light[:, None], grad_x[:, None], grad_y[:, None], placed], axis=1)
    columns = (columns * fits.flux[:, None, None, None]).reshape(count, 6, -1)
    residual = stamps.data - background[:, None, None] - fits.flux[:, None, None] * light
    return solve(columns, fit_weights(stamps, light, fits), residual.reshape(count, -1))[:, 3:]
