"""Which of the true sources are detected, and which are fitted and converged, magnitude by magnitude."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ..config.sources import Detection
from ..sources.detect import detect
from .match import TYPES

STEP_MAG, NEAR_PIX = 0.5, 3.0


def detected(
    table: pd.DataFrame, white: np.ndarray, noise: np.ndarray, crop_box: tuple[int, int, int, int], settings: Detection
) -> np.ndarray:
    """Is each true source (from `match.compare`) found on the white stack? Shape (n,), bool.

    Nearest pairs first, within 3 pix; a detection counts for one source only.
    """
    found = detect(white, noise, crop_box, settings)
    places = table[["x", "y"]].to_numpy()
    pairs = cKDTree(places).sparse_distance_matrix(cKDTree(np.c_[found.x, found.y]), NEAR_PIX, output_type="coo_matrix")
    seen, taken = np.zeros(len(places), bool), np.zeros(len(found.x), bool)
    for k in np.argsort(pairs.data, kind="stable"):
        i, j = pairs.row[k], pairs.col[k]
        if not (seen[i] or taken[j]):
            seen[i] = taken[j] = True
    return seen


def completeness(table: pd.DataFrame) -> pd.DataFrame:
    """Columns type, mag (middle of the bin), sources, detected, converged: fractions of the active sources."""
    active = table[table["active"]]
    middle = (np.floor(active["mag"] / STEP_MAG) + 0.5) * STEP_MAG
    rows = active.assign(mag=middle).groupby(["type", "mag"], as_index=False)
    counts = rows.agg(sources=("ID", "size"), detected=("detected", "mean"), converged=("converged", "mean"))
    return counts.sort_values(["type", "mag"], key=lambda c: c.map(TYPES.index) if c.name == "type" else c)
