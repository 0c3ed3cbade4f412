"""Where messages go."""

import json
import logging

import pytest
from swath.logs import run_log, start_logging


@pytest.fixture
def root(monkeypatch):
    """The root logger, without handlers and as it was afterwards."""
    logger, level = logging.getLogger(), logging.getLogger().level
    monkeypatch.setattr(logger, "handlers", [])
    yield logger
    for handler in logger.handlers:
        handler.close()
    logger.setLevel(level)


def test_messages_go_to_the_job_and_to_its_tile(tmp_path, monkeypatch, root):
    monkeypatch.setenv("SWATH_LOG", json.dumps({"file": f"{tmp_path}/{{tile}}/run.log", "format": "%(message)s"}))
    for number in range(2):
        root.handlers.clear()
        start_logging(str(tmp_path / "job.log"), "field")
        logging.getLogger("swath.fit").info("job %d", number)
    assert (tmp_path / "job.log").read_text() == "job 1\n"
    assert (tmp_path / "field/run.log").read_text() == "job 0\njob 1\n"


def test_messages_below_the_level_go_nowhere(tmp_path, monkeypatch, root):
    monkeypatch.setenv("SWATH_LOG", json.dumps({"level": "WARNING"}))
    start_logging(str(tmp_path / "job.log"), "")
    logging.getLogger("swath.fit").info("quiet")
    logging.getLogger("swath.fit").warning("loud")
    text = (tmp_path / "job.log").read_text()
    assert "loud" in text
    assert "quiet" not in text


@pytest.mark.parametrize(
    ("settings", "tile", "name"),
    [
        ({}, "field", None),
        ({"file": "{tile}/run.log"}, "", None),
        ({"file": "all.log"}, "", "all.log"),
        ({"file": "{tile}/run.log"}, "field", "field/run.log"),
    ],
)
def test_run_logs(tmp_path, monkeypatch, settings, tile, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWATH_LOG", json.dumps(settings))
    handler = run_log(tile)
    assert (handler is None) == (name is None)
    if handler is not None:
        handler.close()
        assert (tmp_path / name).is_file()
