"""The lookup of wavelengths, against scipy's, on tables of any shape."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator
from swath.errors import InputError
from swath.spherex.wavelength import WaveTable, read_wave_table

from spherex.calibrationhdus import wave_hdu

ascending = st.lists(st.integers(1, 2040), min_size=2, max_size=12, unique=True).map(sorted).map(np.array)


@given(ascending, ascending, st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_any_table(x, y, seed, u, v):
    """Not square, unevenly spaced: a table with axes or the two values exchanged would fail."""
    values = np.random.default_rng(seed).uniform(0.7, 5.0, (len(y), len(x), 2))
    place = x[0] + u * (x[-1] - x[0]), y[0] + v * (y[-1] - y[0])
    expected = [RegularGridInterpolator((y, x), values[:, :, k])(place[::-1]).item() for k in (0, 1)]
    assert WaveTable(x.astype(float), y.astype(float), values).at(*place) == pytest.approx(tuple(expected), abs=1e-12)


def test_beyond_the_table_is_its_edge():
    table = read_wave_table(wave_hdu(4))
    assert table.at(-5.0, 3000.0) == table.at(1.0, 2040.0)


@pytest.mark.parametrize("detector", range(1, 7))
def test_real_tables_hold_the_detectors_band(detector):
    bands = {1: (0.74, 1.12), 2: (1.10, 1.65), 3: (1.64, 2.42), 4: (2.42, 3.82), 5: (3.81, 4.42), 6: (4.41, 5.00)}
    waves, widths = read_wave_table(wave_hdu(detector)).values.reshape(-1, 2).T
    low, high = bands[detector]
    assert low - 0.05 < waves.min() < waves.max() < high + 0.05
    assert np.all((waves / widths > 20) & (waves / widths < 150))


def test_damaged_tables():
    hdu = wave_hdu(1)
    hdu.data["X"][0] = hdu.data["X"][0][::-1]
    with pytest.raises(InputError, match="do not ascend"):
        read_wave_table(hdu)
    with pytest.raises(InputError, match="lacks the columns VALUES, X, Y"):
        read_wave_table(fits.BinTableHDU.from_columns([fits.Column("A", "E", array=[1.0])]))
