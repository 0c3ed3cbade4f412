"""What goes in: images, catalogue, reference stars."""

from typing import Any, Literal

from pydantic import model_validator

from .base import NAME, File, Section, key
from .mapping import ArchiveImages


class Keywords(Section):
    """FITS header keywords of the input images."""

    band: str = key("FILTER", "name of the band")
    zero_point: str = key("ZP_AUTO", "zero point of one image unit [mag]")
    sky_sigma: str = key("SKYSIG", "standard deviation of the sky per pixel [image units]")
    gain: str = key("EGAIN", "electrons per image unit")
    saturation: str = key("SATURATE", "saturation level [image units]; images without it have no saturation mask")
    fwhm_pix: str = key("PEEING", "seeing FWHM [pix], used by fallback PSFs")
    fwhm_arcsec: str = key("SEEING", "seeing FWHM [arcsec], converted with the WCS where fwhm_pix is missing")


class Image(Section):
    """One image of one band; a plain path in the list is the same as `path:` alone."""

    path: File = key(..., "FITS file, compressed or not", formerly="inputs.image_list_file")
    hdu: int | str | None = key(None, "HDU number or name; null takes the first HDU with a 2-D image")
    band: str | None = key(None, "band name that replaces the header's", pattern=NAME)
    weight: File | None = key(None, "FITS file of inverse variances; replaces sky_sigma")
    weight_hdu: int | str | None = key(None, "HDU of the weight image; null as for hdu")
    mask: File | None = key(None, "FITS file; pixels that are not 0 are masked")
    mask_hdu: int | str | None = key(None, "HDU of the mask image; null as for hdu")
    psf: File | None = key(None, "FITS file of a PSF stamp (odd sides, centred), for psf.method: supplied")
    psf_hdu: int | str | None = key(None, "HDU of the PSF stamp; null as for hdu")
    psf_oversampling: int | None = key(
        None, "samples of the PSF stamp per pixel and axis; null takes OVERSAMP of its header, or 1", ge=1, le=16
    )
    psf_of: Literal["image", "optics"] | None = key(
        None,
        "what the PSF stamp is that of: the image (also null), its pixels included, or the light before pixels average "
        "it, which needs several samples per pixel",
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_path(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value


class Inputs(Section):
    """Files that the run starts from; relative paths are relative to the config file."""

    image_list: File | None = key(
        None,
        "text file with one image per line (# comments), or a .csv table whose columns are the keys of images; "
        "paths in it are relative to the list itself",
        formerly="inputs.image_list_file",
    )
    images: tuple[Image, ...] = key((), "the images, listed here instead of in a file; a plain path or the keys below")
    added_images: tuple[Image, ...] = key(
        (),
        "images of bands that are added to a finished run, as in images: measured with the positions and shapes that "
        "the others gave, whose own results stay as they are",
    )
    archive: ArchiveImages = key(ArchiveImages, "images of an archive, in place of a list")
    catalog: File | None = key(
        None, "source catalogue (CSV, ECSV, FITS, Parquet); null: sources are detected", formerly="inputs.input_catalog"
    )
    gaia: File | None = key(
        None,
        "table of reference stars with columns ra, dec, mag_<band> and, where known, source_id and phot_g_mean_mag",
        formerly="inputs.gaiaxp_synphot_csv",
    )
    keywords: Keywords = key(Keywords, "header keywords")
    weight_kind: Literal["sky", "total"] = key(
        "sky", "what the weight maps hold: the sky's variance alone, or the total with the sources' own noise"
    )
