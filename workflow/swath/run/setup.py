"""All that the Snakefile asks for: tiles, parameters, figures, and what is said before and after a run."""

import logging
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..checks.current import current_rows, verdict
from ..checks.place import fullness
from ..checks.rows import Row
from ..config.canonical import config_hash, differences
from ..config.model import Config
from ..config.paths import relative
from ..config.yamltext import flow
from ..explore.bands import check_bands
from ..inject.derive import number_of
from ..logs import run_log
from ..summary import logged, summary
from . import commandline
from .lastword import LastWord
from .shown import Shown
from .tiles import TEST_FIELD
from .values import ParamFunction

ASKED_ABOUT = ("source", "file")  # what `snakemake provenance --config source=...` asks about: no keys of a config

COMPARED = "compare/engines.html"
INJECTED = ("inject/verdict.json", "inject/summary.csv", "inject/inject.png")


class Setup(Shown):
    """A run as the rules see it."""

    def __init__(self, config: Config, base: Path, reading: bool = False, main: bool = True) -> None:
        super().__init__(config, base, reading, main)
        self.word = LastWord(Path.cwd(), partial(fullness, Path(config.results).absolute()))
        self.begin = {tile: logged(Path(self.out.format(tile=tile))) for tile in self.tiles}
        if not reading:
            check_bands(config.explore, self.plans[config.tile].bands)

    def tell(self, rules: Collection[str]) -> None:
        """Say at the end of a run what came of it; last, where known sources were among its rules, their verdict."""
        from ..inject.words import closing as told
        from ..truth.tell import closing

        self.word.forget()
        for tile in self.wanted:
            if number_of(tile) is None:
                folder, targets = Path(self.out.format(tile=tile)), self.plans[tile].targets
                print(summary(folder, self.begin[tile], targets), file=sys.stderr)
        if "inject_summary" in rules or "inject" in rules:
            self.word.texts.append(f"\n{told(*self.products(*INJECTED))}")
        if "compare_engines" in rules:
            self.word.texts.append(f"\nboth engines: {self.products(COMPARED)[0]}")
        if "test_field" in rules:
            self.word.texts.append(f"\n{closing(Path(self.out.format(tile=TEST_FIELD), 'truth/verdict.json'))}")

    def recorded_tiles(self, wanted: Sequence[str]) -> ParamFunction:
        """Parameter: folder of each tile that has records, and of the user's own, to what is asked for in it.

        What is asked for is not known of a tile that is not planned in this run (None).
        """
        folders = {self.out.format(tile=tile): self.plans.get(tile) for tile in self.tiles}
        return lambda wildcards: {
            folder: self.parts(plan) | {"products": [str(path) for path in wanted]}
            if plan and (plan.images or plan.targets)
            else None
            for folder, plan in folders.items()
            if folder == self.out.format(tile=self.config.tile) or Path(folder, "records").is_dir()
        }

    @staticmethod
    def typed_options(wildcards: Any) -> list[str]:
        """Parameter: the user's command line as typed, without its targets."""
        return commandline.options(sys.argv[1:])

    def asked_about(self, mapping: Mapping[str, Any]) -> ParamFunction:
        """Parameter: the source or file that `--config` names, as typed."""
        return lambda wildcards: {
            key: str(commandline.given(sys.argv[1:], key) or mapping[key]) for key in ASKED_ABOUT if mapping.get(key)
        }

    def changed(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: hash of the tile's configuration, and its differences from the defaults in words."""
        config = self.configs[wildcards.tile]
        changes = [
            [key, flow(value), flow(default)] for key, value, default in differences(relative(config, self.base))
        ]
        return {"hash": config_hash(config, self.base), "changed": changes}

    def inputs(self) -> list[Row]:
        """What was found of the user's inputs, with the folder of the products as it is now."""
        rows = current_rows(self.config, Path(self.out.format(tile=self.config.tile), "plan.json"))
        return rows + self.engine_rows()

    def checked(self, wildcards: Any) -> str:
        """Parameter: the table of all inputs, which the main process prints last."""
        self.word.texts = [verdict(self.inputs())]
        return self.word.texts[0]

    def note_inputs(self) -> None:
        """Keep the notes about the inputs in the run log, as warnings, when something is made from them."""
        noted = None if self.reading or self.config.tile not in self.wanted else run_log(self.config.tile)
        if noted is None:
            return
        for note in (note for row in self.inputs() for note in row.notes):
            noted.handle(logging.LogRecord("swath.checks", logging.WARNING, __file__, 0, note, None, None))

    def describe(self) -> str:
        """The effective configuration for people."""
        from ..config.describe import describe

        return describe(self.config, self.base)

    def write_snapshots(self) -> None:
        """Keep what this run was started with beside each tile's products."""
        from ..config.snapshot import package_versions, write_snapshot

        versions = package_versions()
        for tile in self.wanted:
            write_snapshot(self.configs[tile], self.out.format(tile=tile) + "/runs", sys.argv, versions, self.base)
