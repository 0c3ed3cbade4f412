"""What of Snakemake's own lines is shown."""

import io
import logging
from types import SimpleNamespace

import pytest
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent
from swath.run.terminal import hush, shown


def told(tool: bool) -> list[str]:
    """What is shown of the records of a run, whose events are Snakemake's own."""
    records = [
        ("Building DAG of jobs...", logging.INFO, None),
        ("Workflow has started!", logging.INFO, LogEvent.WORKFLOW_STARTED),
        ("Select jobs to execute...", logging.INFO, None),
        ("Execute 2 jobs...", logging.INFO, LogEvent.JOB_STARTED),
        ("Finished jobid: 3 (Rule: load)", logging.INFO, LogEvent.JOB_FINISHED),
        ("1 of 4 steps", logging.INFO, LogEvent.PROGRESS),
        ("RuleException:\nCalledProcessError in file load.smk, line 5:\nCommand ...", logging.ERROR, LogEvent.ERROR),
        ("WorkflowError:\nno space", logging.ERROR, LogEvent.ERROR),
        ("Exiting because a job execution failed. Look below for error messages", logging.ERROR, None),
        ("the directory is locked", logging.WARNING, None),
    ]
    keep = shown(tool)
    made = [
        logging.makeLogRecord(
            {"msg": text, "levelno": level, "event": event} if event else {"msg": text, "levelno": level}
        )
        for text, level, event in records
    ]
    return [record.msg.split("\n")[-1].split(".")[0] for record in made if keep(record)]


def test_a_run_shows_its_count_and_its_errors():
    assert told(tool=False) == [
        "Building DAG of jobs", "1 of 4 steps", "no space", "Exiting because a job execution failed",
        "the directory is locked",
    ]  # fmt: skip


def test_a_tool_shows_what_went_wrong():
    assert told(tool=True) == ["no space", "the directory is locked"]


@pytest.mark.parametrize(
    ("settings", "less"),
    [
        ({"quiet": {Quietness.HOST, Quietness.RULES}}, True),
        ({"quiet": {Quietness.HOST}}, False),
        ({"quiet": None}, False),
        ({"quiet": {Quietness.RULES}, "verbose": True}, False),
        ({"quiet": {Quietness.RULES}, "dryrun": True}, False),
    ],
)
def test_it_is_for_the_user_to_see_all(monkeypatch, tmp_path, settings, less):
    terminal, file = logging.StreamHandler(io.StringIO()), logging.FileHandler(tmp_path / "log")
    monkeypatch.setattr(logger, "handlers", [terminal, file])
    hush(SimpleNamespace(**{"verbose": False, "dryrun": False, **settings}), tool=False)
    assert [len(handler.filters) for handler in (terminal, file)] == [int(less), 0]
    file.close()
