"""SPHEREx files without their PSF: 97 % of a cutout is the PSF of its detector, which all of a calibration share.

A file is read up to its PSF (the HDUs come in the order IMAGE, FLAGS, VARIANCE, ZODI, PSF, WCS-WAVE) and is a valid
FITS file up to there. What follows, PSF and WCS-WAVE, is held once in data/calibration/.

ASSUME files of one detector, one VERSION and the same [CALIB] identifiers of PSF and wavelengths have the same PSF and
WCS-WAVE (IRSA's cutouts carry the cube of the whole detector). VERSION is among them because files that were repaired
for the transposed zone centres kept their identifiers.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from astropy.io import fits

from ..files import atomic
from .fitsstream import Hdu
from .names import digest, safe
from .validate import PSF, WAVELENGTHS

_CALIB = re.compile(rb"HISTORY \[CALIB\] (average_psf|epsf|spectral_wcs)\s+([0-9A-Za-z-]+)")


class Calibration(NamedTuple):
    """What PSF and wavelengths of a file are those of; `uuids` are sorted pairs of product and identifier."""

    detector: int
    version: str
    uuids: tuple[tuple[str, str], ...]

    @property
    def file(self) -> str:
        """Its file, relative to the tile's folder."""
        name = f"D{self.detector}_{safe(self.version)}-{digest(repr(tuple(self)))}.fits"
        return f"data/calibration/{name}"


def psf_start(hdus: Sequence[Hdu]) -> int | None:
    """The first byte of the HDU that holds the PSF; None while it has not come."""
    return next((hdu.start for hdu in hdus if hdu.name in PSF), None)


def calibration_of(hdus: Sequence[Hdu]) -> Calibration | None:
    """The calibration that a file names; None for files that do not, whose PSF is left where it is."""
    image = next((hdu for hdu in hdus if hdu.name == "IMAGE"), None)
    detector = image.number("DETECTOR", 0) if image else 0
    version = hdus[0].text("VERSION") or ""
    uuids = {(name.decode(), uuid.decode()) for name, uuid in _CALIB.findall(image.header)} if image else set()
    return Calibration(detector, version, tuple(sorted(uuids))) if detector and (uuids or version) else None


def can_be_shared(hdus: Sequence[Hdu]) -> bool:
    """Does nothing but PSF and wavelengths come from the PSF on?"""
    names = [hdu.name for hdu in hdus]
    first = next((i for i, name in enumerate(names) if name in PSF), len(names))
    return set(names[first:]) <= {*PSF, WAVELENGTHS} and WAVELENGTHS in names


def write_calibration(path: Path, whole: Path, start: int, calibration: Calibration) -> None:
    """Write the HDUs of the file `whole` from byte `start` on behind a primary HDU that says whose they are."""
    primary = fits.Header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])
    primary["VERSION"] = (calibration.version, "of the file that these HDUs were in")
    primary["DETECTOR"] = (calibration.detector, "1-3: SWIR, 4-6: MWIR")
    for product, uuid in calibration.uuids:
        primary.add_history(f"[CALIB] {product} {uuid}")
    with open(whole, "rb") as source, atomic(path) as temporary:
        source.seek(start)
        temporary.write_bytes(primary.tostring().encode("ascii") + source.read())
