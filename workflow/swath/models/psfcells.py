"""PSFs between cells: bilinear weights of the cells whose centres surround a position."""

from typing import NamedTuple

import numpy as np


class Cells(NamedTuple):
    """Cells on a rectangular grid of centres, some of which may be missing; positions in pixels.

    columns, rows : centres of the grid's columns and rows, ascending. column, row : (ncell,) place of each cell on it.
    scale : (ncell,) unit of each cell's slopes. own : index of the cell that answers where no other does.
    """

    columns: np.ndarray
    rows: np.ndarray
    column: np.ndarray
    row: np.ndarray
    scale: np.ndarray
    own: int = 0

    def moved(self, dx: float, dy: float) -> "Cells":
        """The same cells in pixels that count from (dx, dy)."""
        return self._replace(columns=self.columns - dx, rows=self.rows - dy)

    def weights(self, x: float, y: float) -> np.ndarray:
        """Weights (ncell,), sum 1, continuous in the position.

        Beyond the outermost centres they stay as they are at them; a missing cell leaves its part to the others.
        """
        weight = _hats(self.columns, x)[self.column] * _hats(self.rows, y)[self.row]
        total = weight.sum()
        if not total > 0:
            weight[self.own], total = 1.0, 1.0
        return weight / total

    def coefficients(self, x: float, y: float, nplanes: int) -> np.ndarray:
        """Weights of all planes of all cells at a position, (ncell * nplanes,)."""
        terms = np.ones((len(self.column), 3))
        terms[:, 1] = (x - self.columns[self.column]) / self.scale
        terms[:, 2] = (y - self.rows[self.row]) / self.scale
        return (self.weights(x, y)[:, None] * terms[:, :nplanes]).ravel()


def _hats(centres: np.ndarray, at: float) -> np.ndarray:
    """Linear interpolation as weights of the values at `centres`."""
    place = np.interp(at, centres, np.arange(len(centres)))
    return np.maximum(1 - np.abs(np.arange(len(centres)) - place), 0)
