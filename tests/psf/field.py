"""Simulated frames with a known, varying PSF: stars, round galaxies, pairs, bright and saturated stars."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from swath.flags import MASK
from swath.images import write_fits

SIGMA, GAIN = 5.0, 5.0


class Truth(NamedTuple):
    """A frame on disk and what is in it; `kind` is star, galaxy, pair, faint or saturated."""

    frame: Path
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    kind: np.ndarray
    side: int
    fwhm: float

    def psf(self, x: float, y: float, size: int = 61) -> np.ndarray:
        """The true PSF at a position, unit total flux."""
        return moffat(size, 0.0, 0.0, *shape_at(x, y, self.side, self.fwhm))


def shape_at(x: float, y: float, side: int, fwhm: float) -> tuple[float, float]:
    """FWHM [pix] and ellipticity of the PSF at a position: both change by per cents over the frame."""
    u, v = x / side - 0.5, y / side - 0.5
    return fwhm * (1 + 0.04 * u), 0.02 + 0.03 * v


def moffat(size: int, dx: float, dy: float, fwhm: float, stretch: float, beta: float = 3.3) -> np.ndarray:
    """Elliptical Moffat, averaged over pixels by 5 x 5 Gauss-Legendre points, unit total flux."""
    nodes, weights = np.polynomial.legendre.leggauss(5)
    alpha = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    y, x = np.indices((size, size)) - size // 2
    image = np.zeros((size, size))
    for a, wa in zip(nodes / 2, weights / 2, strict=True):
        for b, wb in zip(nodes / 2, weights / 2, strict=True):
            r2 = ((x - dx + a) * (1 + stretch)) ** 2 + ((y - dy + b) / (1 + stretch)) ** 2
            image += wa * wb * (beta - 1) / (np.pi * alpha**2) * (1 + r2 / alpha**2) ** -beta
    return image


def exponential(size: int, dx: float, dy: float, scale: float, psf: np.ndarray) -> np.ndarray:
    """A round exponential galaxy convolved with `psf`, unit flux."""
    import scipy.fft

    y, x = np.indices((size, size)) - size // 2
    disc = np.exp(-np.hypot(x - dx, y - dy) / scale)
    disc /= disc.sum()
    product = scipy.fft.rfft2(disc) * scipy.fft.rfft2(np.fft.ifftshift(psf))
    return scipy.fft.irfft2(product, s=disc.shape)


def simulate(folder: Path, seed: int, side: int = 500, stars: int = 14, fwhm: float = 4.0, band: str = "g") -> Truth:
    """Render a frame and write it as `load` would."""
    rng = np.random.default_rng(seed)
    image, mask = np.zeros((side, side)), np.zeros((side, side), "u1")
    rows: list[tuple[float, float, float, str]] = []

    def place(flux: float, kind: str, near: tuple[float, float] | None = None) -> tuple[float, float]:
        for _ in range(2000):
            x, y = rng.uniform(40, side - 41, 2) if near is None else near
            if near is not None or all(np.hypot(x - a, y - b) > 45 for a, b, *_ in rows):
                break
        psf_shape = shape_at(x, y, side, fwhm)
        px, py = round(x), round(y)
        stamp = moffat(101, x - px, y - py, *psf_shape)
        if kind == "galaxy":
            stamp = exponential(101, x - px, y - py, 1.3, moffat(101, 0, 0, *psf_shape))
        x0, y0 = px - 50, py - 50
        sx, sy = max(0, -x0), max(0, -y0)
        ex, ey = min(101, side - x0), min(101, side - y0)
        image[y0 + sy : y0 + ey, x0 + sx : x0 + ex] += flux * stamp[sy:ey, sx:ex]
        rows.append((x, y, flux, kind))
        return x, y

    for _ in range(stars):
        place(10 ** rng.uniform(4.2, 5.0), "star")
    for _ in range(max(2, stars // 3)):
        place(10 ** rng.uniform(4.2, 4.9), "galaxy")
    x, y = place(3e4, "pair")
    place(2e4, "pair", (x + 7, y + 4))
    x, y = place(2e6, "saturated")
    for _ in range(60):
        image_x, image_y = rng.uniform(10, side - 11, 2)
        place(10 ** rng.uniform(2.3, 2.8), "faint", (image_x, image_y))
    noisy = image + rng.normal(size=image.shape) * np.sqrt(SIGMA**2 + np.maximum(image, 0) / GAIN)
    mask[noisy > 15000] = MASK["SATURATED"]
    path = folder / f"{band}.fits"
    header = fits.Header(
        [("BAND", band), ("GAIN", GAIN), ("NOISE", "sky"), ("SKYSIG", SIGMA), ("ZPREF", 25.0), ("FWHMPIX", fwhm)]
    )
    sigma = np.where(mask == 0, SIGMA, np.nan)
    total = np.where(mask == 0, np.sqrt(SIGMA**2 + np.maximum(noisy, 0) / GAIN), np.nan)
    planes = [
        ("IMAGE", noisy.astype("f4")),
        ("SIGMA", sigma.astype("f4")),
        ("TOTAL", total.astype("f4")),
        ("MASK", mask),
    ]
    write_fits(path, [fits.PrimaryHDU(), *(fits.ImageHDU(data, header, name=name) for name, data in planes)])
    table = np.array([(a, b, c) for a, b, c, _ in rows])
    return Truth(path, *table.T, np.array([kind for *_, kind in rows]), side, fwhm)


def flux_bias(found: np.ndarray, true: np.ndarray, norm: np.ndarray) -> float:
    """Relative bias of a flux fitted with `found` to a star of profile `true`; `norm` is the aperture of the flux."""
    half = found.shape[-1] // 2
    middle = true.shape[-1] // 2
    true = true[middle - half : middle + half + 1, middle - half : middle + half + 1]
    inner = (true * norm).sum()
    return float((found * true).sum() / (found**2).sum() / inner - 1)
