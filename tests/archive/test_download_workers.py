"""Threads that do tasks: all of them, in time, and they end."""

import threading
import time
from collections import Counter

import pytest
from swath.archive.faults import Fault, pause, retry_after
from swath.archive.workers import Waiting, work
from swath.config.archive import Http


def outcomes(tasks, connections, do, again=lambda fault, tried: None):
    return dict(result for result in work(tasks, connections, lambda: do, again) if result is not None)


def ended(count: int) -> bool:
    until = time.monotonic() + 5
    while threading.active_count() > count and time.monotonic() < until:
        time.sleep(0.01)
    return threading.active_count() <= count


def test_a_thread_that_counts_its_task_after_the_end_is_not_left_waiting():
    line, ended = Waiting([1]), threading.Event()
    line.take()
    line.stop()
    line.finish()
    threading.Thread(target=lambda: (line.take(), ended.set()), daemon=True).start()
    assert ended.wait(5)


def test_threads_end_whenever_the_last_task_does():
    before = threading.active_count()
    done = threading.Event()

    def many() -> None:
        for _ in range(1500):
            assert outcomes({"a": [1, 2, 3]}, 3, lambda task: task * 2) == {1: 2, 2: 4, 3: 6}
        done.set()

    threading.Thread(target=many, daemon=True).start()
    assert done.wait(60)
    assert ended(before)


def test_no_tasks():
    assert outcomes({}, 2, int) == {}
    assert outcomes({"a": []}, 2, int) == {}


def test_each_host_has_its_own_threads_and_no_more_than_asked_for():
    now, most, lock = Counter(), Counter(), threading.Lock()

    def do(task):
        with lock:
            now[task[0]] += 1
            most[task[0]] = max(most[task[0]], now[task[0]])
        time.sleep(0.02)
        with lock:
            now[task[0]] -= 1

    assert len(outcomes({host: [(host, i) for i in range(12)] for host in "ab"}, 2, do)) == 24
    assert most == {"a": 2, "b": 2}


def test_a_task_that_waits_holds_none_of_the_others_up_and_is_done_in_the_end():
    tried, order = Counter(), []

    def do(task):
        tried[task] += 1
        if task == 0 and tried[task] <= 2:
            raise Fault("busy")
        order.append(task)

    outcomes({"a": range(5)}, 1, do, lambda fault, tried: 0.1)
    assert order == [1, 2, 3, 4, 0]
    assert tried[0] == 3


def test_faults_of_which_few_are_borne_are_counted_apart_from_others():
    faults = iter([Fault("x"), Fault("few", 2), Fault("x"), Fault("few", 2)])

    def do(task):
        raise next(faults)

    found = outcomes({"a": [0]}, 1, do, lambda fault, tried: None if tried >= (fault.tries or 9) else 0.0)
    assert str(found[0]) == "few"
    assert next(faults, None) is None


def test_an_error_ends_all_and_is_raised():
    before = threading.active_count()

    def do(task):
        if task == 3:
            raise ValueError("of a task")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="of a task"):
        outcomes({"a": range(1000)}, 2, do)
    assert ended(before)


def test_an_early_end_waits_for_nothing_that_can_be_stopped():
    stopped, ended = threading.Event(), []

    def do(task):
        if task:
            ended.append(stopped.wait(20))

    results = work({"a": range(3)}, 2, lambda: do, lambda fault, tried: None, stopped.set)
    assert next(results) == (0, None)
    results.close()
    assert set(ended) <= {True}
    assert stopped.is_set()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), ("0", 0), ("-5", 0), ("", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), (None, None)],
)
def test_what_a_server_asks_to_wait(value, seconds):
    assert retry_after(value) == seconds


def test_waits_double_with_jitter_up_to_their_bound():
    http = Http(backoff_s=1.0, backoff_max_s=20.0)
    for tried, longest in ((1, 1), (2, 2), (3, 4), (4, 8), (9, 20), (99, 20)):
        waits = [pause(http, tried, None) for _ in range(300)]
        assert longest / 2 <= min(waits) < 0.6 * longest
        assert 0.9 * longest < max(waits) <= longest
    assert pause(http, 1, 15.0) == 15.0
    assert pause(http, 1, 3600.0) == 20.0
