"""Images of an archive as input of a catalogue: their bands, and where their headers have what swath needs."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import field_validator, model_validator

from .base import NAME, Section, key


class ArchiveBand(Section):
    """A band of the catalogue and its filters; a plain name is the same as `name:` alone."""

    name: str = key(..., "name of the band", pattern=NAME)
    filters: tuple[str, ...] = key(
        (), "what the archive, or the header key in inputs.archive.header.filter, calls it; [] for the band's own name"
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class ArchiveHeader(Section):
    """Where an image of the archive has what swath needs: a number, a header key, an expression of them, or `measure`.

    Expressions know numbers, header keys, + - * / **, parentheses and log10().
    """

    filter: str = key("FILTER", "header key with the filter's name, for images whose filter the archive does not tell")
    zero_point: float | str = key("ZP_AUTO", "zero point of one image unit, such as 22.5 - 2.5 * log10(NMGY)", "mag")
    sky_sigma: float | str = key(
        "measure", "standard deviation of the sky per pixel in image units; not asked for where there is a weight HDU"
    )
    gain: float | str = key(
        "EGAIN",
        "electrons per image unit; `measure` takes it from how the noise grows with the signal: to 5 to 20 % in fields "
        "with much light and a FWHM of 4 pix, too low by 10 to 20 % at 3 pix, refused where it says too little",
    )
    saturation: float | str | None = key(
        "SATURATE", "saturation level in image units; null, or a header without the key, for none"
    )
    fwhm_arcsec: float | str | None = key(
        "SEEING", "seeing FWHM; null, or a header without the key, for none", "arcsec"
    )


class ArchiveImages(Section):
    """Images that `query` finds and `download` fetches, laid on the pixels of `grid`, instead of your own images."""

    bands: tuple[ArchiveBand, ...] = key(
        (),
        "bands of the catalogue, in order: names, entries of name and filters, or a mapping of name to filters; none "
        "for images of your own",
    )
    hdu: int | str | None = key(None, "HDU number or name of the image; null takes the first one with a 2-D image")
    weight_hdu: int | str | None = key(None, "HDU of the noise in the same file; null takes header.sky_sigma")
    weight_is: Literal["inverse_variance", "variance", "sigma"] = key("inverse_variance", "what that HDU holds")
    mask_hdu: int | str | None = key(None, "HDU in the same file; pixels that are not 0 are masked; null for none")
    header: ArchiveHeader = key(ArchiveHeader, "header keys")
    cutouts: bool = key(False, "ask the archive for the part of each image that covers the grid, not for whole files")
    match_sky: bool = key(
        True, "subtract the sky of each image, as load.sky says, before several images of a band are combined"
    )
    max_gain_error: float = key(0.2, "largest relative error of a measured gain", gt=0, lt=1)

    @field_validator("bands", mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return [
            {"name": name, "filters": [names] if isinstance(names, str) else names or []}
            for name, names in value.items()
        ]
