"""From pixels to frames: scaling, masks, sky, checks, crop."""

from typing import Literal

from .base import Section, key


class Sky(Section):
    """The sky of each band, made once in `load` and used by every later stage."""

    model: Literal["constant", "plane", "mesh", "patch", "off"] = key(
        "plane", "per band a constant, a plane or a coarse mesh; a constant per patch, fitted with its sources; or none"
    )
    detect_sigma: float = key(
        3.0, "detection threshold of the source mask in units of the slightly smoothed image's noise", gt=0
    )
    grow: int = key(6, "pixels by which every source mask grows, plus its own radius", "pix", ge=0)
    clip_sigma: float = key(3.0, "pixels that the masks leave are clipped at this many sigma", gt=0)
    mesh_size: int = key(256, "mesh width of sky.model: mesh", "pix", ge=32)


class Load(Section):
    """Reading one band: masks, scaling, noise and sky."""

    zp_ref: float = key(25.0, "zero point that every image is scaled to", "mag", formerly="image_scaling.zp_ref")
    saturation_fraction: float = key(
        0.5, "pixels at or above this fraction of the saturation level are masked", gt=0, le=1
    )
    sky: Sky = key(Sky, "sky model")


class WcsTolerance(Section):
    """Largest difference from the reference band (the first image)."""

    crval: float = key(1e-6, "largest difference of CRVAL", "deg", "checks.wcs_tolerance.crval", ge=0)
    crpix: float = key(1e-6, "largest difference of CRPIX", "pix", "checks.wcs_tolerance.crpix", ge=0)
    cd: float = key(
        1e-9,
        "largest difference of the CD matrix, or PC times CDELT, and of SIP coefficients",
        "deg/pix",
        "checks.wcs_tolerance.cd, checks.wcs_tolerance.cdelt",
        ge=0,
    )


class Checks(Section):
    """What stops a run before it begins."""

    require_same_shape: bool = key(True, "images of unequal shape stop the run", formerly="checks.require_same_shape")
    require_wcs_alignment: bool = key(
        True, "WCS that differ by more than the tolerance stop the run", formerly="checks.require_wcs_alignment"
    )
    wcs_tolerance: WcsTolerance = key(WcsTolerance, "tolerances")
    require_disk_space: bool = key(True, "less free disk space than the products need stops the run before it begins")


class Crop(Section):
    """Which part of the image is catalogued; pixels outside are still used as context."""

    enabled: bool = key(True, "flag sources closer to the border than the margin", formerly="crop.enabled")
    margin: int = key(0, "margin on all four sides", "pix", "crop.margin", ge=0)
