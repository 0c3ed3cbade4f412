"""Products of templates, the blocks of which normal equations are made, and which sources they tie together.

A block holds, per band, the weighted products of the 7 templates of one source (unit-flux image, derivatives by
x, y, ln r, e1, e2, ln n) with those of another. Blocks are for unit flux: fluxes may change while they hold.
"""

import numpy as np

from .drawing import Box, Canvas, Drawn, columns, overlap
from .scene import Sources

# ASSUME sources whose images correlate by less than this in every band are solved apart. Their gradients still see each
# other's light, so that the optimum is the same; errors change by the square of it.
_COUPLED = 0.005
# Blocks are drawn anew when the weights have changed a source's image power by this fraction.
_REWEIGHTED = 0.1
# Templates of so many bytes are held at a time.
_AT_ONCE = 1 << 26


class Blocks:
    """Blocks of all free sources.

    own : (n, nband, 7, 7). cross : {(i, j): (nband, 7, 7)} of coupled pairs, i < j. light : (n, nband, 7), weighted
    sums of the templates. group : (n,) int, sources with the same number are tied together, directly or through others.
    stale : (n,) bool, blocks that are to be drawn anew before they are used. power : (n, nband), weighted sums of the
    squared unit-flux images.
    """

    def __init__(self, canvas: Canvas, count: int) -> None:
        nband = len(canvas.problem.pixels.image)
        self._canvas = canvas
        self.own = np.zeros((count, nband, 7, 7))
        self.light = np.zeros((count, nband, 7))
        self.cross: dict[tuple[int, int], np.ndarray] = {}
        self.group = np.arange(count)
        self.stale = np.ones(count, bool)
        self.power = np.zeros((count, nband))

    def couple(
        self, sources: Sources, drawn: dict[int, Drawn], pairs: list[tuple[int, int]], weights: np.ndarray
    ) -> None:
        """Find out anew which sources are tied together, and measure the products of their images.

        Parameters
        ----------
        pairs : of sources with overlapping stamps. weights : (nband, ny, nx) inverse variance.
        """
        free = np.flatnonzero(sources.free)
        heavy = {s: drawn[s].unit * weights[drawn[s].window] for s in map(int, free)}
        power = self.power = np.zeros(self.own.shape[:2])
        for s, image in heavy.items():
            power[s] = products(image, drawn[s].unit)
        coupled = {}
        for i, j in pairs:
            if i in heavy and j in heavy:
                shared = self._shared(heavy[i], drawn[j].unit, i, j)
                scale = np.sqrt(power[i] * power[j])
                if (np.abs(shared) > _COUPLED * scale).any():
                    coupled[i, j] = shared
        before = self.own[:, :, 0, 0]
        moved = (np.abs(power - before) > _REWEIGHTED * power).any(axis=1)
        for s in free[(moved | self.stale)[free]]:
            self.own[s] = 0
            self.own[s, :, 0, 0] = power[s]
            self.light[s, :, 0] = heavy[int(s)].sum(axis=(1, 2), dtype="f8")
        self.stale |= moved
        for pair, shared in coupled.items():
            if pair not in self.cross or self.stale[list(pair)].any():
                self.cross[pair] = np.zeros_like(self.own[0])
                self.cross[pair][:, 0, 0] = shared
                self.stale[list(pair)] = True
        self.cross = {pair: self.cross[pair] for pair in coupled}
        self.group = _groups(len(self.own), list(coupled))
        self.stale |= np.isin(self.group, self.group[self.stale & sources.free])

    def refresh(self, sources: Sources, drawn: dict[int, Drawn], which: np.ndarray, weights: np.ndarray) -> None:
        """Draw the templates of whole groups, and take their products."""
        members = [int(s) for s in which]
        if not members:
            return
        together = set(members)
        pairs = [pair for pair in self.cross if pair[0] in together and pair[1] in together]
        root = np.sqrt(weights)
        size = sum(4 * drawn[s].unit[0].size * len(drawn[s].modes) for s in members)
        nband, step = len(weights), max(1, int(_AT_ONCE / max(size, 1)))
        places = {s: np.array(columns(self._canvas.moving[s])) for s in members}
        for first in range(0, nband, step):
            bands = np.arange(first, min(first + step, nband))
            heavy = {s: self._heavy(sources, drawn[s], s, slice(first, first + step), root) for s in members}
            for s in members:
                flat = heavy[s].reshape(*heavy[s].shape[:2], -1)
                self.own[s][np.ix_(bands, places[s], places[s])] = flat @ np.swapaxes(flat, 1, 2)
                if self._canvas.problem.settings.free_sky:
                    seen = root[slice(first, first + step), *drawn[s].window[1:]].reshape(len(flat), -1, 1)
                    self.light[s][np.ix_(bands, places[s])] = (flat @ seen)[..., 0]
            for i, j in pairs:
                self.cross[i, j][np.ix_(bands, places[i], places[j])] = self._cross(heavy[i], heavy[j], i, j)
        self.stale[members] = False

    def _heavy(self, sources: Sources, drawn: Drawn, index: int, bands: slice, root: np.ndarray) -> np.ndarray:
        """Templates of a source in some bands, in units of the noise."""
        _, ny, nx = drawn.unit.shape
        window = root[bands, *drawn.window[1:]]
        heavy = np.empty((len(window), len(drawn.modes), ny, nx), "f4")
        np.multiply(drawn.unit[bands], window, out=heavy[:, 0])
        if heavy.shape[1] > 1:
            derivatives = self._canvas.derivatives(sources, drawn, index, bands)
            np.multiply(derivatives, window[:, None], out=heavy[:, 1:])
        return heavy

    def _shared(self, heavy: np.ndarray, unit: np.ndarray, i: int, j: int) -> np.ndarray:
        a, b, common = self._common(i, j)
        return products(_part(heavy, a, common), _part(unit, b, common))

    def _cross(self, left: np.ndarray, right: np.ndarray, i: int, j: int) -> np.ndarray:
        a, b, common = self._common(i, j)
        left, right = _part(left, a, common), _part(right, b, common)
        npix = left.shape[-1] * left.shape[-2]
        return left.reshape(*left.shape[:2], npix) @ np.swapaxes(right.reshape(*right.shape[:2], npix), 1, 2)

    def _common(self, i: int, j: int) -> tuple[Box, Box, Box]:
        a, b = self._canvas.boxes[i], self._canvas.boxes[j]
        return a, b, overlap(a, b)


def _part(image: np.ndarray, box: Box, common: Box) -> np.ndarray:
    return image[..., common[2] - box[2] : common[3] - box[2], common[0] - box[0] : common[1] - box[0]]


def products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sums over the pixels of two images (nband, ny, nx), (nband,): rows in float32, their sum in float64."""
    return np.einsum("byx,byx->by", a, b).sum(axis=1, dtype="f8")


def _groups(count: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Number of the group that each of `count` sources belongs to: the least index in it."""
    group = np.arange(count)
    if not pairs:
        return group
    i, j = np.array(pairs).T
    while (group[i] != group[j]).any():
        least = np.minimum(group[i], group[j])
        np.minimum.at(group, i, least)
        np.minimum.at(group, j, least)
    return group
