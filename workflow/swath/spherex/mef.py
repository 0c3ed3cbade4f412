"""SPHEREx Level-2 spectral images: multi-extension FITS files, whole frames and cutouts alike.

HDUs: PRIMARY, IMAGE [MJy/sr, zodiacal light included], FLAGS, VARIANCE [(MJy/sr)2], ZODI [MJy/sr], PSF or EPSF,
WCS-WAVE (Explanatory Supplement of the Quick Release). Files without the last two, which all exposures of a detector
and calibration share, are read together with a calibration file.
"""

import math
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from ..errors import InputError
from . import celestial, maskbits
from .calibrations import (
    PSF_PRODUCTS,
    UNREADABLE,
    WAVE_PRODUCT,
    Calibration,
    from_hdus,
    identifiers,
    read_calibration,
    same,
)
from .psfset import PsfSet
from .wavelength import WaveTable, table_axes

PLANES = ("IMAGE", "FLAGS", "VARIANCE")
ZODI = "ZODI"


class Pixels(NamedTuple):
    """Part of an exposure, shapes (ny, nx), native types: `image`, `zodi` [MJy/sr], `variance` [(MJy/sr)2], `flags`.

    Where the part reaches beyond the file, `inside` is false, numbers are NaN and flags 0. `zodi` is NaN without model.
    """

    image: np.ndarray
    variance: np.ndarray
    zodi: np.ndarray
    flags: np.ndarray
    inside: np.ndarray


class Exposure:
    """One exposure of one detector; its pixels stay in the file until they are asked for.

    detector : 1 to 6. mjd : middle of the exposure [d]. exptime [s]. bits : name to bit of FLAGS. bits_assumed : the
    file does not name them. has_zodi. psfs, waves : None where neither the file nor a calibration file has them.
    same_calibration : do they belong to the image's calibration (None: nobody says).
    """

    def __init__(self, hdus: fits.HDUList, calibration: Calibration | None) -> None:
        self.header = header = hdus["IMAGE"].header
        self._hdus = {name: hdus[name] for name in (*PLANES, ZODI) if name in hdus}
        self.shape: tuple[int, int] = (header["NAXIS2"], header["NAXIS1"])
        self._planes = {name: hdu.data for name, hdu in self._hdus.items()}
        self.detector = int(celestial.number(header, "DETECTOR"))
        self.version: str | None = hdus[0].header.get("VERSION")
        self.mjd = celestial.number(header, "MJD-AVG") if "MJD-AVG" in header else math.nan
        self.exptime = celestial.number(header, "XPOSURE") if "XPOSURE" in header else math.nan
        self.wcs: WCS = celestial.celestial(header)
        self.offset = celestial.detector_offset(header)
        named = maskbits.named_bits(hdus["FLAGS"].header)
        self.bits, self.bits_assumed = named or maskbits.DOCUMENTED, not named
        self.has_zodi = ZODI in self._planes
        self.identifiers = identifiers([header, hdus[0].header])
        self.psfs: PsfSet | None
        self.waves: WaveTable | None
        self.psfs, self.waves, self.same_calibration = _calibrated(from_hdus(hdus), calibration, self.identifiers)
        self._axes = table_axes(header) if self.waves else None

    def pixel(self, ra: float, dec: float) -> tuple[float, float]:
        """0-based pixel of the file of a position [deg, ICRS]; NaN where the projection does not reach it."""
        return celestial.to_pixel(self.wcs, ra, dec)

    def on_detector(self, x: float, y: float) -> tuple[float, float]:
        """0-based detector pixel of a 0-based pixel of the file."""
        return x + self.offset[0], y + self.offset[1]

    def wavelength(self, x: float, y: float) -> tuple[float, float]:
        """Wavelength and bandwidth [um] at a 0-based pixel of the file; NaN where nobody knows them."""
        return self.waves.at(*self._axes.of(x, y)) if self.waves and self._axes else (math.nan, math.nan)

    def pixel_area(self, x: float, y: float) -> float:
        """Solid angle [arcsec2] of a 0-based pixel of the file, by its WCS."""
        return celestial.pixel_area(self.wcs, x, y)

    def pixels(self, x0: int, y0: int, nx: int, ny: int) -> Pixels:
        """The pixels x0 .. x0 + nx - 1, y0 .. y0 + ny - 1; only these are read."""
        ys, xs = (
            slice(max(y0, 0), max(min(y0 + ny, self.shape[0]), 0)),
            slice(max(x0, 0), max(min(x0 + nx, self.shape[1]), 0)),
        )
        place = slice(ys.start - y0, max(ys.stop, ys.start) - y0), slice(xs.start - x0, max(xs.stop, xs.start) - x0)
        inside = np.zeros((ny, nx), dtype=bool)
        inside[place] = True
        flags = np.zeros((ny, nx), dtype=np.int64)
        flags[place] = self._planes["FLAGS"][ys, xs]
        flags &= 0xFFFFFFFF  # bit 31 is no sign
        planes = []
        for name in ("IMAGE", "VARIANCE", ZODI):
            plane = np.full((ny, nx), np.nan)
            if name in self._planes:
                plane[place] = self._planes[name][ys, xs]
            planes.append(plane)
        return Pixels(*planes, flags, inside)


