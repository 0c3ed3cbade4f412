"""When a run will be done: what its jobs have taken so far, and how many of them went on at a time."""

import math
from collections.abc import Sequence

from .stages import Stage

_FEWEST = 3  # jobs to know how long jobs take
_OVERDUE = 0.1  # a job that takes longer than others of its stage is taken to need this much of its time yet
_MEMORY_S = 4.0  # over which a new estimate takes the place of the old one: a run's end is not to jump to and fro


class Forecast:
    """The time to go of a whole run. It counts down in between, and moves slowly when a stage is not as expected."""

    def __init__(self) -> None:
        self._end: float | None = None
        self._asked = 0.0

    def eta(self, stages: Sequence[Stage], now: float) -> float | None:
        """Seconds to go; None while there is too little to tell from."""
        left = time_left(stages, now)
        if left is None:
            return None
        if self._end is None:
            self._end = now + left
        weight = -math.expm1((self._asked - now) / _MEMORY_S)
        self._end += weight * (now + left - self._end)
        self._asked = now
        return max(self._end - now, 1.0)


def time_left(stages: Sequence[Stage], now: float) -> float | None:
    """Seconds to go, if jobs of a stage take as long as its others, or as those of other stages, side by side as ever.

    None before three jobs are done, unless a running one says how far it is.
    """
    taken = [seconds for stage in stages for seconds in tuple(stage.durations)]
    going = [seconds for stage in stages for seconds in stage.ages(now).values()]
    begun = min((stage.begun for stage in stages if stage.begun is not None), default=now)
    told = [expected for stage in stages for expected in stage.foretold(now).values()]
    if now <= begun or (len(taken) < _FEWEST and not told):
        return None
    usual = sum(taken + told) / len(taken + told)
    at_a_time = max(sum(taken + going) / (now - begun), 1.0)
    return sum(_work_left(stage, usual, now) for stage in stages) / at_a_time


def _work_left(stage: Stage, usual: float, now: float) -> float:
    """Seconds that the stage's jobs take yet, one after another; `usual` where none of them is done."""
    ages, foretold = stage.ages(now), stage.foretold(now)
    known = [*stage.durations, *foretold.values()]
    each = sum(known) / len(known) if known else max([usual, *ages.values()])
    going = (max(foretold.get(number, each) - age, _OVERDUE * age) for number, age in ages.items())
    waiting = len(stage.files) - len(stage.done) - len(stage.failed) - len(ages)
    return sum(going) + max(waiting, 0) * each
