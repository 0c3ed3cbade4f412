"""What is printed last: the sentences of the jobs that failed, whatever Snakemake printed before."""

import logging

import pytest
from swath.run.lastword import LastWord, failures, last_error, stop


@pytest.fixture
def logs(tmp_path):
    (tmp_path / "one.log").write_text(
        "2026-01-01 10:00:00,1 INFO    swath: begun\n"
        "2026-01-01 10:00:01,1 ERROR   swath: an earlier one\n"
        "2026-01-01 10:00:02,1 ERROR   swath: g.fits: 2 problems\n  - EGAIN\nmend them\n"
        "2026-01-01 10:00:03,1 WARNING swath.telemetry: x\n"
    )
    (tmp_path / "two.log").write_text("")
    return tmp_path


def failed(word, **facts):
    word.handle(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "Error in rule", **facts}))


def test_the_last_error_of_a_log_with_its_list(logs):
    assert last_error(logs / "one.log") == "g.fits: 2 problems\n      - EGAIN\n    mend them"
    assert last_error(logs / "two.log") == ""
    assert last_error(logs / "none.log") == ""


def test_each_failed_job_is_told_once_with_its_log(logs, capsys):
    word = LastWord(logs, lambda: "")
    for _ in range(2):
        failed(word, rule_name="load", log=["one.log"])
    failed(word, job_error_info=[{"rule_name": "fit", "log": ["two.log"]}])
    word.speak()
    text = capsys.readouterr().err
    assert "2 jobs failed:" in text
    assert text.count("load (one.log): g.fits: 2 problems") == 1
    assert "fit (two.log) left no message" in text


def test_many_failures_are_counted(logs):
    text = failures([("fit", f"{i}.log") for i in range(25)], logs)
    assert text.startswith("25 jobs failed:")
    assert text.endswith("and 15 more")


def test_a_run_that_ends_well_has_no_last_word(logs, capsys):
    word = LastWord(logs, lambda: "the disk is full")
    failed(word, rule_name="load", log=["one.log"])
    word.forget()
    word.speak()
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_said_when_anything_went_wrong(logs, capsys):
    word = LastWord(logs, lambda: "the disk is full")
    word.speak()
    assert capsys.readouterr().err == ""
    failed(word)
    word.speak()
    assert capsys.readouterr().err.strip() == "the disk is full"


def test_a_run_that_was_told_to_stop_says_how_it_goes_on(logs, capsys):
    """Ctrl-C and SIGTERM: Snakemake speaks of a job that did not complete, and no job has failed."""
    word = LastWord(logs, lambda: "")
    failed(word, msg="WorkflowError:\nAt least one job did not complete successfully.")
    word.speak()
    assert capsys.readouterr().err.strip().startswith("stopped before the end; what is done is kept")
    failed(word, rule_name="fit", log=["two.log"])
    word.speak()
    assert "stopped" not in capsys.readouterr().err


def test_ctrl_c_is_no_failure_of_the_jobs_that_it_stopped(logs, capsys):
    (logs / "two.log").write_text("2026-01-01 10:00:01,1 ERROR   swath: fit: stopped by Ctrl-C\n")
    (logs / "three.log").write_text("")
    word = LastWord(logs, lambda: "")
    word.handle(logging.makeLogRecord({"levelno": logging.INFO, "msg": "Terminating processes on user request, ..."}))
    assert not word.went_wrong
    for name in ("two", "three"):
        failed(word, rule_name="fit", log=[f"{name}.log"])
    word.speak()
    assert capsys.readouterr().err.strip().startswith("stopped before the end; what is done is kept")
    failed(word, rule_name="load", log=["one.log"])
    word.speak()
    text = capsys.readouterr().err.strip()
    assert text.startswith("one job failed:\n  - load")
    assert "stopped before the end" in text.splitlines()[-1]


def test_texts_for_the_end(logs, capsys):
    word = LastWord(logs, lambda: "")
    word.texts = ["a table"]
    word.speak()
    assert capsys.readouterr() == ("a table\n", "")
    failed(word, rule_name="load", log=["one.log"])
    word.speak()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("a table\n\none job failed:\n  - load (one.log): ")


def test_a_target_that_only_tells_something_tells_nothing_of_jobs(logs, capsys):
    word = LastWord(logs, lambda: "")
    failed(word, rule_name="verify", log=["one.log"])
    word.speak()
    assert capsys.readouterr().err == "\ng.fits: 2 problems\n  - EGAIN\nmend them\n"
    assert "verify (two.log) left no message" in failures([("verify", "two.log")], logs)


def test_stop_ends_the_process_with_the_sentence():
    with pytest.raises(SystemExit) as caught:
        stop("a sentence")
    assert caught.value.code == "a sentence"  # Python prints it last and exits with 1
