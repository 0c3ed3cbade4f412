"""The Tractor's optimisers on a scene: all sources at once, or one at a time on the pixels around it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tractor import ConstantSky, Image, Tractor
from tractor.ceres_optimizer import CeresOptimizer
from tractor.constrained_optimizer import ConstrainedOptimizer
from tractor.lsqr_optimizer import LsqrOptimizer

from ...config.fit import ByTractor
from .scene import Scene

log = logging.getLogger(__name__)

# What the Tractor, its C parts and scipy raise on hard cases: assertions, overflows, singular matrices.
TROUBLE = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass
class Ended:
    """How a run of an optimiser ended.

    spent : it used all its iterations. failed : indices into the scene's sources of those whose own fit failed.
    """

    iterations: int = 0
    spent: bool = False
    late: bool = False
    failed: set[int] = field(default_factory=set)


def make(how: ByTractor) -> Any:
    """The Tractor's optimiser object."""
    kinds = {"constrained": ConstrainedOptimizer, "lsqr": LsqrOptimizer, "ceres": CeresOptimizer}
    return kinds.get(how.optimizer, ConstrainedOptimizer)()


def minimise(scene: Scene, how: ByTractor, late: Callable[[], bool]) -> Ended:
    """Lower chi2 at the scene's weights until nothing is gained.

    Where the joint optimiser fails, which the log says, sources are fitted one at a time from where it was.
    """
    if how.optimizer == "per_source":
        return _one_by_one(scene, how, late)
    before = scene.tractor.getParams()
    try:
        return _all_at_once(scene, how, late)
    except TROUBLE as error:
        log.warning("the Tractor's %s failed (%s); sources are fitted one at a time", how.optimizer, _said(error))
        scene.tractor.setParams(before)
        return _one_by_one(scene, how, late)


def _all_at_once(scene: Scene, how: ByTractor, late: Callable[[], bool]) -> Ended:
    ended, tractor = Ended(), scene.tractor
    beyond: list[tuple[Any, str]] = []
    least = how.tolerance / 2  # of ln probability
    while not late():
        gain, step, _ = tractor.optimize(**_arguments(how))
        if how.optimizer == "ceres" and not gain > 0:
            raise RuntimeError("Ceres changed nothing")
        if step is None and how.optimizer != "ceres":
            raise RuntimeError("it found no direction")
        ended.iterations += 1
        before, beyond = beyond, scene.hold()
        # What leaves its bounds twice running would only shorten everybody's steps.
        for source, name in beyond:
            if any(source is other and name == same for other, same in before):
                source.freezeParam(name)
        if gain <= least and not beyond:
            return ended
        if ended.iterations >= how.iterations:
            ended.spent = True
            return ended
    ended.late = True
    return ended


def _arguments(how: ByTractor) -> dict[str, Any]:
    if how.optimizer == "ceres":
        return {"priors": True, "print_progress": False}
    return {"shared_params": how.shared_params, "alphas": how.alphas and list(how.alphas)}


def refine(scene: Scene, which: np.ndarray, how: ByTractor, late: Callable[[], bool]) -> Ended:
    """Fit the sources with the indices `which` one at a time: those whose way a runaway among them has blocked."""
    log.debug("%d sources that a joint step leaves short of the optimum are fitted one at a time", len(which))
    scene.thaw()
    return _one_by_one(scene, how, late, which)


def _one_by_one(scene: Scene, how: ByTractor, late: Callable[[], bool], which: np.ndarray | None = None) -> Ended:
    """Sweeps over the sources, brightest first, until a sweep gains nothing more than the tolerance a source."""
    ended = Ended()
    order = np.argsort([-np.sum(source.brightness.getAllParams()) for source in scene.sources])
    if which is not None:
        order = order[np.isin(order, which)]
    models = [scene.tractor.getModelImage(image, sky=False) for image in scene.tractor.images]
    while not (ended.spent or ended.late):
        gains = []
        _settle_sky(scene, models)
        for index in map(int, order):
            if late():
                ended.late = True
                break
            gains.append(_alone(scene, index, models, how, ended))
        ended.iterations += 1
        if not gains or max(gains) <= how.tolerance / 2:
            return ended
        ended.spent = ended.iterations >= how.iterations
    return ended