def read_exposure(file: str | Path, calibration: str | Path | None = None) -> Exposure:
    """Read a Level-2 file; PSFs and wavelengths that it lacks are taken from the file `calibration`.

    Raises
    ------
    InputError : missing, unreadable or truncated file, HDUs or cards that are missing, shapes that differ, a
        calibration of another detector.
    """
    held = read_calibration(calibration) if calibration else None
    try:
        # What astropy only warns of (a header cut short, say) is missing below, and told there.
        with warnings.catch_warnings(action="ignore"), fits.open(file, memmap=True, lazy_load_hdus=True) as hdus:
            _check(hdus)
            exposure = Exposure(hdus, held)
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except InputError as error:
        raise InputError([f"{file}: {problem}" for problem in error.problems]) from None
    except UNREADABLE as error:
        raise InputError(f"{file}: not a readable Level-2 file ({error}); is it whole?") from None
    if held and held.detector not in (0, exposure.detector):
        raise InputError(f"{calibration}: of detector {held.detector}; expected {exposure.detector}, that of {file}")
    return exposure


def _check(hdus: fits.HDUList) -> None:
    """Raise an InputError with all that is missing or does not fit."""
    names = [hdu.name for hdu in hdus]
    missing = [name for name in PLANES if name not in names or not hdus[name].is_image]
    if missing:
        raise InputError(
            f"no HDU {', '.join(missing)} (found: {', '.join(name or '(no name)' for name in names)}); is it whole?"
        )
    shapes = {name: getattr(hdus[name], "shape", ()) for name in (*PLANES, ZODI) if name in names}
    if len(set(shapes.values())) > 1 or len(shapes["IMAGE"]) != 2:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"planes of different or unexpected shapes: {found}")
    unit = str(hdus["IMAGE"].header.get("BUNIT", "MJy / sr"))
    if unit.replace(" ", "") != "MJy/sr":
        raise InputError(f"IMAGE has the unit {unit!r}; expected MJy/sr")


def _calibrated(
    own: Calibration, held: Calibration | None, wanted: dict[str, str]
) -> tuple[PsfSet | None, WaveTable | None, bool | None]:
    """PSFs, wavelengths, and whether they are those of the image: its own always are."""
    psfs = own.psfs or (held.psfs if held else None)
    waves = own.waves or (held.waves if held else None)
    borrowed = ([PSF_PRODUCTS] if not own.psfs and psfs else []) + (
        [(WAVE_PRODUCT,)] if not own.waves and waves else []
    )
    answers = [same(wanted, held.identifiers, products) for products in borrowed if held]
    verdict = False if False in answers else None if None in answers else True
    return psfs, waves, verdict
