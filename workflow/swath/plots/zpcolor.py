"""Zero points against colour: ranges that no single star sets, the stars, and the line of the colour term."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from . import style


def slope_text(slope: float, error: float) -> str:
    """A slope with its error and its significance."""
    return f"{slope:+.4f} ± {error:.4f} mag/mag" + (f", {abs(slope) / error:.1f} sigma" if error > 0 else "")


def robust_range(values: pd.Series, errors: pd.Series | None = None) -> tuple[float, float]:
    """Range of an axis on which a single value far from all others squeezes none of them.

    It holds nine tenths of the values with a third of their range more on each side, but is no wider than all of them.
    """
    low, high = np.percentile(values, (5, 95))
    spare = 0.0 if errors is None else float(np.median(errors))
    room = max((high - low) / 3 + spare, 0.01)
    least, most = float(values.min()) - spare, float(values.max()) + spare
    margin = 0.04 * (min(most, high + room) - max(least, low - room)) + 0.001
    return max(least, low - room) - margin, min(most, high + room) + margin


def draw_stars(axes: Axes, stars: pd.DataFrame) -> None:
    """Residuals with their errors; stars beyond the axes are arrow heads at the edge."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x, y = stars["color"].to_numpy(), stars["residual"].to_numpy()
    inside = (x >= left) & (x <= right) & (y >= low) & (y <= high)
    axes.errorbar(x[inside], y[inside], stars["sigma"][inside], fmt="o", color=style.KEPT, ms=3.5, lw=0.8)
    cases = (("<", x < left), (">", x > right), ("v", y < low), ("^", y > high))
    for head, which in reversed(cases):
        which = which & ~((x < left) | (x > right)) if head in "v^" else which
        places = np.clip(x[which], left, right), np.clip(y[which], low, high)
        axes.plot(*places, head, color=style.KEPT, ms=6, clip_on=False)
    axes.set(xlim=(left, right), ylim=(low, high))


def draw_line(axes: Axes, stars: pd.DataFrame, slope: float, error: float) -> None:
    """The colour term through the stars' weighted mean, and its one-sigma range."""
    weight = stars["sigma"] ** -2.0
    x0, y0 = (np.average(stars[name], weights=weight) for name in ("color", "residual"))
    x = np.linspace(*axes.get_xlim(), 50)
    axes.plot(x, y0 + slope * (x - x0), color="black", lw=1)
    spread = error * np.abs(x - x0)
    axes.fill_between(
        x, y0 + slope * (x - x0) - spread, y0 + slope * (x - x0) + spread, color="black", alpha=0.15, lw=0
    )
