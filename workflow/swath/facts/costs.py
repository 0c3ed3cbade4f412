"""What the jobs of a run cost, from their `benchmark:` files and from what they told of themselves."""

import csv
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..files import read_json
from .tables import Table, number


class Cost(NamedTuple):
    """One job: processor time [s], time on the clock [s], largest memory [MB]; NaN where nobody knows."""

    cpu: float
    wall: float
    memory: float


def costs(folder: Path) -> dict[str, list[Cost]]:
    """The jobs of every rule, rules in alphabetical order, from a tile's `benchmarks/` and `logs/`.

    Snakemake samples a job's processor time and memory and misses those of a short one, which the job itself tells.
    """
    found: dict[str, list[Cost]] = {}
    for path in sorted((folder / "benchmarks").rglob("*.tsv")):
        place = path.relative_to(folder / "benchmarks")
        rule = place.parts[0].removesuffix(".tsv")
        told = folder / "logs" / place.with_suffix(".json")
        for row in _rows(path):
            found.setdefault(rule, []).append(_cost(row, told))
    return dict(sorted(found.items()))


def cost_table(folder: Path) -> Table:
    """Timings and memory per rule."""
    rows, total = [], 0.0
    for rule, jobs in costs(folder).items():
        cpu = [job.cpu for job in jobs if job.cpu == job.cpu]
        total += sum(cpu)
        rows.append(
            [
                rule,
                len(jobs),
                number(sum(cpu) if cpu else None, 1),
                number(statistics.median(cpu) if cpu else None, 2),
                number(max(cpu, default=None), 2),
                number(sum(job.wall for job in jobs), 1),
                number(max((job.memory for job in jobs if job.memory == job.memory), default=None), 0),
            ]
        )
    rows.append(["all", sum(row[1] for row in rows), number(total, 1), "", "", "", ""])
    header = ["rule", "jobs", "CPU [s]", "median of a job [s]", "longest job [s]", "clock [s]", "most memory [MB]"]
    note = "Of the last time that each job ran. What runs after this page was written (manifest, report) is not in it."
    return Table("Time and memory per rule", header, rows, note)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, delimiter="\t")


def _cost(row: dict[str, str], told: Path) -> Cost:
    sampled = Cost(*(_value(row.get(name, "")) for name in ("cpu_time", "s", "max_rss")))
    if not told.is_file():
        return sampled
    own = read_json(told)
    memory = max(own.get("memory_mb", 0.0), sampled.memory if sampled.memory == sampled.memory else 0.0)
    return Cost(own.get("cpu_s", sampled.cpu), sampled.wall, memory)


def _value(text: str) -> float:
    """A number of a benchmark file; Snakemake writes NA or - where it saw nothing."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
