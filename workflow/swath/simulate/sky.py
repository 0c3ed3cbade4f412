"""Where the simulated field lies on the sky, and what each band's camera is like."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits

from ..config.simulate import Simulate
from ..streams import stream

CENTRE_RA, CENTRE_DEC, ROTATION = 150.1, 2.2, 11.0  # [deg]
# Per pixel, of flux at zero point 25, about the same in all bands: sky noise, electrons, and where pixels saturate.
NOISE_ZP, NOISE, GAIN, SATURATION = 25.0, 1.0, 15.0, 6500.0
# ASSUME the pipeline before swath left a plane of this size, in units of the noise per pixel.
SKY_LEVEL, SKY_TILT = 0.4, 0.2


class Camera(NamedTuple):
    """One band's image: zero_point and its error as the header has it [mag]; the rest in image units.

    noise : of the sky per pixel. gain : electrons per unit. saturation : level.
    """

    zero_point: float
    error: float
    noise: float
    gain: float
    saturation: float


def camera(settings: Simulate, band: int) -> Camera:
    """The camera of band number `band`: every band has a zero point and a depth of its own."""
    rng = stream(settings.seed, "camera", str(band))
    zero_point, error = rng.uniform(22.0, 27.0), settings.zero_point_error_mag * rng.normal()
    unit, depth = 10 ** (0.4 * (zero_point - NOISE_ZP)), rng.uniform(0.8, 1.25)
    return Camera(zero_point, error, NOISE * depth * unit, GAIN / unit, SATURATION * unit)


def wcs_header(settings: Simulate) -> fits.Header:
    """A gnomonic WCS (CD matrix, east to the left, rotated) with the field's centre at CRVAL."""
    step, angle = settings.pixel_scale_arcsec / 3600, np.radians(ROTATION)
    middle = (settings.side_pix - 1) / 2 + 1
    return fits.Header(
        [
            ("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CUNIT1", "deg"), ("CUNIT2", "deg"),
            ("CRVAL1", CENTRE_RA), ("CRVAL2", CENTRE_DEC), ("CRPIX1", middle), ("CRPIX2", middle),
            ("CD1_1", -step * np.cos(angle)), ("CD1_2", step * np.sin(angle)),
            ("CD2_1", step * np.sin(angle)), ("CD2_2", step * np.cos(angle)), ("RADESYS", "ICRS"),
        ]
    )  # fmt: skip
