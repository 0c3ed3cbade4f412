"""Which stars take part, and how much they count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.psf.pool import FORGOTTEN, distance, nearness, pools

BOX = (100, 200, 100, 200)
PLACE = st.lists(st.tuples(st.floats(0, 999), st.floats(0, 999)), max_size=40)


def test_distance_is_counted_from_the_border_in_half_cells():
    away = distance(BOX, np.array([149.5, 199.5, 249.5, 249.5, 49.5]), np.array([149.5, 150, 149.5, 249.5, 149.5]))
    assert away == pytest.approx([0, 0, 1, np.sqrt(2), 1])


def test_own_stars_count_fully_and_far_ones_not_at_all():
    assert nearness(np.array([0.0, 0.1, 5.0]), 0.0).tolist() == [1, 0, 0]
    near = nearness(np.array([0.0, 0.5, 5.0]), 0.5)
    assert near == pytest.approx([1, np.exp(-0.5), 0])


@given(PLACE, st.integers(1, 12), st.booleans())
@settings(deadline=None)
def test_pools_widen_until_enough_or_all(places, least, share):
    x, y = np.array(places).reshape(-1, 2).T
    building = np.arange(len(x)) % 5 > 0
    found = list(pools(BOX, x, y, building, least, share))
    assert bool(found) == bool(building.any())
    counts = [pool.nearness[building].sum() for pool in found]
    assert counts == sorted(counts)
    inside = distance(BOX, x, y) == 0
    for pool in found:
        assert (pool.nearness[inside] == 1).all()
        assert ((pool.nearness == 0) | (pool.nearness >= FORGOTTEN)).all()
    # all but the last resort, which holds every star, have enough
    assert all(count >= least for count in counts[:-1])
    if counts and counts[-1] < least:
        assert (found[-1].nearness > 0.5).all()


def test_without_sharing_a_cell_with_enough_stars_stays_alone():
    x = np.array([110.0, 150, 190, 210, 220])
    first = next(pools(BOX, x, np.full(5, 150.0), np.ones(5, bool), 3, share=False))
    assert first.nearness.tolist() == [1, 1, 1, 0, 0]
    first = next(pools(BOX, x, np.full(5, 150.0), np.ones(5, bool), 3, share=True))
    assert (first.nearness[3:] > 0.5).all()
