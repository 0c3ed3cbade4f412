"""How fast something goes, and how that and a time are written."""

from typing import NamedTuple

_PERIODS = ((1.0, "s"), (60.0, "min"), (3600.0, "h"))
_SLOTS = 12


class Pace(NamedTuple):
    """Items done, seconds since they began, and from there to the latest step."""

    done: float
    elapsed: float
    latest: float

    @property
    def rate(self) -> float | None:
        """Items per second; None before anything is done.

        It stays that of the items done until the next one is overdue, and falls from then on.
        """
        if not (self.done > 0 and self.latest > 0):
            return None
        return min(self.done / self.latest, (self.done + 1) / max(self.elapsed, self.latest))


def rate_text(rate: float) -> str:
    """Items per second, minute or hour, whichever gives a number to remember: 0.8/s, 4.2/min."""
    length, unit = next((period for period in _PERIODS if rate * period[0] >= 0.0995), _PERIODS[-1])
    value = rate * length
    return f"{value:.0f}/{unit}" if value >= 99.5 else f"{value:.2g}/{unit}"


def size_text(mb: float) -> str:
    """MB in a few digits: 3.4 MB, 120 MB, 1.2 GB."""
    return f"{mb / 1000:.1f} GB" if mb >= 999.5 else f"{mb:.0f} MB" if mb >= 99.5 else f"{mb:.1f} MB"


def duration_text(seconds: float) -> str:
    """Minutes and seconds, with hours and days as needed: 0:46, 1:02:03, 2 d 01:02:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02d}:{minute:02d}:{second:02d}"
    return f"{hour}:{minute:02d}:{second:02d}" if hour else f"{minute}:{second:02d}"


def bar_text(done: float, total: float) -> str:
    """Twelve characters between brackets: [=====>      ]."""
    fraction = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    full = int(fraction * _SLOTS)
    head = ">" if full < _SLOTS and fraction > 0 else ""
    return f"[{'=' * full + head:<{_SLOTS}}]"
