"""PSFs and wavelengths as SPHEREx files store them, from the optics of known truth and real tables."""

from astropy.io import fits

from . import optics
from .realfiles import real_parts

FIXED = {"6.5.5+psffix1", "7.0.2", "6.5.6", "6.10.0"}  # of those that tests build with


def wave_hdu(detector):
    """WCS-WAVE of a real QR1 file of this detector."""
    hdu = real_parts(detector)[1]
    return fits.BinTableHDU(hdu.data.copy(), hdu.header.copy(), name="WCS-WAVE")


def psf_hdu(detector, release, version):
    """The PSF as the release stores it; zone centres transposed in versions before the repair."""
    if release == "qr3":
        centres, stamps = optics.epsf(detector)
        neff = 1 / (stamps.astype(float) ** 2).sum((1, 2)) * optics.EPSF_FACTOR**2
        columns = [
            fits.Column("XCENTER", "E", array=centres[0]),
            fits.Column("YCENTER", "E", array=centres[1]),
            fits.Column(
                "EPSF", f"{optics.EPSF_SIDE**2}E", dim=f"({optics.EPSF_SIDE},{optics.EPSF_SIDE})", array=stamps
            ),
            fits.Column("NEFF_MEAN", "E", array=neff),
        ]
        hdu = fits.BinTableHDU.from_columns(columns, name="EPSF")
        hdu.header["OVERSAMP"] = optics.EPSF_FACTOR
        return hdu
    hdu = fits.ImageHDU(optics.cube(detector), name="PSF")
    hdu.header["OVERSAMP"] = (optics.CUBE_FACTOR, "samples per pixel and axis")
    centres = optics.cube_centres()
    for plane in range(121):
        place = (plane % 11, plane // 11)
        ix, iy = place if version in FIXED else place[::-1]
        hdu.header[f"XCTR_{plane + 1}"] = (round(centres[ix], 4), f"zone ({ix}, {iy})")
        hdu.header[f"YCTR_{plane + 1}"] = round(centres[iy], 4)
        hdu.header[f"XWID_{plane + 1}"] = 185.4545
        hdu.header[f"YWID_{plane + 1}"] = 185.4545
    return hdu


def primary_hdu(version):
    """The primary HDU; without VERSION for ""."""
    hdu = fits.PrimaryHDU()
    if version:
        hdu.header["VERSION"] = (version, "SSDC Pipelines software version")
    return hdu
