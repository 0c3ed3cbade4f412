"""Star stamps without files: noiseless or noisy, one PSF or one that varies, for the kernels' tests."""

import numpy as np
from swath.psf.moffat import from_fwhm, render
from swath.psf.stamps import Stamps

SIDE = 61


def stamps_of(images, x, y, sigma=1.0, gain=np.inf, good=None):
    """Stamps around the nearest pixels of full-frame positions x, y."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    half = images.shape[-1] // 2
    good = np.ones(images.shape, bool) if good is None else good
    return Stamps(
        np.where(good, images, 0.0),
        np.where(good, sigma**2, np.inf),
        good,
        np.rint(x).astype(int) - half,
        np.rint(y).astype(int) - half,
        x,
        y,
        gain,
    )


def moffat_stars(count, sigma=0.0, seed=1, fwhm=4.0, beta=3.5, low=3.0, high=4.5, widen=0.0, gain=np.inf):
    """(stamps, flux, u, v): stars of one Moffat whose FWHM grows by the fraction `widen` per unit of u.

    Flux between 10^low and 10^high, positions over a frame of 1000 pixels, u and v in -1 ... 1.
    """
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(100, 900, (2, count))
    u, v = (x - 500) / 500, (y - 500) / 500
    flux = 10 ** rng.uniform(low, high, count)
    shapes = [from_fwhm(fwhm * (1 + widen * value), beta) for value in u]
    light = np.array([render(s, SIDE, a - np.rint(a), b - np.rint(b)) for s, a, b in zip(shapes, x, y, strict=True)])
    images = flux[:, None, None] * light
    noise = np.sqrt(sigma**2 + np.maximum(images, 0) / gain)
    images = images + noise * rng.normal(size=images.shape)
    return stamps_of(images, x, y, max(sigma, 1e-3), gain), flux, u, v


def paint(objects, side=300, sigma=1.0, gain=5.0, fwhm=4.0, beta=3.5, seed=1):
    """Image (side, side) with noise of `objects` (x, y, flux, width): stars of FWHM `fwhm` x width, width 1 a star."""
    image = np.zeros((side + 80, side + 80))
    for x, y, flux, width in objects:
        px, py = round(x), round(y)
        stamp = flux * render(from_fwhm(fwhm * width, beta), 81, x - px, y - py)
        image[py : py + 81, px : px + 81] += stamp
    image = image[40:-40, 40:-40]
    noise = np.sqrt(sigma**2 + image / gain) if gain < np.inf else sigma
    return image + noise * np.random.default_rng(seed).normal(size=image.shape)
