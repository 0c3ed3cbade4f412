"""What `snakemake --report` says about each figure: caption, category and columns. Snakemake's marker is handed in."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .figures import Names, spread

LABELS = {
    ("sources", "snr"): "montage: highest S/N",
    ("sources", "chi2"): "montage: worst chi2",
    ("sources", "id"): "montage: chosen by ID",
    ("catalog", "cmd"): "colours and magnitudes",
    ("catalog", "residuals"): "residuals: chi2 of all sources",
    ("zeropoint", "field"): "map of the residuals",
    ("zeropoint", "color"): "colour terms",
    ("zeropoint", "bands"): "stars in {band}",
}


def marked(marker: Callable[..., Any], outputs: Names, group: str, category: str, *wildcards: str) -> dict[str, list]:
    """Outputs of a figure rule, each marked for the report.

    Parameters
    ----------
    marker : Snakemake's `report`. outputs : kind to paths. group : captions are `report/<group>_<kind>.rst`.
    wildcards : names of those that get a column.
    """
    return {
        kind: [
            marker(
                path,
                caption=f"../report/{group}_{kind}.rst",
                category=category,
                subcategory="{tile}",
                labels={"figure": label(group, kind, path)} | {name: f"{{{name}}}" for name in wildcards},
            )
            for path in paths
        ]
        for kind, paths in outputs.items()
    }


def label(group: str, kind: str, path: str) -> str:
    """What a figure is called in the report."""
    return LABELS.get((group, kind), kind.replace("_", " ")).replace("{band}", Path(path).stem.rpartition("__")[2])


def shown(tags: Sequence[str], most: int) -> str:
    """Wildcard constraint: at most `most` of the tags, evenly spread; one that nothing meets where that is none."""
    return "|".join(map(re.escape, spread(tags, most))) or "(?!)"
