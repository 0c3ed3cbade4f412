"""The PSF of a simulated band: an elliptical Moffat whose width and shape change over the field."""

from typing import NamedTuple

import numpy as np

from ..config.simulate import Simulate
from ..streams import stream

QUADRATIC = 0.3  # of the amplitude: most of a real PSF's change is a tilt, not all of it


class PsfField(NamedTuple):
    """One band's PSF over a square field.

    fwhm [pix], its mean (geometric mean of both axes); beta : Moffat exponent; side : of the field [pix].
    width, e1, e2 : coefficients (5,) of the relative change of the width and of both ellipticity components.
    """

    fwhm: float
    beta: float
    side: int
    width: np.ndarray
    e1: np.ndarray
    e2: np.ndarray

    def at(self, x: np.ndarray | float, y: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """FWHM [pix], ellipticity 1 - b/a and angle [deg counter-clockwise from +x] at full-frame pixels."""
        terms = _terms(np.asarray(x, float), np.asarray(y, float), self.side)
        e1, e2 = terms @ self.e1, terms @ self.e2
        return self.fwhm * (1 + terms @ self.width), np.hypot(e1, e2), np.degrees(np.arctan2(e2, e1)) / 2


def psf_field(settings: Simulate, band: int) -> PsfField:
    """The PSF of band number `band`, counted from 0."""
    rng = stream(settings.seed, "psf", str(band))
    last, first = settings.fwhm_pix
    share = band / max(settings.bands - 1, 1)
    width = _surface(rng, settings.fwhm_variation)
    # Both components below the largest over sqrt 2: the ellipticity stays below the largest.
    e1, e2 = (_surface(rng, settings.ellipticity / np.sqrt(2)) for _ in range(2))
    return PsfField(first + share * (last - first), settings.moffat_beta, settings.side_pix, width, e1, e2)


def _surface(rng: np.random.Generator, largest: float) -> np.ndarray:
    """Coefficients of a smooth surface that reaches +-`largest` somewhere on the field."""
    coefficients = rng.normal(size=5) * [1, 1, QUADRATIC, QUADRATIC, QUADRATIC]
    axis = np.linspace(0, 1, 33)
    values = _terms(*np.meshgrid(axis, axis), 2) @ coefficients
    return coefficients * (largest / np.abs(values).max())


def _terms(x: np.ndarray, y: np.ndarray, side: int) -> np.ndarray:
    """Tilts and curvatures, shape (..., 5), of zero mean over the field of `side` pixels."""
    u, v = (2 * axis / (side - 1) - 1 for axis in (x, y))
    return np.stack([u, v, u * v, u**2 - 1 / 3, v**2 - 1 / 3], axis=-1)
