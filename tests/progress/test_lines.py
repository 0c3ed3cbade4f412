"""The words of the progress lines."""

from pathlib import Path

import pytest
from swath.progress.lines import bar_line, cost_line, failed_line, heartbeat_line, stage_line
from swath.progress.stages import Stage, Tally


def report(cpu: float = 1.0, memory: float = 100, **told) -> dict:
    return {"state": "done", "cpu_s": cpu, "memory_mb": memory, **told}


def stage(name: str, jobs: int, done: int = 0, running: int = 0, latest: float = 1.0) -> Stage:
    made = Stage(name, {number: Path(f"{name}{number}.json") for number in range(jobs)})
    for number in range(done + running):
        made.start(number, 0.0)
    for number in range(done):
        made.finish(number, latest)
    return made


def tally(*reports: dict) -> Tally:
    made = Tally()
    for one in reports:
        made.add(one)
    return made


def fits() -> list[dict]:
    return [
        report(
            4.0,
            parts={"start-up": {"cpu_s": 0.5}, "optimise": {"cpu_s": 3.2}, "errors": {"cpu_s": 0.3}},
            counts={"patches": 1, "sources": 20, "converged": 19},
            flags={"POOR_FIT": 2},
            samples={"chi2/pix": [0.9, 1.5, 2.0]},
        ),
        report(
            1.0,
            parts={"start-up": {"cpu_s": 0.5}, "optimise": {"cpu_s": 0.48}, "errors": {"cpu_s": 0.02}},
            counts={"patches": 1, "sources": 5, "converged": 5},
            flags={"POOR_FIT": 1, "BLENDED": 4},
            samples={"chi2/pix": [1.0, 1.1]},
        ),
    ]


def test_a_stage_in_one_line():
    assert stage_line(stage("fit", 2, 2), tally(*fits())) == (
        "fit: 2 patches, 25 sources, 24 converged; POOR_FIT 3, BLENDED 4; median chi2/pix 1.1; "
        "5.0 CPU-s (optimise 3.7, start-up 1.0, errors 0.3)"
    )


def test_a_stage_that_did_not_end_says_how_many_jobs_did():
    broken = stage("fit", 3, 2)
    broken.start(2, 0.0)
    broken.fail(2)
    assert stage_line(broken, tally(*fits())).startswith("fit: 2 of 3 jobs, 1 failed, 2 patches, 25 sources")


def test_stages_without_counts_and_jobs_that_told_nothing():
    assert stage_line(stage("fig_white", 1, 1), tally(report(0.8))) == "fig_white: 1 job; 0.8 CPU-s"
    assert stage_line(stage("download", 3, 3), tally()) == "download: 3 jobs"
    assert stage_line(stage("fit", 3, 3), tally(*fits())).endswith("; 1 job told nothing")


def test_one_of_something_is_not_plural():
    one = tally(report(counts={"cells": 1, "patches": 1, "PSFs": 1, "bands": 2, "held_out": 1}))
    assert "1 cell, 1 patch, 1 PSF, 2 bands, 1 held out;" in stage_line(stage("epsf", 1, 1), one)


def test_what_a_run_cost():
    tallies = {"load": tally(report(3.0, 512), report(1.0, 300)), "fit": tally(report(6.0, 200))}
    assert cost_line(tallies, 75) == "3 jobs in 1:15: 10.0 CPU-s (fit 6.0, load 4.0), most memory 512 MB (load)"


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, "17/62 jobs [===>        ] ETA 0:46  epsf 12/49, white, payload 5/12"),
        (60, "17/62 jobs [===>        ] ETA 0:46  epsf 12/49, white"),
        (52, "17/62 jobs [===>        ] ETA 0:46  epsf 12/49"),
        (40, "17/62 jobs [===>        ] ETA 0:46"),
        (30, "17/62 jobs [===>        ] ETA"),
    ],
)
def test_the_bar_is_of_the_run_and_names_as_many_stages_as_the_terminal_is_wide(width, text):
    running = [stage("epsf", 49, 12, 2), stage("white", 1, 0, 1), stage("payload", 12, 5, 1)]
    assert bar_line(running, running, 15.0, 46.0, width) == text


