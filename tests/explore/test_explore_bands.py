"""Bands that the config names for the page are checked before anything runs, all at once."""

import pytest
from swath.config.explore import Explore
from swath.errors import ConfigError
from swath.explore.bands import check_bands


def test_all_problems_are_said_with_the_bands_that_are_there():
    with pytest.raises(ConfigError) as caught:
        check_bands(Explore(rgb=("i", "Q", "g"), wavelengths=(400.0,)), ["g", "i"])
    assert len(caught.value.problems) == 2
    assert "explore.rgb: no band Q; the bands are g, i" in str(caught.value)
    assert "explore.wavelengths: 1 values found, expected one for each of the 2 bands" in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [Explore(), Explore(rgb=("g", "g", "i"), wavelengths=(1.0, 2.0)), Explore(enabled=False, rgb=("a", "b", "c"))],
)
def test_what_fits_or_is_switched_off_passes(settings):
    check_bands(settings, ["g", "i"])
