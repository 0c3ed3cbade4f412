"""What a job tells about itself while it runs: counts, flags, medians, how long its parts take, how far it is.

It is written beside the job's log (JSON), where the main process reads it for its progress lines. It is no product:
it holds times and memory, no rule depends on it, and outside of a job every function here does nothing.
"""

import logging
import math
import os
import resource
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from .files import write_json

Item = TypeVar("Item")

log = logging.getLogger(__name__)
TICK_S = 2.0  # how often a job that counts its items writes down how far it is
START, REST = "start-up", "rest"


class Telemetry:
    """What one job has told so far.

    counts, flags : names with numbers, which add up. samples : names with values, of which the median is shown.
    parts : names with [CPU-s, wall s], disjoint: an inner part's time is not the outer one's. steps : items done, items
    in all (or None) and their name. moved : bytes that came over the network; None for jobs that fetch nothing.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.flags: dict[str, int] = {}
        self.samples: dict[str, list[float]] = {}
        self.parts: dict[str, list[float]] = {START: [time.process_time(), 0.0]}
        self.steps: tuple[int, int | None, str] | None = None
        self.moved: int | None = None
        self.begun = time.monotonic()
        self._open = [REST]
        self._mark = time.process_time(), self.begun

    def enter(self, part: str) -> None:
        """From now on time belongs to `part`."""
        self._charge()
        self._open.append(part)

    def leave(self) -> None:
        """From now on time belongs to what the part was entered from."""
        self._charge()
        self._open.pop()

    def pulse(self) -> dict[str, Any]:
        """How far it is and what it has cost, for JSON; asked for while the job runs, from another thread."""
        done, total, unit = self.steps or (0, None, "")
        steps = {"done": done, "total": total, "unit": unit} if self.steps else None
        if steps and self.moved is not None:
            steps["mb"] = round(self.moved / 1e6, 1)
        return {
            "state": "running",
            "pid": os.getpid(),
            "cpu_s": round(time.process_time(), 3),
            "wall_s": round(time.monotonic() - self.begun, 3),
            "memory_mb": round(peak_memory()),
            "steps": steps,
        }

    def report(self, state: str) -> dict[str, Any]:
        """All of it for JSON, when the job has ended; `state` is done or failed."""
        self._charge()
        parts = {name: {"cpu_s": round(cpu, 3), "wall_s": round(wall, 3)} for name, (cpu, wall) in self.parts.items()}
        told = {"parts": parts, "counts": self.counts, "flags": self.flags, "samples": self.samples}
        return self.pulse() | {"state": state} | told

    def _charge(self) -> None:
        now = time.process_time(), time.monotonic()
        part = self.parts.setdefault(self._open[-1], [0.0, 0.0])
        for i in range(2):
            part[i] += now[i] - self._mark[i]
        self._mark = now


_current: ContextVar[Telemetry | None] = ContextVar("telemetry", default=None)


def tell(
    flags: Mapping[str, int] | None = None, medians: Mapping[str, Iterable[float]] | None = None, **counts: int
) -> None:
    """Tell what the job did: `tell(sources=20, held_out=3, flags={"BLENDED": 2}, medians={"chi2/pix": values})`.

    Numbers told again under a name add up; values that are not finite are left out.
    """
    if (telemetry := _current.get()) is None:
        return
    for known, news in ((telemetry.counts, counts), (telemetry.flags, flags or {})):
        for name, number in news.items():
            known[name] = known.get(name, 0) + int(number)
    for name, values in (medians or {}).items():
        finite = [float(f"{value:.4g}") for value in values if math.isfinite(value)]
        telemetry.samples.setdefault(name, []).extend(finite)


@contextmanager
def clock(part: str) -> Iterator[None]:
    """Count the time of the block as `part`; also a decorator: `@clock("optimise")`."""
    if (telemetry := _current.get()) is None:
        yield
        return
    telemetry.enter(part)
    try:
        yield
    finally:
        telemetry.leave()


def over(items: Iterable[Item], unit: str, total: int | None = None) -> Iterator[Item]:
    """Go through `items` and let the progress lines know: `for star in over(stars, "stars"): ...`.

    Parameters
    ----------
    unit : what the items are, plural. total : how many; taken from `items` where they know their number.
    """
    if (telemetry := _current.get()) is None:
        yield from items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    telemetry.steps = 0, total, unit
    for done, item in enumerate(items):
        telemetry.steps = done, total, unit
        yield item
        telemetry.steps = done + 1, total, unit


def moved(count: int) -> None:
    """Tell that so many bytes more came over the network."""
    if (telemetry := _current.get()) is not None:
        telemetry.moved = (telemetry.moved or 0) + count


@contextmanager
def telling(name: str, path: str | Path | None, heartbeat_s: float = 0.0) -> Iterator[Telemetry]:
    """Gather what the block tells, keep `path` (none for None) up to date and say now and then that it is alive.

    Parameters
    ----------
    name : what the heartbeat's lines call the job. heartbeat_s : seconds between them; 0 for none.
    """
    telemetry, stop = Telemetry(), threading.Event()
    token = _current.set(telemetry)
    # A daemon: it never keeps an interpreter alive that wants to end.
    beat = threading.Thread(target=_beat, args=(telemetry, name, path, heartbeat_s, stop), daemon=True)
    beat.start()
    state = "failed"
    try:
        yield telemetry
        state = "done"
    finally:
        _current.reset(token)
        stop.set()
        beat.join()
        _write(path, telemetry.report(state))


def telemetry_file(log_file: str | Path) -> Path:
    """Where a job with this log file writes what it tells."""
    return Path(log_file).with_suffix(".json")


def peak_memory() -> float:
    """Most memory that this process ever held [MB]."""
    try:
        # Not getrusage on Linux: there it begins with the memory of the process that started this one.
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _beat(telemetry: Telemetry, name: str, path: str | Path | None, heartbeat_s: float, stop: threading.Event) -> None:
    written, spoken = (None, None), time.monotonic()
    while not stop.wait(min(TICK_S, heartbeat_s or TICK_S)):
        if (telemetry.steps, telemetry.moved) != written:
            written = telemetry.steps, telemetry.moved
            _write(path, telemetry.pulse())
        if heartbeat_s and time.monotonic() - spoken >= heartbeat_s:
            spoken = time.monotonic()
            log.info("%s", alive(name, telemetry))


def alive(name: str, telemetry: Telemetry) -> str:
    """A sentence that says how far a running job is."""
    done, total, unit = telemetry.steps or (0, None, "")
    far = f"{done}{'' if total is None else f' of {total}'} {unit}, " if telemetry.steps else ""
    elapsed = time.monotonic() - telemetry.begun
    if telemetry.moved is not None:
        far += f"{telemetry.moved / 1e6:.1f} MB at {telemetry.moved / 1e6 / max(elapsed, 1e-3):.2g} MB/s, "
    return f"{name}: running for {elapsed:.0f} s, {far}{peak_memory():.0f} MB"


def _write(path: str | Path | None, told: dict[str, Any]) -> None:
    """Write it down. A full disk is for the products to complain about, not for this."""
    if path is None:
        return
    try:
        write_json(path, told)
    except OSError as error:
        log.warning("%s: not written (%s)", path, error.strerror or error)
