"""The zero point of one band from its stars, and what speaks for and against it."""

import numpy as np
import pandas as pd
from scipy import stats

from ..config.products import ZeroPoint
from .statistics import clip, intrinsic_scatter, linear_fit, mad_sigma, median_error, weighted_median

TRACT7DT = ("band", "n_raw", "n_kept", "n_clipped", "n_nonconverged", "clip_sigma", "zp_median", "zp_err_mad")
OURS = (
    *("zp_err", "zp_minus_ref", "scatter", "n_reference", "n_rejected"),
    *("half_a_n", "half_a_zp", "half_a_err", "half_b_n", "half_b_zp", "half_b_err", "half_difference", "half_pull"),
    *("trend_x", "trend_x_err", "trend_y", "trend_y_err", "trend_sigma"),
    *("color", "color_term", "color_term_err"),
    *("depth", "asinh_softening", "status", "reason"),
)
SUMMARY = (*TRACT7DT, *OURS)
FEWEST_FOR_A_PLANE, FEWEST_FOR_A_LINE, FEWEST_FOR_A_HALF = 8, 5, 3


def solve(stars: pd.DataFrame, settings: ZeroPoint, zp_ref: float) -> tuple[dict[str, object], pd.DataFrame]:
    """Zero point of a band.

    The median of the stars' zero points, weighted with 1/(error^2 + scatter^2): the scatter beyond the errors keeps a
    few bright stars from deciding alone. Its error is that of a median, not the scatter.

    Parameters
    ----------
    stars : from `stars.candidates`.

    Returns
    -------
    summary : values of `SUMMARY` (those that are missing are unknown), with `status` 'ok', or 'failed' and the reason.
    stars : with `is_kept`, `is_clipped`, `reason`, `residual` and `sigma` filled in.
    """
    stars = stars.copy()
    usable = (stars["reason"] == "").to_numpy()
    keep = usable.copy()
    keep[usable] = clip(*_values(stars[usable]), settings.clip_sigma, settings.clip_max_iters)
    stars["is_kept"], stars["is_clipped"] = keep, usable & ~keep
    stars.loc[stars["is_clipped"], "reason"] = "clipped"
    summary: dict[str, object] = {
        "n_raw": int(usable.sum()),
        "n_kept": int(keep.sum()),
        "n_clipped": int((usable & ~keep).sum()),
        "n_nonconverged": int((stars["reason"] == "not converged").sum()),
        "n_reference": len(stars),
        "n_rejected": int((~usable).sum()),
        "clip_sigma": settings.clip_sigma,
    }
    if keep.sum() < settings.min_stars:
        return summary | {"status": "failed", "reason": _too_few(stars, settings.min_stars)}, stars
    kept = stars[keep]
    zero_point, error, scatter = locate(*_values(kept))
    stars["residual"] = stars["zp"] - zero_point
    stars["sigma"] = np.hypot(stars["zp_err"], scatter)
    kept = stars[keep]
    summary |= {
        "zp_median": zero_point,
        "zp_err_mad": mad_sigma(kept["zp"].to_numpy()) if len(kept) > 1 else 0.0,
        "zp_err": error,
        "zp_minus_ref": zero_point - zp_ref,
        "scatter": scatter,
        "status": "ok",
        "reason": "",
    }
    return summary | compare_halves(kept) | trend(kept) | color_term(kept), stars


def locate(values: np.ndarray, errors: np.ndarray) -> tuple[float, float, float]:
    """Weighted median, its error, and the intrinsic scatter, of values that need no clipping (any more)."""
    scatter = intrinsic_scatter(values, errors)
    sigmas = np.hypot(errors, scatter)
    return weighted_median(values, sigmas**-2.0), median_error(sigmas), scatter


def compare_halves(kept: pd.DataFrame) -> dict[str, object]:
    """Zero points of two halves of the stars, each from its own stars alone, and their difference over its error."""
    result: dict[str, object] = {}
    found = {}
    for half in "AB":
        stars = kept[kept["half"] == half]
        result[f"half_{half.lower()}_n"] = len(stars)
        if len(stars) >= FEWEST_FOR_A_HALF:
            found[half] = locate(*_values(stars))
            result |= {f"half_{half.lower()}_zp": found[half][0], f"half_{half.lower()}_err": found[half][1]}
    if len(found) == 2:
        difference = found["B"][0] - found["A"][0]
        result |= {"half_difference": difference, "half_pull": difference / np.hypot(found["A"][1], found["B"][1])}
    return result


def trend(kept: pd.DataFrame) -> dict[str, float]:
    """Plane through the residuals [mag per 1000 pix], and the significance of its slope in Gaussian sigma (F test)."""
    x, y = ((kept[axis] - kept[axis].mean()).to_numpy() / 1000.0 for axis in ("x", "y"))
    if len(kept) < FEWEST_FOR_A_PLANE or np.ptp(x) == 0 or np.ptp(y) == 0:
        return {}
    values, sigmas = kept["residual"].to_numpy(), kept["sigma"].to_numpy()
    flat = linear_fit(np.ones((len(kept), 1)), values, sigmas)
    plane = linear_fit(np.stack([np.ones_like(x), x, y], axis=1), values, sigmas)
    ratio = (flat.chi2 - plane.chi2) / 2 / (plane.chi2 / plane.dof)
    chance = max(float(stats.f.sf(ratio, 2, plane.dof)), 1e-300)
    names = ("trend_x", "trend_y")
    slopes = dict(zip(names, map(float, plane.coefficients[1:]), strict=True))
    errors = dict(zip((f"{name}_err" for name in names), map(float, plane.errors[1:]), strict=True))
    return slopes | errors | {"trend_sigma": float(stats.norm.isf(chance / 2))}


def color_term(kept: pd.DataFrame) -> dict[str, float]:
    """Slope of the zero point with the stars' reference colour [mag/mag], and its error."""
    stars = kept[kept["color"].notna()]
    if len(stars) < FEWEST_FOR_A_LINE or np.ptp(stars["color"]) == 0:
        return {}
    color = (stars["color"] - stars["color"].mean()).to_numpy()
    line = linear_fit(np.stack([np.ones_like(color), color], axis=1), *_values(stars, "residual", "sigma"))
    return {"color_term": float(line.coefficients[1]), "color_term_err": float(line.errors[1])}


def _values(stars: pd.DataFrame, value: str = "zp", error: str = "zp_err") -> tuple[np.ndarray, np.ndarray]:
    return stars[value].to_numpy(), stars[error].to_numpy()


def _too_few(stars: pd.DataFrame, least: int) -> str:
    usable = int(stars["is_kept"].sum())
    counts = stars.loc[~stars["is_kept"], "reason"].value_counts()
    others = "; ".join(f"{n} {reason}" for reason, n in counts.items())
    return f"{usable} usable stars, zeropoint.min_stars is {least}" + (f" (left out: {others})" if others else "")
