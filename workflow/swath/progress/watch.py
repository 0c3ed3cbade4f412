"""Watching a run of Snakemake from within its main process.

What there is to do is read from its DAG, what begins and fails from its log records, and what the jobs tell from the
files that they write beside their logs (`telemetry`), which works for jobs on other hosts too.
"""

import atexit
import json
import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..inject.derive import number_of, origin
from ..logs import run_log
from ..telemetry import TICK_S, telemetry_file
from .forecast import Forecast
from .lines import bar_line, cost_line, failed_line, heartbeat_line, stage_line
from .stages import Stage, Tally
from .terminal import Bar

SNAKEMAKE = logging.getLogger("snakemake.logging")
_TICK_S = 0.25
_LATE_S = 5.0  # how long files of jobs on other hosts may take to be seen here


class Watch:
    """Follows the stages of one run and says how they go, from `start` to `stop`.

    Parameters
    ----------
    heartbeat_s : seconds between the lines of a run without a terminal; 0 for none.
    """

    def __init__(self, heartbeat_s: float) -> None:
        self.heartbeat_s, self.patience = heartbeat_s, 0.0
        self.dag: Any = None
        self.jobs: dict[int, Any] = {}
        self.stages: list[tuple[str, Stage]] = []
        self.of: dict[int, Stage] = {}
        self.tallies: dict[str, Tally] = {}
        self.logs: dict[str, logging.Handler | None] = {}
        self.bar = Bar(None)
        self.forecast = Forecast()
        self.begun = self._spoken = self._read = 0.0
        self._whole_since: dict[str, float] = {}
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._over.set()

    def start(self, workflow: Any) -> None:
        """Begin to watch Snakemake's `workflow`, whose DAG is known; nothing where no stage is to be done."""
        self.dag = workflow.dag
        self.jobs = {} if workflow.touch else {self.dag.jobid(job): job for job in jobs_to_do(self.dag)}
        self.stages = list(plan_stages(self.jobs))
        if not self.stages:
            return
        self.of = {number: stage for _, stage in self.stages for number in stage.files}
        for number in self.jobs:
            self._file(number).unlink(missing_ok=True)  # what an earlier run told
        self.patience = 0.0 if workflow.local_exec else _LATE_S
        self.logs = {tile: run_log(tile) for tile, _ in self.stages}
        silent = "ALL" in {quietness.name for quietness in workflow.output_settings.quiet or ()}
        self.bar = Bar(None if silent else _stream())
        self.begun = self._spoken = self._read = time.monotonic()
        self._over.clear()
        SNAKEMAKE.addFilter(self._hear)
        atexit.register(self.stop)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Clear the bar and tell what has not been told; nothing before `start`, nor the second time."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        self._look(self.jobs, time.monotonic())
        for tile, stage in self.stages:
            if (stage.done or stage.failed) and not stage.told:
                self._tell(tile, stage)
        if self.tallies:
            self._say(cost_line(self.tallies, time.monotonic() - self.begun))
        self.bar.clear()
        SNAKEMAKE.removeFilter(self._hear)
        atexit.unregister(self.stop)
        for log in filter(None, self.logs.values()):
            log.close()

    def _run(self) -> None:
        while not self._over.wait(_TICK_S):
            self.tick()

    def tick(self) -> None:
        """Look once: tell the stages that are done, draw the bar or say that the run is alive."""
        now = time.monotonic()
        self._look([number for _, stage in self.stages for number in tuple(stage.running)], now)
        if now - self._read >= TICK_S:
            self._read = now
            self._follow(now)
        for tile, stage in self.stages:
            if stage.whole and not stage.told and self._complete(stage, now):
                self._tell(tile, stage)
        stages = [stage for _, stage in self.stages]
        running = sorted((stage for stage in stages if stage.open), key=lambda stage: (not stage.running, stage.begun))
        eta = self.forecast.eta(stages, now)
        if self.bar.stream is not None:
            self.bar.draw(bar_line(stages, running, now, eta, self.bar.width)) if running else self.bar.clear()
        elif self.heartbeat_s and now - self._spoken >= self.heartbeat_s:
            self._spoken = now
            self._say(heartbeat_line(stages, running, now, eta, now - self.begun))

    def _hear(self, record: logging.LogRecord) -> bool:
        """A filter of Snakemake's logger that lets everything pass: it sees records whatever `--quiet` hides."""
        self.bar.clear()
        stage = self.of.get(getattr(record, "jobid", None))
        if stage is not None:
            event = getattr(record, "event", None)
            event = getattr(event, "value", event)
            if event == "job_info":
                stage.start(record.jobid, time.monotonic())
            elif event == "job_error":
                stage.fail(record.jobid)
                job = self.jobs[record.jobid]
                values = [value for name, value in job.wildcards.items() if name != "tile"]
                self._say(failed_line(job.rule.name, values, list(map(str, job.log))), origin(job.wildcards["tile"]))
        return True

    def _look(self, numbers: Iterable[int], now: float) -> None:
        for number in numbers:
            stage = self.of[number]
            if self.dag.finished(self.jobs[number]):
                if stage.fetches and (report := read_report(self._file(number))) is not None:
                    stage.follow(number, report, now)  # what came since it was asked last
                stage.finish(number, now)

    def _follow(self, now: float) -> None:
        for _, stage in self.stages:
            for number in tuple(stage.running):
                if (report := read_report(self._file(number))) is not None:
                    stage.follow(number, report, now)

    def _complete(self, stage: Stage, now: float) -> bool:
        """Are the files of all its jobs there, or is it too late to wait for them?"""
        since = self._whole_since.setdefault(stage.name, now)
        return now - since >= self.patience or all(path.is_file() for path in stage.files.values())

    def _tell(self, tile: str, stage: Stage) -> None:
        stage.told = True
        tally = Tally()
        for number in sorted(stage.done):
            if (report := read_report(self._file(number))) is not None:
                tally.add(report)
        self.tallies[stage.name] = tally
        self._say(stage_line(stage, tally), tile)

    def _say(self, text: str, tile: str | None = None) -> None:
        """Through Snakemake's logger (the terminal and its own log file) and into the run logs."""
        self.bar.clear()
        SNAKEMAKE.info(text)
        line = logging.LogRecord("swath.progress", logging.INFO, __file__, 0, text, None, None)
        for log in filter(None, self.logs.values() if tile is None else [self.logs[tile]]):
            log.handle(line)

    def _file(self, number: int) -> Path:
        return self.of[number].files[number]


