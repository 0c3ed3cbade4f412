"""The one module that knows Snakemake: what the Snakefile asks for, and a run started from Python."""

import atexit
import json
import logging
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from . import commandline
from .checks.current import current_rows, verdict
from .checks.place import fullness
from .checks.rows import Row, raise_errors
from .config.canonical import canonical, config_hash, differences
from .config.keys import value_at
from .config.load import load_config
from .config.model import Config
from .config.paths import relative
from .config.yamlfile import read_yaml
from .config.yamltext import flow
from .errors import SwathError
from .explore.bands import check_bands
from .figures import (
    Names,
    figure_files,
    patch_figures,
    psf_figures,
    record_of,
    source_figures,
    zeropoint_figures,
)
from .lastword import LastWord, stop
from .logs import run_log
from .plan import Plan, make_plan, stored_plan
from .provenance.code import fingerprint
from .provenance.digests import stamp
from .simulate.derive import TILE as TEST_FIELD
from .simulate.derive import derive, plan_of

ROOT = Path(__file__).parents[2]
READERS = ("verify", "provenance", "show_config")  # targets that compute nothing: they work whatever the inputs are
ASKED_ABOUT = ("source", "file")  # what `snakemake provenance --config source=...` asks about: no keys of a config
InputFunction = Callable[[Any], Sequence[str] | Mapping[str, str]]
ParamFunction = Callable[[Any], Any]


