"""One target on one exposure: from a position to the numbers of a row."""

import math
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np

from ..config.aperture import Aperture
from ..spherex.maskbits import SOURCE, mask_of, renumbered
from ..spherex.mef import Exposure, Pixels
from ..spherex.psf import PixelPsf
from ..spherex.solidangle import mapped_area
from .kernel import Background, Flux, Plane, background, flux_of, missing_share
from .magnitudes import ab_magnitude
from .quality import QUALITY
from .regions import Stamp, aperture_weights, background_regions, stamp_around
from .zodi import ZodiScale, zodi_scale

ARCSEC = math.radians(1 / 3600)
TO_UJY = 1e12  # MJy in uJy
SIDE = 2040  # of the detectors [pix]
SCATTERED = 2.0


class Unmeasured(Exception):
    """No flux: a status of `columns.STATUSES`, and the reason."""

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

    There is always a row: `status` and `reason` say why there is no flux, and what is known nevertheless is in it.

    Raises
    ------
    ConfigError : a flag's name that nobody knows. InputError : a map of solid angles that cannot be read.
    """
    work = _Measurement(exposure, ra, dec, settings)
    try:
        work.run()
    except Unmeasured as problem:
        work.row |= {"status": problem.status, "reason": problem.reason}
    return work.row


class _Measurement:
    """What is known so far; every step adds to the row, in the order in which things are found."""

    def __init__(self, exposure: Exposure, ra: float, dec: float, settings: Aperture) -> None:
        self.exposure, self.settings = exposure, settings
        flags = (settings.bad_flags, settings.empty_flags, (SOURCE,))
        self.masks = Masks(*(mask_of(names, exposure.bits) for names in flags))
        self.row: dict[str, object] = {"ra": ra, "dec": dec, "quality": 0, "reason": ""}

    def run(self) -> None:
        """All steps; raises Unmeasured where they end."""
        self._describe_exposure()
        x, y = self._place()
        area = self._area(x, y)
        psf = self._psf()
        radius = self._radius(psf)
        stamp = stamp_around(x, y, radius, self.settings)
        pixels = self.exposure.pixels(*stamp[:4])
        self._tell_flags(stamp, pixels, radius)
        scale = self._zodi(x, y)
        valid = self._valid(pixels) & (np.isfinite(pixels.zodi) | (scale.scale == 0))
        share, weight = psf.shares(stamp.columns, stamp.rows), aperture_weights(stamp, radius)
        self._check_missing(pixels, valid, share, weight)
        plane = _plane(pixels, valid, share, weight, scale)
        found = self._background(stamp, pixels, valid, plane, radius)
        flux = flux_of(plane, found, float(np.vdot(weight, share)), scale.error, self.settings)
        if flux is None:
            raise Unmeasured("no_pixels", "the aperture holds hardly more of the PSF than the background; enlarge it")
        self._fill(flux, area * ARCSEC**2 * TO_UJY)

    def _note(self, **bits: bool) -> None:
        """Set the quality bits that are true."""
        self.row["quality"] |= sum(QUALITY[name] for name, is_set in bits.items() if is_set)

    def _describe_exposure(self) -> None:
        same = self.exposure.same_calibration
        self._note(
            FLAGS_ASSUMED=self.exposure.bits_assumed,
            CALIBRATION_OTHER=same is False,
            CALIBRATION_UNKNOWN=same is None,
            WAVELENGTH_UNKNOWN=self.exposure.waves is None,
        )

    def _place(self) -> tuple[float, float]:
        """The target's pixel in the file, on its image."""
        x, y = self.exposure.pixel(self.row["ra"], self.row["dec"])
        ny, nx = self.exposure.shape
        if not (-0.5 <= x < nx - 0.5 and -0.5 <= y < ny - 0.5):
            where = f"falls on pixel ({x:.1f}, {y:.1f})" if math.isfinite(x) else "is on another side of the sky"
            raise Unmeasured("off_image", f"the target {where} of an image of {nx} x {ny} pixels")
        self.row |= {"x": x, "y": y}
        return x, y

    def _area(self, x: float, y: float) -> float:
        """Tell place and wavelength on the detector; returns the pixel's solid angle [arcsec2]."""
        place = self.exposure.on_detector(x, y)
        wavelength, bandwidth = self.exposure.wavelength(x, y)
        mapped = mapped_area(self.settings.solid_angle_maps, self.exposure.detector, *place)
        # ASSUME the solid angle is the same within an aperture: it changes by 1e-5 from pixel to pixel.
        area = self.exposure.pixel_area(x, y) if mapped is None else mapped
        self.row |= {"x_detector": place[0], "y_detector": place[1], "pixel_area": area}
        self.row |= {"wavelength": wavelength, "bandwidth": bandwidth}
        self._note(
            AREA_UNMAPPED=bool(self.settings.solid_angle_maps) and mapped is None,
            OFF_DETECTOR=not all(-0.5 <= coordinate <= SIDE - 0.5 for coordinate in place),
        )
        return area

    def _psf(self) -> PixelPsf:
        if self.exposure.psfs is None:
            raise Unmeasured("unreadable", "no PSF in the file, and no calibration file that has one")
        zone, psf = self.exposure.psfs.at(self.row["x_detector"], self.row["y_detector"])
        self.row |= {"psf_zone": zone, "fwhm": psf.fwhm}
        return psf

    def _radius(self, psf: PixelPsf) -> float:
        """Radius of the aperture [pix]."""
        fixed = self.settings.method == "fixed"
        radius = (self.settings.diameter_pix if fixed else self.settings.fwhm_multiplier * psf.fwhm) / 2
        self.row |= {"aperture_radius": radius, "background_method": self.settings.background}
        return radius

    def _tell_flags(self, stamp: Stamp, pixels: Pixels, radius: float) -> None:
        """Flags of the pixels whose centres lie in the aperture, of the nearest one where it holds none."""
        distance = stamp.distance
        within = distance <= max(radius, distance.min())
        flags = reduce(or_, pixels.flags[within].tolist(), 0)
        self.row["flags"] = renumbered(flags, self.exposure.bits)
        self._note(APERTURE_BAD=bool(flags & self.masks.bad))

    def _valid(self, pixels: Pixels) -> np.ndarray:
        """Pixels (ny, nx) that hold a measurement."""
        measured = np.isfinite(pixels.image) & np.isfinite(pixels.variance) & (pixels.variance > 0)
        return measured & ((pixels.flags & self.masks.empty) == 0)

    def _zodi(self, x: float, y: float) -> ZodiScale:
        """The scale of the zodiacal light around the target; 0 where none is subtracted."""
        scale = ZodiScale(0.0, 0.0, 0)
        if self.settings.subtract_zodi and self.exposure.has_zodi:
            half = self.settings.zodi_box_pix / 2
            ends = [
                [min(max(round(place + sign * half), 0), size) for sign in (-1, 1)]
                for place, size in zip((x, y), self.exposure.shape[::-1], strict=True)
            ]
            pixels = self.exposure.pixels(ends[0][0], ends[1][0], *(high - low for low, high in ends))
            usable = self._valid(pixels) & ((pixels.flags & self.masks.bad) == 0)
            scale = zodi_scale(pixels, usable, (pixels.flags & self.masks.source) != 0, self.settings)
        self.row["zodi_scale"] = scale.scale
        self.row["quality"] |= scale.quality
        self._note(ZODI_MISSING=self.settings.subtract_zodi and not self.exposure.has_zodi)
        return scale

    def _check_missing(self, pixels: Pixels, valid: np.ndarray, share: np.ndarray, weight: np.ndarray) -> None:
        """Tell of pixels missing in the aperture; raise Unmeasured where they are too many.

        They are left out of the aperture's sum and of the PSF's share in it, which amounts to filling them with what
        PSF and background say.
        """
        touched = weight > 0
        filled = not valid[touched].all()
        self._note(APERTURE_EDGE=not pixels.inside[touched].all(), APERTURE_FILLED=filled)
        lost = missing_share(share, weight, valid) if filled else 0.0
        if lost > self.settings.max_missing:
            raise Unmeasured("no_pixels", f"{lost:.0%} of the aperture's light is missing (aperture.max_missing)")

    def _background(self, stamp: Stamp, pixels: Pixels, valid: np.ndarray, plane: Plane, radius: float) -> Background:
        """The first region with enough pixels free of SOURCE; without any, the first with enough, SOURCE or not."""
        usable = valid & ((pixels.flags & self.masks.bad) == 0)
        unsourced = usable & ((pixels.flags & self.masks.source) == 0)
        for clean in unsourced, usable:
            for attempt, region in enumerate(background_regions(stamp, radius, self.settings)):
                if found := background(plane, clean & region, self.settings):
                    self._note(
                        BACKGROUND_SOURCE=clean is usable,
                        BACKGROUND_GROWN=attempt > 0,
                        BACKGROUND_EDGE=not pixels.inside[region].all(),
                        BACKGROUND_SCATTER=found.excess > SCATTERED,
                    )
                    self.row |= {"background": found.level, "background_err": found.error}
                    self.row["background_area"] = float(found.pixels)
                    return found
        raise Unmeasured("no_background", self._no_background(radius))

    def _no_background(self, radius: float) -> str:
        inner, outer = radius + self.settings.annulus_inner_offset, self.settings.max_outer_radius
        if self.settings.background == "annulus" and inner >= outer:
            return f"the annulus begins at {inner:.1f} pix, which is not below aperture.max_outer_radius ({outer:g})"
        return f"fewer than {self.settings.min_usable_pixels} usable pixels for it (aperture.min_usable_pixels)"

    def _fill(self, measured: Flux, factor: float) -> None:
        """Fluxes and magnitudes; `factor` uJy are one unit of the image in one pixel."""
        flux, error = measured.flux * factor, measured.error * factor
        mag, mag_err = map(float, ab_magnitude(flux, error, self.settings))
        self.row |= {
            "status": "ok",
            "flux": flux,
            "flux_err": error,
            "snr": flux / error,
            "mag": mag,
            "mag_err": mag_err,
        }
        self.row |= {"aperture_area": measured.area, "aperture_correction": measured.correction}
        self._note(NEGATIVE_FLUX=flux < 0)


def _plane(pixels: Pixels, valid: np.ndarray, share: np.ndarray, weight: np.ndarray, scale: ZodiScale) -> Plane:
    """The stamp's pixels for the kernel: the zodiacal light subtracted, what is not valid 0."""
    zodi = np.nan_to_num(pixels.zodi) if scale.scale else np.zeros(valid.shape)
    light = np.where(valid, pixels.image - scale.scale * zodi, 0.0)
    return Plane(light, np.where(valid, pixels.variance, 0.0), share, weight * valid, zodi)
