"""A few lines at the end of a run: what became of sources and exposures, zero points, warnings, and where it all is."""

import csv
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from .files import read_json

_LOG = "run.log"
_MOST_WARNINGS = 5
_MOST = 5  # targets


def logged(folder: Path) -> int:
    """Bytes that the run log in `folder` has by now; what this run adds begins there."""
    path = folder / _LOG
    return path.stat().st_size if path.is_file() else 0


def summary(folder: Path, begin: int = 0, targets: Collection[str] = ()) -> str:
    """Text for the terminal about the products in `folder`; empty before there is a catalogue or the state of a target.

    begin : where this run begins in the run log, see `logged`. Mistakes before it may have been mended since.
    targets : folders of the targets of this run; what there is of others is left over.
    """
    lines = _catalogue(folder) + _spectra(folder, targets)
    if not lines:
        return ""
    warnings = _warnings(folder / _LOG, begin)
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    more = ", first:" if len(warnings) > _MOST_WARNINGS else ":" if warnings else ""
    lines += [f"{count} of this run in {folder}/{_LOG}{more}"]
    lines += [f"  {warning}" for warning in warnings[:_MOST_WARNINGS]]
    return "\n".join(["", *lines])


def _catalogue(folder: Path) -> list[str]:
    if not (folder / "catalog.csv").is_file():
        return []
    fates = _fates(folder / "merge/attrition.csv")
    return [
        f"{folder}/catalog.csv (.fits, .parquet): {fates}",
        _zero_points(folder / "zeropoint/zeropoint.json"),
    ]


def _spectra(folder: Path, targets: Collection[str]) -> list[str]:
    """What became of the exposures of all targets, where the first of them are, and what is left over of others."""
    found = sorted(folder.glob("targets/*/state.json"))
    states = [read_json(path) for path in found if path.parent.name in targets]
    others = [path.parent.name for path in found if path.parent.name not in targets]
    if not states:
        return []
    fates = {stage: Counter() for stage in ("download", "aperture")}
    for state in states:
        for stage, counts in state["counts"].items():
            fates[stage].update(counts)
    told = [f"{stage}: {_counted(counts)}" for stage, counts in fates.items() if counts]
    count = "1 target" if len(states) == 1 else f"{len(states)} targets"
    shown = [
        f"  {folder}/targets/{state['target']}: {', '.join(state['completed_stages'])}" for state in states[:_MOST]
    ]
    more = [f"  and {len(states) - _MOST} more"] if len(states) > _MOST else []
    if others:
        shown_others = ", ".join(others[:_MOST]) + (" ..." if len(others) > _MOST else "")
        more.append(f"  left over, of targets that the config does not name any more: {len(others)} ({shown_others})")
    return [f"{count}; exposures: {'; '.join(told) or 'none fetched yet'}", *shown, *more]


def _counted(counts: Counter) -> str:
    return ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))


def _fates(path: Path) -> str:
    if not path.is_file():
        return "no attrition table"
    with path.open(encoding="utf-8", newline="") as stream:
        return "sources: " + ", ".join(f"{row['count']} {row['reason']}" for row in csv.DictReader(stream))


def _zero_points(path: Path) -> str:
    if not path.is_file():
        return "no zero points"
    bands = read_json(path)["bands"]
    parts = [
        f"{band['band']} {band['zp_median']:.3f} +- {band['zp_err']:.3f}"
        if band["zp_median"] is not None
        else f"{band['band']} none ({band['reason'] or band['status']})"
        for band in bands
    ]
    return f"zero points: {', '.join(parts)}"


def _warnings(path: Path, begin: int) -> list[str]:
    """Distinct warnings and errors of the run log from `begin` on, without their time."""
    if not path.is_file():
        return []
    content = path.read_bytes()
    # A log that is shorter than it was has been begun anew.
    new = content[begin:] if len(content) >= begin else content
    lines = new.decode("utf-8", "replace").splitlines()
    found = [line for line in lines if " WARNING " in line or " ERROR " in line]
    return list(dict.fromkeys(line.split(" ", 2)[-1] for line in found))
