"""Threads that fetch files: a few for each host, and a file that has to wait keeps none of the others."""

import heapq
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from .faults import Fault

log = logging.getLogger(__name__)
Task, Result = TypeVar("Task", bound=Hashable), TypeVar("Result")
_TICK_S = 0.05


class Waiting(Generic[Task]):
    """Tasks of one host, each with the time from which on it may be done; safe to use from several threads."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._heap = [(0.0, i, task) for i, task in enumerate(tasks)]
        self._open = self._count = len(tasks)
        self._failed: Counter[tuple[Task, int | None]] = Counter()
        self._changed = threading.Condition()

    def take(self) -> Task | None:
        """The next task that may be done, waited for; None when all are finished or `stop` was called."""
        with self._changed:
            while self._open > 0:
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait)
        return None

    def failed(self, task: Task, fault: Fault) -> int:
        """Count a try that failed; how many there were of those that are tried as often as this one at most."""
        with self._changed:
            self._failed[task, fault.tries] += 1
            return self._failed[task, fault.tries]

    def later(self, task: Task, seconds: float) -> None:
        """Do a task again, not before so many seconds."""
        with self._changed:
            self._count += 1
            heapq.heappush(self._heap, (time.monotonic() + seconds, self._count, task))
            self._changed.notify()

    def finish(self) -> None:
        """A task that was taken is finished."""
        with self._changed:
            self._open -= 1
            if self._open <= 0:  # below, where `stop` came first
                self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more is to be done."""
        with self._changed:
            self._open = 0
            self._changed.notify_all()


def work(
    tasks: Mapping[str, Sequence[Task]],
    connections: int,
    worker: Callable[[], Callable[[Task], Result]],
    pause: Callable[[Fault, int], float | None],
    stop: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Task, Result | Fault] | None]:
    """Do tasks in `connections` threads for each host and yield what came of them, or None when there is nothing new.

    Parameters
    ----------
    tasks : host -> its tasks. worker : makes, once in each thread, what does a task.
    pause : seconds until a task is tried again after this fault and so many tries; None gives it up.
    stop : called in the end, also when it is an early one: what threads are in the midst of is not wanted any more.

    Raises
    ------
    What a worker raises but `Fault`; the other threads end as soon as they can.
    """
    results: queue.SimpleQueue[tuple[Task, Result | Fault]] = queue.SimpleQueue()
    lines = [Waiting(waiting) for waiting in tasks.values()]
    open_tasks = sum(map(len, tasks.values()))
    threads = [(line, min(connections, len(waiting))) for line, waiting in zip(lines, tasks.values(), strict=True)]
    with ThreadPoolExecutor(max(1, sum(count for _, count in threads))) as pool:
        futures = [pool.submit(_serve, line, worker, pause, results) for line, count in threads for _ in range(count)]
        try:
            while open_tasks:
                _raise(futures)
                try:
                    result = results.get_nowait()
                except queue.Empty:
                    yield None
                    # Not woken by every result: the threads that fetch have better use of the interpreter.
                    time.sleep(_TICK_S)
                    continue
                open_tasks -= 1
                yield result
        finally:
            stop()
            for line in lines:
                line.stop()
    _raise(futures)


def _serve(
    line: Waiting[Task],
    worker: Callable[[], Callable[[Task], Result]],
    pause: Callable[[Fault, int], float | None],
    results: "queue.SimpleQueue[tuple[Task, Result | Fault]]",
) -> None:
    """The life of one thread."""
    do = worker()
    while (task := line.take()) is not None:
        try:
            outcome: Result | Fault = do(task)
        except Fault as fault:
            seconds = pause(fault, line.failed(task, fault))
            if seconds is not None:
                log.debug("%s: %s; again in %.1f s", task, fault, seconds)
                line.later(task, seconds)
                continue
            outcome = fault
        results.put((task, outcome))
        line.finish()


def _raise(futures: Sequence[Future]) -> None:
    for future in futures:
        if future.done():
            future.result()
