"""A small synthetic field: WCS, prepared frames, white stack."""

import numpy as np
from astropy.io import fits
from swath.flags import MASK
from swath.images import write_fits
from swath.sources.positions import equatorial_wcs

SCALE = 0.5 / 3600


def make_header(nx=400, ny=300, angle=0.0, parity=-1, sip=False, ra=150.0, dec=30.0):
    """TAN header of 0.5 arcsec pixels; `angle` turns the frame, parity -1 has East to the left for angle 0."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    header = fits.Header()
    header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, nx, ny
    header["CTYPE1"], header["CTYPE2"] = ("RA---TAN-SIP", "DEC--TAN-SIP") if sip else ("RA---TAN", "DEC--TAN")
    header["CRPIX1"], header["CRPIX2"], header["CRVAL1"], header["CRVAL2"] = nx / 2, ny / 2, ra, dec
    header["CD1_1"], header["CD1_2"] = parity * SCALE * cos, -SCALE * sin
    header["CD2_1"], header["CD2_2"] = parity * SCALE * sin, SCALE * cos
    header["RADESYS"], header["MJD-OBS"] = "ICRS", 57388.5
    if sip:
        header["A_ORDER"], header["B_ORDER"] = 2, 2
        header["A_2_0"], header["B_0_2"], header["A_1_1"] = 2e-5, -3e-5, 1e-5
    return header


def write_frame(path, header, band="r", saturated=(), fwhm=None):
    """A prepared frame without light, whose pixels (x, y) of `saturated` carry the SATURATED bit."""
    shape = header["NAXIS2"], header["NAXIS1"]
    mask = np.zeros(shape, np.uint8)
    for x, y in saturated:
        mask[y, x] = MASK["SATURATED"] | MASK["USER"]
    facts = header.copy()
    facts["BAND"] = band
    if fwhm is not None:
        facts["FWHMPIX"] = fwhm
    planes = {name: np.zeros(shape, np.float32) for name in ("IMAGE", "SIGMA", "TOTAL")}
    hdus = [fits.ImageHDU(pixels, facts if name == "IMAGE" else None, name) for name, pixels in planes.items()]
    write_fits(path, [fits.PrimaryHDU(), *hdus, fits.ImageHDU(mask, name="MASK")])
    return path


def write_white(path, box, white=None, noise=None):
    """A white stack cropped to `box`."""
    x0, x1, y0, y1 = box
    facts = fits.Header()
    facts["CROPX0"], facts["CROPX1"], facts["CROPY0"], facts["CROPY1"] = box
    empty = np.zeros((y1 - y0, x1 - x0), np.float32)
    hdus = [
        fits.ImageHDU(empty if pixels is None else pixels.astype(np.float32), facts, name)
        for name, pixels in (("WHITE", white), ("NOISE", noise))
    ]
    write_fits(path, [fits.PrimaryHDU(), *hdus])
    return path


def sky_of(header, x, y):
    """RA, DEC of pixels."""
    return equatorial_wcs(header).all_pix2world(np.asarray(x, float), np.asarray(y, float), 0)
