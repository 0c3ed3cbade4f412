"""Which candidates are good PSF stars: one test after the other, the first that fails is the reason."""

import hashlib
from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from ..config.psf import Stars
from .detect import reach

STAR = np.dtype(
    [
        ("star_id", "i4"),
        ("cell", "U16"),
        ("x", "f8"),
        ("y", "f8"),
        ("flux", "f4"),
        ("snr", "f4"),
        ("hlr", "f4"),
        ("a", "f4"),
        ("b", "f4"),
        ("theta", "f4"),
        ("peak", "f4"),
        ("sep_flag", "i2"),
        ("gaia_source_id", "U32"),
        ("from_sep", "?"),
        ("from_gaia", "?"),
        ("selected", "?"),
        ("held_out", "?"),
        ("reason", "U32"),
    ]
)


def assign_cells(stars: np.ndarray, cells: Sequence[tuple[str, Sequence[int]]]) -> None:
    """Write the tag of the cell whose box (x0, x1, y0, y1) holds each star; '' outside all of them.

    A pixel's area reaches half a pixel around its centre, so a box holds x0 - 0.5 <= x < x1 - 0.5.
    """
    for tag, (x0, x1, y0, y1) in cells:
        inside = (stars["x"] >= x0 - 0.5) & (stars["x"] < x1 - 0.5)
        inside &= (stars["y"] >= y0 - 0.5) & (stars["y"] < y1 - 0.5)
        stars["cell"][inside] = tag


def reject(stars: np.ndarray, failed: np.ndarray, reason: str) -> None:
    """Give `reason` to those that failed and have none yet."""
    stars["reason"][failed & (stars["reason"] == "")] = reason


def crowded(stars: np.ndarray, others: np.ndarray, hlr: float, settings: Stars) -> np.ndarray:
    """Has a star a comparable neighbour within `min_sep`, or does it stand in a neighbour's light? Shape (n,).

    `others` (dtype NEIGHBOURS) come from one image; the star's own entry is the one within its half-light radius.
    """
    if len(stars) == 0 or len(others) == 0:
        return np.zeros(len(stars), bool)
    tree, widest = cKDTree(np.c_[others["x"], others["y"]]), float(others["a"].max())
    far = max(settings.min_sep, widest + 2 * hlr)
    found = np.zeros(len(stars), bool)
    for i, close in enumerate(tree.query_ball_point(np.c_[stars["x"], stars["y"]], far)):
        near = others[close]
        distance = np.hypot(near["x"] - stars["x"][i], near["y"] - stars["y"][i])
        own = distance < hlr
        flux = near["flux"][own].max() if own.any() else stars["flux"][i]
        comparable = ~own & (near["flux"] > settings.neighbour_flux * flux)
        outside = reach(near, stars["x"][i : i + 1], stars["y"][i : i + 1])[0]
        found[i] = bool((comparable & ((distance < settings.min_sep) | (outside < 2 * hlr))).any())
    return found


def elongation(stars: np.ndarray, typical: tuple[float, float]) -> np.ndarray:
    """Axis ratio >= 1 of each star against the typical ellipse (from `typical_ellipse`), shape (n,)."""
    e1, e2 = _ellipticity(stars)
    excess = np.minimum(np.hypot(e1 - typical[0], e2 - typical[1]), 0.99)
    return (1 + excess) / (1 - excess)


def typical_ellipse(stars: np.ndarray) -> tuple[float, float]:
    """Median ellipticity components (a - b) / (a + b) (cos, sin) 2 theta; (0, 0) for no stars."""
    if len(stars) == 0:
        return 0.0, 0.0
    e1, e2 = _ellipticity(stars)
    return float(np.median(e1)), float(np.median(e2))


def keep_brightest(stars: np.ndarray, most: int) -> None:
    """Reject all but the `most` stars of highest S/N per cell."""
    for tag in np.unique(stars["cell"]):
        rows = np.flatnonzero((stars["cell"] == tag) & (stars["reason"] == ""))
        order = rows[np.lexsort((stars["y"][rows], stars["x"][rows], -stars["snr"][rows]))]
        stars["reason"][order[most:]] = "fainter than the brightest"


def hold_out(stars: np.ndarray, fraction: float, least: int) -> None:
    """Mark a fraction of each cell's selected stars, chosen by position; at least `least` stay to build from."""
    for tag in np.unique(stars["cell"][stars["selected"]]):
        rows = np.flatnonzero((stars["cell"] == tag) & stars["selected"])
        count = min(int(np.floor(fraction * len(rows) + 0.5)), max(len(rows) - least, 0))
        order = sorted(rows, key=lambda row: _dice(stars["x"][row], stars["y"][row]))
        stars["held_out"][order[:count]] = True


def _dice(x: float, y: float) -> str:
    return hashlib.sha256(f"{x:.0f},{y:.0f}".encode()).hexdigest()


def _ellipticity(stars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    e = (stars["a"] - stars["b"]) / np.maximum(stars["a"] + stars["b"], 1e-6)
    return e * np.cos(2 * stars["theta"]), e * np.sin(2 * stars["theta"])