def test_a_bar_without_a_time_to_go():
    load = stage("load", 5, 0, 2)
    assert bar_line([load, stage("fit", 4)], [load], 1.0, None, 80) == "0/9 jobs [            ]  load 0/5"


def test_a_job_that_failed_is_named():
    assert failed_line("fit", ["r00_c00_pr01_pc00"], ["a.log"]) == "fit r00_c00_pr01_pc00 failed: see a.log"
    assert failed_line("white", [], []) == "white failed"


def test_one_job_that_counts_items_is_shown_in_items():
    download = stage("download", 1, 0, 1)
    download.follow(0, {"steps": {"done": 120, "total": 4000, "unit": "images"}}, 60.0)
    assert (
        bar_line([download], [download], 60.0, 3.0, 99)
        == "0/1 jobs [>           ] ETA 0:03  download 120/4000 images 2/s"
    )
    download.follow(0, {"steps": {"done": 121, "total": None, "unit": "images"}}, 60.0)
    assert bar_line([download], [download], 60.5, None, 99) == "0/1 jobs [            ]  download 121 images 2/s"


def test_running_jobs_count_by_how_far_they_are():
    batches = stage("download", 4, 1, 2)
    batches.follow(1, {"steps": {"done": 30, "total": 40, "unit": "images"}}, 10.0)
    assert batches.progress == 1.75
    assert batches.pace(10.0) is None
    assert batches.foretold(15.0) == {1: 20.0}
    batches.finish(1, 12.0)
    assert batches.progress == 2


def test_a_stage_is_open_from_its_first_job_to_its_last():
    assert not stage("fit", 3).open
    assert stage("fit", 3, 0, 1).open
    assert stage("fit", 3, 2).open  # between two jobs
    assert not stage("fit", 3, 3).open


def test_a_heartbeat_says_how_far_the_run_is():
    fit, payload = stage("fit", 9, 3, 1, latest=30.0), stage("payload", 9, 9)
    assert heartbeat_line([payload, fit], [fit], 30.0, 60.0, 125.0) == "after 2:05: 12 of 18 jobs, ETA 1:00; fit 3/9"
    assert heartbeat_line([payload], [], 30.0, None, 125.0) == "after 2:05: 9 of 9 jobs; waiting"


def test_what_a_job_fetches_is_shown_in_megabytes_too():
    download = stage("download", 1, 0, 1)
    download.follow(0, {"steps": {"done": 120, "total": 300, "unit": "files", "mb": 84.0}}, 60.0)
    assert (
        bar_line([download], [download], 60.0, 90.0, 120)
        == "0/1 jobs [====>       ] ETA 1:30  download 120/300 files 2/s 84.0 MB at 1.4 MB/s"
    )
    assert heartbeat_line([download], [download], 60.0, 90.0, 60.0) == (
        "after 1:00: 0 of 1 jobs, ETA 1:30; download 120/300 files 2/s 84.0 MB at 1.4 MB/s"
    )


def test_what_several_jobs_fetched_is_added_up_and_those_that_are_done_count():
    download = stage("download", 8, 0, 3)
    for number, (done, mb) in enumerate(((300, 2000.0), (112, 84.0))):
        download.follow(number, {"steps": {"done": done, "total": 300, "unit": "files", "mb": mb}}, 50.0)
    download.finish(0, 50.0)
    assert bar_line([download], [download], 50.0, None, 120).endswith("download 1/8 412 files 2.1 GB at 42 MB/s")
    assert download.fetches
    assert not stage("fit", 8, 0, 3).fetches


def test_a_rate_falls_when_nothing_comes_any_more():
    download = stage("download", 1, 0, 1)
    download.follow(0, {"steps": {"done": 1, "total": 3, "unit": "files", "mb": 100.0}}, 10.0)
    assert download.traffic(10.0).rate == 10.0
    download.follow(0, {"steps": {"done": 1, "total": 3, "unit": "files", "mb": 100.0}}, 1000.0)
    assert download.traffic(1000.0).rate < 0.2
