"""The tile `test_field`: the user's settings on simulated files. Light: the Snakefile imports it."""

from ..config.canonical import canonical
from ..config.images import Checks, Crop
from ..config.inputs import Image, Inputs
from ..config.model import Config
from ..errors import ConfigError
from ..plan import Plan

TILE = "test_field"
FOLDER = "simulated"
SMALLEST_PATCH_PIX = 64


def derive(config: Config) -> Config:
    """The config of the tile `test_field`: how things are computed is the user's, what they are computed from is not.

    Paths are relative to the working directory, as the workflow names its products.

    Raises
    ------
    ConfigError : the user's own tile has this name.
    """
    if config.tile == TILE:
        raise ConfigError(f"tile: {TILE} is the name of the simulated field; give your own field another name")
    simulated = config.simulate
    folder = f"{config.results}/{TILE}/{FOLDER}"
    return config.model_copy(
        update={
            "tile": TILE,
            "inputs": Inputs(
                images=tuple(_image(folder, band) for band in band_names(config)),
                catalog=f"{folder}/catalog.csv",
                gaia=f"{folder}/gaia.csv",
            ),
            "checks": Checks(),
            "crop": Crop(margin=simulated.crop_margin_pix),
            "sources": config.sources.model_copy(
                update={"theta_from": "x", "image_epoch": None, "catalog_epoch": None}
            ),
            "gaia": config.gaia.model_copy(update={"enabled": True}),
            "psf": config.psf.model_copy(
                update={
                    "ngrid": simulated.psf_ngrid,
                    "method": "stack" if config.psf.method == "supplied" else config.psf.method,
                }
            ),
            "patches": config.patches.model_copy(update={"ngrid": simulated.patch_ngrid}),
            "zeropoint": config.zeropoint.model_copy(update={"enabled": True, "color_bands": None}),
            "figures": config.figures.model_copy(update={"enabled": False}),
            "explore": config.explore.model_copy(update={"rgb": None, "wavelengths": None}),
        }
    )


def plan_of(config: Config) -> Plan:
    """The plan of the derived tile (`config` as `derive` returns it): from the config alone, all cells and patches.

    The images do not exist yet when the workflow is planned.

    Raises
    ------
    ConfigError : patches of a few pixels, or a margin that leaves nothing.
    """
    from ..patches.grid import cells, patches

    side, margin, parts = config.simulate.side_pix, config.crop.margin, config.psf.ngrid * config.patches.ngrid
    if (side - 2 * margin) // parts < SMALLEST_PATCH_PIX:
        raise ConfigError(
            f"simulate: {side} pix less a margin of {margin} pix on both sides, in {parts} patches per side "
            f"(psf_ngrid {config.psf.ngrid} times patch_ngrid {config.patches.ngrid}); expected patches of at least "
            f"{SMALLEST_PATCH_PIX} pix: raise side_pix or lower the others"
        )
    crop = (margin, side - margin, margin, side - margin)
    grid = cells(crop, config.psf.ngrid)
    boxes = {cell.tag: cell.box for cell in grid}
    return Plan(
        config.tile,
        {image.band: canonical(image) for image in config.inputs.images},
        (side, side),
        crop,
        boxes,
        dict(boxes),
        {cell.tag: [patch.tag for patch in patches(cell, config.patches.ngrid)] for cell in grid},
    )


def band_names(config: Config) -> list[str]:
    """b1, b2 ... as many as `simulate.bands` says."""
    return [f"b{number + 1}" for number in range(config.simulate.bands)]


def _image(folder: str, band: str) -> Image:
    return Image(path=f"{folder}/{band}.fits", band=band, mask=f"{folder}/masks/{band}.fits")
