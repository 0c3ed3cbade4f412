"""The error that a source's flux has on average, from its true flux and shape alone.

Selecting by the quoted error would select by luck: a galaxy that came out too large has a larger error too, and those
that came out too small and too faint would be the majority of the selected.
"""

import numpy as np

FEWEST = 15
ROUNDS, SOFT = 8, 0.03


def expected_errors(
    error: np.ndarray, flux: np.ndarray, re: np.ndarray, ell: np.ndarray, index: np.ndarray
) -> np.ndarray:
    """Errors smoothed over the sources of one type in one band, shape (n,); NaN where `error` is.

    ln(error) as a smooth function of the truth, by least absolute deviations. With few sources it is what the fit
    quotes. re [pix], ell and index are NaN for stars.
    """
    known = np.isfinite(error) & (error > 0)
    smooth = np.where(known, error, np.nan)
    if known.sum() < FEWEST:
        return smooth
    design = _terms(np.log(flux), np.log(re), ell, index)[known]
    values, weight = np.log(error[known]), np.ones(known.sum())
    for _ in range(ROUNDS):
        fit = np.linalg.lstsq(design * weight[:, None], values * weight, rcond=None)[0]
        weight = 1 / np.sqrt(np.maximum(np.abs(values - design @ fit), SOFT))
    smooth[known] = np.exp(design @ fit)
    return smooth


def _terms(flux: np.ndarray, re: np.ndarray, ell: np.ndarray, index: np.ndarray) -> np.ndarray:
    terms = np.stack([np.ones_like(flux), flux, flux**2, re, re**2, ell, index], axis=-1)
    return np.nan_to_num(terms)
