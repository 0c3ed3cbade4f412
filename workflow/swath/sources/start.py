"""What each source is fitted as, and the shape the fit starts from."""

import numpy as np
import pandas as pd

from ..config.sources import Sources
from ..flags import FIT
from .angles import phi_from_theta

MODELS = {"STAR": "star", "EXP": "exp", "DEV": "dev", "SERSIC": "sersic"}
FALLBACK_ELL = 0.2
# ASSUME a larger Re is a mark for "unknown", as 999 is.
LARGEST_RE_PIX = 500.0


def types_of(table: pd.DataFrame) -> pd.Series:
    """TYPE of each row as text, '' where there is none."""
    types = table.get("TYPE", pd.Series("", index=table.index))
    return types.astype("str").where(types.notna(), "")


def starting_models(types: pd.Series, unknown_type: str) -> tuple[np.ndarray, np.ndarray]:
    """Model name of each TYPE (any case, blanks around it ignored) and whether it was assumed, each of shape (n,).

    GAL, a missing TYPE and any other word take `unknown_type`.
    """
    known = types.str.strip().str.upper().map(MODELS).astype(object)
    assumed = known.isna().to_numpy()
    return np.where(assumed, unknown_type, known.to_numpy()), assumed


def starting_values(table: pd.DataFrame, settings: Sources, matched: np.ndarray | None = None) -> pd.DataFrame:
    """sw_model, sw_re [pix], sw_ell, sw_phi [deg from +x] and fit_flags of each row; shapes of stars are NaN.

    A shape that is missing or impossible (Re <= 0 or above 500 pix, ELL outside [0, 1), no THETA) starts from the
    fallback, number by number, and is flagged SHAPE_ASSUMED. Sources of unknown TYPE that are reference stars
    (`matched`, (n,) bool) are stars, flagged TYPE_ASSUMED all the same.
    """
    size = len(table)
    nothing = np.full(size, np.nan)
    models, assumed = starting_models(types_of(table), settings.unknown_type)
    if matched is not None:
        models = np.where(assumed & matched, "star", models)
    re, ell, theta = (np.asarray(table.get(name, nothing), float) for name in ("Re", "ELL", "THETA"))
    good_re = (re > 0) & (re <= LARGEST_RE_PIX)
    good_ell = (ell >= 0) & (ell < 1)
    good_theta = np.isfinite(theta)
    galaxy = models != "star"
    # ASSUME a galaxy of unknown shape has Re = sources.re_fallback_pix, ELL = 0.2 and lies along +x.
    phi = np.where(good_theta, phi_from_theta(np.where(good_theta, theta, 0.0), settings.theta_from), 0.0)
    shapes = {
        "sw_re": np.where(good_re, re, settings.re_fallback_pix),
        "sw_ell": np.where(good_ell, ell, FALLBACK_ELL),
        "sw_phi": phi,
    }
    guessed = galaxy & ~(good_re & good_ell & good_theta)
    flags = assumed * FIT["TYPE_ASSUMED"] + guessed * FIT["SHAPE_ASSUMED"]
    return pd.DataFrame(
        {"sw_model": pd.Series(models, dtype="str")}
        | {name: np.where(galaxy, values, np.nan) for name, values in shapes.items()}
        | {"fit_flags": flags.astype(np.int32)}
    )
