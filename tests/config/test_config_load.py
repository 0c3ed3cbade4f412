"""load_config: every problem at once, each with key, value, expectation and the key that was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.config.keys import keys, value_at
from swath.config.load import load_config
from swath.config.model import Config
from swath.errors import ConfigError

IMAGES = {"inputs": {"images": ["a.fits"]}}


def problems(mapping):
    with pytest.raises(ConfigError) as caught:
        load_config({**IMAGES, **mapping}, "/base")
    return caught.value.problems


def test_only_images_are_needed_and_the_rest_has_defaults():
    config = load_config(IMAGES, "/base")
    assert config.psf == Config().psf
    assert [image.path for image in config.inputs.images] == ["/base/a.fits"]


def test_all_problems_are_told_at_once():
    found = problems(
        {
            "tile": 12,
            "psf": {"size": 54, "ngrid": 1.5, "sise": 3},
            "gaia": {"mag_min": 20},
            "load": {"sky": {"model": "spline"}},
            "epsf": {"epsf_ngrid": 3},
        }
    )
    assert found == [
        "tile: found 12; expected text, letters, digits and _ . + - only, a letter or digit first (in quotes)",
        'load.sky.model: found "spline"; expected one of constant, plane, mesh, patch, off',
        "psf.ngrid: found 1.5; expected a whole number at least 1",
        "psf.sise: unknown key (value 3); did you mean psf.size?",
        "epsf.epsf_ngrid: unknown key (value 3); is now psf.ngrid",
        "gaia.mag_min: 20.0, gaia.mag_max: 18.0; expected gaia.mag_min below gaia.mag_max",
        "psf.size: 54; expected an odd number, so that there is a central pixel",
    ]


@pytest.mark.parametrize(
    ("mapping", "value"),
    [
        ({"checks": {"wcs_tolerance": {"crval": "1e-6"}}}, ("checks.wcs_tolerance.crval", 1e-6)),
        ({"fit": {"max_iterations": "1e2"}}, ("fit.max_iterations", 100)),
        ({"fit": {"max_iterations": 7.0}}, ("fit.max_iterations", 7)),
        ({"fit": {"deadline_s": "null"}}, ("fit.deadline_s", None)),
        ({"crop": {"enabled": "false"}}, ("crop.enabled", False)),
        ({"crop": None}, ("crop.enabled", True)),
        ({"load": {"sky": {"model": False}}}, ("load.sky.model", "off")),
        ({"psf": {"taper_pix": ["5", 9]}}, ("psf.taper_pix", (5.0, 9.0))),
    ],
)
def test_spellings_of_the_same_value(mapping, value):
    key, expected = value
    assert value_at(load_config({**IMAGES, **mapping}, "/base"), key) == expected


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"crop": {"margin": True}}, "crop.margin: found true; expected a whole number at least 0"),
        ({"crop": {"enabled": 1}}, "crop.enabled: found 1; expected true or false"),
        ({"psf": {"ngrid": "1.5"}}, 'psf.ngrid: found "1.5"; expected a whole number at least 1'),
        ({"psf": 3}, "psf: found 3; expected a section of keys"),
        ({"load": {"zp_ref": float("nan")}}, "load.zp_ref: found nan; expected a number"),
        ({"load": {"saturation_fraction": 2}}, "expected a number above 0 and at most 1"),
        ({"figures": {"montage": {"data_percentiles": [1]}}}, "found [1]; expected a list of two numbers"),
        ({"inputs": {"images": [{"hdu": True, "path": "a"}]}}, "inputs.images[0].hdu: found true"),
        ({"inputs": {"images": [{"hdu": 1}]}}, "inputs.images[0].path: missing; expected a file path"),
        ({"inputs": {"images": ["a", 3]}}, "inputs.images[1]: found 3; expected a file path or a section of keys"),
        ({"inputs": {"images": [{"path": "a", "wieght": "b"}]}}, "did you mean inputs.images[].weight?"),
        ({"inputs": {"images": "a.fits"}}, "expected a list of file paths or of sections of keys"),
        ({"log": {"format": "%(oops"}}, "expected a format of Python's logging"),
        ({"log": {"format": "%(nope)s"}}, "expected a format of Python's logging"),
        ({"log": {"format": "%(levelname)d"}}, "expected a format of Python's logging"),
        ({"load": {"zp_ref": 1e300}}, "expected a zero point from -60 to 60 mag"),
        ({"inject": {"bin_mag": 1e-9}}, "inject.bin_mag: found 1e-09; expected a number at least 0.05"),
        ({"fit": {"priors": {"log_re_sd": 1e-9}}}, "found 1e-09; expected a number at least 0.001"),
        ({"stages": ["querry"]}, "expected a list of names (query, download, aperture, lightcurve, spectrum_plot)"),
        ({"aperture": {"window_size": 3}}, "expected a list of two numbers"),
        ({"targets": {"pmra": 1e9}}, "expected a number at least -100000 and at most 100000"),
        ({"archive": {"cache_days": 1e300}}, "expected a number at least 0 and at most 36500"),
        ({"archive": {"http": {"connect_timeout_s": 1e300}}}, "expected a number above 0 and at most 3600"),
        ({"archive": {"http": {"hosts": ["https://a.org/"]}}}, "expected names of hosts"),
        ({"archive": {"http": {"hosts": ["*.org"]}}}, "expected names of hosts"),
        ({"download": {"cutout": {"center": "1,2deg"}}}, "expected download.cutout.size where there is a centre"),
        ({1: 2}, "1: unknown key (value 2)"),
        ({None: 2}, "null: unknown key (value 2)"),
    ],
)
def test_wrong_values(mapping, message):
    (found,) = problems(mapping)
    assert message in found


@pytest.mark.parametrize(
    ("mapping", "advice"),
    [
        ({"psf": {"sise": 31}}, "did you mean psf.size?"),
        ({"psf": {"min_sep": 31}}, "did you mean stars.min_sep?"),
        ({"sorces": {"theta_from": "y"}}, "did you mean sources.theta_from?"),
        ({"ngrid": 3}, "did you mean psf.ngrid or patches.ngrid?"),
        ({"psf.size": 31}, "write sections as nested lines"),
        ({"zp": {"clip_sigma": 3}}, "is now zeropoint.clip_sigma"),
        ({"crop": {"plot_pre_crop": True}}, "is now figures.white"),
        ({"zp": {"enabled": False}}, "is now gaia.enabled and zeropoint.enabled"),
        ({"patch_run": {"no_cutouts": True}}, "is now figures.montage.enabled (the other way round)"),
        ({"patch_run": {"max_workers": 4}}, "no longer needed: Snakemake's --cores decides"),
        ({"xyzzy": {}}, "no key has a similar name"),
    ],
)
def test_unknown_keys_are_told_what_was_meant(mapping, advice):
    (found,) = problems(mapping)
    assert "unknown key" in found
    assert advice in found


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"inputs": {}}, "one of inputs.image_list, inputs.images"),
        ({"inputs": {"images": ["a"], "image_list": "b"}}, "one of inputs.image_list, inputs.images"),
        ({"psf": {"size": 63}}, "psf.size not above psf.stamp_size"),
        (
            {"psf": {"form": "oversampled", "method": "epsfbuilder"}},
            "psf.epsfbuilder.oversampling of 2 or more for psf.form: oversampled",
        ),
        ({"psf": {"stamp_size": 62}}, "psf.stamp_size: 62; expected an odd number"),
        ({"psf": {"epsfbuilder": {"recentering_boxsize": 4}}}, "expected an odd number"),
        ({"psf": {"taper_pix": [10, 6]}}, "the inner first"),
        ({"psf": {"norm_radius_pix": 28}}, "at most half of psf.size"),
        ({"psf": {"local_background": {"rin_pix": 30}}}, "rin_pix below psf.local_background.rout_pix"),
        ({"psf": {"local_background": {"rin_pix": 40, "rout_pix": 50}}}, "begins within the stamp"),
        ({"stars": {"mode": "gaia"}}, "reference stars in inputs.gaia"),
        ({"stars": {"gaia_mag_max": 9}}, "stars.gaia_mag_min below stars.gaia_mag_max"),
        ({"stars": {"gaia_forced_rmin_pix": 20}}, "not above stars.gaia_forced_rmax_pix"),
        ({"patches": {"halo_max_pix": 10}}, "patches.halo_min_pix not above"),
        ({"figures": {"montage": {"model_percentiles": [99, 1]}}}, "the lower first"),
        ({"zeropoint": {"color_bands": ["g", "g"]}}, "two different bands"),
        ({"inject": {"depth_range_mag": [-60, 1]}}, "two magnitudes from -20 to 10"),
        ({"inject": {"depth_range_mag": [-1, 11]}}, "two magnitudes from -20 to 10"),
        ({"inject": {"depth_range_mag": [1, -5]}}, "the first (bright) below the second"),
    ],
)
def test_values_that_contradict_each_other(mapping, message):
    assert any(message in found for found in problems(mapping))


def test_a_faulty_key_hides_only_the_checks_that_need_it():
    found = problems({"psf": {"size": "big", "stamp_size": 62}, "patches": {"halo_max_pix": 1}})
    assert [text.split(":")[0] for text in found] == ["psf.size", "psf.stamp_size", "patches.halo_min_pix"]


def test_relative_input_paths_begin_at_the_config_file(tmp_path):
    mapping = {
        "inputs": {
            "images": [{"path": "x/a.fits", "weight": "../w.fits", "psf": "/abs/p.fits"}],
            "catalog": "~/cat.csv",
            "gaia": None,
        }
    }
    inputs = load_config(mapping, tmp_path / "field 1").inputs
    assert inputs.images[0].path == str(tmp_path / "field 1/x/a.fits")
    assert inputs.images[0].weight == str(tmp_path / "w.fits")
    assert inputs.images[0].psf == "/abs/p.fits"
    assert inputs.catalog.startswith("/")
    assert "~" not in inputs.catalog
    assert inputs.gaia is None


@pytest.mark.parametrize("mapping", [None, 3, [], "psf"])
def test_what_is_no_mapping_is_refused(mapping):
    with pytest.raises(ConfigError, match="expected sections of keys"):
        load_config(mapping, "/base")


names = st.sampled_from(sorted({part for key in keys() for part in key.path.replace("[]", "").split(".")})) | st.text()
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["1e-6", "off", "nan"])
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.integers(), inner, max_size=4)
)


@pytest.mark.slow
@given(st.dictionaries(names, trees, max_size=5))
def test_nothing_but_a_config_error_is_ever_raised(mapping):
    try:
        found = load_config(mapping, "/base")
    except ConfigError as error:
        found = error.problems
    assert isinstance(found, Config) or (found and all(found))
