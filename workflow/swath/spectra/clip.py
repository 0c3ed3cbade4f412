"""Outliers among neighbours in wavelength: what stands off alone, while a line, which its neighbours share, stays."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

NEAREST = 12  # neighbours on either side, at most
LEAST = 5  # neighbours, at least: with fewer nobody can say which of them is the odd one
MAD_TO_SIGMA = 1.4826
# ASSUME a spectral feature seen through a bandpass is at least as wide as it, so that measurements within half a
# bandwidth of each other share it; and that the target varies by no more than these scatter.


def outliers(
    wavelength: np.ndarray,
    bandwidth: np.ndarray,
    flux: np.ndarray,
    error: np.ndarray,
    band: np.ndarray,
    sigma: float | None,
    rounds: int,
) -> tuple[np.ndarray, np.ndarray]:
    """How far every measurement lies off its neighbours, and whether that is too far.

    Neighbours are the up to 24 nearest measurements of the same band within half a bandwidth.

    Parameters
    ----------
    wavelength, bandwidth [um], flux, error [uJy], band : shape (n,); what is not a number takes no part.
    sigma : deviation beyond which a measurement is an outlier; None for no outliers. rounds : of clipping, at most.

    Returns
    -------
    deviation : (n,), flux less the neighbours' median, over the error or their scatter (MAD), whichever is larger;
        NaN with fewer than five neighbours.
    clipped : (n,), bool.
    """
    deviation, clipped = np.full(len(flux), np.nan), np.zeros(len(flux), bool)
    known = np.isfinite(wavelength) & np.isfinite(bandwidth) & np.isfinite(flux) & (error > 0)
    for name in np.unique(band[known]):
        rows = np.flatnonzero(known & (band == name))
        rows = rows[np.argsort(wavelength[rows], kind="stable")]
        values = flux[rows], error[rows], *_windows(wavelength[rows], bandwidth[rows])
        deviation[rows], clipped[rows] = _clip(*values, sigma, rounds)
    return deviation, clipped


def _windows(wavelength: np.ndarray, bandwidth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of measurements ordered by wavelength: indices of the neighbours (n, 24), and which of them are near enough."""
    places = np.pad(np.arange(len(wavelength)), NEAREST, constant_values=-1)
    around = np.delete(sliding_window_view(places, 2 * NEAREST + 1), NEAREST, axis=1)
    near = np.abs(wavelength[around] - wavelength[:, None]) <= bandwidth[:, None] / 2
    return around, near & (around >= 0)


def _clip(
    flux: np.ndarray, error: np.ndarray, around: np.ndarray, near: np.ndarray, sigma: float | None, rounds: int
) -> tuple[np.ndarray, np.ndarray]:
    clipped, deviation = np.zeros(len(flux), bool), np.full(len(flux), np.nan)
    for _ in range(rounds):
        found = _deviation(flux, error, around, near & ~clipped[around])
        deviation = np.where(clipped & np.isnan(found), deviation, found)
        too_far = ~clipped & (np.abs(found) > (np.inf if sigma is None else sigma))
        if not too_far.any():
            break
        clipped |= too_far
    return deviation, clipped


def _deviation(flux: np.ndarray, error: np.ndarray, around: np.ndarray, counted: np.ndarray) -> np.ndarray:
    enough = counted.sum(axis=1) >= LEAST
    deviation = np.full(len(flux), np.nan)
    neighbours = np.where(counted[enough], flux[around[enough]], np.nan)
    middle = np.nanmedian(neighbours, axis=1) if enough.any() else np.empty(0)
    scatter = MAD_TO_SIGMA * np.nanmedian(np.abs(neighbours - middle[:, None]), axis=1) if enough.any() else middle
    deviation[enough] = (flux[enough] - middle) / np.maximum(error[enough], scatter)
    return deviation
