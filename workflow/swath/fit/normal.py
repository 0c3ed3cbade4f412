"""Normal equations in blocks: nonlinear parameters shared by all bands, linear ones band by band.

Per band the linear parameters are the fluxes of the sources taking part and, on request, a constant sky.
They couple only within their band, so they are eliminated band by band (Schur complement).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..models.render import Stamp
from .drawing import overlap
from .scene import Sources

# float32 stamps know the equations to about this fraction of the diagonal; it damps steps and biases nothing.
_RIDGE = 1e-6


@dataclass
class Normal:
    """Half the Hessian and the downhill gradient of chi2.

    qq (nq, nq), q (nq,): nonlinear; qf (nband, nq, nf), ff (nband, nf, nf), f (nband, nf): with the fluxes.
    slots : where each source's nonlinear parameters start and end in q.
    """

    qq: np.ndarray
    q: np.ndarray
    qf: np.ndarray
    ff: np.ndarray
    f: np.ndarray
    slots: dict[int, slice]

    def linear_inverse(self) -> np.ndarray:
        """Inverse of ff, (nband, nf, nf); rows without data are isolated."""
        scale = np.sqrt(np.einsum("bii->bi", self.ff))
        dead = scale <= 0
        scale[dead] = 1
        unit = self.ff / scale[:, :, None] / scale[:, None, :]
        unit += np.eye(unit.shape[1]) * np.where(dead, 1, _RIDGE)[:, :, None]
        inverse = np.linalg.inv(unit) / scale[:, :, None] / scale[:, None, :]
        inverse[dead] = 0
        np.swapaxes(inverse, 1, 2)[dead] = 0
        return inverse

    def reduced(self, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Equations of the nonlinear parameters alone after eliminating the fluxes: (nq, nq), (nq,)."""
        through = self.qf @ inverse
        matrix = self.qq - (through @ np.swapaxes(self.qf, 1, 2)).sum(axis=0)
        return matrix, self.q - np.einsum("bqf,bf->q", through, self.f)


def assemble(
    sources: Sources,
    stamps: list[Stamp],
    pairs: list[tuple[int, int]],
    active: np.ndarray,
    residual: np.ndarray,
    weights: np.ndarray,
    free_sky: bool = False,
) -> Normal:
    """Build the normal equations of the sources in `active`.

    Parameters
    ----------
    stamps : templates of all sources, with derivatives for the active ones.
    pairs : overlapping pairs of sources.
    active : indices of the sources that may move.
    residual, weights : (nband, ny, nx) float32, data - model and inverse variance.
    free_sky : add a constant per band as the last linear parameter.
    """
    nband = len(residual)
    place = {int(s): k for k, s in enumerate(active)}
    counts = [sources.count(s) for s in place]
    ends = np.cumsum(counts)
    slots = {s: slice(int(e - c), int(e)) for s, c, e in zip(place, counts, ends, strict=True)}
    nq, nf = int(ends[-1]) if len(ends) else 0, len(place) + free_sky
    normal = Normal(
        np.zeros((nq, nq)),
        np.zeros(nq),
        np.zeros((nband, nq, nf)),
        np.zeros((nband, nf, nf)),
        np.zeros((nband, nf)),
        slots,
    )
    weighted = weights * residual
    heavy = {}
    for s, k in place.items():
        x0, x1, y0, y1 = stamps[s].box
        flat = stamps[s].templates.reshape(nband, counts[k] + 1, -1)
        heavy[s] = stamps[s].templates * weights[:, None, y0:y1, x0:x1]
        gradient = np.einsum("bjp,bp->bj", flat, weighted[:, y0:y1, x0:x1].reshape(nband, -1), dtype="f8")
        normal.q[slots[s]] = (sources.flux[s][:, None] * gradient[:, 1:]).sum(axis=0)
        normal.f[:, k] = gradient[:, 0]
        own = heavy[s].reshape(nband, counts[k] + 1, -1) @ np.swapaxes(flat, 1, 2)
        _put(normal, sources, s, s, k, k, own)
    for i, j in pairs:
        if i in place and j in place:
            _put(normal, sources, i, j, place[i], place[j], _cross(stamps, heavy[i], i, j))
    if free_sky:
        _put_sky(normal, sources, place, heavy, weights, weighted)
    return normal


def _cross(stamps: list[Stamp], heavy: np.ndarray, i: int, j: int) -> np.ndarray:
    a, b = stamps[i].box, stamps[j].box
    x0, x1, y0, y1 = overlap(a, b)
    left = heavy[:, :, y0 - a[2] : y1 - a[2], x0 - a[0] : x1 - a[0]]
    right = stamps[j].templates[:, :, y0 - b[2] : y1 - b[2], x0 - b[0] : x1 - b[0]]
    npix = (y1 - y0) * (x1 - x0)
    return left.reshape(*left.shape[:2], npix) @ np.swapaxes(right.reshape(*right.shape[:2], npix), 1, 2)


def _put(normal: Normal, sources: Sources, i: int, j: int, ki: int, kj: int, block: np.ndarray) -> None:
    fi, fj = sources.flux[i][:, None, None], sources.flux[j][:, None, None]
    si, sj = normal.slots[i], normal.slots[j]
    block = block.astype("f8")
    qq = (fi * fj * block[:, 1:, 1:]).sum(axis=0)
    normal.qq[si, sj] = qq
    normal.qq[sj, si] = qq.T
    normal.qf[:, si, kj] = fi[:, 0] * block[:, 1:, 0]
    normal.qf[:, sj, ki] = fj[:, 0] * block[:, 0, 1:]
    normal.ff[:, ki, kj] = normal.ff[:, kj, ki] = block[:, 0, 0]


def _put_sky(
    normal: Normal, sources: Sources, place: dict, heavy: dict, weights: np.ndarray, weighted: np.ndarray
) -> None:
    normal.ff[:, -1, -1] = weights.sum(axis=(1, 2), dtype="f8")
    normal.f[:, -1] = weighted.sum(axis=(1, 2), dtype="f8")
    for s, k in place.items():
        total = heavy[s].sum(axis=(2, 3), dtype="f8")
        normal.ff[:, k, -1] = normal.ff[:, -1, k] = total[:, 0]
        normal.qf[:, normal.slots[s], -1] = sources.flux[s][:, None] * total[:, 1:]


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a symmetric, nearly positive definite system for a vector or the columns of a matrix.

    The system is scaled to a unit diagonal first; where rounding has made it indefinite, least squares answers.
    """
    if not len(right):
        return right
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    unit = matrix / scale[:, None] / scale[None, :]
    column = scale if right.ndim == 1 else scale[:, None]
    try:
        return cho_solve(cho_factor(unit), right / column) / column
    except LinAlgError:
        return np.linalg.lstsq(unit, right / column, rcond=1e-12)[0] / column
