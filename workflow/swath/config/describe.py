"""The effective configuration for people: YAML, hash, and what differs from the defaults."""

from pathlib import Path

from .canonical import config_hash, differences
from .model import Config
from .yamltext import flow, render


def describe(config: Config, base: str | Path | None = None) -> str:
    """The effective configuration as YAML that can be used as a config file; hash and differences are comments.

    `base` is for the hash (see `canonical.config_hash`).
    """
    changed = [f"#   {key}: {flow(value)}  (default {flow(default)})" for key, value, default in differences(config)]
    counted = {0: "No key differs from its default.", 1: "1 key differs from its default:"}
    head = counted.get(len(changed), f"{len(changed)} keys differ from their defaults:")
    return "\n".join([f"# swath configuration {config_hash(config, base)}", f"# {head}", *changed, "", render(config)])
