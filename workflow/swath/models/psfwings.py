"""The light of a PSF as a few Moffat and Gaussian components: all of an analytic PSF, the far wings of a hybrid one.

A component is a row (amplitude, qxx, qxy, qyy, beta) with Q = qxx x^2 + 2 qxy x y + qyy y^2: amplitude (1 + Q)^-beta
(Moffat 1969, A&A 3, 455), or amplitude exp(-Q / 2) where beta is 0. Amplitudes are flux per pixel at the centre.
"""

import numpy as np

FIELDS = 5


def surface(rows: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Sum of components at points (dx, dy) from the centre.

    Parameters
    ----------
    rows : (ncomponents, 5); rows of zeros are nothing. dx, dy : [pix], any shapes that broadcast.
    """
    light = np.zeros(np.broadcast_shapes(np.shape(dx), np.shape(dy)))
    for amplitude, qxx, qxy, qyy, beta in rows:
        if amplitude:
            form = qxx * dx**2 + 2 * qxy * dx * dy + qyy * dy**2
            light += amplitude * ((1 + form) ** -beta if beta > 0 else np.exp(-form / 2))
    return light


def beyond(rows: np.ndarray, half: int, out: int, samples: int) -> np.ndarray:
    """Components on a square of 2 `samples` `out` + 1 points per side, 0 within the stamp of half side `half` [pix].

    ASSUME the centre of a pixel stands for all of it out there: to 1 % of the light for half sides of 15 pix and more.
    """
    axis = np.arange(-out * samples, out * samples + 1) / samples
    outside = np.abs(axis) > half
    light = surface(rows, axis[None, :], axis[:, None])
    light[~(outside[:, None] | outside[None, :])] = 0
    return light


def profile(rows: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Mean light at each radius [pix], taken along 8 directions, same shape as `radius`."""
    angle = np.arange(8) * np.pi / 8
    return surface(rows, radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)).mean(axis=1)
