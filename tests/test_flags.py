"""The registry of flags."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from swath.flags import FIT, FIT_FLAGS, MASK_FLAGS, counted, names


@given(st.lists(st.integers(0, 2 ** len(FIT_FLAGS) - 1)))
def test_flags_are_counted_one_by_one(values):
    counts = counted(np.array(values, dtype=np.int64))
    assert counts == {name: n for name in FIT if (n := sum(name in names(value) for value in values))}
    assert list(counts) == [name for name in FIT if name in counts]


def test_every_flag_has_a_bit_of_its_own():
    for registry in (FIT_FLAGS, MASK_FLAGS):
        assert [flag.bit for flag in registry] == [1 << k for k in range(len(registry))]
        assert len({flag.name for flag in registry}) == len(registry)
