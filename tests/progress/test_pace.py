"""Rates and times to go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.progress.pace import Pace, bar_text, duration_text, rate_text, timing_text

SECONDS = st.floats(0.01, 1e6)


@given(done=st.integers(1, 500), more=st.integers(0, 500), each=st.floats(0.01, 1e3))
def test_a_steady_pace_is_foretold_exactly(done, more, each):
    pace = Pace(done, done + more, done * each, done * each)
    assert pace.rate == pytest.approx(1 / each)
    assert pace.eta == pytest.approx(more * each, abs=1e-6 * (done + more) * each)


@given(
    done=st.integers(1, 500), more=st.integers(1, 500), latest=SECONDS, waits=st.lists(SECONDS, min_size=2, max_size=2)
)
def test_waiting_for_the_next_item_never_quickens_the_pace(done, more, latest, waits):
    early, late = (Pace(done, done + more, latest + wait, latest) for wait in sorted(waits))
    assert late.rate <= early.rate
    assert early.eta >= 0
    # What is to go at least keeps up with what is still to be done, as if the item came now.
    assert late.eta >= (more - 1) / late.rate * (1 - 1e-9) - 1e-6 * late.elapsed


@given(done=st.integers(1, 500), more=st.integers(1, 500), each=st.floats(0.01, 1e3), share=st.floats(0, 1))
def test_between_two_items_the_end_stays_where_it_was(done, more, each, share):
    pace = Pace(done, done + more, (done + share) * each, done * each)
    assert pace.elapsed + pace.eta == pytest.approx((done + more) * each)


def test_nothing_is_known_before_the_first_item_and_nothing_left_after_the_last():
    assert Pace(0, 5, 10, 0).rate is None
    assert Pace(0, 5, 10, 0).eta is None
    assert timing_text(Pace(0, 5, 10, 0)) == ""
    assert Pace(5, 5, 10, 10).eta == 0


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.8, "0.8/s"), (250.4, "250/s"), (0.1, "0.1/s"), (0.07, "4.2/min"), (1 / 3600, "1/h"), (1e-5, "0.036/h")],
)
def test_rates(rate, text):
    assert rate_text(rate) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (46, "0:46"), (59.6, "1:00"), (3723, "1:02:03"), (2 * 86400 + 3723, "2 d 01:02:03")],
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text


@given(done=st.floats(0, 1e4), total=st.floats(0, 1e4))
def test_bars_have_one_length(done, total):
    bar = bar_text(Pace(done, total, 1, 1))
    assert len(bar) == 14
    assert bar.strip("[=> ]") == ""


def test_bars_fill_up():
    assert bar_text(Pace(0, 49, 0, 0)) == "[            ]"
    assert bar_text(Pace(24.5, 49, 1, 1)) == "[======>     ]"
    assert bar_text(Pace(49, 49, 1, 1)) == "[============]"
