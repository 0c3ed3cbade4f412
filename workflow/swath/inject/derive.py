"""The tiles `<tile>_inject_01` ...: the user's field with sources added. Light: the Snakefile imports it."""

import re

from ..config.canonical import canonical
from ..config.inputs import Image, Inputs
from ..config.model import Config
from ..errors import ConfigError
from ..plan import Plan

FOLDER = "injected"
WEIGHT_HDU = "WEIGHT"
_NAME = re.compile(r"(?P<tile>.+)_inject_(?P<number>\d\d)")
# What these tiles take from the user's own: PSFs from the same stars, and the noise of sky without added light.
SHARED = ("epsf/", "noise/")


def tile_names(config: Config) -> list[str]:
    """Names of the derived tiles, one for each realisation.

    Raises
    ------
    ConfigError : the user's own tile is named like one of them.
    """
    if _NAME.fullmatch(config.tile):
        raise ConfigError(
            f"tile: {config.tile} is a name that swath gives to a field with added sources; give yours another name"
        )
    return [f"{config.tile}_inject_{number:02d}" for number in range(1, config.inject.realisations + 1)]


def number_of(tile: str) -> int | None:
    """The realisation that a tile of this name is; None for any other tile."""
    found = _NAME.fullmatch(tile)
    return int(found["number"]) if found else None


def origin(tile: str) -> str:
    """The tile that a derived one was made from; any other tile's own name."""
    found = _NAME.fullmatch(tile)
    return found["tile"] if found else tile


def derive(config: Config, plan: Plan, tile: str) -> Config:
    """The config of a derived tile: how things are computed is the user's, the files are those with added sources.

    The source list of the user's tile, with reference stars and starting values as they were resolved there, becomes
    the catalogue, so that nothing is matched or detected anew; the images are without the sky that was found there.
    Bands that were added to a finished run are left out. Paths are relative to the working directory.
    """
    folder = f"{config.results}/{tile}/{FOLDER}"
    total = config.inputs.weight_kind == "total"
    return config.model_copy(
        update={
            "tile": tile,
            "inputs": Inputs(
                images=tuple(_image(folder, band, entry, total) for band, entry in plan.fitted.items()),
                catalog=f"{folder}/catalog.csv",
                keywords=config.inputs.keywords,
                weight_kind=config.inputs.weight_kind,
            ),
            "load": config.load.model_copy(update={"sky": config.load.sky.model_copy(update={"model": _sky(config)})}),
            "sources": config.sources.model_copy(
                update={"theta_from": "x", "image_epoch": None, "catalog_epoch": None}
            ),
            "gaia": config.gaia.model_copy(update={"enabled": False}),
            "figures": config.figures.model_copy(update={"enabled": False}),
        }
    )


def plan_of(config: Config, plan: Plan) -> Plan:
    """The plan of a derived tile: the cells that the user's tile uses, and all patches in them.

    Parameters
    ----------
    config : as `derive` returns it. plan : of the user's tile.
    """
    from ..patches.grid import Cell, patches

    cells = {tag: Cell(tag, 0, 0, tuple(box)) for tag, box in plan.cells.items()}
    return Plan(
        config.tile,
        {image.band: canonical(image) for image in config.inputs.images},
        plan.shape,
        plan.crop,
        plan.all_cells,
        plan.cells,
        {tag: [patch.tag for patch in patches(cell, config.patches.ngrid)] for tag, cell in cells.items()},
    )


def _sky(config: Config) -> str:
    """The added light is far brighter than what real fields have: its wings would be taken for sky."""
    return "patch" if config.load.sky.model == "patch" else "off"


def _image(folder: str, band: str, entry: dict, total: bool) -> Image:
    """A band's files: the image with added sources; its weights too where they hold the sources' own noise."""
    changed = total and entry["weight"]
    path = f"{folder}/{band}.fits"
    return Image(
        path=path,
        hdu=0,
        band=band,
        weight=path if changed else entry["weight"],
        weight_hdu=WEIGHT_HDU if changed else entry["weight_hdu"],
        mask=entry["mask"],
        mask_hdu=entry["mask_hdu"],
    )
