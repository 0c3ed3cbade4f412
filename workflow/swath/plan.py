"""What the workflow must know before anything runs: bands, cells, patches.

The plan is made from headers and catalogue positions alone, written once to `plan.json` and only read afterwards:
the Snakefile is executed again in every cluster job. It is made anew when the config leaves or files it was made
from change. Imports stay light; what reads FITS and tables is imported when a plan is made.
"""

import hashlib
import json
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .archive.batches import batch_names
from .config.canonical import canonical
from .config.model import Config
from .files import read_json, write_json
from .provenance.code import fingerprint
from .provenance.digests import stamp

log = logging.getLogger(__name__)


_PSF_KEYS = ("ngrid", "skip_empty_cells", "method", "form", "norm_radius_pix")


@dataclass(frozen=True)
class Plan:
    """The DAG's facts of one tile.

    targets : folder names of the targets whose spectra are measured, in order. batches : names of the parts that
    exposures of an archive are split into. images : band -> canonical `inputs.images` entry with absolute paths, in
    band order.
    added : bands that are measured with the positions and shapes of the others.
    shape : (ny, nx). crop : the crop box. cells : tag -> box of the cells in use. patches : cell -> patch tags in use.
    """

    tile: str
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    shape: tuple[int, int] = (0, 0)
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    all_cells: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    cells: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    patches: dict[str, list[str]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()

    @property
    def bands(self) -> list[str]:
        """Band names in order, the added ones last."""
        return list(self.images)

    @property
    def fitted(self) -> dict[str, dict[str, Any]]:
        """The images whose bands are fitted: all but the added ones."""
        return {band: image for band, image in self.images.items() if band not in self.added}

    @property
    def measured(self) -> dict[str, dict[str, Any]]:
        """The images of the added bands."""
        return {band: self.images[band] for band in self.added}

    @property
    def patch_tags(self) -> list[str]:
        """All patches in use."""
        return [tag for tags in self.patches.values() for tag in tags]

    def geometry(self) -> dict[str, Any]:
        """Shape, crop box, cells and patches in plain types: what the patch table is made from."""
        names = ("shape", "crop", "cells", "patches")
        return {"tile": self.tile, "bands": list(self.fitted)} | {name: getattr(self, name) for name in names}


def make_plan(config: Config, path: Path, trusted: bool = False) -> Plan:
    """Read the plan at `path`, or make and write it when it is missing or stale.

    Parameters
    ----------
    trusted : take it as it is, in a job whose run has made sure of it already: no job plans anew amid a run.

    Raises
    ------
    InputError : images, catalogue or reference stars not usable, grids that do not fit them; every problem at once.
    """
    if path.is_file():
        try:
            stored = read_json(path)
            if trusted or stored["key"] == _key(config, stored["files"]):
                return _from_json(stored["plan"])
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s is damaged; it is made anew", path)
    plan, found = _make(config)
    files = _files(config, plan)
    body = {"key": _key(config, files), "files": files, "plan": _to_json(plan), "found": found}
    write_json(path, body)
    for row in found["rows"]:
        for note in row["notes"]:
            log.warning("%s", note)
    return _from_json(json.loads(json.dumps(body["plan"])))


def stored_plan(tile: str, path: Path) -> Plan:
    """The plan at `path` as it is, fresh or stale, for those who only read; an empty one where there is none."""
    try:
        return _from_json(read_json(path)["plan"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Plan(tile)


def read_found(path: Path) -> dict[str, Any]:
    """What was found of the inputs when the plan at `path` was made: `rows` for a table, and `needed` bytes of disk."""
    return read_json(path)["found"]


def _make(config: Config) -> tuple[Plan, dict[str, Any]]:
    """A plan and what was found of the inputs."""
    targets, rows = _targets(config) if config.spectral else ((), [])
    plan, found = _field(config) if config.imaging else (Plan(config.tile), {"rows": [], "needed": None})
    batches = tuple(batch_names(config.download.batches)) if config.spectral or config.archived else ()
    return replace(plan, targets=targets, batches=batches), {**found, "rows": [*rows, *found["rows"]]}


def _targets(config: Config) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Folder names of the targets, and the rows that tell of them."""
    from .checks.targets import check_targets

    names, rows = check_targets(config)
    return names, [row._asdict() for row in rows]


def _field(config: Config) -> tuple[Plan, dict[str, Any]]:
    """The plan of a field of images."""
    from .checks.division import division_row
    from .checks.size import needed_bytes
    from .checks.survey import survey
    from .patches.grid import cells

    seen = survey(config)
    facts, crop, where = seen.images.facts, seen.crop, seen.positions
    grid = cells(crop, config.psf.ngrid)
    used = _occupied(grid, where, crop) if config.psf.skip_empty_cells else grid
    named = {fact.band: canonical(image) for fact, image in zip(facts, seen.images.listed, strict=True)}
    plan = Plan(
        config.tile,
        named,
        facts[0].shape,
        crop,
        {cell.tag: cell.box for cell in grid},
        {cell.tag: cell.box for cell in used},
        {cell.tag: _patch_tags(cell, config, where, crop) for cell in used},
        tuple(list(named)[len(named) - len(config.inputs.added_images) :]),
    )
    needed = needed_bytes(config, plan.shape, crop, len(facts), len(plan.patch_tags), seen.count)
    count = None if where is None else len(where)
    rows = [*seen.rows, division_row(config, len(plan.cells), len(plan.patch_tags), count)]
    return plan, {"rows": [row._asdict() for row in rows], "needed": needed}


def _files(config: Config, plan: Plan) -> list[str]:
    """All files that the plan depends on."""
    inputs = config.inputs
    given = {} if config.archived else plan.images  # an archive's are products, which the plan comes before
    companions = [image[name] for image in given.values() for name in ("path", "weight", "mask", "psf")]
    named = (inputs.image_list, inputs.catalog, inputs.gaia, config.targets.table, config.grid.like)
    return [path for path in (*named, *companions) if path]


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
        "targets": canonical(config.targets),
        "batches": config.download.batches,
        "grid": canonical(config.grid),
        "checks": canonical(config.checks),
        "crop": canonical(config.crop),
        "sources": canonical(config.sources),
        "gaia": canonical(config.gaia),
        "psf": [getattr(config.psf, name) for name in _PSF_KEYS],
        "patches": [config.patches.ngrid, config.patches.skip_empty],
        "files": [[path, stamp(path)] for path in files],
    }
    return hashlib.sha256(json.dumps(leaves, sort_keys=True).encode()).hexdigest()


def _to_json(plan: Plan) -> dict:
    names = ("tile", "images", "shape", "crop", "all_cells", "cells", "patches", "added", "targets", "batches")
    return {name: getattr(plan, name) for name in names}


def _from_json(stored: dict) -> Plan:
    return Plan(
        stored["tile"],
        stored["images"],
        tuple(stored["shape"]),
        tuple(stored["crop"]),
        {tag: tuple(box) for tag, box in stored["all_cells"].items()},
        {tag: tuple(box) for tag, box in stored["cells"].items()},
        stored["patches"],
        tuple(stored["added"]),
        tuple(stored["targets"]),
        tuple(stored["batches"]),
    )
