"""The PSF that added light has: that of the place's cell, or continuous between cells where photometry's is."""

import numpy as np
import pytest
from swath.inject.psfs import psf_field
from swath.psf.store import BandPsf

BOXES = {"r00_c00": (0, 100, 0, 100), "r00_c01": (100, 200, 0, 100)}


def cell(value: float, x0: float, size: int = 15) -> BandPsf:
    """A PSF that is `value` in its middle and changes along x by 1 per 100 pix."""
    planes = np.zeros((3, size, size), "f4")
    planes[:2, size // 2, size // 2] = value, 1.0
    made = {"method": "stack", "fallback": False, "reason": "", "pooled": False, "n_stars": 9, "n_held": 1}
    return BandPsf("r", planes, x0, 50.0, 100.0, **made, norm_radius=5.0)


def middle(stamp: np.ndarray) -> float:
    assert np.count_nonzero(stamp) <= 1
    return stamp[len(stamp) // 2, len(stamp) // 2]


def test_each_cell_has_its_own():
    psf_at = psf_field({"r00_c00": cell(2, 50), "r00_c01": cell(4, 150)}, BOXES, interpolate=False)
    assert middle(psf_at(60, 50)) == pytest.approx(2.1)
    assert middle(psf_at(140, 50)) == pytest.approx(3.9)


def test_between_the_centres_it_is_interpolated():
    psf_at = psf_field({"r00_c00": cell(2, 50), "r00_c01": cell(4, 150, size=11)}, BOXES, interpolate=True)
    assert middle(psf_at(100, 50)) == pytest.approx(0.5 * 2.5 + 0.5 * 3.5)
    assert middle(psf_at(99.99, 50)) == pytest.approx(middle(psf_at(100.01, 50)), abs=0.01)
    assert middle(psf_at(10, 50)) == pytest.approx(1.6)  # beyond the outermost centre, its own slope goes on
