"""Normal equations of groups of sources, all groups of one size at once.

Nonlinear parameters are shared by all bands, the fluxes belong to a band each and couple only within it, so that they
are eliminated band by band (Schur complement). A group of m sources has 6 m nonlinear parameters, of which those
that do not move are held.
"""

from dataclasses import dataclass

import numpy as np

from .blocks import Blocks
from .scene import Sources

# float32 stamps know the equations to about this fraction of their diagonal. Of the fluxes it is a prior about 0, so
# that sources at one place share their light instead of trading it without end.
RIDGE = 1e-6


@dataclass
class Normal:
    """Half the Hessian and the downhill gradient of chi2 of g groups of m sources.

    members : (g, m) indices. qq (g, 6m, 6m), q (g, 6m): nonlinear parameters; qf (g, nband, 6m, m),
    ff (g, nband, m, m), f (g, nband, m): with the fluxes. qs (g, nband, 6m), fs (g, nband, m): with a constant sky.
    """

    members: np.ndarray
    qq: np.ndarray
    q: np.ndarray
    qf: np.ndarray
    ff: np.ndarray
    f: np.ndarray
    qs: np.ndarray
    fs: np.ndarray

    def linear_inverse(self) -> np.ndarray:
        """Inverse of ff, (g, nband, m, m); sources without data are isolated, their rows 0."""
        scale = np.sqrt(np.einsum("gbmm->gbm", self.ff))
        dead = scale <= 0
        scale[dead] = 1
        unit = self.ff / scale[..., :, None] / scale[..., None, :]
        unit += np.eye(unit.shape[-1]) * dead[..., None]
        inverse = np.linalg.inv(unit) / scale[..., :, None] / scale[..., None, :]
        inverse[dead] = 0
        np.swapaxes(inverse, -1, -2)[dead] = 0
        return inverse

    def reduced(self, inverse: np.ndarray) -> np.ndarray:
        """Matrix of the nonlinear parameters alone after eliminating the fluxes, (g, 6m, 6m)."""
        through = self.qf @ inverse
        return self.qq - (through @ np.swapaxes(self.qf, -1, -2)).sum(axis=1)


def assemble(sources: Sources, blocks: Blocks, members: np.ndarray, gradients: np.ndarray) -> Normal:
    """Build the equations of groups.

    Parameters
    ----------
    members : (g, m) indices of the sources of each group.
    gradients : (g, m, nband, 7) sums of the weighted residual times each template.
    """
    g, m = members.shape
    nband = gradients.shape[2]
    full = np.zeros((g, nband, m, 7, m, 7))
    for k in range(m):
        full[:, :, k, :, k, :] = blocks.own[members[:, k]]
    if m > 1:
        place = {int(s): divmod(k, m) for k, s in enumerate(members.ravel())}
        for (i, j), block in blocks.cross.items():
            if i in place and j in place:
                (group, a), (_, b) = place[i], place[j]
                full[group, :, a, :, b, :] = block
                full[group, :, b, :, a, :] = np.swapaxes(block, 1, 2)
    scale = np.ones((g, nband, m, 7))
    flux = sources.flux[members]
    scale[..., 1:] = np.swapaxes(flux, 1, 2)[..., None]
    full *= scale[..., None, None]
    full *= scale[:, :, None, None]
    slope = np.swapaxes(gradients, 1, 2) * scale
    power = RIDGE * np.einsum("gbmjmj->gbmj", full)[..., 0]
    np.einsum("gbmjmj->gbmj", full)[..., 0] += power
    slope[..., 0] -= power * np.swapaxes(flux, 1, 2)
    light = np.swapaxes(blocks.light[members], 1, 2) * scale
    return Normal(
        members,
        full[:, :, :, 1:, :, 1:].sum(axis=1).reshape(g, 6 * m, 6 * m),
        slope[..., 1:].sum(axis=1).reshape(g, 6 * m),
        full[:, :, :, 1:, :, 0].reshape(g, nband, 6 * m, m),
        np.ascontiguousarray(full[:, :, :, 0, :, 0]),
        slope[..., 0],
        light[..., 1:].reshape(g, nband, 6 * m),
        light[..., 0],
    )


def solve(matrix: np.ndarray, right: np.ndarray, floor: np.ndarray | float = 0.0) -> np.ndarray:
    """Solve symmetric, nearly positive definite systems (..., n, n) for the columns of (..., n, k).

    Each system is scaled to a unit diagonal first; of those that rounding has made indefinite, the least eigenvalues
    are raised to what rounding leaves of them. NaN where a system is not finite.

    Parameters
    ----------
    floor : (..., n) least scale of the diagonal, where rounding may have left less or a negative one.
    """
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    scale = np.sqrt(np.maximum(np.maximum(diagonal, floor), 1e-300))
    unit = matrix / scale[..., :, None] / scale[..., None, :]
    bad = ~np.isfinite(unit).all(axis=(-1, -2))
    if bad.any():
        unit[bad] = np.eye(unit.shape[-1])
    scaled = right / scale[..., None]
    try:
        np.linalg.cholesky(unit)
        found = np.linalg.solve(unit, scaled)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(unit)
        indefinite = values.min(axis=-1, keepdims=True) <= 0
        values = np.where(indefinite, np.maximum(values, RIDGE), values)
        found = vectors @ ((np.swapaxes(vectors, -1, -2) @ scaled) / values[..., None])
    found[bad] = np.nan
    return found / scale[..., None]
