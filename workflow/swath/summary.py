"""A few lines at the end of a run: what became of the sources, the zero points, warnings, and where it all is."""

import csv
from pathlib import Path

from .files import read_json

_LOG = "run.log"
_MOST_WARNINGS = 5


def logged(folder: Path) -> int:
    """Bytes that the run log in `folder` has by now; what this run adds begins there."""
    path = folder / _LOG
    return path.stat().st_size if path.is_file() else 0


def summary(folder: Path, begin: int = 0) -> str:
    """Text for the terminal about the products in `folder`; empty before there is a catalogue.

    begin : where this run begins in the run log, see `logged`. Mistakes before it may have been mended since.
    """
    if not (folder / "catalog.csv").is_file():
        return ""
    lines = [f"{folder}/catalog.csv (.fits, .parquet): {_fates(folder / 'merge/attrition.csv')}"]
    lines += [_zero_points(folder / "zeropoint/zeropoint.json")]
    warnings = _warnings(folder / _LOG, begin)
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    more = ", first:" if len(warnings) > _MOST_WARNINGS else ":" if warnings else ""
    lines += [f"{count} of this run in {folder}/{_LOG}{more}"]
    lines += [f"  {warning}" for warning in warnings[:_MOST_WARNINGS]]
    return "\n".join(["", *lines])


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
