"""What the rules pass on: values of the config in canonical form, code fingerprints, memory."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..config.canonical import canonical
from ..config.keys import value_at
from ..provenance.code import fingerprint
from ..provenance.digests import stamp
from .tiles import InputFunction, Tiles

ROOT = Path(__file__).parents[3]
ParamFunction = Callable[[Any], Any]


class Values(Tiles):
    """Parameters of the rules that compute."""

    def settings(self, *keys: str) -> ParamFunction:
        """Parameter: a section or a leaf of the tile's config, canonical; several as a dict by their last names.

        Canonical means typed and in model order: neither the order of YAML keys nor 1 for 1.0 reruns anything.
        """
        if len(keys) == 1:
            return lambda wildcards: self._canonical(wildcards, keys[0])
        names = [key.rsplit(".", 1)[-1] for key in keys]
        if len(set(names)) < len(names):
            raise ValueError(f"two of {', '.join(keys)} have one last name")
        return lambda wildcards: {name: self._canonical(wildcards, key) for name, key in zip(names, keys, strict=True)}

    def settings_without(self, section: str, *left_out: str) -> ParamFunction:
        """Parameter: a section in canonical form without the keys that the rule does not use."""
        return lambda wildcards: {
            name: value for name, value in self._canonical(wildcards, section).items() if name not in left_out
        }

    @staticmethod
    def aside(parameter: ParamFunction) -> Callable[[Any, Any], Any]:
        """Parameter: the same, but nothing runs again when it changes: how something is had, not what.

        Snakemake takes parameters that look at the job's resources for a consequence of it, and compares the others.
        """
        return lambda wildcards, resources: parameter(wildcards)

    def forced_fit(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: the section `fit` for bands that are measured with positions and shapes given."""
        return self._canonical(wildcards, "fit") | {"mode": "forced", "models": "catalog"}

    def memory(self, bytes_per_pixel: float) -> Callable[[Any], int]:
        """Memory [MB] of a job that holds whole images of its tile: what was measured per pixel, and the imports."""
        return lambda wildcards: int(600 + bytes_per_pixel * math.prod(self.plan(wildcards).shape) / 1e6)

    @staticmethod
    def code(script: str) -> ParamFunction:
        """Parameter: fingerprint of the modules that `scripts/<script>.py` imports.

        A cluster job, which reads all rules again, works out its own rule's alone.
        """
        return lambda wildcards: _fingerprint(script)

    def stamps(self, files: InputFunction) -> ParamFunction:
        """Parameter: what tells a user's file from another of its name, whatever their times of change.

        Snakemake reruns for newer inputs only; a file put in place with an older date would go unnoticed. Products,
        simulated files and images on a grid among them, Snakemake follows by itself.
        """
        own = f"{self.out.format(tile=self.config.tile)}/"
        return lambda wildcards: [
            stamp(path)
            for path in _paths(files(wildcards))
            if wildcards.tile == self.config.tile and not path.startswith(own)
        ]

    def _canonical(self, wildcards: Any, key: str) -> Any:
        value = value_at(self.configs[wildcards.tile], key)
        return canonical(value) if hasattr(value, "model_dump") else value


@cache
def _fingerprint(script: str) -> str:
    return fingerprint(ROOT / "scripts" / f"{script}.py")


def _paths(files: Sequence[str] | Mapping[str, str]) -> list[str]:
    return list(files.values()) if isinstance(files, Mapping) else list(files)
