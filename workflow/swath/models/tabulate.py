"""Write the table of Sersic transforms: `python -m swath.models.tabulate` (a minute; only when its grid changes)."""

import numpy as np
from scipy.special import j0

from ..files import atomic
from .sersic import _COARSE, _TABLE, LN_INDEX, TRUNCATION, b_n, nodes

_PANELS, _ORDER = 900, 12


def hankel(index: float, u: np.ndarray, truncation: float = TRUNCATION) -> np.ndarray:
    """Normalised Hankel transform of exp(-b r^(1/n)) within `truncation`, at wave numbers `u`; shape of `u`.

    The substitution r = t^m removes the cusp at the centre; composite Gauss-Legendre panels resolve the
    fastest oscillation of the largest `u`.
    """
    power = max(index, 1.0)
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    edges = np.linspace(0, truncation ** (1 / power), _PANELS + 1)
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half * (1 + x)).ravel()
    r = t**power
    weight = (half * w).ravel() * power * t ** (power - 1) * r * np.exp(-b_n(index) * r ** (1 / index))
    return np.array([weight @ j0(value * r) for value in np.atleast_1d(u)]) / weight.sum()


def main() -> None:
    """Tabulate every index of the grid and write the table."""
    u = nodes(_COARSE)
    table = np.stack([hankel(float(np.exp(value)), u) for value in LN_INDEX])
    with atomic(_TABLE) as temporary, open(temporary, "wb") as stream:
        np.save(stream, table)


if __name__ == "__main__":
    main()
