"""Square stamps with an odd side: radii, apertures, tapers, shifts, centres."""

import numpy as np
from numpy import fft

CENTRE_WINDOW = 2.355  # the centring window is a Gaussian of the PSF's own FWHM / 2.355


def offsets(size: int) -> tuple[np.ndarray, np.ndarray]:
    """(dx, dy) of every pixel from the middle one, shapes (1, size) and (size, 1)."""
    axis = np.arange(size) - size // 2
    return axis[None, :].astype(float), axis[:, None].astype(float)


def radii(size: int) -> np.ndarray:
    """Distance of every pixel's centre from the middle one, shape (size, size)."""
    dx, dy = offsets(size)
    return np.hypot(dx, dy)


def disk(size: int, radius: float) -> np.ndarray:
    """Weights of a circular aperture, shape (size, size): 1 inside, 0 outside, linear over the pixel at the rim.

    This is what "within `radius`" means for a PSF's normalisation.
    """
    return np.clip(radius + 0.5 - radii(size), 0.0, 1.0)


def fade(radius: np.ndarray, inner: float, outer: float) -> np.ndarray:
    """1 within `inner`, 0 beyond `outer`, half a cosine between."""
    phase = np.clip((radius - inner) / (outer - inner), 0.0, 1.0)
    return 0.5 * (1.0 + np.cos(np.pi * phase))


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """The central (size, size) part of a stamp, padded with zeros where the stamp (odd sides) is smaller."""
    out = np.zeros((size, size), image.dtype)
    half_y, half_x = (min(side, size) // 2 for side in image.shape)
    y, x, middle = image.shape[0] // 2, image.shape[1] // 2, size // 2
    out[middle - half_y : middle + half_y + 1, middle - half_x : middle + half_x + 1] = image[
        y - half_y : y + half_y + 1, x - half_x : x + half_x + 1
    ]
    return out


def shift(images: np.ndarray, dx: np.ndarray | float, dy: np.ndarray | float) -> np.ndarray:
    """Move stamps (..., size, size) by (dx, dy) pixels, exact for band-limited ones (Fourier); noise keeps its level.

    dx, dy : scalars, or arrays that match the leading axes.
    """
    # Jobs that only read PSFs are spared the import of scipy.
    from scipy.fft import next_fast_len

    size = images.shape[-1]
    padded = next_fast_len(size, real=True)
    ky, kx = fft.fftfreq(padded)[:, None], fft.rfftfreq(padded)[None, :]
    dx, dy = (np.asarray(value, float)[..., None, None] for value in (dx, dy))
    turn = np.exp(-2j * np.pi * ky * dy) * np.exp(-2j * np.pi * kx * dx)
    moved = fft.irfft2(fft.rfft2(images, s=(padded, padded)) * turn, s=(padded, padded))
    return moved[..., :size, :size]


def upsample(images: np.ndarray, samples: int) -> np.ndarray:
    """Stamps (..., n, n), n odd, with `samples` samples per pixel, exact for band-limited ones (Fourier).

    Shape (..., m, m), m = samples (n - 1) + 1; every `samples`-th value is the stamp's.
    """
    size = images.shape[-1]
    low = size // 2
    spectrum = np.zeros((*images.shape[:-2], samples * size, samples * size // 2 + 1), complex)
    known = fft.rfft2(images)
    spectrum[..., : low + 1, : low + 1] = known[..., : low + 1, :]
    spectrum[..., -low:, : low + 1] = known[..., -low:, :]
    whole = fft.irfft2(spectrum, s=(samples * size, samples * size)) * samples**2
    side = samples * (size - 1) + 1
    return whole[..., :side, :side]


def integrate(image: np.ndarray, samples: int) -> np.ndarray:
    """A stamp (n, n), n odd, of `samples` samples per pixel as a camera with whole pixels sees it at each sample.

    The mean of `samples` x `samples` neighbours, as rebinning takes it; for even numbers centred by interpolation.
    """
    wave = np.pi * fft.fftfreq(image.shape[-1])
    box = np.ones_like(wave)
    box[1:] = np.sin(samples * wave[1:]) / (samples * np.sin(wave[1:]))
    return fft.ifft2(fft.fft2(image) * box[:, None] * box[None, :]).real


def centre(image: np.ndarray, fwhm: float) -> tuple[float, float]:
    """Offset (dx, dy) of a PSF stamp's centre from its middle pixel: the Gaussian-windowed centroid.

    The window moves with the centre until it settles (as SExtractor's XWIN, YWIN); noise in the wings hardly counts.
    """
    dx, dy = offsets(image.shape[-1])
    x = y = 0.0
    sigma = fwhm / CENTRE_WINDOW
    for _ in range(50):
        weight = image * np.exp(-((dx - x) ** 2 + (dy - y) ** 2) / (2 * sigma**2))
        total = weight.sum()
        step_x, step_y = 2 * (weight * (dx - x)).sum() / total, 2 * (weight * (dy - y)).sum() / total
        x, y = x + step_x, y + step_y
        if max(abs(step_x), abs(step_y)) < 1e-5:
            break
    return x, y


def second_derivatives(image: np.ndarray) -> np.ndarray:
    """Three images, shape (3, size, size): how a PSF changes when its size, its "plus" and "cross" shape change.

    They are xx + yy, xx - yy and 2 xy derivatives; half of their coefficient is what is added to the second moments.
    """
    size = image.shape[-1]
    ky, kx = 2 * np.pi * fft.fftfreq(size)[:, None], 2 * np.pi * fft.rfftfreq(size)[None, :]
    kernels = np.stack([-(kx**2 + ky**2), -(kx**2 - ky**2), -2 * kx * ky])
    return fft.irfft2(fft.rfft2(image) * kernels, s=image.shape)
