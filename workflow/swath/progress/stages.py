"""The stages of a run: how many jobs each has, which of them run, and what the finished ones told."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from .pace import Pace


class Tally:
    """What several jobs told (`telemetry`), added up."""

    def __init__(self) -> None:
        self.jobs = 0
        self.cpu_s, self.memory_mb = 0.0, 0.0
        self.parts: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.flags: dict[str, int] = {}
        self.samples: dict[str, list[float]] = {}

    def add(self, report: Mapping[str, Any]) -> None:
        """Add the report of one more job."""
        self.jobs += 1
        self.cpu_s += report["cpu_s"]
        self.memory_mb = max(self.memory_mb, report["memory_mb"])
        cpu = {name: part["cpu_s"] for name, part in report.get("parts", {}).items()}
        for sums, numbers in ((self.parts, cpu), *((getattr(self, k), report.get(k, {})) for k in ("counts", "flags"))):
            for name, number in numbers.items():
                sums[name] = sums.get(name, 0) + number
        for name, values in report.get("samples", {}).items():
            self.samples.setdefault(name, []).extend(values)

    def medians(self) -> dict[str, float]:
        """Medians of all values told, by name."""
        return {name: median(values) for name, values in self.samples.items() if values}


class Stage:
    """The jobs of one rule (and tile) in this run.

    Parameters
    ----------
    name : as shown. files : job's number -> where it writes what it tells.
    """

    def __init__(self, name: str, files: Mapping[int, Path]) -> None:
        self.name, self.files = name, dict(files)
        self.running: set[int] = set()
        self.done: set[int] = set()
        self.failed: set[int] = set()
        self.begun: float | None = None
        self.told = False
        self.durations: list[float] = []  # seconds that each of the finished jobs took
        self._since: dict[int, float] = {}
        self._moved = 0.0
        self._steps: dict[int, tuple[int, int | None, str]] = {}
        self._mb: dict[int, float] = {}

    def start(self, number: int, now: float) -> None:
        """A job begins, or begins again."""
        self.begun = now if self.begun is None else self.begun
        self.failed.discard(number)
        self.running.add(number)
        self._since[number] = now

    def finish(self, number: int, now: float) -> None:
        """A job is done."""
        self._moved = now
        if (since := self._since.pop(number, None)) is not None:
            self.durations.append(now - since)
        self.running.discard(number)
        self.failed.discard(number)
        self.done.add(number)

    def fail(self, number: int) -> None:
        """A job ended with an error."""
        self.running.discard(number)
        self._since.pop(number, None)
        self.failed.add(number)

    def follow(self, number: int, report: Mapping[str, Any], now: float) -> None:
        """What a running job tells of how far it is."""
        steps = report.get("steps")
        if steps and steps.get("mb", 0.0) != self._mb.get(number, 0.0):
            self._mb[number] = steps["mb"]
            self._moved = now
        if steps and (far := (steps["done"], steps["total"], steps["unit"])) != self._steps.get(number):
            self._steps[number] = far
            self._moved = now

    @property
    def whole(self) -> bool:
        """Are all jobs done?"""
        return len(self.done) == len(self.files)

    @property
    def open(self) -> bool:
        """Has it begun, with jobs left that may still be done?"""
        return self.begun is not None and len(self.done) + len(self.failed) < len(self.files)

    @property
    def progress(self) -> float:
        """Jobs done, with those that run by how far they say that they are."""
        return len(self.done) + sum(self._shares().values())

    def ages(self, now: float) -> dict[int, float]:
        """Seconds since each of the running jobs began."""
        return {number: now - since for number, since in tuple(self._since.items())}

    def foretold(self, now: float) -> dict[int, float]:
        """Seconds that running jobs will have taken in all, of those that say how far they are."""
        ages, shares = self.ages(now), self._shares()
        return {number: ages[number] / share for number, share in shares.items() if share and number in ages}

    def pace(self, now: float) -> Pace | None:
        """Of the items of the one job there is; None where it counts none."""
        done, _, unit = self._steps.get(next(iter(tuple(self.running)), -1), (0, None, ""))
        if len(self.files) > 1 or not unit or self.begun is None:
            return None
        return Pace(done, now - self.begun, max(self._moved - self.begun, 0.0))

    @property
    def fetches(self) -> bool:
        """Do its jobs fetch anything from the network?"""
        return bool(self._mb)

    def traffic(self, now: float) -> Pace | None:
        """MB that its jobs fetched from the network, those that are done included; None where none fetched any."""
        if not self.fetches or self.begun is None:
            return None
        return Pace(sum(self._mb.values()), now - self.begun, max(self._moved - self.begun, 0.0))

    def items(self) -> str:
        """412 files: what several jobs that fetch have done of what they count; empty for one job, and for others."""
        if len(self.files) == 1 or not self.fetches:
            return ""
        counted = [self._steps[number] for number in self._mb if number in self._steps]
        return f"{sum(done for done, _, _ in counted)} {counted[0][2]}" if counted else ""

    def amount(self) -> str:
        """12/49, or 120/4000 images where the one job there is counts them; empty for one job that does not."""
        if len(self.files) > 1:
            return f"{len(self.done)}/{len(self.files)}"
        done, total, unit = self._steps.get(next(iter(tuple(self.running)), -1), (0, None, ""))
        return f"{done}/{total} {unit}" if total else f"{done} {unit}" if unit else ""

    def _shares(self) -> dict[int, float]:
        """How much each running job has done of the items that it counts, from 0 to 1."""
        steps = {number: self._steps[number] for number in tuple(self.running) if number in self._steps}
        return {number: done / total for number, (done, total, _) in steps.items() if total}
