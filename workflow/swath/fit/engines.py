"""The engine of the fit, by `fit.engine`: swath's own, or the Tractor where it is installed."""

from collections.abc import Callable

import numpy as np

from ..config.fit import ByTractor, Fit
from ..errors import RunError
from .optimise import Outcome, optimise
from .scene import Problem

Engine = Callable[[Problem], Outcome]
TractorFit = Callable[[Problem, ByTractor], tuple[Outcome, np.ndarray]]


def engine(settings: Fit) -> Engine:
    """What fits a problem. The Tractor is imported for nothing else.

    Raises
    ------
    RunError : the Tractor is asked for and cannot be used; says what was found and what to do.
    """
    if settings.engine == "native":
        return optimise
    fit = tractor()
    return lambda problem: fit(problem, settings.tractor)[0]


def tractor() -> TractorFit:
    """What fits a problem with the Tractor: its solution and the Tractor's own drawing of it.

    Raises
    ------
    RunError : it is not there, is something else, or cannot be imported; says what was found and what to do.
    """
    from .tractor.find import cannot_be_imported, require

    found = require()
    try:
        from .tractor.engine import fit
    except ImportError as error:
        raise RunError(cannot_be_imported(found, error)) from error
    return fit


def name(settings: Fit) -> str:
    """The engine and, where it is not swath's own, its version, for headers."""
    if settings.engine == "native":
        return "native"
    from .tractor.find import find

    return f"tractor {find().version}".strip()
