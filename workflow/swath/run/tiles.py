"""The tiles of a run: their configs and plans, and which files a job of theirs reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..config.keys import value_at
from ..config.model import Config
from ..errors import ConfigError
from ..inject import derive as injected
from ..plan import Plan, make_plan, stored_plan
from ..simulate.derive import TILE as TEST_FIELD
from ..simulate.derive import derive, plan_of

InputFunction = Callable[[Any], Sequence[str] | Mapping[str, str]]


class Tiles:
    """Configs and plans of the user's tile and of those derived from it; input functions of the rules.

    Parameters
    ----------
    config : the checked configuration. base : the folder that its relative paths begin from.
    reading : nothing will be made; the plan is taken as it is stored. main : this is the process that the user started,
        not one that works on a job of its run.
    """

    def __init__(self, config: Config, base: Path, reading: bool = False, main: bool = True) -> None:
        self.config, self.base, self.reading = config, base, reading
        self.out = f"{config.results}/{{tile}}"
        self.configs = {config.tile: config, TEST_FIELD: derive(config)}
        stored = Path(config.results) / config.tile / "plan.json"
        plan = stored_plan(config.tile, stored) if reading else make_plan(config, stored, trusted=not main)
        self.plans = {config.tile: plan}
        self.configs |= {tile: injected.derive(config, plan, tile) for tile in injected.tile_names(config)}
        self.wanted: dict[str, None] = {}

    @property
    def tiles(self) -> list[str]:
        """Names of the tiles: the user's first, then those derived from it."""
        return list(self.configs)

    def plan(self, wildcards: Any) -> Plan:
        """The plan of a job's tile; those of derived ones are made when they are asked for."""
        tile = wildcards.tile
        self.wanted[tile] = None
        if tile not in self.plans:
            derived = self.configs[tile]
            self.plans[tile] = (
                plan_of(derived) if tile == TEST_FIELD else injected.plan_of(derived, self.plans[self.config.tile])
            )
        return self.plans[tile]

    def products(self, *names: str) -> list[str]:
        """Named products of the user's tile."""
        return [f"{self.out.format(tile=self.config.tile)}/{name}" for name in names]

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
        """Supplied PSF images of the fitted bands, in order; none unless `psf.method` is supplied."""
        return self._supplied(wildcards, self.plan(wildcards).fitted)

    def added_psf_files(self, wildcards: Any) -> list[str]:
        """Supplied PSF images of the added bands, in order; none unless `psf.method` is supplied."""
        return self._supplied(wildcards, self.plan(wildcards).measured)

    def optional(self, *keys: str) -> InputFunction:
        """Input function: the files that config keys name, where they name one."""
        return lambda wildcards: [
            path for key in keys if (path := value_at(self.configs[wildcards.tile], key)) is not None
        ]

    def reference(self, wildcards: Any) -> list[str]:
        """Input function: the table of reference stars, the user's or a fetched one, where there is one."""
        config = self.configs[wildcards.tile]
        fetched = [f"{self.out.format(tile=wildcards.tile)}/query/reference.csv"] * config.fetches_reference
        return [config.inputs.gaia] if config.inputs.gaia else fetched

    def first_image(self, wildcards: Any) -> list[str]:
        """Input function: the image of the first band, which says where the field is."""
        return [next(iter(self.plan(wildcards).images.values()))["path"]]

    def each_band(self, pattern: str) -> InputFunction:
        """Input function: `pattern` under the tile's folder for every band, in order."""
        return lambda wildcards: self._each(wildcards, pattern, "band", self.plan(wildcards).bands)

    def each_fitted_band(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for every band that is fitted, in order: all but the added ones."""
        return lambda wildcards: self._each(wildcards, pattern, "band", list(self.plan(wildcards).fitted))

    def each_added_band(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for every added band, in order."""
        return lambda wildcards: self._each(wildcards, pattern, "band", list(self.plan(wildcards).measured))

    def where_added(self, files: InputFunction) -> InputFunction:
        """Input function: `files` where there are added bands, none elsewhere."""
        return lambda wildcards: files(wildcards) if self.plan(wildcards).added else []

    def only_added(self, files: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Input function: `files` of a job that is for added bands alone.

        Raises
        ------
        ConfigError : there are none, and this product of an earlier run was asked for by name.
        """

        def checked(wildcards: Any) -> Any:
            if not self.plan(wildcards).added:
                raise ConfigError(
                    "inputs.added_images: this product is for added bands alone, and the config adds none; "
                    "add a band, or leave this product out of the command"
                )
            return files(wildcards)

        return checked

    def each_cell(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for every cell in use."""
        return lambda wildcards: self._each(wildcards, pattern, "cell", list(self.plan(wildcards).cells))

    def psfs_of_band(self, wildcards: Any) -> list[str]:
        """Input function: the files that hold the PSFs of a band, of every cell in use."""
        folder = "epsf_added" if wildcards.band in self.plan(wildcards).added else "epsf"
        return self.each_cell(f"{folder}/{{cell}}.fits")(wildcards)

    def each_patch(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for every patch in use."""
        return lambda wildcards: self._each(wildcards, pattern, "patch", self.plan(wildcards).patch_tags)

    def own_cell(self, pattern: str) -> Callable[[Any], str]:
        """Input function: `pattern` for the cell of the patch."""
        return lambda wildcards: self._path(wildcards, pattern, cell="_".join(wildcards.patch.split("_")[:2]))

    def cells_around(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for the cells in use around that of the patch, where PSFs are interpolated."""
        return lambda wildcards: [
            self._path(wildcards, pattern, cell=cell)
            for cell in _around(wildcards.patch, self.plan(wildcards).cells)
            if self.configs[wildcards.tile].psf.interpolate
        ]

    def noise_files(self, wildcards: Any) -> list[str]:
        """Input function: the measured noise of every band, where the flux errors are to hold it."""
        wanted = self.configs[wildcards.tile].noise.correct_errors
        return self.each_band("noise/{band}.json")(wildcards) if wanted else []

    def this_cell(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for the cell itself."""
        return lambda wildcards: [self._path(wildcards, pattern, cell=wildcards.cell)]

    def own_patch(self, pattern: str) -> InputFunction:
        """Input function: `pattern` for the patch itself."""
        return lambda wildcards: [self._path(wildcards, pattern, patch=wildcards.patch)]

    def picture_frames(self, wildcards: Any) -> list[str]:
        """Input function: frames of the three bands of the browser's picture; none for the white stack."""
        return self._each(wildcards, "frames/{band}.fits", "band", self.configs[wildcards.tile].explore.rgb or ())

    def own(self, paths: Sequence[str], *left_out: str) -> InputFunction:
        """Input function: those of `paths` that lie in the job's tile, without the named products."""
        return lambda wildcards: [
            str(path)
            for path in paths
            if path.startswith(f"{(folder := self.out.format(tile=wildcards.tile))}/")
            and path.removeprefix(f"{folder}/") not in left_out
        ]

    @staticmethod
    def parts(plan: Plan) -> dict[str, list[str]]:
        """Names of a tile's bands, added bands, cells, patches, batches and targets."""
        names = {"bands": plan.bands, "added": list(plan.added)}
        names |= {"batches": list(plan.batches), "targets": list(plan.targets)}
        return names | {"cells": list(plan.cells), "patches": plan.patch_tags}

    def _supplied(self, wildcards: Any, images: Mapping[str, Mapping[str, Any]]) -> list[str]:
        supplied = self.configs[wildcards.tile].psf.method == "supplied"
        return [entry["psf"] for entry in images.values()] if supplied else []

    def _each(self, wildcards: Any, pattern: str, name: str, values: Sequence[str]) -> list[str]:
        return [self._path(wildcards, pattern, **{name: value}) for value in values]

    def _path(self, wildcards: Any, pattern: str, **values: str) -> str:
        tile = injected.origin(wildcards.tile) if pattern.startswith(injected.SHARED) else wildcards.tile
        return f"{self.out.format(tile=tile)}/{pattern.format(**values)}"


def _around(patch: str, tags: Iterable[str]) -> list[str]:
    """Those of the cells `tags` that touch the cell of a patch, in their order."""
    row, column = (int(part[1:]) for part in patch.split("_")[:2])
    near = {f"r{row + i:02d}_c{column + j:02d}" for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)}
    return [tag for tag in tags if tag in near]
