"""The field as `query` sees it: one target, whose circle holds the grid. Light: the Snakefile imports it."""

from typing import Any

from ..config.canonical import canonical
from ..config.inputs import Image
from ..config.model import Config
from .names import MASK_HDU, WEIGHT_HDU

FOLDER = "regrid"
# ASSUME a cutout a tenth larger than the grid's circle covers it, whatever its service rounds to.
WIDER = 1.1


def images(config: Config) -> tuple[Image, ...]:
    """The images of the tile, as products of the rule `regrid`; paths are relative to the working directory."""
    return tuple(_image(config, band.name) for band in config.inputs.archive.bands)


def asked_targets(config: Config) -> dict[str, Any]:
    """Section `targets` for the rule `query`, canonical: of a field, its centre under the tile's name."""
    if not config.archived:
        return canonical(config.targets)
    ra, dec = centre(config)
    return canonical(config.targets.model_copy(update={"name": config.tile, "ra": ra, "dec": dec}))


def asked_archive(config: Config) -> dict[str, Any]:
    """Section `archive` for the rules that ask it, canonical: of a field, with a circle that holds the grid."""
    if not config.archived:
        return canonical(config.archive)
    radius = max(config.archive.radius_arcsec, min(round(3600 * reach_deg(config), 3), 648000.0))
    return canonical(config.archive.model_copy(update={"radius_arcsec": radius}))


def asked_files(config: Config) -> dict[str, Any]:
    """Section `download` for the rule of this name, canonical: of a field, cutouts that cover the grid on request."""
    if not (config.archived and config.inputs.archive.cutouts) or config.download.cutout.size is not None:
        return canonical(config.download)
    side = 2 * WIDER * reach_deg(config)
    cutout = config.download.cutout.model_copy(update={"size": f"{side:.6f}deg"})
    return canonical(config.download.model_copy(update={"cutout": cutout}))


def centre(config: Config) -> tuple[float, float]:
    """Right ascension and declination of the middle of the grid [deg, ICRS].

    Raises
    ------
    InputError : grid.like is not there or has no usable WCS.
    """
    if config.grid.like is None:
        return config.grid.ra, config.grid.dec
    from ..sources.positions import equatorial_wcs
    from .grid import grid_header, shape_of

    header = grid_header(config.grid)
    ny, nx = shape_of(header)
    place = equatorial_wcs(header, config.grid.like).pixel_to_world((nx - 1) / 2, (ny - 1) / 2).icrs
    return round(float(place.ra.deg), 7) % 360, round(float(place.dec.deg), 7)


def reach_deg(config: Config) -> float:
    """Angle from the middle of the grid to its corners [deg]; errors as of `centre`."""
    from . import grid

    return grid.reach_deg(grid.grid_header(config.grid))


def _image(config: Config, band: str) -> Image:
    path = f"{config.results}/{config.tile}/{FOLDER}/{band}.fits"
    return Image(path=path, hdu=0, band=band, weight=path, weight_hdu=WEIGHT_HDU, mask=path, mask_hdu=MASK_HDU)
