"""How far to go along a step. Sources that overlap go together: their steps were computed as one.

Gauss-Newton leaves out second derivatives. Along what a blend hardly constrains (neighbours that trade light against
their sizes) they are as large as the first ones' squares: the full step is up to twice too long or more, and swings
about the optimum for ever.
"""

import numpy as np

LONG = 0.75  # steps whose least chi2 lies farther along than this are taken in full
SHORT = 0.1


def parts(slope: np.ndarray, won: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Which part of its step leads each group to the least chi2 on the way, between 0.1 and 1, shape (n,).

    The parabola with chi2's slope at the start and its value at the end, see Nocedal & Wright (2006), Numerical
    Optimization, section 3.5.

    Parameters
    ----------
    slope : half of what chi2 would lose to first order by each source's step, shape (n,).
    won : what chi2 did lose by each source's step. group : (n,) number of the group of each.
    """
    first, lost = (np.bincount(group, values) for values in (slope, won))
    bend = 2 * first - lost
    least = np.divide(first, bend, out=np.ones_like(first), where=(first > 0) & (bend > 0))
    return np.where(least < LONG, np.maximum(least, SHORT), 1.0)[group]
