"""What the workflow must know before anything runs: bands, cells, patches.

The plan is made from headers and catalogue positions alone, written once to `plan.json` and only read afterwards:
the Snakefile is executed again in every cluster job. It is made anew when the config leaves or files it was made
from change. Imports stay light; what reads FITS and tables is imported when a plan is made.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .config.canonical import canonical
from .config.model import Config
from .errors import ConfigError, InputError
from .files import read_json, write_json
from .provenance.code import fingerprint
from .provenance.digests import stamp

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """The DAG's facts of one tile.

    images : band -> canonical `inputs.images` entry with absolute paths, in band order.
    shape : (ny, nx). crop : the crop box. cells : tag -> box of the cells in use. patches : cell -> patch tags in use.
    """

    tile: str
    images: dict[str, dict[str, Any]]
    shape: tuple[int, int]
    crop: tuple[int, int, int, int]
    all_cells: dict[str, tuple[int, int, int, int]]
    cells: dict[str, tuple[int, int, int, int]]
    patches: dict[str, list[str]]

    @property
    def bands(self) -> list[str]:
        """Band names in order."""
        return list(self.images)

    @property
    def patch_tags(self) -> list[str]:
        """All patches in use."""
        return [tag for tags in self.patches.values() for tag in tags]

    def geometry(self) -> dict[str, Any]:
        """Shape, crop box, cells and patches in plain types: what the patch table is made from."""
        names = ("tile", "bands", "shape", "crop", "cells", "patches")
        return {name: getattr(self, name) for name in names}


def make_plan(config: Config, path: Path) -> Plan:
    """Read the plan at `path`, or make and write it when it is missing or stale.

    Raises
    ------
    InputError : headers or catalogue not usable; every problem at once. ConfigError : the crop leaves nothing.
    """
    if path.is_file():
        try:
            stored = read_json(path)
            if stored["key"] == _key(config, stored["files"]):
                return _from_json(stored["plan"])
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s is damaged; it is made anew", path)
    plan, files = _make(config)
    body = {"key": _key(config, files), "files": files, "plan": _to_json(plan)}
    write_json(path, body)
    return _from_json(json.loads(json.dumps(body["plan"])))


def _make(config: Config) -> tuple[Plan, list[str]]:
    from .config.imagelist import read_images
    from .frames.align import check_flux_columns, check_images
    from .frames.crop import crop_box
    from .frames.header import gather_facts
    from .patches.grid import cells
    from .sources.expected import expected_positions

    images = read_images(config)
    facts = gather_facts(images, config.inputs.keywords)
    check_images(facts, config.checks)
    inputs = config.inputs
    if inputs.catalog:
        from .tables import read_table

        check_flux_columns(list(read_table(inputs.catalog).columns), [fact.band for fact in facts], inputs.catalog)
    _check_bands([fact.band for fact in facts], config)
    shape = facts[0].shape
    crop = crop_box(shape, config.crop)
    where = expected_positions(inputs.catalog, inputs.gaia, facts[0].header, crop, config.sources, config.gaia)
    _check_grid(crop, config)
    grid = cells(crop, config.psf.ngrid)
    used = _occupied(grid, where, crop) if config.psf.skip_empty_cells else grid
    named = {fact.band: canonical(image) for fact, image in zip(facts, images, strict=True)}
    plan = Plan(
        config.tile,
        named,
        shape,
        crop,
        {cell.tag: cell.box for cell in grid},
        {cell.tag: cell.box for cell in used},
        {cell.tag: _patch_tags(cell, config, where, crop) for cell in used},
    )
    listed = [inputs.image_list, inputs.catalog, inputs.gaia, *(image.path for image in images)]
    return plan, [path for path in listed if path]


def _check_grid(crop: tuple, config: Config) -> None:
    side = min(crop[1] - crop[0], crop[3] - crop[2])
    parts = config.psf.ngrid * config.patches.ngrid
    if side // parts < 16:
        raise ConfigError(
            f"psf.ngrid {config.psf.ngrid} times patches.ngrid {config.patches.ngrid} divides {side} pix into patches "
            f"of {side // parts} pix; expected at least 16, better 100 or more: lower them"
        )


def _check_bands(bands: list[str], config: Config) -> None:
    """Bands whose names would collide in files and columns."""
    from .columns import names

    problems = [
        f"bands {a} and {b} differ in case only, which FITS tables cannot tell apart; rename one with `band:`"
        for i, a in enumerate(bands)
        for b in bands[i + 1 :]
        if a != b and a.lower() == b.lower()
    ]
    taken = set(names(bands, config.fit.multi_band))
    problems += [
        f"band {band}: its column FLUX_{band} is one that swath writes; rename it with `band:`"
        for band in bands
        if f"FLUX_{band}" in taken
    ]
    if problems:
        raise InputError(problems)


def _patch_tags(cell: Any, config: Config, where: Any, crop: tuple) -> list[str]:
    from .patches.grid import patches

    grid = patches(cell, config.patches.ngrid)
    return [patch.tag for patch in (_occupied(grid, where, crop) if config.patches.skip_empty else grid)]


def _occupied(grid: list, where: Any, crop: tuple) -> list:
    """Cells or patches that may hold an active source; all of them when positions are not known yet."""
    if where is None:
        return grid
    from .patches.grid import owners

    boxes = [part.box if hasattr(part, "box") else part.base for part in grid]
    held = set(owners(where[:, 0], where[:, 1], crop, boxes).tolist())
    return [part for index, part in enumerate(grid) if index in held]


def _key(config: Config, files: list[str]) -> str:
    """Hash of everything that the plan depends on; files count by path, size and time of change."""
    leaves = {
        "code": fingerprint(Path(__file__)),
        "tile": config.tile,
        "inputs": canonical(config.inputs),
        "checks": canonical(config.checks),
        "crop": canonical(config.crop),
        "sources": canonical(config.sources),
        "gaia": canonical(config.gaia),
        "psf": [config.psf.ngrid, config.psf.skip_empty_cells, config.psf.method],
        "patches": [config.patches.ngrid, config.patches.skip_empty],
        "files": [[path, stamp(path)] for path in files],
    }
    return hashlib.sha256(json.dumps(leaves, sort_keys=True).encode()).hexdigest()


def _to_json(plan: Plan) -> dict:
    return {name: getattr(plan, name) for name in ("tile", "images", "shape", "crop", "all_cells", "cells", "patches")}


def _from_json(stored: dict) -> Plan:
    return Plan(
        stored["tile"],
        stored["images"],
        tuple(stored["shape"]),
        tuple(stored["crop"]),
        {tag: tuple(box) for tag, box in stored["all_cells"].items()},
        {tag: tuple(box) for tag, box in stored["cells"].items()},
        stored["patches"],
    )
