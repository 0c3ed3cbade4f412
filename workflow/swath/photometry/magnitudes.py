"""AB magnitudes of fluxes in uJy, which may be negative."""

import numpy as np

from ..calibration.magnitudes import asinh_magnitude, magnitude
from ..config.aperture import Aperture

ZERO_POINT = 23.9  # AB magnitude of 1 uJy


def ab_magnitude(
    flux: float | np.ndarray, error: float | np.ndarray, settings: Aperture
) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes and their errors, shape as `flux` [uJy], of the kind that aperture.magnitude names.

    `asinh` defines them for any flux; `log` has NaN where it is not positive.
    """
    flux, error = np.asarray(flux, dtype=float), np.asarray(error, dtype=float)
    if settings.magnitude == "asinh":
        return asinh_magnitude(flux, error, ZERO_POINT, 0.0, settings.asinh_softening)
    return magnitude(flux, error, ZERO_POINT, 0.0)
