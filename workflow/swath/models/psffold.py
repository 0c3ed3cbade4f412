"""Transforms of stamps with several samples per pixel on the grid of the pixels.

An image sampled at the pixels' centres has the transform sum over m of F(k + 2 pi m) exp(-i (k + 2 pi m) d) for a
source at d, with F that of the continuous light. The engine multiplies with exp(-i k d) alone; the terms of m other
than 0 (folds) are what a PSF narrower than about 2.5 pixels needs beyond it, each with the factor exp(-2 pi i m d).
"""

import numpy as np

ORDER = (0, -1, 1)
FOLDS = [(i, j) for i in ORDER for j in ORDER]
# Folds fainter than this fraction of the flux are left out: that changes no pixel by more than 0.02 % of the peak.
_FAINTEST = 1e-4


def padded(planes: np.ndarray, half: int) -> np.ndarray:
    """Planes (n, m, m), m odd, with zeros around them up to a half side of `half`, (n, 2 half + 1, 2 half + 1)."""
    margin = half - planes.shape[-1] // 2
    return np.pad(planes, ((0, 0), (margin, margin), (margin, margin)))


def _periodic(planes: np.ndarray, side: int) -> np.ndarray:
    """Planes (n, m, m), m odd, on a periodic square of `side`, centred on its corner; cut where they are larger."""
    half = planes.shape[-1] // 2
    keep = min((side - 1) // 2, half)
    inner = slice(half - keep, half + keep + 1)
    square = np.zeros((len(planes), side, side))
    square[:, : 2 * keep + 1, : 2 * keep + 1] = planes[:, inner, inner]
    return np.roll(square, (-keep, -keep), axis=(-2, -1))


def transforms(planes: np.ndarray, samples: int, size: int) -> dict[tuple[int, int], np.ndarray]:
    """Fold (along x, along y) -> transforms (n, size, size // 2 + 1); (0, 0) is always there.

    Parameters
    ----------
    planes : (n, m, m), m odd, light of whole pixels at points `samples` to a pixel.
    size : side of the grid [pix], even.
    """
    side = samples * size
    if samples == 1:
        return {(0, 0): np.fft.rfft2(_periodic(planes, size))}
    whole = np.fft.fft2(_periodic(planes, side)) / samples**2
    ky, kx = np.rint(np.fft.fftfreq(size) * size).astype(int), np.arange(size // 2 + 1)
    found = {}
    for along_x, along_y in FOLDS:
        column, row = kx + along_x * size, ky + along_y * size
        known = (np.abs(row) < side / 2)[:, None] & (np.abs(column) < side / 2)[None, :]
        part = whole[:, (row % side)[:, None], (column % side)[None, :]] * known
        if (along_x, along_y) == (0, 0) or np.abs(part[0]).max() > _FAINTEST * np.abs(whole[0]).max():
            found[along_x, along_y] = part
    return found