def jobs_to_do(dag: Any) -> Iterator[Any]:
    """Jobs of this run that work on a tile; whole-run targets such as `show_config` are no stages."""
    return (job for job in dag.needrun_jobs() if job.log and job.wildcards.get("tile"))


def plan_stages(jobs: Mapping[int, Any]) -> Iterator[tuple[str, Stage]]:
    """Tile and stage for every rule and tile among the jobs; the tile is in the name where there are several.

    Tiles with added sources count as one, in the name of the user's own.
    """
    groups: dict[tuple[str, bool, str], dict[int, Path]] = {}
    for number, job in jobs.items():
        tile = job.wildcards.get("tile")
        key = origin(tile), number_of(tile) is not None, job.rule.name
        groups.setdefault(key, {})[number] = telemetry_file(str(job.log[0]))
    several = len({tile for tile, _, _ in groups}) > 1
    for (tile, added, rule), files in groups.items():
        words = [tile] * several + ["inject"] * (added and not rule.startswith("inject")) + [rule]
        yield tile, Stage(" ".join(words).strip(), files)


def read_report(path: Path) -> dict[str, Any] | None:
    """What a job told; None before it told anything, and of a file that cannot be read.

    A run is not to fail for its progress lines: a network file system may lose a file amid its reading.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _stream() -> Any:
    """Where Snakemake writes to the terminal, if it does; without colours where NO_COLOR asks for none."""
    for handler in SNAKEMAKE.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            if os.environ.get("NO_COLOR") and hasattr(handler, "nocolor"):
                handler.nocolor = True
            return handler.stream
    return None
