"""The rules of the reference stars' box."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from swath.sources.box import reference_box, widest_box

CROP = (10, 210, 20, 120)
PLACES = st.lists(st.tuples(st.floats(10, 209.99), st.floats(20, 119.99)), min_size=1, max_size=12)


def arrays(places):
    return np.array([x for x, _ in places]), np.array([y for _, y in places])


def test_the_tightest_square_grown_to_the_least_size_around_its_centre():
    assert reference_box(np.array([50.0, 69.5]), np.array([60.0, 65.2]), CROP, 1) == (50, 70, 53, 73)
    assert reference_box(np.array([100.2]), np.array([70.9]), CROP, 41) == (80, 121, 50, 91)


def test_shifted_at_the_edges_to_stay_square():
    assert reference_box(np.array([12.0]), np.array([118.0]), CROP, 40) == (10, 50, 80, 120)


def test_clamped_where_the_image_is_smaller():
    assert reference_box(np.array([100.0]), np.array([60.0]), CROP, 150) == (26, 176, 20, 120)
    assert reference_box(np.array([100.0]), np.array([60.0]), CROP, 3000) == CROP


def test_no_source_no_box():
    assert reference_box(np.empty(0), np.empty(0), CROP, 10) is None
    assert widest_box(np.empty(0), np.empty(0), CROP, 10) is None


@given(PLACES, st.integers(1, 250))
def test_every_rule_for_any_sources(places, least):
    x, y = arrays(places)
    x0, x1, y0, y1 = reference_box(x, y, CROP, least)
    assert x0 <= x.min() <= x.max() < x1
    assert y0 <= y.min() <= y.max() < y1
    assert CROP[0] <= x0 < x1 <= CROP[1]
    assert CROP[2] <= y0 < y1 <= CROP[3]
    side = max(least, int(np.floor(x.max()) - np.floor(x.min())) + 1, int(np.floor(y.max()) - np.floor(y.min())) + 1)
    assert x1 - x0 == min(side, CROP[1] - CROP[0])
    assert y1 - y0 == min(side, CROP[3] - CROP[2])


@given(PLACES, st.integers(1, 250), st.data())
def test_the_widest_box_holds_the_box_of_any_choice_of_sources(places, least, data):
    x, y = arrays(places)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(x), max_size=len(x))))
    widest = widest_box(x, y, CROP, least)
    box = reference_box(x[keep], y[keep], CROP, least)
    if box is not None:
        assert widest[0] <= box[0]
        assert box[1] <= widest[1]
        assert widest[2] <= box[2]
        assert box[3] <= widest[3]
    assert CROP[0] <= widest[0] < widest[1] <= CROP[1]
