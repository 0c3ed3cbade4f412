"""The fit of a patch as table rows."""

from dataclasses import dataclass

import numpy as np

from ..config.fit import Fit
from ..flags import FIT
from ..models import shape
from ..models.render import INDEX_OF
from ..patches.payload import OWNED, Payload
from .drawing import Canvas
from .errors import Errors
from .optimise import Outcome
from .problem import undrawable
from .quality import Quality, measure
from .scene import Problem
from .step import at_bound

# Columns that belong to the geometry: one value per source, or one per band when each band is fitted alone.
GEOMETRY = (
    ("converged", "?"), ("niter", "i4"), ("dchi2", "f8"), ("stop_reason", "U16"),
    ("x", "f8"), ("y", "f8"), ("x_err", "f8"), ("y_err", "f8"), ("xy_cov", "f8"),
    ("re", "f8"), ("re_err", "f8"), ("ell", "f8"), ("ell_err", "f8"), ("ab", "f8"), ("phi", "f8"), ("phi_err", "f8"),
    ("n", "f8"), ("n_err", "f8"), ("blend_fraction", "f8"),
)  # fmt: skip
PER_BAND = (
    ("flux", "f8"),
    ("flux_err", "f8"),
    ("chi2", "f8"),
    ("npix", "i4"),
    ("masked_fraction", "f8"),
    ("sky", "f8"),
    ("neighbour_corr", "f8"),
)


@dataclass
class Solved:
    """A problem with its outcome."""

    problem: Problem
    outcome: Outcome
    errors: Errors
    quality: Quality


def row_dtype(nband: int, multi_band: bool, id_length: int) -> np.dtype:
    """Dtype of the FIT table."""
    geometry = [(name, kind) if multi_band else (name, kind, (nband,)) for name, kind in GEOMETRY]
    per_band = [(name, kind, (nband,)) for name, kind in PER_BAND]
    head = [("row", "i4"), ("ID", f"U{id_length}"), ("role", "i2"), ("model", "U8"), ("flags", "i4"),
            ("runner_up", "U8"), ("dchi2_runner_up", "f8")]  # fmt: skip
    return np.dtype([*head, *geometry, *per_band])


