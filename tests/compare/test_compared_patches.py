"""Which patches are compared, and what reruns when the Tractor is driven in another way."""

from types import SimpleNamespace

import pytest
from swath.config.model import Config
from swath.run.compared import Compared

TAGS = [f"r00_c00_pr{row:02d}_pc{column:02d}" for row in range(5) for column in range(5)]


def chosen(number):
    run = SimpleNamespace(
        config=SimpleNamespace(tile="t", compare=SimpleNamespace(patches=number)),
        plans={"t": SimpleNamespace(patch_tags=TAGS)},
    )
    return Compared.compared_patches(run)


def test_all_where_no_number_is_given():
    assert chosen(None) == TAGS
    assert chosen(99) == TAGS


@pytest.mark.parametrize("number", [1, 3, 24])
def test_a_larger_number_keeps_those_of_a_smaller_one(number):
    fewer, more = chosen(number), chosen(number + 1)
    assert len(fewer) == number
    assert set(fewer) < set(more)
    assert more == sorted(more)


def test_they_are_not_the_first_of_the_field():
    assert chosen(5) != TAGS[:5]


def told(fit):
    """Parameter `settings` of the rule `fit`."""
    run = object.__new__(Compared)
    run.configs = {"t": Config.model_validate({"fit": fit})}
    return run.fit_settings(SimpleNamespace(tile="t"))


def test_how_the_tractor_is_driven_reruns_no_fit_of_the_native_engine():
    driven = {"tractor": {"iterations": 7}}
    assert told(driven) == told({})
    assert told(driven | {"engine": "tractor"}) != told({"engine": "tractor"})
    assert told({"engine": "tractor"}) != told({})
