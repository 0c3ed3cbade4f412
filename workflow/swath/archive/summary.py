"""What a query found, in numbers: per target and in all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..config.archive import Archive

TARGET_UNITS = {"ra": "deg", "dec": "deg", "epoch": "yr", "pmra": "mas / yr", "pmdec": "mas / yr"}


class Told(Protocol):
    """How the query of one target ended."""

    status: str
    reason: str


def target_table(targets: pd.DataFrame, found: Mapping[str, Told], chosen: pd.DataFrame) -> pd.DataFrame:
    """The targets with `status` (ok, stale, failed), `reason` and `exposures`, the number selected."""
    counts = chosen[chosen.selected].groupby("target").size()
    return targets.assign(
        status=[found[slug].status for slug in targets.slug],
        reason=[found[slug].reason for slug in targets.slug],
        exposures=targets.slug.map(counts).fillna(0).astype("int64"),
    )


def summary(
    archive: Archive, targets: pd.DataFrame, table: pd.DataFrame, asked: Mapping[str, datetime | None]
) -> dict[str, Any]:
    """The summary for JSON.

    Sizes are those of whole files; a cutout, and a file that is read only as far as its PSF, is a small part of that.
    """
    groups = dict(list(table.groupby("target", sort=False)))
    none = table.iloc[:0]
    return {
        "service": archive.service,
        "asked_at": {"list": archive.list, "sia2": archive.sia_url}.get(archive.service, archive.tap_url),
        "collections": list(archive.collections),
        "reprocessed": archive.reprocessed,
        "statuses": targets.status.value_counts().sort_index().to_dict(),
        "all": numbers(table.drop_duplicates("exposure")),
        "targets": {
            row.slug: {
                "target": row.target,
                "status": row.status,
                "reason": row.reason,
                "asked": asked[row.slug].isoformat() if asked[row.slug] else None,
                **numbers(groups.get(row.slug, none)),
            }
            for row in targets.itertuples()
        },
    }


def numbers(table: pd.DataFrame) -> dict[str, Any]:
    """Counts, time span and estimated size of the selected products; why the others were left out."""
    chosen = table[table.selected]
    ends = [chosen.mjd_start.min(), chosen.mjd_end.max()] if len(chosen) else [np.nan, np.nan]
    size = chosen.bytes.sum(min_count=1)
    return {
        "found": len(table),
        "selected": len(chosen),
        "first_mjd": _number(ends[0]),
        "last_mjd": _number(ends[1]),
        "days": _number(ends[1] - ends[0]),
        "bands": chosen.band.value_counts().sort_index().to_dict(),
        "releases": chosen.release.value_counts().sort_index().to_dict(),
        "versions": chosen.version.value_counts().sort_index().to_dict(),
        "size_gb": _number(size / 1e9),
        "size_unknown": int(chosen.bytes.isna().sum()),
        "left_out": table.reason[~table.selected]
        .str.replace(r"^superseded by .*", "superseded", regex=True)
        .value_counts()
        .sort_index()
        .to_dict(),
    }


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
