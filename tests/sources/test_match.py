"""Matching: one to one, whatever the order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from swath.sources.match import Rows, match_rows

ARCSEC = 1 / 3600


def rows_of(places, stars, claims=None):
    ra, dec = (np.array([place[i] for place in places], float) * ARCSEC for i in (0, 1))
    return Rows(100 + ra, 20 + dec, np.array(stars, bool), claims or [""] * len(places))


def match(rows, places, ids=None, known=None, radius=3.0):
    ids = ids or [f"s{i}" for i in range(len(places))]
    ra, dec = (np.array([place[i] for place in places], float) * ARCSEC for i in (0, 1))
    return match_rows(rows, ids, 100 + ra, 20 + dec, known or set(ids), radius).tolist()


def test_the_nearest_row_within_the_radius_and_no_other():
    rows = rows_of([(0, 0), (0, 1.0), (0, 50)], [True, True, True])
    assert match(rows, [(0, 0.2), (0, 54)]) == [0, -1]


def test_one_row_serves_one_star_only():
    """All rows within the radius used to be tagged, and one row by several stars."""
    rows = rows_of([(0, 0)], [True])
    assert match(rows, [(0, 1.5), (0, 0.5)]) == [-1, 0]
    assert match(rows_of([(0, 0), (0, 0.5), (0, 1)], [True] * 3), [(0, 0.4)]) == [1]


def test_stars_before_galaxies():
    rows = rows_of([(0, 0.1), (0, 2.0)], [False, True])
    assert match(rows, [(0, 0)]) == [1]
    assert match(rows_of([(0, 0.1), (0, 4.0)], [False, True]), [(0, 0)]) == [0]


def test_the_radius_is_an_angle_on_the_sphere():
    """2.9 arcsec of right ascension at declination 20 are 2.9 / cos(20 deg) of coordinate."""
    rows = rows_of([(2.9 / np.cos(np.radians(20)), 0)], [True])
    assert match(rows, [(0, 0)]) == [0]
    assert match(rows, [(0, 0)], radius=2.8) == [-1]


def test_a_name_decides_however_far_and_keeps_others_off():
    rows = rows_of([(0, 0), (0, 100)], [True, True], ["s1", "s0"])
    assert match(rows, [(0, 0), (0, 100)]) == [1, 0]
    # The row names a star of the table that may not be used here: it is not matched with its neighbour instead.
    assert match(rows_of([(0, 0)], [True], ["faint"]), [(0, 0)], known={"s0", "faint"}) == [-1]
    # A name that the table does not know says nothing.
    assert match(rows_of([(0, 0)], [True], ["other survey"]), [(0, 0)]) == [0]


def test_two_rows_of_one_name_share_it_like_any_other():
    rows = rows_of([(0, 0.5), (0, 0.1)], [True, False], ["s0", "s0"])
    assert match(rows, [(0, 0)]) == [0]


def test_positions_that_are_not_known_match_nothing_but_names():
    rows = rows_of([(np.nan, 0), (0, np.nan)], [True, True], ["", "s0"])
    assert match(rows, [(0, 0)]) == [1]
    assert match(rows_of([], []), [(0, 0)]) == [-1]
    assert match(rows_of([(0, 0)], [True]), []) == []


# Milliarcseconds: differences below the resolution of a coordinate in degrees have no order to be independent of.
OFFSETS = st.integers(0, 12_000).map(lambda mas: mas / 1000)
PLACES = st.lists(st.tuples(OFFSETS, OFFSETS), max_size=12, unique=True)


@given(PLACES, PLACES, st.data())
def test_one_to_one_and_independent_of_the_order(places, targets, data):
    stars = data.draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)))
    found = match(rows_of(places, stars), targets)
    used = [row for row in found if row >= 0]
    assert len(used) == len(set(used))
    order, turn = data.draw(st.permutations(range(len(places)))), data.draw(st.permutations(range(len(targets))))
    mixed = match(rows_of([places[i] for i in order], [stars[i] for i in order]), [targets[j] for j in turn])
    back = {j: (order[row] if row >= 0 else -1) for j, row in zip(turn, mixed, strict=True)}
    assert [back[j] for j in range(len(targets))] == found


@given(PLACES, PLACES)
def test_whoever_is_left_over_has_nobody_free_nearby(places, targets):
    found = match(rows_of(places, [True] * len(places)), targets)
    for j, row in enumerate(found):
        if row < 0:
            free = [i for i in range(len(places)) if i not in found]
            # The flat distance is right to 3e-4 arcsec over 12 arcsec at this declination.
            assert all(
                np.hypot((places[i][0] - targets[j][0]) * np.cos(np.radians(20)), places[i][1] - targets[j][1])
                > 3 - 1e-3
                for i in free
            )
