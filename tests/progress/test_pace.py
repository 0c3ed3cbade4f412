"""Rates, durations and bars."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.progress.pace import Pace, bar_text, duration_text, rate_text, size_text

SECONDS = st.floats(0.01, 1e6)


@given(done=st.integers(1, 500), each=st.floats(0.01, 1e3), share=st.floats(0, 1))
def test_a_steady_pace_is_found_and_holds_until_the_next_item(done, each, share):
    assert Pace(done, (done + share) * each, done * each).rate == pytest.approx(1 / each)


@given(done=st.integers(1, 500), latest=SECONDS, waits=st.lists(SECONDS, min_size=2, max_size=2))
def test_waiting_for_the_next_item_never_quickens_the_pace(done, latest, waits):
    early, late = (Pace(done, latest + wait, latest) for wait in sorted(waits))
    assert late.rate <= early.rate


def test_nothing_is_known_before_the_first_item():
    assert Pace(0, 10, 0).rate is None


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
    bar = bar_text(done, total)
    assert len(bar) == 14
    assert bar.strip("[=> ]") == ""


def test_bars_fill_up():
    assert bar_text(0, 49) == "[            ]"
    assert bar_text(24.5, 49) == "[======>     ]"
    assert bar_text(49, 49) == "[============]"


@pytest.mark.parametrize(("mb", "text"), [(0.04, "0.0 MB"), (3.44, "3.4 MB"), (99.7, "100 MB"), (1200, "1.2 GB")])
def test_sizes(mb, text):
    assert size_text(mb) == text
