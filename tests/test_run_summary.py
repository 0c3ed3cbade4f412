"""What is told at the end of a run."""

from swath.files import write_json
from swath.summary import logged, summary

OLD = "2026-01-01 10:00:00,000 WARNING swath.checks: a mistake, mended since\n"
NEW = "2026-01-02 10:00:00,000 WARNING swath.checks: a sky that is steep\n"


def test_mistakes_of_earlier_runs_are_not_told_again(tmp_path):
    """The run log goes on from run to run."""
    (tmp_path / "catalog.csv").write_text("ID\n")
    assert logged(tmp_path) == 0
    (tmp_path / "run.log").write_text(OLD)
    begin = logged(tmp_path)
    assert f"0 warnings of this run in {tmp_path}/run.log" in summary(tmp_path, begin)
    with (tmp_path / "run.log").open("a") as log:
        log.write(NEW * 2)
    told = summary(tmp_path, begin)
    assert f"1 warning of this run in {tmp_path}/run.log:\n" in told
    assert "a sky that is steep" in told
    assert "mended" not in told


def test_a_run_log_that_was_taken_away_is_read_from_its_beginning(tmp_path):
    (tmp_path / "catalog.csv").write_text("ID\n")
    (tmp_path / "run.log").write_text(NEW)
    assert "a sky that is steep" in summary(tmp_path, 10 * len(NEW))


def test_targets_of_earlier_configs_are_left_over(tmp_path):
    for name in ("a-1", "b-2"):
        state = {"target": name, "completed_stages": ["query"], "counts": {"download": {"ok": 3}}}
        write_json(tmp_path / f"targets/{name}/state.json", state)
    told = summary(tmp_path, targets=("b-2",))
    assert "1 target; exposures: download: 3 ok\n" in told
    assert "left over, of targets that the config does not name any more: 1 (a-1)" in told
