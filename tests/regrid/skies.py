"""Images of known stars for the tests of the grid: analytic Gaussians integrated over pixels, with a TAN WCS."""

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from scipy.special import erf

RA, DEC = 150.0, 2.0
SIGMA = 2.0 * np.sqrt(2 * np.log(2))


def tan(shape, scale=1.0, rotation=0.0, offset=(0.0, 0.0), ra=RA, dec=DEC):
    """A WCS whose centre lies `offset` pixels from (ra, dec); scale [arcsec], rotation [deg]."""
    wcs = WCS(naxis=2)
    ny, nx = shape
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(nx + 1) / 2 + offset[0], (ny + 1) / 2 + offset[1]]
    angle, step = np.deg2rad(rotation), scale / 3600
    wcs.wcs.cd = step * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return wcs


def star(shape, x, y, fwhm, flux):
    """A Gaussian star, integrated over pixels."""
    width = fwhm / SIGMA * np.sqrt(2)
    ny, nx = shape
    columns = erf((np.arange(nx + 1) - 0.5 - x) / width)
    rows = erf((np.arange(ny + 1) - 0.5 - y) / width)
    return flux * np.diff(rows)[:, None] * np.diff(columns) / 4


def positions(step, count, ra=RA, dec=DEC):
    """Right ascensions and declinations of a lattice about the centre; step [arcsec]."""
    places = (np.arange(count) - (count - 1) / 2) * step / 3600
    east, north = (part.ravel() for part in np.meshgrid(places, places))
    return ra + east / np.cos(np.deg2rad(dec)), dec + north


def pixels_of(wcs, ra, dec):
    """Pixel positions, x and y."""
    return wcs.world_to_pixel(SkyCoord(ra, dec, unit="deg"))


def stars(wcs, shape, ra, dec, fwhm, flux):
    """An image of equal stars; fwhm [pix]."""
    return sum(star(shape, x, y, fwhm, flux) for x, y in zip(*pixels_of(wcs, ra, dec), strict=True))


def write(path, pixels, wcs, **cards):
    """Write an image with its WCS and cards; None leaves a card out. Defaults are those that `load` asks for."""
    header = wcs.to_header()
    known = {"FILTER": "r", "ZP_AUTO": 27.0, "SKYSIG": 5.0, "EGAIN": 2.0, "SATURATE": 6e4, "MJD-OBS": 51075.0} | cards
    for name, value in known.items():
        if value is not None:
            header[name] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.writeto(path, np.asarray(pixels, "f4"), header, overwrite=True)
