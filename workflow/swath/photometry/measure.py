"""One target on one exposure: from a position to the numbers of a row."""

import math
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np

from ..config.aperture import Aperture
from ..spherex.maskbits import SOURCE, mask_of
from ..spherex.mef import Exposure, Pixels
from ..spherex.psf import PixelPsf
from ..spherex.solidangle import mapped_area
from . import magnitudes
from .kernel import Background, Flux, Plane, background, flux_of, missing_share
from .quality import QUALITY
from .regions import Stamp, aperture_weights, background_regions, stamp_around
from .zodi import ZodiScale, zodi_scale

ARCSEC = math.radians(1 / 3600)
TO_UJY = 1e12  # MJy in uJy
SCATTERED = 2.0


class Unmeasured(Exception):
    """No flux: a status of `columns.STATUSES` and the reason, with what is known nevertheless."""

    def __init__(self, status: str, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class Masks(NamedTuple):
    """Flags as bits: not for backgrounds, no measurement at all, SOURCE."""

    bad: int
    empty: int
    source: int


def measure(exposure: Exposure, ra: float, dec: float, settings: Aperture) -> dict[str, object]:
    """Measure a position [deg, ICRS, at the exposure's epoch]; columns of `columns.COLUMNS` by name.

    A row is always returned: `status` and `reason` say what is missing, and what could be had is in it.
    """
    row: dict[str, object] = {"ra": ra, "dec": dec, "quality": _of_exposure(exposure)}
    try:
        _measure(exposure, row, settings)
        row["status"] = "ok"
    except Unmeasured as problem:
        row |= {"status": problem.status, "reason": problem.reason}
    return row


def _measure(exposure: Exposure, row: dict[str, object], settings: Aperture) -> None:
    """Fill in what can be known, in the order in which it is found; raises Unmeasured where it ends."""
    x, y = exposure.pixel(row["ra"], row["dec"])
    if not (-0.5 <= x < exposure.shape[1] - 0.5 and -0.5 <= y < exposure.shape[0] - 0.5):
        where = f"falls on pixel ({x:.1f}, {y:.1f})" if math.isfinite(x) else "is on another side of the sky"
        raise Unmeasured("off_image", f"the target {where} of an image of {exposure.shape[1]} x {exposure.shape[0]}")
    area = _locate(exposure, x, y, row, settings)
    psf = _psf(exposure, row)
    radius = _radius(psf, settings)
    row |= {"aperture_radius": radius, "background_method": settings.background}
    stamp = stamp_around(x, y, radius, settings)
    pixels, masks = exposure.pixels(*stamp[:4]), _masks(exposure, settings)
    _tell_flags(stamp, pixels, radius, masks, row)
    scale = _zodi(exposure, x, y, masks, settings)
    row["zodi_scale"] = scale.scale
    row["quality"] |= scale.quality
    plane, whole, usable = _plane(stamp, pixels, psf, radius, scale, masks, row, settings)
    found = _background(stamp, pixels, plane, usable, radius, masks, row, settings)
    flux = flux_of(plane, found, whole, scale.error, settings)
    if flux is None:
        raise Unmeasured(
            "no_pixels", "the aperture holds hardly more of the PSF than its background does; make it larger"
        )
    _fill(row, flux, area * ARCSEC**2 * TO_UJY, settings)


def _of_exposure(exposure: Exposure) -> int:
    quality = QUALITY["FLAGS_ASSUMED"] if exposure.bits_assumed else 0
    if exposure.same_calibration is not True:
        unknown = exposure.same_calibration is None
        quality |= QUALITY["CALIBRATION_UNKNOWN" if unknown else "CALIBRATION_OTHER"]
    return quality


def _locate(exposure: Exposure, x: float, y: float, row: dict[str, object], settings: Aperture) -> float:
    """Tell where the target is on image and detector, and what it is there; returns the pixel's area [arcsec2]."""
    x_detector, y_detector = exposure.on_detector(x, y)
    wavelength, bandwidth = exposure.wavelength(x, y)
    mapped = mapped_area(settings.solid_angle_maps, exposure.detector, x_detector, y_detector)
    area = exposure.pixel_area(x, y) if mapped is None else mapped
    row |= {"x": x, "y": y, "x_detector": x_detector, "y_detector": y_detector, "pixel_area": area}
    row |= {"wavelength": wavelength, "bandwidth": bandwidth}
    if settings.solid_angle_maps and mapped is None:
        row["quality"] |= QUALITY["AREA_UNMAPPED"]
    # ASSUME detectors have 2040 x 2040 pixels; only the quality bit depends on it.
    if not (-0.5 <= x_detector <= 2039.5 and -0.5 <= y_detector <= 2039.5):
        row["quality"] |= QUALITY["OFF_DETECTOR"]
    return area


def _psf(exposure: Exposure, row: dict[str, object]) -> PixelPsf:
    if exposure.psfs is None:
        raise Unmeasured("unreadable", "no PSF in the file, and no calibration file that has one")
    row["psf_zone"], psf = exposure.psfs.at(row["x_detector"], row["y_detector"])
    row["fwhm"] = psf.fwhm
    return psf


def _radius(psf: PixelPsf, settings: Aperture) -> float:
    """Radius of the aperture [pix]."""
    return settings.diameter_pix / 2 if settings.method == "fixed" else settings.fwhm_multiplier * psf.fwhm / 2


def _masks(exposure: Exposure, settings: Aperture) -> Masks:
    bad, empty = (mask_of(flags, exposure.bits) for flags in (settings.bad_flags, settings.empty_flags))
    return Masks(bad, empty, mask_of([SOURCE], exposure.bits))


def _tell_flags(stamp: Stamp, pixels: Pixels, radius: float, masks: Masks, row: dict[str, object]) -> None:
    """`flags` of the pixels whose centres lie in the aperture, of the nearest one where it is smaller than a pixel."""
    distance = stamp.distance
    within = distance <= max(radius, distance.min())
    row["flags"] = reduce(or_, pixels.flags[within].tolist(), 0)
    row["quality"] |= QUALITY["APERTURE_BAD"] if row["flags"] & masks.bad else 0


def _zodi(exposure: Exposure, x: float, y: float, masks: Masks, settings: Aperture) -> ZodiScale:
    if not settings.subtract_zodi:
        return ZodiScale(0.0, 0.0, 0)
    if not exposure.has_zodi:
        return ZodiScale(0.0, 0.0, QUALITY["ZODI_MISSING"])
    side = settings.zodi_box_pix
    x0, x1 = (min(max(round(x + sign * side / 2), 0), exposure.shape[1]) for sign in (-1, 1))
    y0, y1 = (min(max(round(y + sign * side / 2), 0), exposure.shape[0]) for sign in (-1, 1))
    pixels = exposure.pixels(x0, y0, x1 - x0, y1 - y0)
    usable = _valid(pixels, masks.empty) & ((pixels.flags & masks.bad) == 0)
    return zodi_scale(pixels, usable, (pixels.flags & masks.source) != 0, settings)


def _valid(pixels: Pixels, empty: int) -> np.ndarray:
    """Pixels (ny, nx) that hold a measurement."""
    measured = np.isfinite(pixels.image) & (pixels.variance > 0) & np.isfinite(pixels.variance)
    return measured & ((pixels.flags & empty) == 0)


def _plane(
    stamp: Stamp,
    pixels: Pixels,
    psf: PixelPsf,
    radius: float,
    scale: ZodiScale,
    masks: Masks,
    row: dict[str, object],
    settings: Aperture,
) -> tuple[Plane, float, np.ndarray]:
    """The stamp's pixels for the kernel, the PSF's share in the whole aperture, and the valid pixels (ny, nx).

    Pixels missing in the aperture are left out of its sum and of the PSF's share in it, which amounts to filling them
    with what the PSF says; beyond aperture.max_missing of the light, Unmeasured.
    """
    valid = _valid(pixels, masks.empty)
    zodi = np.nan_to_num(pixels.zodi)
    if scale.scale:
        valid &= np.isfinite(pixels.zodi)
    share, weight = psf.shares(stamp.columns, stamp.rows), aperture_weights(stamp, radius)
    touched = weight > 0
    if not pixels.inside[touched].all():
        row["quality"] |= QUALITY["APERTURE_EDGE"]
    if not valid[touched].all():
        row["quality"] |= QUALITY["APERTURE_FILLED"]
        lost = missing_share(share, weight, valid)
        if lost > settings.max_missing:
            raise Unmeasured(
                "no_pixels", f"{lost:.0%} of the aperture's light falls on missing pixels (aperture.max_missing)"
            )
    light = np.where(valid, pixels.image - scale.scale * zodi, 0.0)
    variance = np.where(valid, pixels.variance, 0.0)
    whole = float(np.vdot(weight, share))
    return Plane(light, variance, share, weight * valid, zodi * bool(scale.scale)), whole, valid


def _background(
    stamp: Stamp,
    pixels: Pixels,
    plane: Plane,
    valid: np.ndarray,
    radius: float,
    masks: Masks,
    row: dict[str, object],
    settings: Aperture,
) -> Background:
    """The first region with enough pixels free of SOURCE; where there is none, the first with enough, SOURCE or not."""
    usable = valid & ((pixels.flags & masks.bad) == 0)
    for quality, mask in (0, masks.source), (QUALITY["BACKGROUND_SOURCE"], 0):
        clean = usable & ((pixels.flags & mask) == 0)
        for attempt, region in enumerate(background_regions(stamp, radius, settings)):
            found = background(plane, clean & region, settings)
            if found is None:
                continue
            _tell_background(found, quality, attempt, bool(pixels.inside[region].all()), row)
            return found
    raise Unmeasured(
        "no_background",
        f"fewer than {settings.min_usable_pixels} usable pixels (aperture.min_usable_pixels) in the {settings.background}",
    )


def _tell_background(found: Background, quality: int, attempt: int, inside: bool, row: dict[str, object]) -> None:
    quality |= QUALITY["BACKGROUND_GROWN"] if attempt else 0
    quality |= 0 if inside else QUALITY["BACKGROUND_EDGE"]
    quality |= QUALITY["BACKGROUND_SCATTER"] if found.excess > SCATTERED else 0
    row["quality"] |= quality
    row |= {"background": found.level, "background_err": found.error, "background_area": float(found.pixels)}


def _fill(row: dict[str, object], measured: Flux, factor: float, settings: Aperture) -> None:
    """Fluxes and magnitudes; `factor` uJy are one unit of the image in one pixel."""
    flux, error = measured.flux * factor, measured.error * factor
    row |= {"flux": flux, "flux_err": error, "snr": flux / error}
    row |= {"aperture_area": measured.area, "aperture_correction": measured.correction}
    row["quality"] |= QUALITY["NEGATIVE_FLUX"] if flux < 0 else 0
    asinh = settings.magnitude == "asinh"
    row["mag"], row["mag_err"] = (
        magnitudes.asinh_magnitude(flux, error, settings.asinh_softening)
        if asinh
        else magnitudes.log_magnitude(flux, error)
    )
