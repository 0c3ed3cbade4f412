"""Keys of light curves: SPXQuery's all have their place, and impossible values are found before anything runs."""

import subprocess
import sys

import pytest
from matplotlib import colormaps
from swath.config.colourmaps import KNOWN
from swath.config.keys import keys
from swath.config.lightcurve import BAD_FLAGS
from swath.config.load import load_config
from swath.config.peer import advice
from swath.errors import ConfigError
from swath.spherex.maskbits import DOCUMENTED

# All of SPXQuery's (0.2.2) keys of its figures.
VISUALIZATION = """
    sigma_threshold use_magnitude show_errorbars wavelength_cmap date_cmap sigma_clip_sigma sigma_clip_maxiters
    ylim_percentile_min ylim_percentile_max ylim_padding_fraction marker_size_good marker_size_rejected
    marker_size_upper_limit errorbar_alpha marker_alpha errorbar_linewidth figsize dpi
"""
TARGET = {"targets": {"ra": 210.8, "dec": 54.3}}


def problems(**section):
    with pytest.raises(ConfigError) as caught:
        load_config({**TARGET, "lightcurve": section}, "/x")
    return str(caught.value)


@pytest.mark.parametrize("name", VISUALIZATION.split())
def test_every_key_of_spxquerys_figures_has_its_successor(name):
    ours = [key.path for key in keys() if f"visualization.{name}" in key.in_spxquery]
    assert len(ours) == 1
    assert ours[0].endswith(name)
    assert advice(f"visualization.{name}") == f"is now {ours[0]}"


def test_a_config_of_spxquery_is_told_the_new_names():
    with pytest.raises(ConfigError, match=r"visualization\.dpi: unknown key .*; is now lightcurve\.figure\.dpi"):
        load_config({**TARGET, "visualization": {"dpi": 100}}, "/x")


def test_the_list_of_colour_maps_is_matplotlibs():
    """Of its oldest supported version: a newer one may have more."""
    assert set(colormaps) >= KNOWN
    assert len(KNOWN) > 150


@pytest.mark.parametrize("name", ["rainbow", "viridis_r", "Spectral", "tab20c_r"])
def test_known_colour_maps_are_accepted(name):
    config = load_config({**TARGET, "lightcurve": {"figure": {"date_cmap": name}}}, "/x")
    assert config.lightcurve.figure.date_cmap == name


@pytest.mark.parametrize("name", ["rainbw", "Viridis", "", "viridis_r_r"])
def test_an_unknown_colour_map_is_an_error_of_the_config(name):
    told = problems(figure={"wavelength_cmap": name})
    assert f'lightcurve.figure.wavelength_cmap: "{name}"' in told
    assert "expected a colour map of Matplotlib" in told


def test_colour_maps_are_checked_without_matplotlib_and_flags_without_astropy():
    code = (
        "import sys; from swath.config.load import load_config; load_config({'targets': {'ra': 1, 'dec': 2}}, '/x'); "
        "assert not {'matplotlib', 'astropy', 'pandas'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(filter(None, sys.path))})


def test_the_default_flags_are_known_and_none_is_the_source():
    assert set(BAD_FLAGS) < set(DOCUMENTED) - {"SOURCE"}


@pytest.mark.parametrize("flag", ["SOURCE", 21, "21"])
def test_the_source_can_reject_nothing(flag):
    assert "no SOURCE (bit 21) among lightcurve.bad_flags" in problems(bad_flags=["HOT", flag])


@pytest.mark.parametrize("key", ["bad_flags", "empty_flags"])
@pytest.mark.parametrize("flag", ["SOURCE", 21, "21"])
def test_the_source_spoils_no_pixel(key, flag):
    with pytest.raises(ConfigError, match="no SOURCE \\(bit 21\\) among them"):
        load_config({**TARGET, "aperture": {key: [flag]}}, "/x")


def test_bits_of_apertures_are_bits():
    with pytest.raises(ConfigError, match="bits from 0 to 31, or names"):
        load_config({**TARGET, "aperture": {"bad_flags": [0, 32]}}, "/x")


@pytest.mark.parametrize("flag", ["HOTT", "hot", 32, -1, ""])
def test_an_unknown_flag_is_an_error_that_names_the_known_ones(flag):
    told = problems(bad_flags=["HOT", flag])
    assert "expected bits from 0 to 31, or names among TRANSIENT" in told


def test_bits_may_be_numbers_or_texts():
    config = load_config({**TARGET, "lightcurve": {"bad_flags": [10, "9", "COLD"]}}, "/x")
    assert config.lightcurve.bad_flags == (10, 9, "COLD")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"figure": {"ylim_percentile_min": 60, "ylim_percentile_max": 40}}, "ylim_percentile_min below"),
        ({"figure": {"figsize": [1, 8]}}, "a width and a height from 3 to 100 inches"),
        ({"figure": {"marker_alpha": 0}}, "lightcurve.figure.marker_alpha: found 0"),
        ({"sigma_threshold": 0}, "lightcurve.sigma_threshold: found 0"),
        ({"sigma_clip_maxiters": 0}, "lightcurve.sigma_clip_maxiters: found 0"),
        ({"bins_per_band": 0}, "lightcurve.bins_per_band: found 0"),
    ],
)
def test_impossible_values_are_told(section, told):
    assert told in problems(**section)


def test_clipping_can_be_switched_off():
    assert load_config({**TARGET, "lightcurve": {"sigma_clip_sigma": None}}, "/x").lightcurve.sigma_clip_sigma is None
