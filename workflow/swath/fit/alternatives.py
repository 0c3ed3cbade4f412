"""One source of a fitted scene as another model: a small problem of its own, its neighbours still in it.

The pixels are those of the source's stamp, cleared of all sources but the few that it is blended with, which are
fitted again beside it. Weights are the scene's, so that the chi2 of one source as two models can be compared.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..models.psf import PixelPsf
from ..models.render import Stamp
from .drawing import Canvas, add, neighbours, overlap
from .optimise import Outcome, optimise
from .scene import Limits, Pixels, Problem, Settings, Sources

# ASSUME neighbours whose image, normalised, has less than this product with the source's own need not be fitted again
# beside it, and those with less than the second do not matter to what the source is.
_BLENDED, _FELT = 0.1, 0.003
_MOST_NEIGHBOURS = 3
_MARGIN = 8
# Decisions are about chi2 differences of ten: this is close enough.
TOLERANCE = 0.3
_MOST_ITERATIONS = 20

Box = tuple[int, int, int, int]


class Window:
    """The PSF of a scene seen from a window whose first pixel is (x0, y0) of the scene."""

    def __init__(self, psf: PixelPsf, x0: int, y0: int) -> None:
        self._psf, self._x0, self._y0 = psf, x0, y0

    def __getattr__(self, name: str) -> object:
        return getattr(self._psf, name)

    def at(self, size: int, x: float, y: float) -> np.ndarray:
        """Transform of the PSF at a position of the window."""
        return self._psf.at(size, x + self._x0, y + self._y0)

    def coefficients(self, x: float, y: float) -> np.ndarray:
        """Weights of the planes at a position of the window."""
        return self._psf.coefficients(x + self._x0, y + self._y0)

    def stamps(self, x: float, y: float) -> np.ndarray:
        """PSF stamps at a position of the window."""
        return self._psf.stamps(x + self._x0, y + self._y0)


@dataclass
class Attempt:
    """One source as one model, with its neighbours beside it; the source comes first.

    nonlinear : (k, 6) and flux : (k, nband) in the scene. chi2 : of the window.
    """

    model: str
    nonlinear: np.ndarray
    flux: np.ndarray
    chi2: float


class Scene:
    """A fitted problem from which small problems are cut, and which takes their solutions."""

    def __init__(self, problem: Problem, outcome: Outcome) -> None:
        self.problem, self.weights = problem, outcome.weights
        self.sources = outcome.sources.copy()
        self.sources.model = outcome.sources.model.astype("U8")
        self._canvas = Canvas(problem)
        self._canvas.resize(self.sources)
        self.stamps = self._canvas.stamps(self.sources, derivatives=False)
        self.residual = problem.pixels.image - self._canvas.model(self.sources, self.stamps, outcome.sky)
        closeness = _closeness(self.stamps, self.weights, self.sources.free)
        self.blended = [_closest(near, _BLENDED)[:_MOST_NEIGHBOURS] for near in closeness]
        self.felt = [_closest(near, _FELT) for near in closeness]

    def signal(self, index: int) -> float:
        """Chi2 that the light of one source amounts to; 0 without a good pixel."""
        x0, x1, y0, y1 = self.stamps[index].box
        light = self.sources.flux[index].astype("f4")[:, None, None] * self.stamps[index].templates[:, 0]
        return float((light**2 * self.weights[:, y0:y1, x0:x1]).sum(dtype="f8"))

    def adopt(self, members: np.ndarray, trial: Attempt) -> None:
        """Put what a trial found in the place of what was there."""
        for member in members:
            add(self.residual, self.stamps[member], self.sources.flux[member])
        self.sources.model[members[0]] = trial.model
        self.sources.nonlinear[members], self.sources.flux[members] = trial.nonlinear, trial.flux
        self._canvas.resize(self.sources)
        for member in members:
            self.stamps[member] = self._canvas.stamp(self.sources, member, False)
            add(self.residual, self.stamps[member], -self.sources.flux[member])


class Cut:
    """The small problem of one source, to be solved with it as one model after the other."""

    def __init__(self, scene: Scene, index: int) -> None:
        problem = scene.problem
        ny, nx = problem.pixels.extent
        x0, x1, y0, y1 = scene.stamps[index].box
        self.box = x0, x1, y0, y1 = (
            max(x0 - _MARGIN, 0),
            min(x1 + _MARGIN, nx),
            max(y0 - _MARGIN, 0),
            min(y1 + _MARGIN, ny),
        )
        window = (slice(None), slice(y0, y1), slice(x0, x1))
        self.origin = np.array([x0, y0, 0, 0, 0, 0], float)
        self.members = np.array([index, *scene.blended[index]])
        image = scene.residual[window].copy()
        for member in self.members:
            _add_back(image, scene.stamps[member], scene.sources.flux[member], self.box)
        weights = scene.weights[window]
        good = weights > 0
        variance = np.divide(1, weights, out=np.ones_like(weights), where=good)
        self.pixels = Pixels(image, variance, good, problem.pixels.gain, np.zeros(len(image), bool))
        self.psf = Window(problem.psf, x0, y0)
        self.limits, self.given, self.sources = problem.limits, problem.settings, scene.sources

    def solve(self, model: str, nonlinear: np.ndarray, flux: np.ndarray, limits: Limits) -> Attempt:
        """The source as `model` from the given start, (6,) and (nband,), with its neighbours.

        Parameters
        ----------
        limits : of all sources as galaxies, in the scene's pixels.
        """
        sources = _members(self.sources, self.members)
        sources.model[0], sources.nonlinear[0], sources.flux[0] = model, nonlinear, flux
        sources.nonlinear -= self.origin
        own = self._limits(limits, sources.model)
        outcome = optimise(Problem(self.pixels, self.psf, sources, own, self._settings()))
        return Attempt(model, outcome.sources.nonlinear + self.origin, outcome.sources.flux, outcome.chi2)

    def _limits(self, limits: Limits, model: np.ndarray) -> Limits:
        """Bounds and priors of the members, in the window's pixels."""
        pick = self.members
        width = limits.prior_width[pick].copy()
        width[model == "star"] = np.inf
        return replace(
            limits, low=limits.low[pick] - self.origin, high=limits.high[pick] - self.origin,
            prior_mean=limits.prior_mean[pick], prior_width=width,
        )  # fmt: skip

    def _settings(self) -> Settings:
        return replace(
            self.given, noise="sky", free_sky=False, tolerance=TOLERANCE,
            max_iterations=min(self.given.max_iterations, _MOST_ITERATIONS),
        )  # fmt: skip


