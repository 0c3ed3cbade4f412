"""Model to YAML and back, the canonical form and its hash, whatever the values, the order and the spelling."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.config.canonical import canonical, config_hash, differences
from swath.config.describe import describe
from swath.config.keys import items_of, keys, section_of, value_at
from swath.config.load import load_config
from swath.config.model import Config
from swath.config.values import kinds
from swath.config.yamltext import flow, render

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def _limits(field):
    names = ("ge", "gt", "le", "lt")
    found = {name: getattr(limit, name) for limit in field.metadata for name in names if hasattr(limit, name)}
    low, high = found.get("ge", found.get("gt", -1e6)), found.get("le", found.get("lt", 1e6))
    return low, high, {"exclude_min": "gt" in found, "exclude_max": "lt" in found}


def _scalar(kind, field):
    low, high, open_ends = _limits(field)
    if kind is str:
        return st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.+-]{0,8}\Z") if "pattern" in str(field.metadata) else TEXT
    whole = st.integers(int(low) + open_ends["exclude_min"], int(high))
    options = {bool: st.booleans(), int: whole, float: st.floats(low, high, **open_ends), type(None): st.none()}
    return options.get(kind, st.just(kind))


def values_of(field):
    if section_of(field):
        return sections_of(section_of(field))
    if items_of(field):
        return st.lists(sections_of(items_of(field)), max_size=3)
    options = list(kinds(field.annotation))
    if "tuple" in str(field.annotation):
        item = options[0]
        if isinstance(item, str):
            return st.lists(st.sampled_from(options), min_size=1, max_size=3)
        count = str(field.annotation).count(item.__name__)
        return st.lists(_scalar(item, field), min_size=count, max_size=count)
    return st.one_of([_scalar(kind, field) for kind in options])


def sections_of(model):
    required = {name: values_of(field) for name, field in model.model_fields.items() if field.is_required()}
    optional = {name: values_of(field) for name, field in model.model_fields.items() if not field.is_required()}
    return st.fixed_dictionaries(required, optional=optional)


configs = sections_of(Config).map(Config.model_validate)


def shuffled(value, generator):
    if isinstance(value, list):
        return [shuffled(item, generator) for item in value]
    if not isinstance(value, dict):
        return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
    names = generator.sample(list(value), len(value))
    return {name: shuffled(value[name], generator) for name in names}


@settings(max_examples=50)
@given(configs, st.booleans())
def test_yaml_of_any_config_loads_to_that_config(config, comments):
    text = render(config, comments)
    assert Config.model_validate(yaml.safe_load(text)) == config


@pytest.mark.slow
@settings(max_examples=50)
@given(configs, st.randoms(use_true_random=False))
def test_order_and_spelling_of_the_yaml_leave_no_trace(config, generator):
    other = Config.model_validate(shuffled(canonical(config), generator))
    assert json.dumps(canonical(other)) == json.dumps(canonical(config))
    assert config_hash(other) == config_hash(config)


@pytest.mark.slow
@given(configs, configs)
def test_hashes_are_equal_only_for_equal_configs(one, other):
    assert (config_hash(one) == config_hash(other)) == (one == other)


@pytest.mark.slow
@given(configs)
def test_differences_are_all_that_is_needed_to_repeat_a_config(config):
    mapping = {}
    for key, value, default in differences(config):
        assert value_at(Config(), key) == default
        assert value != default
        *way, name = key.split(".")
        section = mapping
        for part in way:
            section = section.setdefault(part, {})
        section[name] = value
    assert Config.model_validate(mapping) == config


def another(key):
    """A valid value that is not the default."""
    default, options = key.default, list(kinds(key.field.annotation))
    if items_of(key.field):
        return ["a.fits"]
    if isinstance(default, bool):
        return not default
    if isinstance(default, tuple) and default:
        return list(default[1:]) if isinstance(default[0], str) else [type(default[0])(default[0] * 0.99), default[1]]
    if isinstance(default, int | float):
        return default + 1 if int in options else default * 0.99 or 0.5
    if choices := [choice for choice in options if isinstance(choice, str) and choice != default]:
        return choices[0]
    if "tuple" in str(key.field.annotation):
        return [500.0] if float in options else ["i", "r", "g"][-str(key.field.annotation).count("str") :]
    if int in options:
        return 7
    low, high, _ = _limits(key.field)
    return (2000.0 if low < 2000 < high else (low + high) / 2) if float in options else "other"


def test_every_key_counts_in_the_hash():
    """A section left out of the canonical form would let a changed value pass unseen."""
    changed = [key for key in keys() if "[" not in key.path]
    mappings = [nested(key.path, another(key)) for key in changed]
    hashes = {config_hash(Config.model_validate(mapping)) for mapping in [{}, *mappings]}
    assert len(hashes) == 1 + len(changed)


def nested(path, value):
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def test_a_hash_with_base_is_the_same_wherever_the_folder_lies():
    mapping = {"inputs": {"images": ["data/a.fits"], "catalog": "c.csv"}}
    here, there = load_config(mapping, "/one"), load_config(mapping, "/two/three")
    assert config_hash(here) != config_hash(there)
    assert config_hash(here, "/one") == config_hash(there, "/two/three")


@pytest.mark.parametrize(
    ("value", "text"),
    [("y", "'y'"), ("1e-6", "'1e-6'"), ("off", "'off'"), (None, "null"), (True, "true"), ((1.0, 99.0), "[1.0, 99.0]")],
)
def test_text_that_some_yaml_reader_takes_for_something_else_is_quoted(value, text):
    assert flow(value) == text


def test_description_names_the_differences_and_is_a_config_itself():
    config = load_config({"inputs": {"images": ["a.fits", {"path": "b.fits", "band": "r"}]}, "psf": {"ngrid": 2}}, "/x")
    text = describe(config)
    assert f"# swath configuration {config_hash(config)}" in text
    assert "# 2 keys differ from their defaults:" in text
    assert "#   psf.ngrid: 2  (default 7)" in text
    assert "    - {path: /x/b.fits, band: r}" in text
    assert load_config(yaml.safe_load(text), "/elsewhere") == config
