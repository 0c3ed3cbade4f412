"""One spelling of a configuration: for comparing, hashing and handing over."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from .base import Section
from .keys import keys, value_at
from .model import Config
from .paths import relative

HASH_DIGITS = 12


class Difference(NamedTuple):
    """A key whose value is not its default."""

    key: str
    value: Any
    default: Any


def canonical(section: Section) -> dict[str, Any]:
    """The section as plain JSON types, in model order: how the YAML was ordered or spelt leaves no trace."""
    return section.model_dump(mode="json")


def config_hash(config: Config, base: str | Path | None = None) -> str:
    """The first digits of the SHA-256 of the canonical form.

    With `base`, input paths below that folder count relative to it: the same config and inputs in another place
    have the same hash.
    """
    form = canonical(config if base is None else relative(config, base))
    text = json.dumps(form, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def differences(config: Config) -> list[Difference]:
    """The keys whose values are not the defaults, in model order."""
    default = Config()
    pairs = (
        (key.path, value_at(config, key.path), value_at(default, key.path)) for key in keys() if "[" not in key.path
    )
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]