def empty_rows(payload: Payload, multi_band: bool, flag: int = 0) -> np.ndarray:
    """Rows for all sources of a payload with nothing fitted: numbers are NaN, `flag` is set."""
    sources = payload.sources
    rows = np.zeros(len(sources), row_dtype(len(payload.bands), multi_band, sources.dtype["ID"].itemsize // 4))
    for name in rows.dtype.names:
        if rows.dtype[name].base.kind == "f":
            rows[name] = np.nan
    for name in ("row", "ID", "role", "model"):
        rows[name] = sources[name]
    rows["flags"] = flag
    return rows


def fill(rows: np.ndarray, payload: Payload, solved: list[Solved], settings: Fit) -> None:
    """Fill the rows of all sources from one joint solution, or from one per band."""
    single = not settings.multi_band
    for index, part in enumerate(solved):
        pick = (slice(None), index) if single else (slice(None),)
        for name, values in _geometry(part, payload).items():
            rows[name][pick] = values
        band = (slice(None), slice(index, index + 1)) if single else (slice(None), slice(None))
        for name, values in _photometry(part).items():
            rows[name][band] = values
        rows["flags"] |= _flags(part, settings)
        rows["model"] = part.outcome.sources.model
    if settings.mode == "forced":
        rows["flags"][undrawable(payload)] |= FIT["AT_BOUND"]
    _flag_bands(rows, payload)


def quality(problem: Problem, outcome: Outcome, mask: np.ndarray) -> Quality:
    """Quality of all sources at the optimum; `mask` is (nband, ny, nx) of the same bands."""
    canvas = Canvas(problem)
    canvas.resize(outcome.sources)
    stamps = canvas.stamps(outcome.sources, derivatives=False)
    model = canvas.model(outcome.sources, stamps)
    residual = problem.pixels.image - model - outcome.sky.astype("f4")[:, None, None]
    outlines = [canvas.outline(index) for index in range(len(stamps))]
    measured = measure(
        problem.pixels, mask, stamps, outlines, outcome.sources.nonlinear[:, :2], outcome.sources.flux, model,
        residual, outcome.weights,
    )  # fmt: skip
    measured.truncated |= canvas.capped
    return measured


def _geometry(part: Solved, payload: Payload) -> dict[str, np.ndarray]:
    outcome, covariance = part.outcome, part.errors.nonlinear
    sources = outcome.sources
    variance = np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0)
    galaxy = sources.model != "star"
    re, ell, phi = (np.where(galaxy, v, np.nan) for v in shape.to_ellipse(sources.nonlinear[:, 2:5]))
    shape_errors = np.array(
        [
            shape.ellipse_errors(p[2:5], c[2:5, 2:5]) if g and np.isfinite(c[2:5, 2:5]).all() else (np.nan,) * 3
            for p, c, g in zip(sources.nonlinear, covariance, galaxy, strict=True)
        ]
    ).reshape(-1, 3)
    shape_errors[np.isinf(shape_errors)] = np.nan
    free_index = sources.model == "sersic"
    n = np.where(free_index, np.exp(sources.nonlinear[:, 5]), [INDEX_OF.get(str(m), np.nan) for m in sources.model])
    return {
        "converged": outcome.converged,
        "niter": outcome.iterations,
        "dchi2": np.where(np.isfinite(outcome.change), outcome.change, np.nan),
        "stop_reason": outcome.reason,
        "x": sources.nonlinear[:, 0] + payload.roi[0],
        "y": sources.nonlinear[:, 1] + payload.roi[2],
        "x_err": np.sqrt(variance[:, 0]),
        "y_err": np.sqrt(variance[:, 1]),
        "xy_cov": covariance[:, 0, 1],
        "re": re,
        "re_err": shape_errors[:, 0],
        "ell": ell,
        "ell_err": shape_errors[:, 1],
        "ab": 1 - ell,
        "phi": phi,
        "phi_err": shape_errors[:, 2],
        "n": n,
        "n_err": np.where(free_index, n * np.sqrt(variance[:, 5]), np.where(galaxy, 0.0, np.nan)),
        "blend_fraction": part.quality.blend_fraction,
    }


def _photometry(part: Solved) -> dict[str, np.ndarray]:
    return {
        "flux": part.outcome.sources.flux,
        "flux_err": part.errors.flux,
        "chi2": part.quality.chi2,
        "npix": part.quality.npix,
        "masked_fraction": part.quality.masked_fraction,
        "neighbour_corr": part.errors.neighbour_corr,
        "sky": np.broadcast_to(part.outcome.sky, part.quality.chi2.shape),
    }


def _flags(part: Solved, settings: Fit) -> np.ndarray:
    outcome, kept = part.outcome, part.quality
    seen = kept.npix > 0
    ill = part.errors.degenerate | (~np.isfinite(part.errors.flux) & seen).any(axis=1)
    marks = {
        "NOT_CONVERGED": ~outcome.converged,
        "AT_BOUND": at_bound(outcome.sources, part.problem.limits) & (settings.mode != "forced"),
        "ILL_CONDITIONED": ill,
        "MASKED_CENTER": kept.masked_centre,
        "SATURATED": kept.saturated,
        "TRUNCATED": kept.truncated,
        "BLENDED": np.nan_to_num(kept.blend_fraction) > settings.blend_flag_fraction,
        "NEGATIVE_FLUX": (seen & (outcome.sources.flux < 0)).any(axis=1),
        "BAND_MISSING": ~seen.all(axis=1),
        "POOR_FIT": (np.nan_to_num(kept.chi2) > settings.poor_fit_chi2 * np.maximum(kept.npix, 1)).any(axis=1),
    }
    return sum((FIT[name] * mark.astype("i4") for name, mark in marks.items()), np.zeros(len(seen), "i4"))


def _flag_bands(rows: np.ndarray, payload: Payload) -> None:
    """Flags that need all bands: no data anywhere, and how the PSFs were made."""
    blind = ~(rows["npix"] > 0).any(axis=1)
    rows["flags"][blind] |= FIT["NO_DATA"] | FIT["BAND_MISSING"]
    if payload.bands["psf_fallback"].any():
        rows["flags"] |= FIT["PSF_FALLBACK"]
    if payload.bands["psf_pooled"].any():
        rows["flags"] |= FIT["PSF_POOLED"]


def owned(rows: np.ndarray) -> np.ndarray:
    """The rows that the patch reports, in input order; NaN where no pixel of the source's core was seen.

    Such sources are in the model all the same (the wings of a saturated star), so that SCENE keeps their numbers.
    """
    mine = rows[rows["role"] == OWNED]
    mine = mine[np.argsort(mine["row"], kind="stable")]
    unseen = mine["npix"] == 0
    blind = unseen.all(axis=1)
    for name in ("flux", "flux_err", "neighbour_corr"):
        mine[name][unseen] = np.nan
    for name in ("x", "y", "x_err", "y_err", "re", "ell", "ab", "phi", "n", "re_err", "ell_err", "phi_err", "n_err"):
        mine[name][blind] = np.nan
    return mine
