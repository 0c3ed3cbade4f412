"""Three ways to say how an ellipse lies: phi from the image's +x, the catalogue's THETA, and the angle on the sky.

All in degrees, of an axis without direction: results are in [0, 180).
"""

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from astropy.wcs import WCS

Axis = Literal["x", "y"]

OFFSET = {"x": 0.0, "y": 90.0}
STEP_PIX = 0.5


def phi_from_theta(theta: np.ndarray, theta_from: Axis) -> np.ndarray:
    """phi, counter-clockwise from +x, of a THETA that is counted counter-clockwise from +x or from +y."""
    return axis_angle(theta + OFFSET[theta_from])


def theta_from_phi(phi: np.ndarray, theta_from: Axis) -> np.ndarray:
    """THETA in the declared convention; the inverse of `phi_from_theta`."""
    return axis_angle(phi - OFFSET[theta_from])


def sky_position_angle(wcs: "WCS", x: np.ndarray, y: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Position angle on the sky, East of North, of the direction phi at pixels (x, y), 0-based; NaN stays NaN.

    The direction is carried to the sky by a short step on both sides of the pixel, distortions included, and measured
    against North and East at the pixel itself, so that it holds next to the poles too.
    """
    x, y, phi = (np.asarray(values, float) for values in np.broadcast_arrays(x, y, np.radians(phi)))
    angle = np.full(x.shape, np.nan)
    good = np.isfinite(x) & np.isfinite(y) & np.isfinite(phi)
    x, y, dx, dy = x[good], y[good], STEP_PIX * np.cos(phi[good]), STEP_PIX * np.sin(phi[good])
    ahead, behind = (unit_vectors(*wcs.all_pix2world(x + sign * dx, y + sign * dy, 0)) for sign in (1, -1))
    east, north = tangents(*wcs.all_pix2world(x, y, 0))
    step = ahead - behind
    angle[good] = np.degrees(np.arctan2((step * east).sum(axis=-1), (step * north).sum(axis=-1)))
    return axis_angle(angle)


def tangents(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors to the East and to the North at RA, DEC [deg], each of shape (n, 3)."""
    ra, dec = np.radians(ra), np.radians(dec)
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1)
    return east, north


def axis_angle(angle: np.ndarray) -> np.ndarray:
    """The same axis within [0, 180)."""
    folded = np.mod(angle, 180.0)
    return np.where(folded == 180.0, 0.0, folded)


def unit_vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Unit vectors towards RA, DEC [deg], shape (n, 3)."""
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
