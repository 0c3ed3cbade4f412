"""The targets of a run: can their list be used?"""

from ..config.model import Config
from ..errors import InputError
from ..targets import read_targets
from .listed import check_list
from .rows import Row, raise_errors


def check_targets(config: Config) -> tuple[tuple[str, ...], list[Row]]:
    """Folder names of the targets, and the rows of their list and of what stands in for an archive.

    Raises
    ------
    InputError : everything that is wrong with them, below their rows.
    """
    given = config.targets.table or "targets.ra, targets.dec"
    names: tuple[str, ...] = ()
    try:
        names = tuple(read_targets(config.targets)["slug"])
        row = Row("targets", given, "one target" if len(names) == 1 else f"{len(names)} targets")
    except InputError as error:
        row = Row("targets", given, "not usable", tuple(error.problems))
    rows = [row, *check_list(config)]
    raise_errors(rows)
    return names, rows
