"""Are the fitted galaxies turned against the catalogue? Then its angles count from the other axis."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..sources.angles import Axis

_FLAT = 0.2  # ellipticity from which an angle means something
_ERROR_DEG = 15.0
_FEWEST = 8
_TURNED_DEG = 60.0  # angles that mean nothing differ by 45 deg in the median, right ones by a few


def turned(catalog: pd.DataFrame, suffixes: Sequence[str], theta_from: Axis) -> str:
    """A sentence when THETA_fit of well-measured galaxies lies about 90 deg from the catalogue's THETA; else ''.

    Parameters
    ----------
    catalog : merged. suffixes : of the geometry's columns: '' or one of each band.
    """
    if "THETA" not in catalog or "ELL" not in catalog:
        return ""
    apart = np.concatenate([_differences(catalog, suffix) for suffix in suffixes])
    if len(apart) < _FEWEST or np.median(apart) < _TURNED_DEG:
        return ""
    other = "y" if theta_from == "x" else "x"
    return (
        f"sources.theta_from: {theta_from}: the fitted THETA of {len(apart)} well-measured galaxies lies "
        f"{np.median(apart):.0f} deg (median) from the catalogue's; expected a few: does the catalogue count THETA "
        f"from the {other} axis? Set sources.theta_from: {other}"
    )


def _differences(catalog: pd.DataFrame, s: str) -> np.ndarray:
    """|THETA_fit - THETA| [deg], 0 to 90, of the galaxies whose angle is known before and after the fit."""
    start, fit = (catalog[name].to_numpy(dtype=float) for name in ("THETA", f"THETA{s}_fit"))
    flat = (catalog["ELL"] > _FLAT) & (catalog[f"ELL{s}_fit"] > _FLAT) & (catalog[f"THETA{s}_err"] < _ERROR_DEG)
    good = flat.to_numpy(dtype=bool) & np.isfinite(start) & np.isfinite(fit)
    return np.abs((fit - start + 90) % 180 - 90)[good]
