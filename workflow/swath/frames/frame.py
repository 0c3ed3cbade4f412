"""Reading one prepared band, and only the pixels asked for. Fit jobs use it, so its imports stay light."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astropy.io import fits

from ..errors import InputError
from ..images import copy_box
from ..telemetry import clock

if TYPE_CHECKING:
    from astropy.wcs import WCS


class Frame(NamedTuple):
    """One band within a box; arrays have shape (y1 - y0, x1 - x0), the header speaks of the full frame.

    image : float32, flux per pixel at the reference zero point, sky subtracted; 0 where not finite.
    sigma : float32, noise of the sky (or all of it, see `noise`), same units; NaN where masked.
    total : float32, noise with the sources' own; NaN where masked. For display and selection, never a fit's weight.
    mask : uint8, bits of flags.MASK_FLAGS, 0 for a good pixel.
    """

    band: str
    image: np.ndarray
    sigma: np.ndarray
    total: np.ndarray
    mask: np.ndarray
    header: fits.Header

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (ny, nx) of the full frame."""
        return self.header["NAXIS2"], self.header["NAXIS1"]

    @property
    def zp_ref(self) -> float:
        """Zero point of the pixels [mag]."""
        return float(self.header["ZPREF"])

    @property
    def gain(self) -> float:
        """Electrons per flux unit of `image`."""
        return float(self.header["GAIN"])

    @property
    def noise(self) -> str:
        """'sky', or 'total' when `sigma` already holds the sources' Poisson noise."""
        return self.header["NOISE"]

    @property
    def sky_sigma(self) -> float:
        """Median noise of the sky per pixel; NaN for a band without a good pixel."""
        return float(self.header.get("SKYSIG", np.nan))

    @property
    def fwhm_pix(self) -> float | None:
        """Seeing FWHM [pix] as the input header states it."""
        return self.header.get("FWHMPIX")


@clock("read")
def read_frame(path: str | Path, box: Sequence[int] | None = None) -> Frame:
    """Read a band written by `load`; within `box` = (x0, x1, y0, y1), half open, only those pixels are touched.

    Raises
    ------
    InputError : the file lacks one of the planes.
    ValueError : the box reaches beyond the frame.
    """
    with fits.open(path, memmap=True) as hdus:
        missing = {"IMAGE", "SIGMA", "TOTAL", "MASK"} - {hdu.name for hdu in hdus}
        if missing:
            raise InputError(f"{path}: not a prepared frame, HDU {', '.join(sorted(missing))} missing; rerun `load`")
        header = hdus["IMAGE"].header.copy()
        inside = _inside(box, (header["NAXIS2"], header["NAXIS1"]))
        image, sigma, total, mask = (copy_box(hdus[name], inside) for name in ("IMAGE", "SIGMA", "TOTAL", "MASK"))
    return Frame(header["BAND"], image, sigma, total, mask, header)


def read_header(path: str | Path) -> fits.Header:
    """Header of the IMAGE plane of a prepared frame: facts and full-frame WCS, no pixels."""
    return fits.getheader(path, "IMAGE")


def celestial_wcs(header: fits.Header) -> "WCS":
    """The WCS of a header, with its distortions; astropy.wcs is imported at the first call only."""
    from astropy.wcs import WCS

    return WCS(header, naxis=2)


def _inside(box: Sequence[int] | None, shape: tuple[int, int]) -> Sequence[int]:
    ny, nx = shape
    x0, x1, y0, y1 = (0, nx, 0, ny) if box is None else box
    if not (0 <= x0 < x1 <= nx and 0 <= y0 < y1 <= ny):
        raise ValueError(f"box {tuple(box)} is not within a frame of {nx} x {ny} pix")
    return x0, x1, y0, y1
