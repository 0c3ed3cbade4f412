"""The choice of models on the benchmark's fields: rendered by GalSim, not by us."""

import pytest
from models import measure, separation


@pytest.mark.slow
def test_stars_and_galaxies_of_unknown_type_are_told_apart():
    # Measured on 209 sources: 99 %; of the 20 or so here one may lie in a blend.
    table, *_ = measure([3], 30, 3)
    bright = table[table["snr"] > 20]
    assert len(bright) > 15
    assert separation(bright) >= 0.9
