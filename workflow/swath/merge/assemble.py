"""The join: every row of the source list once, in order, with what its patch fitted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..columns import EMPTY, INTERNAL, Column, catalogue
from ..errors import RunError
from .fitted import Tile, fitted_columns
from .patches import PatchFit

DTYPES = {"float": "float64", "int": "int32", "bool": "bool", "str": "str"}


def assemble(sources: pd.DataFrame, patches: Sequence[PatchFit], tile: Tile) -> pd.DataFrame:
    """The catalogue: the input's columns first and untouched, then those of `columns.catalogue`.

    Parameters
    ----------
    sources : the source list, one row per source; its order is the catalogue's.
    patches : every fit, checked by `patches.check_whole`.

    Raises
    ------
    RunError : the source list has a column that only the merge may write.
    """
    sources = sources.reset_index(drop=True)
    columns = catalogue(tile.bands, tile.multi_band)
    theirs = input_columns(sources, columns)
    known = sources.drop(columns=theirs)
    if patches:
        fitted = fitted_columns(sources, patches, tile).reindex(sources.index)
        clash = sorted(set(known) & set(fitted) - {"fit_flags"})
        if clash:
            raise RunError(f"the source list has columns that the merge writes: {', '.join(clash)}; rerun `sources`")
        flags = fitted.pop("fit_flags").fillna(0).astype("int32") | known.pop("fit_flags").astype("int32")
        known = pd.concat([known, fitted, flags.rename("fit_flags")], axis=1)
    known["psf_min_epsf_nstars_for_use"] = tile.min_stars
    return pd.concat([sources[theirs], typed(known, columns)], axis=1)


def input_columns(sources: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """Columns of the source list that came with the input catalogue, in their order."""
    ours = {column.name for column in columns} | set(INTERNAL)
    return [name for name in sources.columns if name not in ours]


def typed(values: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Exactly `columns`, in their order and types; what is missing takes the empty value of its type."""
    filled = {column.name: _typed(values, column) for column in columns}
    return pd.DataFrame(filled, index=values.index)


def _typed(values: pd.DataFrame, column: Column) -> pd.Series:
    empty = EMPTY[column.kind]
    if column.name not in values:
        return pd.Series(np.full(len(values), empty, dtype=object), index=values.index).astype(DTYPES[column.kind])
    given = values[column.name]
    return (given if column.kind == "float" else given.fillna(empty)).astype(DTYPES[column.kind])
