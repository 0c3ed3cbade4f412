"""Sersic profiles (Sersic 1968; Ciotti & Bertin 1999 for b_n) in Fourier space, from exact tabulated transforms.

A circular profile with half-light radius 1 and total flux 1 has the real transform F(u; n), with u the angular
wave number in units of 1/Re. An elliptical profile has the same transform at u^2 = k^T C k.
"""

from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import gamma, gammaincinv

# ASSUME galaxy profiles end at 8 half-light radii (as dev profiles do in SDSS); FLUX is the flux inside, and Re
# stays the half-light radius of the untruncated profile.
TRUNCATION = 8.0
INDEX_MIN, INDEX_MAX = 0.4, 6.4
LN_INDEX = np.linspace(np.log(INDEX_MIN), np.log(INDEX_MAX), 32)
STRETCH, U_MAX = 4.0, 600.0
_TABLE = Path(__file__).parent / "sersic_table.npy"
_COARSE, _FINE = 1536, 4096


class Transform(NamedTuple):
    """F, -F'(u)/u and dF/d(ln n) on the grid of `nodes()`, float32, shape (4096,) each."""

    value: np.ndarray
    slope: np.ndarray
    index_derivative: np.ndarray


def nodes(count: int) -> np.ndarray:
    """Wave numbers u, equally spaced in ln(1 + 4 u), from 0 to 600."""
    return np.expm1(np.linspace(0, np.log1p(STRETCH * U_MAX), count)) / STRETCH


STEP = float(np.log1p(STRETCH * U_MAX) / (_FINE - 1))


def b_n(index: float) -> float:
    """The constant that makes Re the half-light radius: gammainc(2n, b) = 1/2."""
    return float(gammaincinv(2 * index, 0.5))


def normalisation(index: float) -> float:
    """Flux of exp(-b r^(1/n)) over the plane for Re = 1: 2 pi n b^(-2n) Gamma(2n)."""
    b = b_n(index)
    return float(2 * np.pi * index * b ** (-2 * index) * gamma(2 * index))


def brightness_radius(index: float, level: float) -> float:
    """Radius [Re] where the surface brightness of a unit-flux profile with Re = 1 falls to `level`."""
    ratio = level * normalisation(index)
    if ratio >= 1:
        return 0.0
    return min((-np.log(ratio) / b_n(index)) ** index, TRUNCATION)


@cache
def _table() -> CubicSpline:
    return CubicSpline(LN_INDEX, np.load(_TABLE), axis=0)


@lru_cache(maxsize=512)
def transform(ln_index: float) -> Transform:
    """The transform of a truncated Sersic profile of index exp(`ln_index`).

    The slope is -F'(u)/u, finite at 0, which is what derivatives with respect to u^2 need.
    """
    u = nodes(_COARSE)
    fine = nodes(_FINE)
    radial = CubicSpline(u, _table()(ln_index))
    slope = np.empty_like(fine)
    slope[1:] = -radial(fine[1:], 1) / fine[1:]
    slope[0] = -radial(0.0, 2)
    along_index = CubicSpline(u, _table()(ln_index, 1))(fine)
    return Transform(*(a.astype("f4") for a in (radial(fine), slope, along_index)))


def lookup(grid: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Linear interpolation of a `Transform` field at wave numbers `u` (float32 array of any shape)."""
    where = np.log1p(np.float32(STRETCH) * u)
    where *= np.float32(1 / STEP)
    np.minimum(where, np.float32(_FINE - 1.001), out=where)
    index = where.astype(np.int32)
    where -= index
    low = grid[index]
    return low + where * (grid[index + 1] - low)
