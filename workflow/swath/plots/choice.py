"""Which sources are drawn, and in which order."""

from collections.abc import Sequence

import numpy as np


def signal_to_noise(flux: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Signal to noise of all bands together, shape (n,), from (n, nband); negative fluxes count as 0."""
    ratio = np.divide(flux, error, out=np.zeros(np.shape(flux)), where=np.isfinite(flux) & (error > 0))
    return np.sqrt((np.maximum(ratio, 0) ** 2).sum(axis=1))


def reduced_chi2(chi2: np.ndarray, npix: np.ndarray) -> np.ndarray:
    """chi2 per pixel of all bands together that have both, shape (n,), from (n, nband); NaN without a pixel."""
    good = np.isfinite(chi2) & (npix > 0)
    total, pixels = np.where(good, chi2, 0).sum(axis=1), np.where(good, npix, 0).sum(axis=1)
    return np.divide(total, pixels, out=np.full(len(pixels), np.nan), where=pixels > 0)


def order(
    choice: str, flux: np.ndarray, error: np.ndarray, chi2: np.ndarray, npix: np.ndarray, ids: Sequence[str],
    wanted: Sequence[str] = (),
) -> np.ndarray:  # fmt: skip
    """Indices of the sources in the order of drawing.

    Parameters
    ----------
    choice : row (all, as they come), snr (highest first), chi2 (worst per pixel first; sources without a pixel last),
        or id (those of `wanted` that are there, in its order). flux, error, chi2, npix : (n, nband). ids : (n,).
    """
    if choice == "id":
        place = {str(name): index for index, name in enumerate(ids)}
        return np.array([place[name] for name in dict.fromkeys(wanted) if name in place], int)
    if choice == "row":
        return np.arange(len(ids))
    rank = signal_to_noise(flux, error) if choice == "snr" else np.nan_to_num(reduced_chi2(chi2, npix), nan=-1.0)
    return np.argsort(-rank, kind="stable")
