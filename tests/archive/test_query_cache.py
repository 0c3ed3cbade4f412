"""Earlier answers: which question they are the answer to."""

import pytest
from swath.archive.adql import Position
from swath.archive.cache import ASKED, question
from swath.config.archive import Archive

WHERE = Position(10.0, 20.0, 0.001)
OTHERS = {
    "service": "sia2", "tap_url": "https://a/TAP", "sia_url": "https://a/SIA", "data_url": "https://a/",
    "obscore_table": "other.obscore", "collections": ("spherex_qr3",), "bands": ("D1",), "mjd_min": 60000.0,
    "mjd_max": 61000.0,
}  # fmt: skip
# What decides among the answers, how they are asked for, or is a part of the position.
AFTERWARDS = {"releases", "reprocessed", "pin", "max_failed_fraction", "cache_days"}
HOW = {"tap_mode", "maxrec", "connections", "http", "list", "radius_arcsec"}


@pytest.mark.parametrize("name", OTHERS)
def test_another_value_is_another_question(name):
    """An answer to D1 alone may not stand in for one to all bands, whether it is fresh or the archive is down."""
    asked = {question(Archive(**given), WHERE) for given in ({}, {name: OTHERS[name]})}
    assert len(asked) == 2


@pytest.mark.parametrize("where", [(10.1, 20.0, 0.001), (10.0, 20.1, 0.001), (10.0, 20.0, 0.002)])
def test_another_place_is_another_question(where):
    assert question(Archive(), Position(*where)) != question(Archive(), WHERE)


def test_every_key_of_the_archive_is_asked_or_has_nothing_to_do_with_the_answer():
    assert set(Archive.model_fields) == {*ASKED} | AFTERWARDS | HOW
    assert set(OTHERS) == set(ASKED)
