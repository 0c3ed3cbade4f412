"""Bands that were added to a finished run, joined to the fits that gave them positions and shapes."""

from collections.abc import Sequence

import numpy as np

from ..errors import RunError
from ..flags import FIT
from .patches import PER_BAND, PER_SLOT, PatchFit

# What an added band may say of a source beside what its fit did: all but how the fit itself went.
_OF_BANDS = sum(
    FIT[name]
    for name in (
        *("BAND_MISSING", "ILL_CONDITIONED", "MASKED_CENTER", "SATURATED", "TRUNCATED"),
        *("BLENDED", "NEGATIVE_FLUX", "PSF_FALLBACK", "PSF_POOLED", "POOR_FIT"),
    )
)


def joined(fits: Sequence[PatchFit], added: Sequence[PatchFit], multi_band: bool) -> list[PatchFit]:
    """The fits with the columns of the added bands behind their own.

    Parameters
    ----------
    added : the same patches in the added bands, in any order; none leaves the fits as they are.
    multi_band : positions and shapes are those of the fit; else every band has its own columns of them.

    Raises
    ------
    RunError : a patch was not measured in the added bands, or for another list of sources.
    """
    if not added:
        return list(fits)
    by_tag = {patch.tag: patch for patch in added}
    problems = [_problem(patch, by_tag.get(patch.tag)) for patch in fits]
    if any(problems):
        raise RunError([text for text in problems if text], "the added bands do not belong to the fits; rerun both")
    return [_with(patch, by_tag[patch.tag], multi_band) for patch in fits]


def _problem(patch: PatchFit, more: PatchFit | None) -> str:
    if more is None:
        return f"patch {patch.tag}: fitted, but not measured in the added bands"
    same = np.array_equal(patch.columns["row"], more.columns["row"])
    return "" if same else f"patch {patch.tag}: the added bands were measured for another list of sources"


def _with(patch: PatchFit, more: PatchFit, multi_band: bool) -> PatchFit:
    names = PER_BAND if multi_band else (*PER_SLOT, *PER_BAND)
    columns = patch.columns | {
        name: np.concatenate([patch.columns[name], more.columns[name]], axis=1) for name in names
    }
    own, theirs = patch.columns["flags"], more.columns["flags"]
    unseen = (theirs & (FIT["NO_DATA"] | FIT["PATCH_FAILED"])) > 0
    flags = own | (theirs & _OF_BANDS) | np.where(unseen, FIT["BAND_MISSING"], 0).astype(own.dtype)
    # Without data means: in no band at all.
    columns["flags"] = np.where(unseen, flags, flags & ~FIT["NO_DATA"])
    if patch.status in ("ok", "empty") and more.status not in ("ok", "empty"):
        return patch._replace(columns=columns, reason=f"added bands: {more.status} {more.reason}".strip())
    return patch._replace(columns=columns)
