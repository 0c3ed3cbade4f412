"""The targets of a run: can their list be used?"""

from ..config.model import Config
from ..errors import InputError
from ..targets import read_targets
from .rows import Row, raise_errors


def check_targets(config: Config) -> tuple[tuple[str, ...], Row]:
    """Folder names of the targets, and the row of their list.

    Raises
    ------
    InputError : everything that is wrong with the list, below its row.
    """
    given = config.targets.table or "targets.ra, targets.dec"
    try:
        names = tuple(read_targets(config.targets)["slug"])
    except InputError as error:
        raise_errors([Row("targets", given, "not usable", tuple(error.problems))])
        raise
    count = "one target" if len(names) == 1 else f"{len(names)} targets"
    return names, Row("targets", given, count)
