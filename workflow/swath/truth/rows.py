"""A bound as a row of a file."""

import math

from .bounds import Bound


def bound_row(item: Bound) -> dict[str, object]:
    """Plain values of a bound; None for what is not a number."""
    numbers = {name: getattr(item, name) for name in ("value", "error", "low", "high")}
    finite = {name: float(value) if math.isfinite(value) else None for name, value in numbers.items()}
    return {
        "bound": item.name,
        "of": item.subject,
        "unit": item.unit,
        **finite,
        "sources": item.sources,
        "fewest": item.fewest,
        "passed": item.passed,
    }
