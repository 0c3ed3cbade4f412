"""Magnitudes of fluxes of any sign."""

import numpy as np

MAG_PER_E = 2.5 / np.log(10.0)


def magnitude(
    flux: np.ndarray, error: np.ndarray, zero_point: float, zero_point_err: float
) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes and their errors, shape (n,); NaN for flux <= 0. Flux and zero-point errors add in quadrature."""
    positive = np.where(flux > 0, flux, np.nan)
    return zero_point - 2.5 * np.log10(positive), np.hypot(MAG_PER_E * error / positive, zero_point_err)


def upper_limit(flux: np.ndarray, error: np.ndarray, zero_point: float, n_sigma: float) -> np.ndarray:
    """Magnitude that an undetected source is not brighter than: that of max(flux, 0) + n_sigma errors.

    NaN for sources whose flux is `n_sigma` errors or more, and without a flux.
    """
    undetected = np.isfinite(flux) & (error > 0) & (flux < n_sigma * error)
    bound = np.where(undetected, np.maximum(flux, 0.0) + n_sigma * error, np.nan)
    return zero_point - 2.5 * np.log10(bound)


def asinh_magnitude(
    flux: np.ndarray, error: np.ndarray, zero_point: float, zero_point_err: float, softening: float
) -> tuple[np.ndarray, np.ndarray]:
    """Asinh magnitudes and their errors (Lupton, Gunn & Szalay 1999, AJ 118, 1406, equations 3 and 7).

    Parameters
    ----------
    softening : flux b; far above it these are ordinary magnitudes, and flux 0 has zero_point - 2.5 log10(b).
    """
    magnitudes = zero_point - 2.5 * np.log10(softening) - MAG_PER_E * np.arcsinh(flux / (2 * softening))
    errors = MAG_PER_E * error / np.sqrt(flux**2 + (2 * softening) ** 2)
    return magnitudes, np.hypot(errors, zero_point_err)
