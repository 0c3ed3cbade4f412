"""From the sky to the pixels of the full frame."""

import warnings
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning, NoConvergence

from ..errors import InputError

Box = tuple[int, int, int, int]

TOLERANCE_PIX = 1e-6


class Field(NamedTuple):
    """The sky that the images show.

    wcs : of the full frame of the reference band. shape : (ny, nx) of the full frame.
    crop_box : (x0, x1, y0, y1), half open. epoch : of the images [Julian yr], None when not known.
    """

    wcs: WCS
    shape: tuple[int, int]
    crop_box: Box
    epoch: float | None


class Positions(NamedTuple):
    """Where sources are at the images' epoch: RA, DEC [deg] and full-frame pixels, each of shape (n,)."""

    ra: np.ndarray
    dec: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def take(self, rows: np.ndarray) -> "Positions":
        """The given rows."""
        return Positions(*(values[rows] for values in self))

    def join(self, other: "Positions") -> "Positions":
        """These rows, then the other's."""
        return Positions(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


def equatorial_wcs(header: fits.Header, path: str = "") -> WCS:
    """The WCS of a header, distortions included.

    Raises
    ------
    InputError : its axes are not right ascension and declination near ICRS.
    """
    # ASSUME catalogues in ICRS and images in ICRS or FK5 share one frame (they differ by less than 0.1 arcsec).
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(header, naxis=2)
    axes, frame = f"{wcs.wcs.ctype[0]}, {wcs.wcs.ctype[1]}", wcs.wcs.radesys.strip()
    if wcs.wcs.lngtyp.strip() != "RA" or wcs.wcs.lattyp.strip() != "DEC":
        raise InputError(f"{path}: the WCS axes are {axes}; expected RA and DEC (reproject the image)")
    if frame.startswith("FK4"):
        raise InputError(f"{path}: the WCS is in {frame}; expected ICRS or FK5 (reproject the image)")
    return wcs


def locate(ra: np.ndarray, dec: np.ndarray, wcs: WCS) -> Positions:
    """Positions [deg] with their pixels; NaN pixels where a coordinate is not a number or cannot be projected."""
    return Positions(ra, dec, *to_pixels(wcs, ra, dec))


def to_pixels(wcs: WCS, ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """0-based x, y of RA, DEC [deg], shape (n,), distortions inverted to 1e-6 pix; NaN where that fails.

    A distortion polynomial says nothing of the sky far from its image, so sources there fail; they are outside.
    """
    x, y = np.full(np.shape(ra), np.nan), np.full(np.shape(ra), np.nan)
    good = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    if len(good):
        x[good], y[good] = _invert(wcs, np.stack([ra[good], dec[good]], axis=-1)).T
    lost = ~(np.isfinite(x) & np.isfinite(y))
    x[lost], y[lost] = np.nan, np.nan
    return x, y


def _invert(wcs: WCS, sky: np.ndarray) -> np.ndarray:
    try:
        return wcs.all_world2pix(sky, 0, tolerance=TOLERANCE_PIX, maxiter=50)
    except NoConvergence as failure:
        lost = [rows for rows in (failure.divergent, failure.slow_conv) if rows is not None]
        pixels = np.array(failure.best_solution)
        pixels[np.concatenate(lost).astype(int)] = np.nan
        return pixels
