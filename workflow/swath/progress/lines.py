"""The words of the progress lines."""

from collections.abc import Iterable, Mapping, Sequence

from .pace import Pace, bar_text, duration_text, rate_text, size_text
from .stages import Stage, Tally

_MOST_PARTS = 6
_LEAST_PART, _LEAST_S = 0.02, 0.05  # of a stage's CPU time, and CPU-s: less is not worth a word


def stage_line(stage: Stage, tally: Tally) -> str:
    """What a stage did: counts; flags; medians; CPU time and where it went."""
    counts = [f"{count} {_number(name, count)}" for name, count in tally.counts.items()]
    if not stage.whole or not counts:
        counts.insert(0, _jobs(stage))
    silent = len(stage.done) - tally.jobs
    groups = [
        counts,
        [f"{name} {count}" for name, count in tally.flags.items() if count],
        [f"median {name} {value:.3g}" for name, value in tally.medians().items()],
        [f"{tally.cpu_s:.1f} CPU-s{_parts(tally.parts)}"] if tally.jobs else [],
        [f"{silent} {_number('jobs', silent)} told nothing"] if tally.jobs and silent else [],
    ]
    return f"{stage.name}: " + "; ".join(", ".join(group) for group in groups if group)


def cost_line(tallies: Mapping[str, Tally], elapsed: float) -> str:
    """What the whole run cost; `tallies` by the stages' names."""
    jobs, cpu = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("jobs", "cpu_s"))
    name, most = max(tallies.items(), key=lambda item: item[1].memory_mb)
    parts = _parts({name: tally.cpu_s for name, tally in tallies.items()})
    return (
        f"{jobs} {_number('jobs', jobs)} in {duration_text(elapsed)}: {cpu:.1f} CPU-s{parts}, "
        f"most memory {most.memory_mb:.0f} MB ({name})"
    )


def bar_line(stages: Sequence[Stage], running: Sequence[Stage], now: float, eta: float | None, width: int) -> str:
    """How far the run is and when it ends, then the stages that run, as many as a terminal of that width has room for.

    23/62 jobs [====>       ] ETA 0:46  fit 2/4, payload 1/4
    """
    done, total = _done(stages)
    bar = bar_text(sum(stage.progress for stage in stages), total)
    line = " ".join(filter(None, [f"{done}/{total} jobs {bar}", _eta(eta)]))
    between = "  "
    for text in (_running(stage, now) for stage in running):
        if len(line) + len(between) + len(text) >= width:
            break
        line, between = f"{line}{between}{text}", ", "
    return line[: max(width - 1, 0)]


def heartbeat_line(
    stages: Sequence[Stage], running: Sequence[Stage], now: float, eta: float | None, elapsed: float
) -> str:
    """How far a run is, for a log file."""
    done, total = _done(stages)
    head = ", ".join(filter(None, [f"{done} of {total} jobs", _eta(eta)]))
    return (
        f"after {duration_text(elapsed)}: {head}; {', '.join(_running(stage, now) for stage in running) or 'waiting'}"
    )


def failed_line(rule: str, wildcards: Iterable[str], logs: Sequence[str]) -> str:
    """A job that failed, when it does."""
    return f"{' '.join([rule, *wildcards])} failed" + (f": see {', '.join(logs)}" if logs else "")


def _done(stages: Sequence[Stage]) -> tuple[int, int]:
    return sum(len(stage.done) for stage in stages), sum(len(stage.files) for stage in stages)


def _eta(seconds: float | None) -> str:
    return "" if seconds is None else f"ETA {duration_text(seconds)}"


def _running(stage: Stage, now: float) -> str:
    """A stage's name and how far it is, with a rate where its one job counts items, and what it fetched so far."""
    pace = stage.pace(now)
    rate = rate_text(pace.rate) if pace and pace.rate else ""
    return " ".join(filter(None, [stage.name, stage.amount(), rate, stage.items(), _traffic(stage.traffic(now))]))


def _traffic(traffic: Pace | None) -> str:
    """120 MB at 1.4 MB/s."""
    if traffic is None:
        return ""
    return size_text(traffic.done) + (f" at {traffic.rate:.2g} MB/s" if traffic.rate else "")


def _jobs(stage: Stage) -> str:
    done, total = len(stage.done), len(stage.files)
    failed = f", {len(stage.failed)} failed" if stage.failed else ""
    return f"{total} {_number('jobs', total)}" if stage.whole else f"{done} of {total} {_number('jobs', total)}{failed}"


def _parts(parts: Mapping[str, float]) -> str:
    """The largest parts, largest first, in brackets; empty where there is but one part."""
    least = max(_LEAST_PART * sum(parts.values()), _LEAST_S)
    large = sorted((item for item in parts.items() if item[1] >= least), key=lambda item: -item[1])
    if len(parts) < 2 or not large:
        return ""
    return f" ({', '.join(f'{name} {seconds:.1f}' for name, seconds in large[:_MOST_PARTS])})"


def _number(name: str, count: int) -> str:
    """A plural noun as it goes with the number."""
    name = name.replace("_", " ")
    if count != 1 or not name.endswith("s"):
        return name
    return name.removesuffix("es") if name.endswith("ches") else name.removesuffix("s")
