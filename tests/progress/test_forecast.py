"""When a run will be done, against runs whose end is known."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.progress.forecast import Forecast, time_left
from swath.progress.stages import Stage


def stage(name: str, jobs: int) -> Stage:
    return Stage(name, {number: Path(f"{name}{number}.json") for number in range(jobs)})


def followed(stages: list[tuple[Stage, float]], cores: int, tick: float = 0.25) -> list[tuple[float, float | None]]:
    """(time, ETA) of a run whose stages follow one another, each with the seconds of its jobs; then when it ended."""
    forecast, now, told = Forecast(), 0.0, []
    for one, seconds in stages:
        ends: dict[int, float] = {}
        while not one.whole:
            for number in [number for number, end in ends.items() if end <= now + 1e-9]:
                one.finish(number, now)
                del ends[number]
            waiting = [number for number in one.files if number not in one.done | set(ends)]
            for number in waiting[: cores - len(ends)]:
                one.start(number, now)
                ends[number] = now + seconds
            told.append((now, forecast.eta([made for made, _ in stages], now)))
            now += tick
    return [*told, (now, None)]


@given(jobs=st.integers(6, 60), seconds=st.floats(1, 100), cores=st.integers(1, 4))
def test_jobs_of_one_length_are_foretold_by_a_share_of_a_job_per_core(jobs, seconds, cores):
    *told, (end, _) = followed([(stage("fit", jobs), seconds)], cores, tick=seconds / 4)
    errors = [abs(now + eta - end) for now, eta in told if eta is not None and now > 2 * seconds]
    # The last jobs may run on one core of several, and a tick of a quarter goes by between two jobs.
    assert max(errors, default=0) <= 0.5 * seconds + 0.25 * jobs / cores * seconds + 1


def test_the_time_to_go_counts_down_and_never_waits_at_nothing():
    stages = [(stage("load", 5), 2.0), (stage("fit", 12), 3.0), (stage("merge", 1), 2.0), (stage("fig", 10), 2.5)]
    *told, (end, _) = followed(stages, 2)
    etas = [eta for _, eta in told if eta is not None]
    assert told[0][1] is None
    rises = sum(max(later - earlier, 0) for earlier, later in pairwise(etas))
    assert rises < 0.15 * end
    assert sum(eta == 1.0 for eta in etas) * 0.25 <= 1.5
    assert all(abs(now + eta - end) < 0.35 * end for now, eta in told if eta is not None)


def test_a_job_that_takes_longer_than_all_before_moves_the_end():
    load, fit = stage("load", 4), stage("fit", 3)
    for number in range(4):
        load.start(number, float(number))
        load.finish(number, number + 1.0)
    fit.start(0, 4.0)
    assert time_left([load, fit], 4.5) == pytest.approx(2.5)
    # One that runs for 20 s, with two like it to come.
    assert time_left([load, fit], 24.0) == pytest.approx(42.0)


def test_a_running_job_that_counts_its_items_is_enough_to_tell():
    download = stage("download", 1)
    download.start(0, 0.0)
    assert time_left([download], 10.0) is None
    download.follow(0, {"steps": {"done": 10, "total": 40, "unit": "images"}}, 10.0)
    assert time_left([download], 10.0) == pytest.approx(30.0)


def test_jobs_that_failed_are_not_waited_for():
    fit = stage("fit", 6)
    for number in range(4):
        fit.start(number, 2.0 * number)
        fit.finish(number, 2.0 * number + 2)
    fit.start(4, 8.0)
    fit.fail(4)
    assert time_left([fit], 8.0) == pytest.approx(2.0)
