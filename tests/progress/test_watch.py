"""Following a run: a synthetic stream of Snakemake's log records, and files as jobs write them."""

import enum
import io
import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from swath.progress import watch as module
from swath.progress.watch import SNAKEMAKE, Watch, plan_stages


class Dag:
    """Jobs 1... of the rules given, as Snakemake's DAG shows them."""

    def __init__(self, folder: Path, *rules: tuple[str, str, int]) -> None:
        self.jobs, self.ended = [], set()
        for tile, rule, count in rules:
            for k in range(count):
                log = [str(folder / tile / "logs" / rule / f"{k}.log")] if rule != "all" else []
                wildcards = {"tile": tile} if tile else {}
                self.jobs.append(SimpleNamespace(rule=SimpleNamespace(name=rule), wildcards=wildcards, log=log))

    def needrun_jobs(self):
        return iter(self.jobs)

    def jobid(self, job) -> int:
        return next(k for k, other in enumerate(self.jobs, 1) if other is job)

    def finished(self, job) -> bool:
        return self.jobid(job) in self.ended


class Run:
    """A run that a test moves on by hand."""

    def __init__(self, folder: Path, *rules: tuple[str, str, int], heartbeat_s: float = 0, **more) -> None:
        self.dag = Dag(folder, *rules)
        settings = SimpleNamespace(quiet=more.pop("quiet", set()))
        self.workflow = SimpleNamespace(
            **{"dag": self.dag, "local_exec": True, "touch": False, "output_settings": settings, **more}
        )
        self.watch = Watch(heartbeat_s)
        self.watch._run = lambda: None

    def start(self) -> None:
        self.watch.start(self.workflow)

    def log(self, event: str, number: int) -> None:
        SNAKEMAKE.info("Snakemake's own line", extra={"event": event, "jobid": number})

    def begin(self, *numbers: int) -> None:
        for number in numbers:
            self.log("job_info", number)

    def end(self, *numbers: int, **told) -> None:
        for number in numbers:
            if told:
                self.tell(number, **{"state": "done", "cpu_s": 1.0, "memory_mb": 100, "counts": told})
            self.dag.ended.add(number)
        self.watch.tick()

    def tell(self, number: int, **told) -> None:
        path = Path(self.dag.jobs[number - 1].log[0]).with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told))


