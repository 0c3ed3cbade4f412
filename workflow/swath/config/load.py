"""From the mapping that Snakemake read to a checked configuration."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import ConfigError
from .checks import contradictions
from .model import Config
from .paths import absolute
from .problems import sentences, shown


def load_config(mapping: Mapping[str, Any], base: str | Path) -> Config:
    """Check a configuration and make its input paths absolute.

    Parameters
    ----------
    mapping : nested mapping, as YAML or Snakemake give it; what it leaves out takes its default.
    base : folder from which relative input paths begin: that of the config file.

    Raises
    ------
    ConfigError : with every problem at once: unknown keys, wrong types, impossible values, contradictions.
    """
    given = _plain(mapping)
    if not isinstance(given, dict):
        raise ConfigError(f"the configuration is {shown(given)}; expected sections of keys, as in config/config.yaml")
    try:
        config, faults = Config.model_validate(given), {}
    except ValidationError as error:
        faults = sentences(error, given)
        config = Config.model_validate(_without(given, [problem["loc"] for problem in error.errors()]))
    problems = [*faults.values(), *contradictions(config, faults)]
    if problems:
        plural = "problem" if len(problems) == 1 else "problems"
        raise ConfigError(problems, f"{len(problems)} {plural} in the configuration (keys: config/README.md)")
    return absolute(config, base)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {"null" if name is None else str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _without(given: dict, locations: Iterable[tuple]) -> dict:
    """A copy of `given` that lacks the faulty keys, so that the others can still be checked against each other."""
    for location in locations:
        given = _cut(given, *location)
    return given


def _cut(given: dict, first: Any, *rest: Any) -> dict:
    inner = given.get(first)
    if rest and isinstance(inner, dict) and rest[0] in inner:
        return {**given, first: _cut(inner, *rest)}
    return {name: value for name, value in given.items() if name != first}
