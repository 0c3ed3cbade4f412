"""Reading what the fit jobs wrote, and checking that the patches together are whole: none missing, none twice."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from ..errors import RunError
from ..images import ascii_text, native
from ..telemetry import clock

SCALARS = ("row", "ID", "model", "flags", "runner_up", "dchi2_runner_up")
PER_SLOT = (
    *("x", "y", "x_err", "y_err", "xy_cov", "re", "re_err", "ell", "ell_err", "phi", "phi_err", "n", "n_err", "ab"),
    *("converged", "niter", "dchi2", "stop_reason", "blend_fraction"),
)
PER_BAND = ("flux", "flux_err", "chi2", "npix", "masked_fraction", "sky", "neighbour_corr")
SHOWN = 50


class PatchFit(NamedTuple):
    """The fit of one patch; columns have shape (n,), (n, slots) or (n, bands), see `Rows`."""

    tag: str
    cell: str
    status: str
    reason: str
    columns: dict[str, np.ndarray]


class Rows(NamedTuple):
    """The fitted rows of all patches, stacked.

    patch : shape (n,), index of the patch in the order of the plan.
    columns : `SCALARS` have shape (n,), `PER_SLOT` (n, slots) with one slot for all bands or one for each, `PER_BAND`
        (n, bands).
    """

    patch: np.ndarray
    columns: dict[str, np.ndarray]


@clock("read")
def read_fit(path: str | Path, bands: Sequence[str], slots: int) -> PatchFit:
    """Read one `fit/{patch}.fits`.

    Raises
    ------
    RunError : the file was made for other bands or another mode, or lacks a column.
    """
    with fits.open(path, memmap=False) as hdus:
        header, data = hdus[0].header, hdus["FIT"].data
        found = [str(band) for band in header["BAND*"].values()]
        if found != list(bands):
            raise RunError(f"{path}: fitted for the bands {', '.join(found)}, expected {', '.join(bands)}; rerun `fit`")
        missing = [name for name in (*SCALARS, *PER_SLOT, *PER_BAND) if name not in data.names]
        if missing:
            raise RunError(f"{path}: the table FIT lacks the columns {', '.join(missing)}; rerun `fit`")
        widths = dict.fromkeys(SCALARS, 0) | dict.fromkeys(PER_SLOT, slots) | dict.fromkeys(PER_BAND, len(bands))
        columns = {name: _column(data[name], width, f"{path}: {name}") for name, width in widths.items()}
        return PatchFit(header["PATCH"], header["CELL"], header["STATUS"], header.get("REASON", ""), columns)


def stack(patches: Sequence[PatchFit]) -> Rows:
    """All patches' rows below each other, in the order given."""
    counts = [len(patch.columns["row"]) for patch in patches]
    names = patches[0].columns
    columns = {name: np.concatenate([patch.columns[name] for patch in patches]) for name in names}
    return Rows(np.repeat(np.arange(len(patches)), counts), columns)


def check_whole(patches: Sequence[PatchFit], planned: Sequence[str], ids: pd.Series, active: np.ndarray) -> None:
    """Check that the patches deliver every active source exactly once, and nothing else.

    Parameters
    ----------
    planned : tags of the patches in the plan.
    ids, active : of all rows of the source list, shape (n,): identifier, and whether it should have been fitted.

    Raises
    ------
    RunError : with every patch and source that is missing, delivered twice or unknown. Any of them is a bug or a mix
        of products of different runs, never a property of the data.
    """
    tags, expected = Counter(patch.tag for patch in patches), set(planned)
    problems = [f"patch {tag}: in the plan, but its fit is not here" for tag in planned if tag not in tags]
    problems += [f"patch {tag}: fitted, but not in the plan" for tag in tags if tag not in expected]
    problems += [f"patch {tag}: delivered {n} times" for tag, n in tags.items() if n > 1]
    if not patches and active.any():
        problems.append(f"{active.sum()} active sources, but no patch at all")
    if not problems and patches:
        problems = _row_problems(patches, ids, active)
    if problems:
        more = [f"... and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        summary = "the patches do not fit the source list; rerun from `patches`, and report it if it happens again"
        raise RunError([*problems[:SHOWN], *more], summary)


def _row_problems(patches: Sequence[PatchFit], ids: pd.Series, active: np.ndarray) -> list[str]:
    rows = stack(patches)
    number, known = rows.columns["row"], ids.to_numpy()
    tag = np.array([patch.tag for patch in patches])[rows.patch]
    inside = (number >= 0) & (number < len(known))
    problems = [
        f"patch {t}: row {r} is not in the source list" for t, r in zip(tag[~inside], number[~inside], strict=True)
    ]
    number, tag, found = number[inside], tag[inside], rows.columns["ID"][inside]
    wrong = found != np.char.strip(ascii_text(ids))[number]
    problems += [
        f"patch {t}: row {r} has ID {f}, the source list {known[r]}"
        for t, r, f in zip(tag[wrong], number[wrong], found[wrong], strict=True)
    ]
    counts = np.bincount(number, minlength=len(known))
    problems += [f"{known[r]} (row {r}): in {', '.join(tag[number == r])}" for r in np.flatnonzero(counts > 1)]
    problems += [f"{known[r]} (row {r}): active, but in no patch" for r in np.flatnonzero((counts == 0) & active)]
    return problems


def _column(values: np.ndarray, width: int, what: str) -> np.ndarray:
    text = values.dtype.kind in "SU"
    values = np.char.strip(np.asarray(values, dtype=str)) if text else native(np.asarray(values))
    if not width:
        return values
    if values.size != len(values) * width:
        shape = values.shape[1:] or (1,)
        raise RunError(f"{what}: {shape} values per source, expected {width}; fit.multi_band was changed? rerun `fit`")
    return values.reshape(len(values), width)
