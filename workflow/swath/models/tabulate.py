"""Write the table of Sersic transforms: `python -m swath.models.tabulate` (a minute; only when its grid changes)."""

import numpy as np
from scipy.special import gammaincinv, j0, j1

from ..files import atomic
from .sersic import LN_INDEX, TABLE, TRUNCATION, nodes

_PANELS, _ORDER = 900, 12


def hankel(index: float, u: np.ndarray, truncation: float = TRUNCATION) -> tuple[np.ndarray, np.ndarray]:
    """Normalised Hankel transform F of exp(-b r^(1/n)) within `truncation`, and -F'(u)/u; shape of `u` each.

    The substitution r = t^m removes the cusp at the centre; composite Gauss-Legendre panels resolve the
    fastest oscillation of the largest `u`.
    """
    power = max(index, 1.0)
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    edges = np.linspace(0, truncation ** (1 / power), _PANELS + 1)
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half * (1 + x)).ravel()
    r = t**power
    profile = np.exp(-gammaincinv(2 * index, 0.5) * r ** (1 / index))
    weight = (half * w).ravel() * power * t ** (power - 1) * r * profile
    weight /= weight.sum()
    value = np.array([weight @ j0(wave * r) for wave in u])
    slope = np.array([weight @ (r * j1(wave * r)) / wave if wave else weight @ r**2 / 2 for wave in u])
    return value, slope


def main() -> None:
    """Tabulate every index of the grid and write the table."""
    table = np.stack([hankel(float(np.exp(value)), nodes()) for value in LN_INDEX]).astype("f4")
    with atomic(TABLE) as temporary, open(temporary, "wb") as stream:
        np.save(stream, table)


if __name__ == "__main__":
    main()
