"""What jobs tell about themselves."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from swath import telemetry
from swath.telemetry import Telemetry, alive, clock, moved, over, tell, telling

WORKFLOW = str(Path(__file__).parents[1] / "workflow")


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_numbers_add_up_and_values_gather(tmp_path):
    with telling("fit", tmp_path / "fit.json"):
        tell({"BLENDED": 2}, {"chi2/pix": [1.0, float("nan")]}, sources=3)
        tell({"BLENDED": 1, "POOR_FIT": 1}, {"chi2/pix": [2.0]}, sources=4, held_out=1)
    told = json.loads((tmp_path / "fit.json").read_text())
    assert told["state"] == "done"
    assert told["counts"] == {"sources": 7, "held_out": 1}
    assert told["flags"] == {"BLENDED": 3, "POOR_FIT": 1}
    assert told["samples"] == {"chi2/pix": [1.0, 2.0]}


def test_a_job_that_fails_says_so(tmp_path):
    with pytest.raises(SystemExit), telling("fit", tmp_path / "fit.json"):
        raise SystemExit(1)
    assert json.loads((tmp_path / "fit.json").read_text())["state"] == "failed"


def test_inner_parts_are_not_counted_twice_and_nothing_is_lost(tmp_path):
    @clock("outer")
    def work() -> None:
        busy(0.05)
        with clock("inner"):
            busy(0.1)
        busy(0.02)

    before = time.process_time()
    with telling("fit", tmp_path / "fit.json"):
        work()
        busy(0.03)
    told = json.loads((tmp_path / "fit.json").read_text())
    cpu = {name: part["cpu_s"] for name, part in told["parts"].items()}
    # Busy loops end within a clock's tick of what was asked for; a loaded machine adds wall time, not CPU time.
    assert cpu["inner"] == pytest.approx(0.1, abs=0.02)
    assert cpu["outer"] == pytest.approx(0.07, abs=0.02)
    assert cpu["rest"] == pytest.approx(0.03, abs=0.02)
    assert cpu["start-up"] == pytest.approx(before, abs=0.05)
    assert sum(cpu.values()) == pytest.approx(told["cpu_s"], abs=0.005)


def test_a_part_that_raises_ends_with_it():
    with telling("fit", None) as told:
        with pytest.raises(ValueError, match="bad"), clock("part"):
            raise ValueError("bad")
        busy(0.02)
    assert told.parts["rest"][0] >= 0.02


def test_outside_of_a_job_nothing_happens_and_nothing_leaks():
    for _ in range(2):
        tell({"BLENDED": 1}, {"chi2/pix": [1.0]}, sources=3)
        with clock("part"):
            assert list(over("abc", "letters")) == ["a", "b", "c"]
        with telling("fit", None) as told:
            pass
        assert told.counts == told.flags == told.samples == {}
        assert told.steps is None
        assert set(told.parts) == {"start-up", "rest"}


def test_steps_are_counted_as_items_are_done():
    with telling("load", None) as told:
        seen = [told.steps for _ in over([1, 2], "bands")]
        assert seen == [(0, 2, "bands"), (1, 2, "bands")]
        assert told.steps == (2, 2, "bands")
        list(over(iter("abc"), "letters"))
        assert told.steps == (3, None, "letters")
        list(over(iter("abc"), "letters", 3))
        assert told.steps == (3, 3, "letters")


def test_bytes_that_came_are_added_up_and_told_with_the_steps():
    moved(5)  # outside of a job
    with telling("download", None) as told:
        list(over([1], "files"))
        assert told.pulse()["steps"] == {"done": 1, "total": 1, "unit": "files"}
        moved(1_500_000)
        moved(1_000_000)
        assert told.pulse()["steps"] == {"done": 1, "total": 1, "unit": "files", "mb": 2.5}
        assert "1 of 1 files, 2.5 MB at" in alive("download", told)


def test_a_running_job_writes_how_far_it_is_and_that_it_is_alive(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(telemetry, "TICK_S", 0.02)
    path = tmp_path / "download.json"
    with caplog.at_level("INFO"), telling("download 3", path, heartbeat_s=0.05):
        for item in over(range(3), "images"):
            time.sleep(0.15)
            if item == 2:
                told = json.loads(path.read_text())
                assert told["state"] == "running"
                assert told["steps"] == {"done": 2, "total": 3, "unit": "images"}
    assert any("download 3: running for" in line and "of 3 images" in line for line in caplog.messages)
    assert len(caplog.messages) >= 3


def test_no_heartbeat_when_it_is_off(monkeypatch, caplog):
    monkeypatch.setattr(telemetry, "TICK_S", 0.01)
    with caplog.at_level("INFO"), telling("fit", None, heartbeat_s=0):
        time.sleep(0.1)
    assert not caplog.messages


def test_the_thread_ends_with_the_job():
    before = threading.active_count()
    with telling("fit", None, heartbeat_s=60):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_what_cannot_be_written_costs_no_job(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    with telling("fit", tmp_path / "file" / "fit.json"):
        pass
    assert "not written" in caplog.text


def test_a_sentence_says_how_far_a_job_is():
    told = Telemetry()
    assert "fit: running for 0 s, " in alive("fit", told)
    told.steps = 3, None, "images"
    assert "3 images, " in alive("fit", told)


def test_peak_memory_is_that_of_this_process():
    code = "from swath.telemetry import peak_memory; block = b'x' * (200 << 20); del block; print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": WORKFLOW}, capture_output=True, check=True)
    # 200 MB that are gone again, and an interpreter with hardly anything imported; nothing of pytest's own memory.
    assert 200 < float(done.stdout) < 240
