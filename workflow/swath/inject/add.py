"""Adding light to an image: every source with the PSF of its place and its own photon noise."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..streams import stream
from .profile import stamp

PsfAt = Callable[[float, float], np.ndarray]
MOST_COUNTED = 1e15  # electrons; whole numbers beyond are no doubles, and a Gaussian is as good long before


def add_sources(
    image: np.ndarray, table: pd.DataFrame, flux: np.ndarray, psf_at: PsfAt, gain: float, seed: int, band: str
) -> np.ndarray:
    """Add the sources to `image` (ny, nx), in place; returns the light without its noise, of the same shape.

    Parameters
    ----------
    table : from `draw.draw_sources`. flux : (n,) in image units. psf_at : (x, y) to the PSF stamp there.
    gain : electrons per image unit. Photon noise is drawn from the seed, the band and the source's ID.
    """
    light = np.zeros(image.shape, np.float32)
    for row, amount in zip(table.itertuples(index=False), flux, strict=True):
        ix, iy = round(row.x), round(row.y)
        shape = (row.Re, row.ELL, row.phi) if row.TYPE != "STAR" else ()
        unit = stamp(psf_at(row.x, row.y), row.TYPE, row.x - ix, row.y - iy, *shape)
        rng = stream(seed, "photons", band, row.ID)
        _add(image, photons(amount * unit, gain, rng), ix, iy)
        _add(light, amount * unit, ix, iy)
    return light


def photons(light: np.ndarray, gain: float, rng: np.random.Generator) -> np.ndarray:
    """Light as it is counted: Poisson in electrons. Negative ripples of a PSF's shift stay as they are."""
    electrons = np.maximum(light, 0) * gain
    counted = rng.poisson(np.minimum(electrons, MOST_COUNTED)).astype(float)
    if (many := electrons > MOST_COUNTED).any():
        counted[many] = rng.normal(electrons[many], np.sqrt(electrons[many]))
    return counted / gain + np.minimum(light, 0)


def total_weight(weight: np.ndarray, light: np.ndarray, gain: float) -> np.ndarray:
    """Inverse variances that hold the noise of the added light too; 0, NaN and infinite ones stay as they are."""
    known = np.isfinite(weight) & (weight > 0)
    variance = np.where(known, 1 / np.where(known, weight, 1) + np.maximum(light, 0) / gain, 1)
    return np.where(known, 1 / variance, weight).astype(weight.dtype if weight.dtype.kind == "f" else "f4")


def _add(image: np.ndarray, patch: np.ndarray, x: int, y: int) -> None:
    """Add a stamp whose middle pixel (n / 2) comes to (x, y), as far as it lies in the image."""
    half = len(patch) // 2
    (y0, y1), (x0, x1) = (
        (max(centre - half, 0), min(centre - half + len(patch), n))
        for centre, n in zip((y, x), image.shape, strict=True)
    )
    if y0 < y1 and x0 < x1:
        image[y0:y1, x0:x1] += patch[y0 - y + half : y1 - y + half, x0 - x + half : x1 - x + half]
