"""The reference stars and the catalogue: which are the same, what the stars lend it, and which stars join it."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..config.sources import Gaia
from ..tables import find_column, identifiers
from .box import reference_box
from .exclusion import inside
from .match import Rows, match_rows
from .positions import Positions
from .reference import bright_enough
from .start import starting_models, types_of

log = logging.getLogger(__name__)

PREFIX = "gaia_"


class Augmented(NamedTuple):
    """The catalogue with its reference stars: its own rows in their order, then the injected ones, n in all.

    table : input columns, FLUX_<band> backfilled. here : positions, shape (n,).
    source_id : text, '' for none. injected : bool.
    """

    table: pd.DataFrame
    here: Positions
    source_id: np.ndarray
    injected: np.ndarray


def augment(
    table: pd.DataFrame,
    here: Positions,
    stars: pd.DataFrame,
    stars_here: Positions,
    candidates: np.ndarray,
    settings: Gaia,
    zp_ref: float,
    saturated: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Augmented:
    """Match the candidates among the reference stars one to one with the catalogue, backfill, inject the others.

    Parameters
    ----------
    table, here : the catalogue and where its rows are, n rows; it has a column FLUX_<band> for every band.
    stars, stars_here : the reference table and where its rows are, m rows.
    candidates : stars that may be used, shape (m,), bool; see `usable`.
    saturated : of pixels x, y: too close to saturated pixels? Such stars are not injected.
    """
    chosen = np.flatnonzero(candidates)
    near = stars_here.take(chosen)
    ids = stars["source_id"].to_numpy(dtype=object)[chosen]
    rows = Rows(here.ra, here.dec, certain_stars(table), claims(table))
    match = match_rows(rows, ids, near.ra, near.dec, set(stars["source_id"]), settings.match_radius_arcsec)
    found = match >= 0
    source_id = np.full(len(table), "", dtype=object)
    source_id[match[found]] = ids[found]
    fluxes = reference_fluxes(stars, [name for name in table if name.startswith("FLUX_")], zp_ref)
    table = backfill(table, match[found], fluxes.iloc[chosen[found]])
    new = ~found & settings.inject
    spared = new & saturated(near.x, near.y)
    added = chosen[new & ~spared]
    log.info(
        "reference stars: %d of %d in the magnitude range and the box; %d matched, %d injected, %d not injected "
        "(%d of them near saturated pixels)",
        *(len(chosen), len(stars), found.sum(), len(added), len(chosen) - found.sum() - len(added), spared.sum()),
    )
    return Augmented(
        append_rows(table, new_rows(stars.iloc[added], fluxes.iloc[added])),
        here.join(stars_here.take(added)),
        np.concatenate([source_id, stars["source_id"].to_numpy(dtype=object)[added]]),
        np.arange(len(table) + len(added)) >= len(table),
    )


def usable(
    stars: pd.DataFrame, stars_here: Positions, active: Positions, crop_box: tuple[int, int, int, int], settings: Gaia
) -> np.ndarray:
    """Reference stars in the magnitude range and in the square around the active sources, shape (m,), bool."""
    box = reference_box(active.x, active.y, crop_box, settings.min_box_size_pix)
    if box is None:
        return np.zeros(len(stars), bool)
    return bright_enough(stars, settings.mag_min, settings.mag_max) & inside(stars_here.x, stars_here.y, box)


def claims(table: pd.DataFrame) -> list[str]:
    """The reference star each row says it is, '' for none: gaia_source_id, source_id, or an ID gaia_<source_id>."""
    names = [find_column(table.columns, name) for name in ("gaia_source_id_input", "gaia_source_id", "source_id")]
    given = next((identifiers(table[name]).str.strip() for name in names if name), pd.Series("", index=table.index))
    from_id = table["ID"].where(table["ID"].str.startswith(PREFIX), "").str.removeprefix(PREFIX)
    return given.where(given != "", from_id).tolist()


def certain_stars(table: pd.DataFrame) -> np.ndarray:
    """Rows whose TYPE is STAR, shape (n,), bool."""
    models, assumed = starting_models(types_of(table), "exp")
    return (models == "star") & ~assumed


def reference_fluxes(stars: pd.DataFrame, names: Sequence[str], zp_ref: float) -> pd.DataFrame:
    """FLUX_<band> at `zp_ref` of the stars' AB magnitudes, NaN where there is none."""
    magnitudes = {name: stars.get(f"mag_{name.removeprefix('FLUX_')}") for name in names}
    nothing = np.full(len(stars), np.nan)
    return pd.DataFrame(
        {
            name: nothing if mag is None else 10.0 ** ((zp_ref - mag.to_numpy()) / 2.5)
            for name, mag in magnitudes.items()
        }
    )


def backfill(table: pd.DataFrame, rows: np.ndarray, fluxes: pd.DataFrame) -> pd.DataFrame:
    """The table with the missing FLUX_<band> of `rows` taken from `fluxes`, row by row."""
    filled = {}
    for name in fluxes.columns:
        values = table[name].to_numpy(dtype=float, copy=True)
        values[rows] = np.where(np.isfinite(values[rows]), values[rows], fluxes[name])
        filled[name] = values
    return table.assign(**filled)


def new_rows(stars: pd.DataFrame, fluxes: pd.DataFrame) -> pd.DataFrame:
    """Catalogue rows of reference stars."""
    facts = {"ID": PREFIX + stars["source_id"].astype("str"), "RA": stars["ra"], "DEC": stars["dec"], "TYPE": "STAR"}
    return pd.DataFrame(facts).reset_index(drop=True).join(fluxes.reset_index(drop=True))


def append_rows(table: pd.DataFrame, extra: pd.DataFrame) -> pd.DataFrame:
    """Both tables; what the new rows do not have is missing there, and whole numbers stay whole."""
    if extra.empty:
        return table
    wider = {name: _with_gaps(table[name].dtype) for name in table.columns if name not in extra}
    return pd.concat([table.astype(wider), extra], ignore_index=True)


def _with_gaps(dtype: np.dtype) -> object:
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_integer_dtype(dtype):
        return "UInt64" if pd.api.types.is_unsigned_integer_dtype(dtype) else "Int64"
    return dtype
