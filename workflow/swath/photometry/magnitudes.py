"""AB magnitudes of fluxes that may be negative."""

import math

ZERO_POINT = 23.9  # AB magnitude of 1 uJy
_POGSON = 2.5 / math.log(10)


def asinh_magnitude(flux: float, error: float, softening: float) -> tuple[float, float]:
    """Asinh magnitude and its error (Lupton, Gunn & Szalay 1999), defined for any flux [uJy].

    Equal to the logarithmic one far above `softening` (their b as a flux [uJy]), and linear in flux around zero, where
    it is ZERO_POINT - 2.5 log10(softening).
    """
    magnitude = ZERO_POINT - _POGSON * (math.asinh(flux / (2 * softening)) + math.log(softening))
    return magnitude, _POGSON * error / math.hypot(flux, 2 * softening)


def log_magnitude(flux: float, error: float) -> tuple[float, float]:
    """AB magnitude and its error; NaN for fluxes [uJy] that are not positive."""
    if not flux > 0:
        return math.nan, math.nan
    return ZERO_POINT - 2.5 * math.log10(flux), _POGSON * error / flux
