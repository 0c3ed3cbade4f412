"""What became of every row of the source list, and when that must stop the run."""

import numpy as np
import pandas as pd

from ..errors import RunError
from ..flags import FIT

SHOWN = 100


def fate(table: pd.DataFrame, fluxes: np.ndarray) -> np.ndarray:
    """One phrase for every row of the catalogue: what became of it; shape (n,).

    Parameters
    ----------
    table : with `excluded_reason`, `fit_flags`, `patch_status`.
    fluxes : fitted fluxes, shape (n, bands).
    """
    flags = table["fit_flags"].to_numpy()
    excluded = table["excluded_reason"].to_numpy(dtype=object)
    cases = [
        (flags & FIT["BAD_POSITION"] > 0, "excluded: not on the image, or without coordinates"),
        (excluded != "", "excluded: " + excluded),
        (flags & FIT["PATCH_FAILED"] > 0, "not fitted: patch " + table["patch_status"].to_numpy(dtype=object)),
        (flags & FIT["NO_DATA"] > 0, "not fitted: every pixel is masked"),
        (~np.isfinite(fluxes).any(axis=1), "not fitted: no finite flux in any band"),
        (flags & FIT["NOT_CONVERGED"] > 0, "fitted, not converged"),
    ]
    text = [np.broadcast_to(phrase, len(table)).astype(object) for _, phrase in cases]
    return np.select([chosen for chosen, _ in cases], text, default="fitted")


def active(table: pd.DataFrame) -> np.ndarray:
    """Rows that should have been fitted: not excluded, and with a position on the image; shape (n,)."""
    return ~table["excluded_any"].to_numpy(dtype=bool) & (table["fit_flags"].to_numpy() & FIT["BAD_POSITION"] == 0)


def count(fates: np.ndarray) -> pd.DataFrame:
    """Table of `reason`, `count`, most frequent first; the counts sum to the rows of the catalogue."""
    reasons, counts = np.unique(fates.astype(str), return_counts=True)
    order = np.lexsort((reasons, -counts))
    return pd.DataFrame({"reason": reasons[order], "count": counts[order]})


def check(table: pd.DataFrame, fates: np.ndarray, limit: float) -> None:
    """Stop when too many of the active sources have no fit.

    Parameters
    ----------
    table : with `patch_tag`, `patch_reason` and what `active` needs. fates : from `fate`.
    limit : `merge.max_failed_fraction`.

    Raises
    ------
    RunError : with a table of the patches that failed sources lie in, their reasons and counts.
    """
    wanted = active(table)
    failed = wanted & np.char.startswith(fates.astype(str), "not fitted")
    if failed.sum() <= limit * wanted.sum():
        return
    cases = table.loc[failed, ["patch_tag", "patch_reason"]].assign(fate=fates[failed])
    groups = cases.groupby(["patch_tag", "fate", "patch_reason"]).size().sort_values(ascending=False, kind="stable")
    owned = table.loc[wanted, "patch_tag"].value_counts()
    lines = [
        f"{tag}: {n} of {owned[tag]} sources {what}" + (f" ({reason})" if reason else "")
        for (tag, what, reason), n in groups.items()
    ]
    more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    summary = (
        f"{failed.sum()} of {wanted.sum()} active sources have no fit ({failed.sum() / wanted.sum():.1%}), "
        f"more than merge.max_failed_fraction = {limit:g} allows. The logs of the rule `fit` tell more; "
        "mend the cause, or raise the limit to accept the loss. Patches and reasons:"
    )
    raise RunError([*lines[:SHOWN], *more], summary)
