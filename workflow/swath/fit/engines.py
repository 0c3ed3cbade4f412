"""The engine of the fit, by `fit.engine`: swath's own, or the Tractor where it is installed."""

from collections.abc import Callable

from ..config.fit import Fit
from .optimise import Outcome, optimise
from .scene import Problem

Engine = Callable[[Problem], Outcome]


def engine(settings: Fit) -> Engine:
    """What fits a problem. The Tractor is imported for nothing else.

    Raises
    ------
    RunError : the Tractor is asked for and cannot be used; says what was found and what to do.
    """
    if settings.engine == "native":
        return optimise
    from .tractor.find import require

    require()
    from .tractor.engine import fit

    return lambda problem: fit(problem, settings.tractor)[0]


def name(settings: Fit) -> str:
    """The engine and, where it is not swath's own, its version, for headers."""
    if settings.engine == "native":
        return "native"
    from .tractor.find import find

    return f"tractor {find().version}".strip()
