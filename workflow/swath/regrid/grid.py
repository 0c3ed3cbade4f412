"""The grid as a header: known before anything is fetched. Light: the plan of a run needs it; no astropy.wcs here."""

import math

from astropy.io import fits

from ..config.grid import Grid
from ..errors import ConfigError, InputError
from ..frames.wcscards import copy_cards, linear_matrix, wcs_problems
from ..images import read_header

MOST_PIX = 40_000
_PIX_PER_ARCMIN = {"pix": lambda scale: 1.0, "arcmin": lambda scale: 60.0 / scale}
_DATES = ("MJD-OBS", "DATE-OBS", "MJD-AVG", "DATE-AVG", "TIMESYS")


def grid_header(grid: Grid) -> fits.Header:
    """WCS, NAXIS1 and NAXIS2 of the grid; without a date, which is that of the images.

    Raises
    ------
    InputError : grid.like is not there, no image, or without a usable WCS. ConfigError : no or too many pixels.
    """
    return _like(grid) if grid.like is not None else _declared(grid)


def shape_of(header: fits.Header) -> tuple[int, int]:
    """(ny, nx) of the image that a header describes."""
    return int(header["NAXIS2"]), int(header["NAXIS1"])


def reach_deg(header: fits.Header) -> float:
    """Angle from the reference pixel's plane centre to the farthest corner of the grid, measured on its middle [deg].

    Half the diagonal of the grid in its tangential plane, which is never less than the angle on the sky.
    """
    ny, nx = shape_of(header)
    a, b, c, d = linear_matrix(header)
    corners = ((x * nx / 2, y * ny / 2) for x in (-1, 1) for y in (-1, 1))
    return max(math.hypot(a * x + b * y, c * x + d * y) for x, y in corners)


def _declared(grid: Grid) -> fits.Header:
    per_unit = _PIX_PER_ARCMIN[grid.size_unit](grid.pixel_scale_arcsec)
    height = grid.width if grid.height is None else grid.height
    nx, ny = (round(side * per_unit) for side in (grid.width, height))
    if not (1 <= nx <= MOST_PIX and 1 <= ny <= MOST_PIX):
        raise ConfigError(
            f"grid: {nx} x {ny} pix; expected 1 to {MOST_PIX} on each side: change grid.width, height, size_unit or "
            "pixel_scale_arcsec"
        )
    scale, angle = grid.pixel_scale_arcsec / 3600, math.radians(grid.rotation_deg)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    cards = {
        "NAXIS1": nx, "NAXIS2": ny, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
        "CRVAL1": grid.ra, "CRVAL2": grid.dec, "CRPIX1": (nx + 1) / 2, "CRPIX2": (ny + 1) / 2,
        "CD1_1": -cos, "CD1_2": sin, "CD2_1": sin, "CD2_2": cos, "RADESYS": "ICRS",
    }  # fmt: skip
    return fits.Header(list(cards.items()))


def _like(grid: Grid) -> fits.Header:
    given = read_header(grid.like, grid.hdu)
    problems = wcs_problems(given)
    if problems:
        raise InputError([f"{grid.like}: {problem}" for problem in problems], "grid.like cannot be the grid")
    header = fits.Header([("NAXIS1", given["NAXIS1"]), ("NAXIS2", given["NAXIS2"])])
    header.extend(card for card in copy_cards(given) if card.keyword not in _DATES)
    return header