def _alone(scene: Scene, index: int, models: list[np.ndarray], how: ByTractor, ended: Ended) -> float:
    """Fit one source to what the others leave of the pixels around it; the gain in ln probability."""
    source = scene.sources[index]
    before = source.getParams()
    own = [source.getModelPatch(image) for image in scene.tractor.images]
    cuts = [_cut(image, model, patch) for image, model, patch in zip(scene.tractor.images, models, own, strict=True)]
    images = [cut for cut in cuts if cut is not None]
    if not images or not len(before):
        return 0.0
    alone = Tractor(images, [source], optimizer=ConstrainedOptimizer())
    alone.freezeParam("images")
    gained, least = 0.0, how.tolerance / 2
    try:
        for _ in range(how.iterations):
            gain, _, _ = alone.optimize(shared_params=False, alphas=how.alphas and list(how.alphas))
            gained += gain
            if not _hold(source) and gain <= least:
                break
    except TROUBLE as error:
        log.warning("source %d: the Tractor failed (%s); it stays as it was", int(scene.which[index]), _said(error))
        source.setParams(before)
        ended.failed.add(index)
        return 0.0
    for model, old, image in zip(models, own, scene.tractor.images, strict=True):
        for patch, sign in ((old, -1), (source.getModelPatch(image), 1)):
            if patch is not None:
                patch.addTo(model, scale=sign)
    return gained


def _hold(source: Any) -> bool:
    """Put a source's parameters within their bounds; were any beyond?"""
    bound = (getattr(source, name) for name in ("pos", "shape", "sersicindex") if hasattr(source, name))
    return sum(part.hold() for part in bound) > 0


def _cut(image: Any, model: np.ndarray, own: Any) -> Any:
    """The pixels of a source's own drawing, with what the other sources leave there; None where it has none."""
    if own is None or own.patch is None:
        return None
    ny, nx = model.shape
    x0, x1, y0, y1 = max(own.x0, 0), min(own.x1, nx), max(own.y0, 0), min(own.y1, ny)
    if x0 >= x1 or y0 >= y1:
        return None
    window = slice(y0, y1), slice(x0, x1)
    data = image.data[window] - model[window] - image.sky.val
    data += own.patch[y0 - own.y0 : y1 - own.y0, x0 - own.x0 : x1 - own.x0]
    wcs = type(image.wcs)(0)
    wcs.dx, wcs.dy = image.wcs.dx - x0, image.wcs.dy - y0
    return Image(
        data=data, inverr=image.inverr[window], psf=image.psf, wcs=wcs, sky=ConstantSky(0.0), photocal=image.photocal,
        name=image.name,
    )  # fmt: skip


def _settle_sky(scene: Scene, models: list[np.ndarray]) -> None:
    if not scene.problem.settings.free_sky:
        return
    for image, model in zip(scene.tractor.images, models, strict=True):
        weight = image.inverr.astype("f8") ** 2
        if weight.any():
            image.sky.setValue(float((weight * (image.data - model)).sum() / weight.sum()))


def promised(scene: Scene) -> np.ndarray:
    """By how much one more joint step would lower chi2, on each source's account, (nfree,); at the scene's weights."""
    tractor = scene.tractor
    scene.thaw()
    derivatives = tractor.getDerivs()
    step = LsqrOptimizer().getUpdateDirection(tractor, derivatives, shared_params=False)
    chis = {id(image): tractor.getChiImage(img=image) for image in tractor.images}
    slopes = np.array([sum(_slope(patch, image, chis[id(image)]) for patch, image in one) for one in derivatives])
    prior = tractor.getLogPriorDerivatives()
    if prior is not None:
        for _, column, values, rest, _ in zip(*prior, strict=True):
            slopes[column] += float(np.dot(np.ravel(values), np.ravel(rest)))
    owned = np.concatenate([np.full(source.numberOfParams(), k) for k, source in enumerate(scene.sources)])
    gains = (slopes * np.asarray(step, float))[len(slopes) - len(owned) :]
    return np.abs(np.bincount(owned.astype(int), gains, minlength=len(scene.which)))


def _slope(patch: Any, image: Any, chi: np.ndarray) -> float:
    ny, nx = chi.shape
    patch = patch.copy()
    patch.clipTo(nx, ny)
    if patch.patch is None:
        return 0.0
    window = patch.getSlice(image)
    return float((patch.patch * image.inverr[window] * chi[window]).sum(dtype="f8"))


def clock_of(limit: float | None) -> Callable[[], bool]:
    """Says whether a time limit [s], counted from now, has passed."""
    started = time.monotonic()
    return lambda: limit is not None and time.monotonic() - started > limit


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