def _members(sources: Sources, members: np.ndarray) -> Sources:
    return Sources(
        sources.model[members], sources.nonlinear[members], sources.flux[members], np.ones(len(members), bool)
    )


def _add_back(image: np.ndarray, stamp: Stamp, flux: np.ndarray, box: Box) -> None:
    """Add a source of the scene to the image of a window at `box`, in place."""
    common = overlap(stamp.box, box)
    if common is not None:
        x0, x1, y0, y1 = common
        inside = Stamp((x0 - box[0], x1 - box[0], y0 - box[2], y1 - box[2]), _part(stamp, common))
        add(image, inside, flux)


def _closeness(stamps: list[Stamp], weights: np.ndarray, free: np.ndarray) -> list[list[tuple[float, int]]]:
    """For each source the free ones whose stamps it shares: product of the normalised images, index."""
    own = [_product(stamp, stamp, weights) for stamp in stamps]
    found: list[list[tuple[float, int]]] = [[] for _ in stamps]
    for i, j in neighbours([stamp.box for stamp in stamps]):
        norm = own[i] * own[j]
        if free[i] and free[j] and norm > 0:
            closeness = _product(stamps[i], stamps[j], weights) / np.sqrt(norm)
            found[i].append((closeness, j))
            found[j].append((closeness, i))
    return found


def _closest(near: list[tuple[float, int]], least: float) -> list[int]:
    """Indices of those closer than `least`, closest first."""
    return [index for closeness, index in sorted(near, key=lambda one: (-one[0], one[1])) if closeness > least]


def _product(a: Stamp, b: Stamp, weights: np.ndarray) -> float:
    """Weighted product of two unit-flux images over all bands."""
    common = overlap(a.box, b.box)
    if common is None:
        return 0.0
    x0, x1, y0, y1 = common
    left, right = (_part(stamp, common)[:, 0] for stamp in (a, b))
    return float((left * right * weights[:, y0:y1, x0:x1]).sum(dtype="f8"))


def _part(stamp: Stamp, box: Box) -> np.ndarray:
    """The templates of a stamp within a box that it holds."""
    x0, _, y0, _ = stamp.box
    return stamp.templates[:, :, box[2] - y0 : box[3] - y0, box[0] - x0 : box[1] - x0]
