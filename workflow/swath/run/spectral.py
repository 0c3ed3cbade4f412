"""Spectra of targets: what a run is asked for, and which files the jobs of a batch and of a target read."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..archive.batches import batch_names
from ..archive.ledger import FOLDER as LEDGER
from ..archive.ledger import failed_jobs
from .compared import Compared
from .lastword import stop
from .tiles import InputFunction

# What each stage leaves behind, in the tile's folder; {batch} and {target} stand for all of them.
STAGES = {
    "query": ("query/targets.ecsv", "query/observations.ecsv", "query/query_summary.json"),
    "download": ("download/{batch}.parquet",),
    "aperture": ("photometry.parquet", "photometry.ecsv"),
    "lightcurve": tuple(
        f"targets/{{target}}/{name}"
        for name in ("lightcurve.csv", "lightcurve.ecsv", "lightcurve.vot", "spectrum.csv", "photometry.json")
    ),
    "spectrum_plot": ("targets/{target}/combined_plot.png", "targets/{target}/summary_plot.png"),
}
# The rules that do the work of each stage.
RULES = {
    "query": ("query",),
    "download": ("batches", "download"),
    "aperture": ("aperture", "photometry"),
    "lightcurve": ("lightcurve",),
    "spectrum_plot": ("spectrum_plot",),
}


class Spectral(Compared):
    """Names and input functions of the rules from `query` to `spectrum_plot`."""

    @property
    def target_names(self) -> str:
        """Wildcard constraint: the folders of the targets."""
        return "|".join(map(re.escape, self.plans[self.config.tile].targets)) or "(?!)"

    def spectra(self) -> list[str]:
        """What the stages of the config make, for all targets."""
        if not self.config.spectral:
            return []
        return [path for stage in self.config.stages for name in STAGES[stage] for path in self._expanded(name)]

    def asked_files(self, wildcards: Any) -> list[str]:
        """Input function of `query`: the table of targets and what stands in for an archive, a folder by its images."""
        config = self.configs[wildcards.tile]
        named = [config.targets.table] + [config.archive.list] * (config.archive.service == "list")
        return [path for name in named if name for path in _images_in(name)]

    def area_maps(self, wildcards: Any) -> list[str]:
        """Input function of `aperture`: maps of the pixels' solid angles, where the config names a folder of them."""
        folder = self.configs[wildcards.tile].aperture.solid_angle_maps
        return _images_in(folder) if folder else []

    def failed_before(self, wildcards: Any) -> int:
        """Parameter of `download`: jobs of this batch that left files unfetched; one more, and it is tried again.

        It is the same in the next run unless another job has failed since, or the run is to fetch nothing: then it is
        what the last job was told, and what is there is good enough.
        """
        config = self.configs[wildcards.tile]
        fetches = config.archived or "download" in config.stages
        return failed_jobs(Path(self.out.format(tile=wildcards.tile), LEDGER), wildcards.batch, not fetches)

    def in_batches(self, pattern: str) -> list[str]:
        """`pattern`, a path with the wildcard `batch`, for every batch."""
        return [pattern.replace("{batch}", batch) for batch in batch_names(self.config.download.batches)]

    def each_batch(self, pattern: str) -> InputFunction:
        """Input function: `pattern` under the tile's folder for every batch."""
        return lambda wildcards: self._each(wildcards, pattern, "batch", self.plan(wildcards).batches)

    def keep_to_stages(self, rules: Collection[str]) -> None:
        """End the process with a sentence when `rules`, which are to run, do the work of stages that were left out."""
        if sentence := self.left_out(rules):
            stop(sentence)

    def write_states(self) -> None:
        """Say beside each target's products how far it is."""
        if self.config.spectral and not self.reading:
            from .states import write_states

            write_states(self.config, self.plans[self.config.tile], Path(self.out.format(tile=self.config.tile)))

    def left_out(self, rules: Collection[str]) -> str:
        """A sentence when a run is about to do the work of stages that the config leaves out; else ''."""
        stages = [name for name, names in RULES.items() if name not in self.config.stages and rules & set(names)]
        if not self.config.spectral or not stages:
            return ""
        return (
            f"stages: {', '.join(self.config.stages)} cannot do without {', '.join(stages)}, whose products are "
            f"missing or older than what they are made from; add {'it' if len(stages) == 1 else 'them'} to stages"
        )

    def _expanded(self, name: str) -> list[str]:
        plan = self.plans[self.config.tile]
        parts: dict[str, Any] = {"batch": plan.batches, "target": plan.targets}
        for wildcard, values in parts.items():
            if f"{{{wildcard}}}" in name:
                return self.products(*(name.format(**{wildcard: value}) for value in values))
        return self.products(name)


def _images_in(path: str) -> list[str]:
    """The FITS files of a folder; a file itself."""
    names = (".fits", ".fits.gz", ".fits.fz", ".fit", ".fts")
    folder = Path(path)
    return sorted(str(file) for file in folder.rglob("*") if file.name.endswith(names)) if folder.is_dir() else [path]
