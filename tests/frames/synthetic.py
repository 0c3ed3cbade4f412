"""Small images with a known truth."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import swath
from astropy.io import fits

HEADER = {
    "FILTER": "r",
    "ZP_AUTO": 27.5,
    "SKYSIG": 2.0,
    "EGAIN": 4.0,
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 150.1,
    "CRVAL2": 2.2,
    "CRPIX1": 30.5,
    "CRPIX2": 20.5,
    "CD1_1": -1.1e-4,
    "CD1_2": 2e-6,
    "CD2_1": 1e-6,
    "CD2_2": 1.1e-4,
}
SIP = {
    "CTYPE1": "RA---TAN-SIP",
    "CTYPE2": "DEC--TAN-SIP",
    "A_ORDER": 2,
    "B_ORDER": 2,
    "A_2_0": 3.1e-6,
    "A_1_1": -2e-6,
    "B_0_2": 1.7e-6,
    "B_1_1": 4e-6,
}


def header(**changes):
    """A complete header; a value of None takes the key out."""
    return fits.Header({key: value for key, value in (HEADER | changes).items() if value is not None})


def write_image(path, pixels=None, **changes):
    """Write a primary image (40 rows, 60 columns of noise of 2 about 0, unless given) and return its path as text."""
    if pixels is None:
        pixels = np.random.default_rng(1).normal(0, 2, (40, 60)).astype("f4")
    fits.writeto(path, pixels, header(**changes))
    return str(path)


def moffat(shape, x, y, flux, fwhm=4.4, beta=2.5, reach=150):
    """A star with wings like r^-5, drawn out to `reach` pixels; unit pixel sampling."""
    image = np.zeros(shape, "f4")
    core = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    rows = slice(max(int(y) - reach, 0), min(int(y) + reach + 1, shape[0]))
    columns = slice(max(int(x) - reach, 0), min(int(x) + reach + 1, shape[1]))
    iy, ix = np.mgrid[rows, columns]
    radius2 = (ix - x) ** 2 + (iy - y) ** 2
    image[rows, columns] = flux * (beta - 1) / np.pi / core**2 * (1 + radius2 / core**2) ** -beta
    return image


def crowded_field(shape=(1000, 1000), n=180, seed=3):
    """Light of n stars and exponential galaxies (signal to noise 8 to 3000 for noise 1) and of 1000 too faint ones.

    Returns the image and the mean light per pixel of the faint ones, which no mask can find.
    """
    rng = np.random.default_rng(seed)
    ny, nx = shape
    image = np.zeros(shape, "f4")
    for number in range(n):
        x, y, flux = rng.uniform(0, nx), rng.uniform(0, ny), 60 * 400 ** rng.uniform() ** 2
        if number % 2:
            add(image, moffat, x, y, flux)
        else:
            add(image, exponential, x, y, flux, scale=rng.uniform(1.5, 5), q=rng.uniform(0.4, 1))
    bright = image.sum(dtype=float)
    for _ in range(1000):
        add(image, moffat, rng.uniform(0, nx), rng.uniform(0, ny), rng.uniform(2, 12), reach=15)
    return image, (image.sum(dtype=float) - bright) / image.size


def add(image, profile, x, y, flux, reach=150, **shape):
    """Add a profile within `reach` pixels of its centre."""
    x0, y0 = max(int(x) - reach, 0), max(int(y) - reach, 0)
    part = image[y0 : int(y) + reach + 1, x0 : int(x) + reach + 1]
    part += profile(part.shape, x - x0, y - y0, flux, **shape)


def exponential(shape, x, y, flux, scale, q):
    """An exponential disc along x with the given scale length and axis ratio."""
    iy, ix = np.mgrid[: shape[0], : shape[1]]
    return (flux / (2 * np.pi * scale**2 * q) * np.exp(-np.hypot(ix - x, (iy - y) / q) / scale)).astype("f4")


def run_python(code):
    """Output of a fresh interpreter that has imported nothing yet."""
    environment = os.environ | {"PYTHONPATH": str(Path(swath.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()