@pytest.fixture
def lines(monkeypatch):
    """What our lines say, as Snakemake's handler would print them; the other lines left out."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    level, filters = SNAKEMAKE.level, list(SNAKEMAKE.filters)
    monkeypatch.setattr(SNAKEMAKE, "handlers", [handler])
    SNAKEMAKE.setLevel(logging.INFO)
    yield lambda: [line for line in stream.getvalue().splitlines() if line != "Snakemake's own line"]
    SNAKEMAKE.setLevel(level)
    assert SNAKEMAKE.filters == filters, "a run's filter must not outlive it"


def test_one_line_when_a_stage_is_done_and_one_for_the_run(tmp_path, lines):
    run = Run(tmp_path, ("field", "load", 2), ("field", "fit", 2), ("", "all", 1))
    run.start()
    run.begin(1, 2)
    run.end(1, bands=1)
    assert lines() == []
    run.end(2, bands=1)
    assert lines() == ["load: 2 bands; 2.0 CPU-s"]
    run.begin(3, 4)
    run.end(3, 4, patches=1, sources=7)
    run.watch.stop()
    run.watch.stop()
    assert lines()[1:-1] == ["fit: 2 patches, 14 sources; 2.0 CPU-s"]
    assert lines()[-1].startswith("4 jobs in 0:0")


def test_what_the_ticks_missed_is_told_at_the_end(tmp_path, lines):
    """Even a Snakemake whose records nobody understands."""
    run = Run(tmp_path, ("field", "load", 1), ("field", "fit", 2))
    run.start()
    run.tell(1, state="done", cpu_s=1.0, memory_mb=1, counts={"bands": 1})
    run.dag.ended |= {1, 2}
    run.watch.stop()
    assert lines()[:2] == ["load: 1 band; 1.0 CPU-s", "fit: 1 of 2 jobs"]


def test_failed_jobs_are_counted_and_a_second_attempt_forgives(tmp_path, lines):
    run = Run(tmp_path, ("field", "fit", 3))
    run.start()
    run.begin(1, 2, 3)
    run.log("job_error", 1)
    run.log("job_error", 2)
    run.begin(2)
    run.end(2, 3, patches=1)
    run.watch.stop()
    failed = [f"fit failed: see {tmp_path}/field/logs/fit/{k}.log" for k in range(2)]
    assert lines()[:-1] == [*failed, "fit: 2 of 3 jobs, 1 failed, 2 patches; 2.0 CPU-s"]


def test_events_may_be_of_any_kind_of_enum(tmp_path, lines):
    class Event(enum.Enum):
        JOB_INFO = "job_info"

    run = Run(tmp_path, ("field", "fit", 1))
    run.start()
    run.log(Event.JOB_INFO, 1)
    assert run.watch.of[1].running == {1}
    run.watch.stop()


def test_what_an_earlier_run_told_is_not_told_again(tmp_path, lines):
    run = Run(tmp_path, ("field", "fit", 1))
    run.tell(1, state="done", cpu_s=9.0, memory_mb=1, counts={"patches": 1})
    run.start()
    run.begin(1)
    run.end(1)
    run.watch.stop()
    assert lines()[0] == "fit: 1 job"


@pytest.mark.parametrize("damage", [lambda path: path.write_text('{"cpu_s": 1'), lambda path: path.mkdir()])
def test_a_file_that_cannot_be_read_ends_no_run(tmp_path, lines, damage):
    run = Run(tmp_path, ("field", "fit", 2))
    run.start()
    run.begin(1, 2)
    run.tell(2, steps={"done": 1, "total": 2, "unit": "sources"})
    run.end(2, patches=1)
    damage(tmp_path / "field/logs/fit/0.json")
    run.watch._follow(1e9)
    run.end(1)
    run.watch.stop()
    assert lines()[0] == "fit: 1 patch; 1.0 CPU-s; 1 job told nothing"


def test_files_of_other_hosts_may_come_late(tmp_path, lines):
    run = Run(tmp_path, ("field", "fit", 1), local_exec=False)
    run.start()
    run.begin(1)
    run.end(1)
    assert lines() == []
    run.end(1, patches=1)
    assert lines() == ["fit: 1 patch; 1.0 CPU-s"]
    run.watch.stop()


def test_several_tiles_have_their_names_in_front(tmp_path):
    dag = Dag(tmp_path, ("a", "load", 2), ("b", "load", 1))
    stages = plan_stages(dict(enumerate(dag.jobs)))
    assert [(tile, stage.name, len(stage.files)) for tile, stage in stages] == [("a", "a load", 2), ("b", "b load", 1)]


def test_heartbeats_without_a_terminal(tmp_path, lines, monkeypatch):
    run = Run(tmp_path, ("field", "fit", 4), heartbeat_s=0.01)
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    run.start()
    run.begin(1)
    now += 50
    run.end(1, patches=1)
    run.begin(2)
    now += 50
    run.watch.tick()
    run.begin(3)
    now += 50
    run.end(2, 3, patches=1)
    assert lines() == [
        "after 0:50: 1 of 4 jobs; fit 1/4",
        "after 1:40: 1 of 4 jobs; fit 1/4",
        "after 2:30: 3 of 4 jobs, ETA 0:50; fit 3/4",
    ]
    run.watch.stop()


def test_run_log_has_the_lines_too(tmp_path, lines, monkeypatch):
    monkeypatch.setenv("SWATH_LOG", json.dumps({"file": f"{tmp_path}/{{tile}}/run.log"}))
    run = Run(tmp_path, ("a", "fit", 1), ("b", "fit", 1))
    run.start()
    run.begin(1, 2)
    run.end(1, patches=1)
    run.end(2, patches=1)
    run.watch.stop()
    text = (tmp_path / "b/run.log").read_text()
    assert "b fit: 1 patch" in text
    assert "a fit" not in text.split("2 jobs in")[0]


@pytest.mark.parametrize("more", [{"touch": True}, {}])
def test_nothing_to_follow(tmp_path, lines, more):
    run = Run(tmp_path, ("", "show_config", 1), *([("field", "fit", 1)] if more else []), **more)
    run.start()
    run.begin(1)
    run.watch.stop()
    assert lines() == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("quiet", "drawn"), [(set(), True), ({"RULES", "PROGRESS"}, True), ({"ALL"}, False)])
def test_the_bar_on_a_terminal(tmp_path, lines, monkeypatch, quiet, drawn):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("swath.progress.terminal._PAUSE_S", 0.0)
    SNAKEMAKE.handlers[0].setStream(screen := Terminal())
    run = Run(tmp_path, ("field", "fit", 3), quiet=[SimpleNamespace(name=name) for name in quiet])
    run.start()
    run.begin(1, 2)
    run.end(1, patches=1)
    assert ("1/3 jobs [====>       ]  fit 1/3" in screen.getvalue()) == drawn
    run.watch.stop()
    assert not screen.getvalue().split("\n")[-1].strip("\r\x1b[K")


def test_no_colour_is_passed_on_to_snakemake(monkeypatch):
    handler = logging.StreamHandler(Terminal())
    handler.nocolor = False
    monkeypatch.setattr(SNAKEMAKE, "handlers", [handler])
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert module._stream() is handler.stream
    assert not handler.nocolor
    monkeypatch.setenv("NO_COLOR", "1")
    module._stream()
    assert handler.nocolor
