"""The comparison of engines: which patches it takes, and what the fit's rules are told of their engine."""

import hashlib
import sys
from typing import Any

from ..checks.rows import Row
from . import commandline
from .injection import Injection

TARGET = "compare_engines"


class Compared(Injection):
    """Parameters of the rules `fit` and `compare_*`."""

    def fit_settings(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: section `fit`; how the Tractor is driven only where it fits."""
        native = self.configs[wildcards.tile].fit.engine == "native"
        return self.settings_without("fit", *(["tractor"] if native else []))(wildcards)

    def compared_patches(self) -> list[str]:
        """Names of the patches of the user's tile that both engines fit, in the plan's order."""
        tags = self.plans[self.config.tile].patch_tags
        chosen = set(sorted(tags, key=_shuffled)[: self.config.compare.patches])
        return [tag for tag in tags if tag in chosen]

    def compared(self, pattern: str) -> list[str]:
        """A product of every compared patch."""
        return self.products(*(pattern.format(patch=patch) for patch in self.compared_patches()))

    def engine_rows(self) -> list[Row]:
        """The Tractor among the inputs, where this run needs it."""
        if self.config.fit.engine != "tractor" and not commandline.named(sys.argv[1:], TARGET):
            return []
        from ..checks.engine import engine_row

        return [engine_row()]


def _shuffled(tag: str) -> str:
    return hashlib.sha256(tag.encode()).hexdigest()
