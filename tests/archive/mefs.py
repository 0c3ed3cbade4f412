"""Small files with the HDUs of a SPHEREx cutout, from seeds: quick to make, each one different."""

import io

import numpy as np
from astropy.io import fits

PSF_SHAPE = (11, 101, 101)
UUID = "e8475479-3e69-465e-a9aa-d6bbfe06d43d"


def mef(
    seed: int = 0,
    side: int = 40,
    detector: int = 3,
    psf: bool = True,
    checksums: bool = True,
    uuid: str = UUID,
    version: str = "6.5.6",
) -> bytes:
    """A file of IMAGE, FLAGS, VARIANCE, ZODI, and with `psf` PSF and WCS-WAVE, which depend on `uuid` alone."""
    dice, shared = np.random.default_rng(seed), np.random.default_rng(int(uuid[:8], 16))
    primary = fits.PrimaryHDU()
    primary.header["VERSION"] = version
    image = fits.ImageHDU(dice.normal(1, 0.1, (side, side)).astype(np.float32), name="IMAGE")
    image.header["DETECTOR"], image.header["OBSID"] = detector, f"2025W20_1A_{seed:04d}_1"
    image.header.add_history(f"[CALIB] average_psf {uuid}")
    image.header.add_history("[CALIB] spectral_wcs 1303e33f-8b3c-460d-a2d2-042d176e0a8b")
    hdus = [
        primary,
        image,
        fits.ImageHDU(dice.integers(0, 3, (side, side)).astype(np.int32), name="FLAGS"),
        fits.ImageHDU(dice.uniform(0.1, 0.2, (side, side)).astype(np.float32), name="VARIANCE"),
        fits.ImageHDU(np.full((side, side), 0.3, np.float32), name="ZODI"),
    ]
    if psf:
        cube = fits.ImageHDU(shared.random(PSF_SHAPE).astype(np.float32), name="PSF")
        cube.header["OVERSAMP"] = 10
        for i in range(121):  # its header is longer than what comes from the network at a time
            cube.header[f"XCTR_{i + 1}"], cube.header[f"YCTR_{i + 1}"] = 93.2 + i % 11, 93.2 + i // 11
        axis = np.linspace(1, 2040, 9, dtype=np.int32)[None, :]
        columns = [("X", "9J", axis), ("Y", "9J", axis), ("VALUES", "162E", shared.random((1, 162)))]
        made = [fits.Column(name=name, format=form, array=array) for name, form, array in columns]
        hdus += [cube, fits.BinTableHDU.from_columns(made, name="WCS-WAVE")]
    out = io.BytesIO()
    fits.HDUList(hdus).writeto(out, checksum=checksums)
    return out.getvalue()
