"""Config files as they were typed: PyYAML lets the last of two equal keys win, without a word."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError
from .load import load_config
from .model import Config


def load_file(path: str | Path) -> Config:
    """Read and check a config file; relative input paths begin at its folder.

    Raises
    ------
    ConfigError : no such file, no YAML, repeated keys, or what `load_config` finds.
    """
    return load_config(read_yaml(path), Path(path).parent)


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML file.

    Raises
    ------
    ConfigError : no such file, no YAML, or keys that stand twice in one section (all of them, with line numbers).
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except FileNotFoundError:
        raise ConfigError(f"no config file {path}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        repeated = list(_repeated(tree))
    except RecursionError:
        raise ConfigError(f"{path}: a section refers to itself (&name and *name); write it out") from None
    if repeated:
        raise ConfigError(repeated, f"{path}: keys that stand twice in one section; keep one of each")
    return {} if content is None else content


def _repeated(node: yaml.Node | None, path: str = "") -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{number}]")
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for name, value in node.value:
        here, line = f"{path}.{name.value}".lstrip("."), name.start_mark.line + 1
        if here in lines:
            yield f"{here}: lines {lines[here]} and {line}"
        lines.setdefault(here, line)
        yield from _repeated(value, here)
