"""How far each target is: `state.json`, written at the end of every run from the products that are there."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..config.canonical import canonical
from ..config.model import Config
from ..files import read_json, write_json
from ..plan import Plan
from .spectral import STAGES

log = logging.getLogger(__name__)
KIND = "swath state of a target"
_COUNTED = ("download", "aperture")


def write_states(config: Config, plan: Plan, folder: Path) -> None:
    """Write `targets/<slug>/state.json` of every target of the tile in `folder`, where it says anything new.

    It holds the stages done, counts of exposures, the files, and the whole effective config, which `resume` and
    `snakemake --configfile state.json` run again.
    """
    rows = {stage: list(_rows(folder / stage, plan.batches)) for stage in _COUNTED}
    for target in plan.targets:
        state = _state(config, plan, folder, target, rows)
        path = folder / "targets" / target / "state.json"
        if state["completed_stages"] and _written(path) != state:
            try:
                write_json(path, state)
            except OSError as error:  # a full disk, a folder of somebody else's: the run itself may have ended well
                log.warning("%s: not written (%s)", path, error.strerror)
                return


def _written(path: Path) -> object:
    """What was written there before; None where that is nothing, or damaged."""
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None


def config_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The config in a state, with what was given beside it (`--config` on the command line) on top."""
    given = {key: value for key, value in state.items() if key not in _KEYS}
    return {**state["config"], **given}


def is_state(mapping: Mapping[str, Any]) -> bool:
    """Is this a state, and no config?"""
    return mapping.get("kind") == KIND


_KEYS = ("kind", "target", "stage", "completed_stages", "missing_stages", "counts", "files", "directory", "config")


def _state(
    config: Config, plan: Plan, folder: Path, target: str, rows: Mapping[str, list[tuple[str, str, str]]]
) -> dict[str, Any]:
    done = [stage for stage, names in STAGES.items() if all(_there(folder, name, target, plan) for name in names)]
    missing = [stage for stage in config.stages if stage not in done]
    own = {stage: [row for row in found if row[0] == target] for stage, found in rows.items()}
    counts = {stage: dict(sorted(Counter(row[1] for row in rows).items())) for stage, rows in own.items()}
    names = {path.name: str(path.relative_to(folder)) for path in sorted((folder / "targets" / target).glob("*.*"))}
    names.pop("state.json", None)
    return {
        "kind": KIND,
        "target": target,
        "stage": "partial" if missing else "complete",
        "completed_stages": done,
        "missing_stages": missing,
        "counts": counts,
        "files": {**names, "downloaded": sorted(row[2] for row in own["download"] if row[2])},
        "directory": str(Path.cwd()),
        "config": canonical(config),
    }


def _there(folder: Path, name: str, target: str, plan: Plan) -> bool:
    batches = plan.batches if "{batch}" in name else [""]
    return all((folder / name.format(batch=batch, target=target)).is_file() for batch in batches)


def _rows(folder: Path, batches: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Target, status and file of every row of the batches that are there; damaged tables are left to their readers."""
    import pyarrow.parquet

    for path in (folder / f"{batch}.parquet" for batch in batches):
        with suppress(OSError, ValueError):
            table = pyarrow.parquet.read_table(path, columns=["target", "status", "file"])
            yield from zip(*(table[name].to_pylist() for name in ("target", "status", "file")), strict=True)
