"""Drawing a source through a PSF stamp, on a path of its own: nothing here is the fit's.

The profile's transform is integrated from its surface brightness (the fit interpolates a stored table over index and
wave number), the PSF is a stamp at one place.
"""

from functools import cache

import numpy as np
from scipy import fft, special
from scipy.interpolate import CubicSpline

from ..models.sersic import TRUNCATION

INDEX = {"EXP": 1.0, "DEV": 4.0}
NODES, WAVES = 800, 2000
LARGEST_WAVE = 64.0  # of k Re: sqrt(2) pi for Re = 14 pix
STAR_MARGIN = 8  # pixels around a PSF stamp, so that its shift wraps nothing around


def stamp(
    psf: np.ndarray, kind: str, dx: float, dy: float, re: float = 0.0, ell: float = 0.0, phi: float = 0.0
) -> np.ndarray:
    """A source of unit flux (that of the profile within 8 Re), shape (n, n), n even.

    Its centre is at pixel (n / 2 + dx, n / 2 + dy).

    Parameters
    ----------
    psf : (m, m), m odd, pixel-integrated, centred. kind : STAR, EXP or DEV.
    re [pix] along the major axis, of the profile without its truncation; ell = 1 - b/a; phi [deg] from +x.
    """
    size = stamp_size(len(psf), kind, re)
    ky, kx = 2 * np.pi * fft.fftfreq(size)[:, None], 2 * np.pi * fft.rfftfreq(size)[None, :]
    light = fft.rfft2(_centred(psf, size)) * np.exp(-1j * (kx * dx + ky * dy))
    if kind != "STAR":
        c, s = np.cos(np.radians(phi)), np.sin(np.radians(phi))
        wave = re * np.hypot(kx * c + ky * s, (1 - ell) * (ky * c - kx * s))
        light *= transform(INDEX[kind])(np.minimum(wave, LARGEST_WAVE))
    return fft.fftshift(fft.irfft2(light, s=(size, size)))


def stamp_size(psf_size: int, kind: str, re: float) -> int:
    """Side of a stamp, even, that holds the PSF and, around it, the profile to its end."""
    margin = STAR_MARGIN if kind == "STAR" else int(np.ceil(TRUNCATION * re))
    size = fft.next_fast_len(psf_size + 2 * margin + 1, real=True)
    return size + size % 2


@cache
def transform(index: float) -> CubicSpline:
    """The Hankel transform of a Sersic profile that ends at 8 Re, 1 at wave number 0, by k Re.

    exp(-b r^(1/n)) with the exact b of the untruncated half-light radius (Ciotti 1991, A&A 249, 99).
    """
    b = special.gammaincinv(2 * index, 0.5)
    # r = 8 t^(2n): the cusp of any index is smooth in t.
    t, weight = np.polynomial.legendre.leggauss(NODES)
    t, weight = (t + 1) / 2, weight / 2
    radius = TRUNCATION * t ** (2 * index)
    light = np.exp(-b * radius ** (1 / index)) * radius * weight * TRUNCATION * 2 * index * t ** (2 * index - 1)
    wave = np.linspace(0, LARGEST_WAVE, WAVES)
    values = np.concatenate([special.j0(part[:, None] * radius) @ light for part in np.array_split(wave, 20)])
    return CubicSpline(wave, values / light.sum())


def _centred(psf: np.ndarray, size: int) -> np.ndarray:
    """The PSF on a grid of its own with its middle pixel at [0, 0]."""
    half, grid = len(psf) // 2, np.zeros((size, size))
    grid[: len(psf), : len(psf)] = psf
    return np.roll(grid, (-half, -half), axis=(0, 1))
