"""How much the stars of other cells count in a cell's PSF: the farther away, the less."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

FIRST_REACH = 0.5  # half cells; measured: the cell's centre gains nothing beyond, its corners lose below
FORGOTTEN = 0.02  # stars that count less than this are left out


class Pool(NamedTuple):
    """Stars for one attempt.

    reach : distance from the cell's border [half cells] at which a star counts 0.6; 0 for the cell's own stars alone.
    nearness : how much each star counts, shape (n,), 1 for the cell's own, 0 for those that take no part.
    """

    reach: float
    nearness: np.ndarray


def pools(
    box: Sequence[int], x: np.ndarray, y: np.ndarray, building: np.ndarray, least: float, share: bool
) -> Iterator[Pool]:
    """Wider and wider pools, each with clearly more stars than the one before.

    Parameters
    ----------
    box : the cell, (x0, x1, y0, y1). x, y : full-frame positions of all stars of the field.
    building : stars that are not held out, bool (n,).
    least : the first pool is the narrowest one whose building stars count this much together (or holds them all).
    share : stars just outside the cell's border take part in any case.
    """
    away = distance(box, x, y)
    reach = FIRST_REACH if share else 0.0
    before = 0.0
    while True:
        near = nearness(away, reach)
        count = float(near[building].sum())
        everything = bool((near > 0.5).all())
        if (count >= least and count >= 1.5 * before) or (everything and count > before):
            yield Pool(reach, near)
            before = count
        if everything:
            return
        reach = max(1.5 * reach, FIRST_REACH)


def distance(box: Sequence[int], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance of each position from the box's border in half cells, 0 inside, shape (n,)."""
    x0, x1, y0, y1 = box
    half_x, half_y = (x1 - x0) / 2, (y1 - y0) / 2
    u = np.abs(x - (x0 + x1 - 1) / 2) / half_x - 1
    v = np.abs(y - (y0 + y1 - 1) / 2) / half_y - 1
    return np.hypot(np.maximum(u, 0), np.maximum(v, 0))


def nearness(away: np.ndarray, reach: float) -> np.ndarray:
    """Gaussian weight of stars `away` half cells from the border; without reach only those inside."""
    if reach == 0:
        return (away == 0).astype(float)
    near = np.exp(-0.5 * (away / reach) ** 2)
    return np.where(near < FORGOTTEN, 0.0, near)
