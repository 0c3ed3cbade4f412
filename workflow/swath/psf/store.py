"""The PSF of one cell on disk: one image per band, and the stars it was made from.

`epsf/{cell}.fits` holds `PSF_0`, `PSF_1` ... (in the order of the bands; shape (nplanes, size, size)) and the
table `STARS`; for PSFs with several samples per pixel also `FINE_0` ..., for those with light beyond the stamp
`WINGS_0` ... (rows as in `models.psfwings`: amplitude, qxx, qxy, qyy, beta). Nothing else is needed to evaluate a
PSF, so this module imports nothing but FITS.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from ..errors import InputError
from ..images import native, write_fits

STARS = np.dtype(
    [
        ("band", "U32"),
        ("star_id", "i4"),
        ("x", "f8"),
        ("y", "f8"),
        ("weight", "f4"),
        ("held_out", "?"),
        ("used", "?"),
        ("pooled_from", "U16"),
    ]
)


class BandPsf(NamedTuple):
    """The PSF of one band in one cell: pixel-integrated, at native sampling, centred on the middle pixel.

    planes : shape (1 or 3, size, size); plane 0 sums to 1 within `norm_radius`, the others to 0.
    x0, y0, scale : reference position and unit of the linear variation, full-frame pixels.
    fallback, pooled, reason : not made from stars; made with stars of other cells; and why.
    form : `psf.form` that it was made in. wings : (ncomponents, 5) light beyond the stamp, or None.
    samples : per pixel and axis, in `fine`, (nplanes, m, m) with m = samples (size - 1) + 1; None for one sample.
    rms_score, ee_score : residual rms over peak and encircled-energy error on held-out stars; None if not measured.
    """

    band: str
    planes: np.ndarray
    x0: float
    y0: float
    scale: float
    method: str
    fallback: bool
    reason: str
    pooled: bool
    n_stars: int
    n_held: int
    norm_radius: float
    rms_score: float | None = None
    ee_score: float | None = None
    form: str = "pixelized"
    samples: int = 1
    fine: np.ndarray | None = None
    wings: np.ndarray | None = None

    def at(self, x: float, y: float) -> np.ndarray:
        """The PSF at a full-frame position, shape (size, size)."""
        return np.tensordot(plane_weights(self, x, y), self.planes, axes=1)


def plane_weights(psf: BandPsf, x: float, y: float) -> np.ndarray:
    """Coefficients of the planes at a full-frame position: 1, (x - x0) / scale, (y - y0) / scale."""
    terms = np.array([1.0, (x - psf.x0) / psf.scale, (y - psf.y0) / psf.scale])
    return terms[: len(psf.planes)]


def write(path: str | Path, psfs: Sequence[BandPsf], stars: np.ndarray) -> None:
    """Write the PSFs of a cell and their stars (dtype `STARS`); a cell without images has no PSF HDUs."""
    table = fits.BinTableHDU(np.asarray(stars, dtype=STARS), name="STARS")
    write_fits(path, [fits.PrimaryHDU(), *(hdu for i, psf in enumerate(psfs) for hdu in _hdus(i, psf)), table])


def read(path: str | Path) -> list[BandPsf]:
    """Read the PSFs of a cell, in the order of the bands.

    Raises
    ------
    InputError : the file is missing or holds no such HDUs.
    """
    with _open(path) as hdus:
        return [_psf(hdus, hdu) for hdu in hdus if hdu.name.startswith("PSF_")]


def read_stars(path: str | Path) -> np.ndarray:
    """The star table of a cell, dtype `STARS`; InputError as `read`."""
    with _open(path) as hdus:
        rows = hdus["STARS"].data
        table = np.zeros(len(rows), STARS)
        for name in STARS.names:
            table[name] = rows[name]
    return table


def _hdus(index: int, psf: BandPsf) -> list[fits.ImageHDU]:
    parts = [("FINE", psf.fine, "f4"), ("WINGS", psf.wings, "f8")]
    more = [
        fits.ImageHDU(np.asarray(data, kind), name=f"{name}_{index}") for name, data, kind in parts if data is not None
    ]
    return [_image(index, psf), *more]


def _image(index: int, psf: BandPsf) -> fits.ImageHDU:
    hdu = fits.ImageHDU(np.asarray(psf.planes, "f4"), name=f"PSF_{index}")
    cards = [
        ("BAND", psf.band, "band"),
        ("METHOD", psf.method, "how the PSF was made"),
        ("FALLBACK", psf.fallback, "not made from stars"),
        ("POOLED", psf.pooled, "with stars of neighbouring cells"),
        ("NSTARS", psf.n_stars, "stars it was made from"),
        ("NHELD", psf.n_held, "stars it was tested on"),
        ("NORMRAD", psf.norm_radius, "[pix] sums to 1 within this radius"),
        ("X0", psf.x0, "[pix] reference position, full frame"),
        ("Y0", psf.y0, "[pix] reference position, full frame"),
        ("XYSCALE", psf.scale, "[pix] planes 1, 2 x (x-X0, y-Y0)/XYSCALE"),
        ("FORM", psf.form, "see psf.form of the config"),
        ("SAMPLES", psf.samples, "per pixel and axis; more than 1 are in FINE"),
        ("RMSSCORE", psf.rms_score, "residual rms / peak on held-out stars"),
        ("EESCORE", psf.ee_score, "encircled-energy error on held-out stars"),
    ]
    hdu.header.extend([card for card in cards if card[1] is not None])
    hdu.header["REASON"] = psf.reason
    return hdu


def _psf(hdus: fits.HDUList, hdu: fits.ImageHDU) -> BandPsf:
    header, index = hdu.header, hdu.name.removeprefix("PSF_")
    more = {
        name.lower(): native(hdus[f"{name}_{index}"].data, kind)
        for name, kind in (("FINE", "f4"), ("WINGS", "f8"))
        if f"{name}_{index}" in hdus
    }
    return BandPsf(
        band=header["BAND"],
        planes=native(hdu.data, "f4"),
        x0=header["X0"],
        y0=header["Y0"],
        scale=header["XYSCALE"],
        method=header["METHOD"],
        fallback=header["FALLBACK"],
        reason=header["REASON"],
        pooled=header["POOLED"],
        n_stars=header["NSTARS"],
        n_held=header["NHELD"],
        norm_radius=header["NORMRAD"],
        rms_score=header.get("RMSSCORE"),
        ee_score=header.get("EESCORE"),
        form=header["FORM"],
        samples=header["SAMPLES"],
        **more,
    )


def _open(path: str | Path) -> fits.HDUList:
    try:
        hdus = fits.open(path, memmap=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; the rule `epsf` writes it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable FITS file ({error})") from None
    if "STARS" not in hdus:
        hdus.close()
        raise InputError(f"{path}: no table STARS; is this a file of the rule `epsf`?")
    return hdus
