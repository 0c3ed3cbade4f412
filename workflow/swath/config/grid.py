"""The pixels that archive images are laid on."""

from typing import Literal

from .base import File, Section, key


class Grid(Section):
    """The pixels that images of an archive are laid on: tangential projection about the centre, or those of a file.

    Of the methods, `exact` conserves flux to 1e-9 on every grid, widens the PSF by 3 to 7 % of its FWHM, and makes
    neighbours share noise; `cubic` hardly widens it, conserves flux to 1e-4 where the FWHM has 2.5 pixels of both
    grids, and throws light away where the grid is coarser than that.
    """

    like: File | None = key(
        None, "FITS image whose WCS and shape are the grid, instead of the other keys; relative to the config file"
    )
    hdu: int | str | None = key(None, "HDU number or name in grid.like; null takes the first with a 2-D image")
    ra: float | None = key(None, "right ascension (ICRS) of the centre", "deg", ge=0, lt=360)
    dec: float | None = key(None, "declination (ICRS) of the centre", "deg", ge=-90, le=90)
    width: float | None = key(None, "width, in grid.size_unit", gt=0)
    height: float | None = key(None, "height, in grid.size_unit; null makes a square", gt=0)
    size_unit: Literal["pix", "arcmin"] = key("pix", "unit of width and height")
    pixel_scale_arcsec: float | None = key(None, "side of a pixel", "arcsec", gt=0)
    rotation_deg: float = key(0.0, "position angle of the y axis, from north to east", "deg", ge=-360, le=360)
    method: Literal["exact", "cubic"] = key(
        "exact", "resampling by the area that pixels share, or by cubic splines for well-sampled images"
    )
