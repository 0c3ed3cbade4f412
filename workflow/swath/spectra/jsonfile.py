"""A light curve as JSON: what was measured on every exposure, and how."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..files import write_json
from .columns import Field


def write_observations(
    path: str | Path, table: pd.DataFrame, fields: Sequence[Field], head: Mapping[str, object]
) -> None:
    """Write `head`, the columns' units and meanings, and one object per exposure; what is no number is null."""
    described = {field.name: {"unit": field.unit, "meaning": field.meaning} for field in fields}
    columns = [[_plain(value) for value in table[field.name].tolist()] for field in fields]
    names = [field.name for field in fields]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    write_json(path, {**head, "columns": described, "observations": rows})


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
