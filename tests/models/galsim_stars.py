"""Effective PSFs and stars that GalSim renders: the independent reference of PSF tests."""

import numpy as np
import pytest

galsim = pytest.importorskip("galsim")
FINE = galsim.GSParams(folding_threshold=1e-4, maximum_fft_size=16384, kvalue_accuracy=1e-6)


def moffat(fwhm: float, beta: float = 3.5, g1: float = 0.0) -> "galsim.GSObject":
    """Light before the camera's pixels."""
    return galsim.Moffat(beta, fwhm=fwhm, gsparams=FINE).shear(g1=g1, g2=0)


def effective(light: "galsim.GSObject", size: int, samples: int = 1) -> np.ndarray:
    """Light of whole pixels at points `samples` to a pixel, (m, m) with m = samples (size - 1) + 1."""
    side = samples * (size - 1) + 1
    seen = galsim.Convolve(light, galsim.Pixel(1.0), gsparams=FINE)
    return seen.drawImage(nx=side, ny=side, scale=1 / samples, method="no_pixel", dtype=float).array * samples**2


def image(light: "galsim.GSObject", side: int, x: float, y: float) -> np.ndarray:
    """Light of unit flux centred on pixel (x, y), which counts from 0, seen by pixels; (side, side)."""
    middle = (side - 1) / 2
    return light.drawImage(nx=side, ny=side, scale=1.0, offset=(x - middle, y - middle), dtype=float).array
