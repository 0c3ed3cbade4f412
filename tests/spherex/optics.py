"""PSFs of known truth for built SPHEREx files: sums of Gaussians, which pixels integrate exactly.

Their widths are the headers' PSF_FWHM, change over the detector unlike in x and y (so that transposed zones are seen)
and their cores lie off the stamp's centre as those of the real cubes do.
"""

from functools import cache

import numpy as np
from scipy.special import erf

FWHM_ARCSEC = {1: 5.03, 2: 4.84, 3: 4.92, 4: 6.02, 5: 6.12, 6: 6.56}
PIXEL_ARCSEC = 6.15
SIDE = 2040
CORE_OFFSET = (-0.053, -0.048)  # x, y of the core from the stamp's centre [pix]
SHARES = (0.88, 0.12)
WIDTHS = (1.0, 2.0)
CUBE_SIDE, CUBE_FACTOR = 101, 10
EPSF_SIDE, EPSF_FACTOR = 33, 5


def cube_centres():
    """1-based zone centres along one axis of the QR1 and QR2 cubes, 11."""
    return 93.227 + 185.4545 * np.arange(11)


def epsf_centres(detector):
    """1-based zone centres of the QR3 table along x and y: 21 x 21, for D3 11 x 41."""
    return tuple((np.arange(n) + 0.5) * SIDE / n + 0.5 for n in ((11, 41) if detector == 3 else (21, 21)))


def zone_of(detector, release, x, y):
    """Centre (x, y; 1-based) of the zone that holds the 0-based detector position."""
    columns, rows = epsf_centres(detector) if release == "qr3" else (cube_centres(), cube_centres())
    return columns[np.argmin(abs(columns - (x + 1)))], rows[np.argmin(abs(rows - (y + 1)))]


def sigmas(detector, centre):
    """Standard deviations along x and y of the core at a zone's centre [pix]."""
    core = FWHM_ARCSEC[detector] / PIXEL_ARCSEC / 2.3548
    u, v = (np.asarray(centre) - 1020.5) / 1020.0
    return core * (1 + 0.10 * u), core * (1 + 0.03 * v)


def _cells(edges, centre, sigma):
    """Share of a Gaussian between neighbouring edges, along one axis."""
    return np.diff(0.5 * (1 + erf((edges - centre) / (sigma * np.sqrt(2)))), axis=-1)


def share(detector, centre, x, y, shape):
    """Share of a point source at (x, y) in every pixel of an image of `shape` (ny, nx); exact."""
    sx, sy = sigmas(detector, centre)
    columns, rows = np.arange(shape[1] + 1) - 0.5, np.arange(shape[0] + 1) - 0.5
    return sum(
        weight
        * np.outer(
            _cells(rows, y + CORE_OFFSET[1], sy * width),
            _cells(columns, x + CORE_OFFSET[0], sx * width),
        )
        for weight, width in zip(SHARES, WIDTHS, strict=True)
    )


@cache
def cube(detector):
    """The optical PSF of every zone, (121, 101, 101) at ten samples per pixel, x fastest; planes sum up to 1."""
    edges = (np.arange(CUBE_SIDE + 1) - CUBE_SIDE / 2) / CUBE_FACTOR
    planes = []
    for y in cube_centres():
        for x in cube_centres():
            sx, sy = sigmas(detector, (x, y))
            planes.append(
                sum(
                    weight
                    * np.outer(_cells(edges, CORE_OFFSET[1], sy * width), _cells(edges, CORE_OFFSET[0], sx * width))
                    for weight, width in zip(SHARES, WIDTHS, strict=True)
                )
            )
    return np.array(planes, dtype="f4")


@cache
def epsf(detector):
    """XCENTER, YCENTER (n,) and EPSF (n, 33, 33) at five samples per pixel: shares of pixels at those distances."""
    offsets = (np.arange(EPSF_SIDE) - EPSF_SIDE // 2) / EPSF_FACTOR
    edges = offsets[:, None] + np.array([-0.5, 0.5])
    columns, rows = epsf_centres(detector)
    centres = [(x, y) for y in rows for x in columns]
    stamps = []
    for centre in centres:
        sx, sy = sigmas(detector, centre)
        stamps.append(
            sum(
                weight
                * np.outer(
                    _cells(edges, CORE_OFFSET[1], sy * width)[:, 0], _cells(edges, CORE_OFFSET[0], sx * width)[:, 0]
                )
                for weight, width in zip(SHARES, WIDTHS, strict=True)
            )
        )
    return np.array(centres).T.astype("f4"), np.array(stamps, dtype="f4")