class Setup:
    """Configs, plans and code fingerprints of a run's tiles, as the rules use them.

    Parameters
    ----------
    config : the checked configuration. base : the folder that its relative paths begin from.
    reading : nothing will be made; the plan is taken as it is stored.
    """

    def __init__(self, config: Config, base: Path, reading: bool = False) -> None:
        self.word = LastWord(Path.cwd(), partial(fullness, Path(config.results).absolute()))
        self.config, self.base, self.reading = config, base, reading
        self.out = f"{config.results}/{{tile}}"
        self.configs = {config.tile: config, TEST_FIELD: derive(config)}
        stored = Path(config.results) / config.tile / "plan.json"
        self.plans = {config.tile: stored_plan(config.tile, stored) if reading else make_plan(config, stored)}
        self.wanted: dict[str, None] = {}
        if not reading:
            check_bands(config.explore, self.plans[config.tile].bands)

    @property
    def tiles(self) -> list[str]:
        """Names of the tiles: the user's first, then those derived from it."""
        return list(self.configs)

    def plan(self, wildcards: Any) -> Plan:
        """The plan of a job's tile; that of the simulated one is made when it is asked for."""
        self.wanted[wildcards.tile] = None
        if wildcards.tile not in self.plans:
            self.plans[wildcards.tile] = plan_of(self.configs[wildcards.tile])
        return self.plans[wildcards.tile]

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

    def memory(self, bytes_per_pixel: float) -> Callable[[Any], int]:
        """Memory [MB] of a job that holds whole images of its tile: what was measured per pixel, and the imports."""
        return lambda wildcards: int(600 + bytes_per_pixel * math.prod(self.plan(wildcards).shape) / 1e6)

    def _canonical(self, wildcards: Any, key: str) -> Any:
        value = value_at(self.configs[wildcards.tile], key)
        return canonical(value) if hasattr(value, "model_dump") else value

    @staticmethod
    @cache
    def code(script: str) -> str:
        """Fingerprint of the modules that `scripts/<script>.py` imports."""
        return fingerprint(ROOT / "scripts" / f"{script}.py")

    def image(self, wildcards: Any) -> dict[str, Any]:
        """The image entry of a band."""
        return self.plan(wildcards).images[wildcards.band]

    def image_files(self, wildcards: Any) -> dict[str, str]:
        """Files of a band: image and, where given, weight and mask."""
        entry = self.image(wildcards)
        return {
            name: entry[key] for name, key in (("image", "path"), ("weight", "weight"), ("mask", "mask")) if entry[key]
        }

    def psf_files(self, wildcards: Any) -> list[str]:
        """Supplied PSF images, in band order; none unless `psf.method` is supplied."""
        if self.configs[wildcards.tile].psf.method != "supplied":
            return []
        return [entry["psf"] for entry in self.plan(wildcards).images.values()]

    def optional(self, *keys: str) -> InputFunction:
        """Input function: the files that config keys name, where they name one."""
        return lambda wildcards: [
            path for key in keys if (path := value_at(self.configs[wildcards.tile], key)) is not None
        ]

    def stamps(self, files: InputFunction) -> ParamFunction:
        """Parameter: what tells a user's file from another of its name, whatever their times of change.

        Snakemake reruns for newer inputs only; a file put in place with an older date would go unnoticed. Simulated
        files are products, which Snakemake follows by itself.
        """
        return lambda wildcards: [
            stamp(path) for path in _paths(files(wildcards)) if wildcards.tile == self.config.tile
        ]

    def each_band(self, pattern: str) -> InputFunction:
        """Input function: `pattern` under the tile's folder for every band, in order."""
        return lambda wildcards: self._each(wildcards, pattern, "band", self.plan(wildcards).bands)

    def each_cell(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for every cell in use."""
        return lambda wildcards: self._each(wildcards, pattern, "cell", list(self.plan(wildcards).cells))

    def each_patch(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for every patch in use."""
        return lambda wildcards: self._each(wildcards, pattern, "patch", self.plan(wildcards).patch_tags)

    def own_cell(self, pattern: str) -> Callable[[Any], str]:
        """Input function: `pattern` for the cell of the patch."""
        return lambda wildcards: self._path(wildcards, pattern, cell="_".join(wildcards.patch.split("_")[:2]))

    @property
    def calibrated(self) -> bool:
        """Are there reference stars, and are they used?"""
        return bool(self.config.inputs.gaia) and self.config.gaia.enabled and self.config.zeropoint.enabled

    def tell(self) -> None:
        """Say at the end of a run what came of it."""
        from .summary import summary

        self.word.forget()
        for tile in self.wanted:
            print(summary(Path(self.out.format(tile=tile))), file=sys.stderr)

    def figures(self) -> list[str]:
        """All figures that the config asks for."""
        return self.products(*(f"figures/{name}" for name in self._figure_names()))

    def pages(self) -> list[str]:
        """The catalogue browser and the stamps beside it, where the config asks for them."""
        if not self.config.explore.enabled:
            return []
        stamps = (f"explore/stamps/{patch}.png" for patch in self.plans[self.config.tile].patch_tags)
        return self.products("explore/index.html", *stamps)

    def picture_frames(self, wildcards: Any) -> list[str]:
        """Input function: frames of the three bands of the browser's picture; none for the white stack."""
        return self._each(wildcards, "frames/{band}.fits", "band", self.configs[wildcards.tile].explore.rgb or ())

    def figure_outputs(self, group: str) -> Names:
        """Outputs of the figure rule `psf`, `patch`, `sources` or `zeropoint`: those switched on, with wildcards.

        A rule's outputs cannot depend on the tile: they are those of the user's.
        """
        names = {
            "psf": psf_figures(self.config.figures),
            "patch": patch_figures(self.config.figures),
            "sources": source_figures(self.config.figures),
            "zeropoint": zeropoint_figures(self.plans[self.config.tile].bands),
        }[group]
        return {kind: [f"{self.out}/figures/{name}" for name in group] for kind, group in names.items()}

    def figure_records(self, wildcards: Any) -> list[str]:
        """Input function: records of the figure jobs of the user's tile; none of the other tiles', which have none."""
        if wildcards.tile != self.config.tile:
            return []
        return self.products(*dict.fromkeys(f"records/{record_of(name)}" for name in self._figure_names()))

    def _figure_names(self) -> list[str]:
        return figure_files(self.config.figures, self.plans[self.config.tile], self.calibrated)

    def products(self, *names: str) -> list[str]:
        """Named products of the user's tile."""
        return [f"{self.out.format(tile=self.config.tile)}/{name}" for name in names]

    @staticmethod
    def parts(plan: Plan) -> dict[str, list[str]]:
        """Names of a tile's bands, cells and patches."""
        return {"bands": plan.bands, "cells": list(plan.cells), "patches": plan.patch_tags}

    def own(self, paths: Sequence[str], *left_out: str) -> InputFunction:
        """Input function: those of `paths` that lie in the job's tile, without the named products."""
        return lambda wildcards: [
            str(path)
            for path in paths
            if path.startswith(f"{(folder := self.out.format(tile=wildcards.tile))}/")
            and path.removeprefix(f"{folder}/") not in left_out
        ]

    def recorded_tiles(self, wanted: Sequence[str]) -> ParamFunction:
        """Parameter: folder of each tile that has records, and of the user's own, to what is asked for in it.

        What is asked for is not known of a tile that is not planned in this run (None).
        """
        folders = {self.out.format(tile=tile): self.plans.get(tile) for tile in self.tiles}
        return lambda wildcards: {
            folder: self.parts(plan) | {"products": [str(path) for path in wanted]} if plan and plan.images else None
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
            key: str(commandline.given(sys.argv[1:], key) or mapping[key]) for key in ASKED_ABOUT if key in mapping
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
        return current_rows(self.config, Path(self.out.format(tile=self.config.tile), "plan.json"))

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
        from .config.describe import describe

        return describe(self.config, self.base)

    def write_snapshots(self) -> None:
        """Keep what this run was started with beside each tile's products."""
        from .config.snapshot import package_versions, write_snapshot

        versions = package_versions()
        for tile in self.wanted:
            write_snapshot(self.configs[tile], self.out.format(tile=tile) + "/runs", sys.argv, versions, self.base)

    def _each(self, wildcards: Any, pattern: str, name: str, values: Sequence[str]) -> list[str]:
        return [self._path(wildcards, pattern, **{name: value}) for value in values]

    def _path(self, wildcards: Any, pattern: str, **values: str) -> str:
        return f"{self.out.format(tile=wildcards.tile)}/{pattern.format(**values)}"


def _paths(files: Sequence[str] | Mapping[str, str]) -> list[str]:
    return list(files.values()) if isinstance(files, Mapping) else list(files)


def setup(workflow: Any, mapping: Mapping[str, Any]) -> Setup:
    """Check the config that Snakemake read, look at the inputs and plan the run.

    Relative paths begin at the folder of the last config file. A user's mistake ends the process with its sentences
    as the last thing printed.
    """
    given = [Path(path) for path in workflow.overwrite_configfiles]
    base = given[-1].resolve().parent if given else ROOT / "config"
    try:
        for path in given:
            read_yaml(path)
        config = load_config({key: value for key, value in mapping.items() if key not in ASKED_ABOUT}, base)
        reading = bool(commandline.targets(sys.argv[1:], READERS))
        prepared = Setup(config, base, reading)
        if workflow.is_main_process and not reading:
            raise_errors(prepared.inputs())
    except SwathError as error:
        stop(str(error))
    _environment(config)
    if workflow.is_main_process:
        _listen(prepared.word)
    return prepared


def _listen(word: LastWord) -> None:
    """Let Snakemake tell which jobs fail, and speak when the process ends."""
    from snakemake.logging import logger

    logging.raiseExceptions = False  # a log on a full disk: what matters is said by the last word
    logger.addHandler(word)
    atexit.register(word.speak)


def _environment(config: Config) -> None:
    """What jobs inherit: the checkout on the module path, one thread each, and where to log."""
    package = str(ROOT / "workflow")
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != package]
    os.environ["PYTHONPATH"] = os.pathsep.join([package, *paths])
    # Threaded linear algebra sums in another order for another number of cores: one thread, the same bytes.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    log = canonical(config.log)
    if log["file"] == "auto":
        log["file"] = f"{config.results}/{{tile}}/run.log"
    os.environ["SWATH_LOG"] = json.dumps(log)


def run(
    config: str | Path, *targets: str, cores: int = 1, directory: str | Path = ".", options: Sequence[str] = ()
) -> int:
    """Run the workflow from Python (a notebook, say) and return Snakemake's exit code.

    Parameters
    ----------
    config : the config file. targets : rules or files, all products without any. cores : how many to use.
    directory : the working directory. options : further command-line options of Snakemake.
    """
    try:
        read_yaml(config)
    except SwathError as error:
        print(error, file=sys.stderr)
        return 1
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        str(ROOT / "Snakefile"),
        "--configfile",
        str(Path(config).resolve()),
    ]
    place = ["--directory", str(directory), "--cores", str(cores)]
    return subprocess.run([*command, *place, *options, "--", *targets], check=False).returncode
