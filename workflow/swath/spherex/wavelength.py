"""Wavelength and bandwidth of a pixel: the lookup table WCS-WAVE, read with plain bilinear interpolation.

It equals the -TAB machinery of FITS (Paper III, section 6.1) to 1e-15 um. The table approximates the detector's maps of
wavelength and bandwidth to about 1 nm.
"""

from typing import NamedTuple

import numpy as np
from astropy.io import fits

from ..errors import InputError
from ..images import native
from .celestial import number

NAME = "WCS-WAVE"
AXES = (("CRVAL", None), ("CDELT", 1.0), ("CRPIX", None))


class WaveTable(NamedTuple):
    """Control points `x` (nx,) and `y` (ny,), 1-based detector pixels; `values` (ny, nx, 2): centre and width [um]."""

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Wavelength and bandwidth [um] at table coordinates; beyond the table, those of its edge."""
        i, u = _cell(self.x, x)
        j, v = _cell(self.y, y)
        z = self.values[j : j + 2, i : i + 2]
        wave, width = (1 - v) * ((1 - u) * z[0, 0] + u * z[0, 1]) + v * ((1 - u) * z[1, 0] + u * z[1, 1])
        return float(wave), float(width)


def read_wave_table(hdu: fits.BinTableHDU) -> WaveTable:
    """The table of an HDU; any number of control points.

    Raises
    ------
    InputError : missing columns, shapes that do not fit, control points that do not ascend.
    """
    missing = {"X", "Y", "VALUES"} - set(hdu.columns.names)
    if missing:
        raise InputError(f"{NAME} lacks the columns {', '.join(sorted(missing))}")
    x, y, values = (native(np.asarray(hdu.data[name][0]), "f8") for name in ("X", "Y", "VALUES"))
    if values.shape != (len(y), len(x), 2) or min(len(x), len(y)) < 2:
        raise InputError(
            f"{NAME} has VALUES of shape {values.shape}; expected ({len(y)}, {len(x)}, 2), 2 points or more"
        )
    if not (np.all(np.diff(x) > 0) and np.all(np.diff(y) > 0)):
        raise InputError(f"{NAME} has control points that do not ascend")
    return WaveTable(x, y, values)


class TableAxes(NamedTuple):
    """How pixels of a file are counted in the table: key W of its header, for x and y."""

    value: tuple[float, float]
    step: tuple[float, float]
    reference: tuple[float, float]

    def of(self, x: float, y: float) -> tuple[float, float]:
        """Coordinates in the table (1-based) of a 0-based pixel of the file."""
        return tuple(
            value + step * (pixel + 1 - reference) for pixel, value, step, reference in zip((x, y), *self, strict=True)
        )


def table_axes(header: fits.Header) -> TableAxes:
    """Key W of a header; InputError for cards that are missing."""
    return TableAxes(*(tuple(number(header, f"{name}{axis}W", default) for axis in (1, 2)) for name, default in AXES))


def _cell(points: np.ndarray, value: float) -> tuple[int, float]:
    """Index of the cell that holds a value, and its fraction there."""
    i = int(np.clip(np.searchsorted(points, value, side="right") - 1, 0, len(points) - 2))
    return i, float(np.clip((value - points[i]) / (points[i + 1] - points[i]), 0.0, 1.0))
