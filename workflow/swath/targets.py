"""The targets: positions on the sky with names, epochs and proper motions, from the config or a table."""

from typing import TYPE_CHECKING

from .archive.names import slug
from .config.targets import FASTEST, Targets
from .errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NAMES = ("name", "target", "id")
EPOCHS = ("epoch", "ref_epoch")
COLUMNS = ("target", "slug", "ra", "dec", "epoch", "pmra", "pmdec")


def read_targets(settings: Targets) -> "pd.DataFrame":
    """All targets, in the order given; no rows where the config names none.

    Returns
    -------
    Columns target (the name as given), slug, ra, dec [deg, ICRS], epoch [yr], pmra (times cos dec), pmdec [mas/yr].

    Raises
    ------
    InputError : table not readable, columns missing, positions or epochs that are none, names missing or twice;
        every problem at once.
    """
    import pandas as pd

    if settings.table is not None:
        return _from_table(settings)
    if settings.ra is None or settings.dec is None:
        return pd.DataFrame({name: pd.Series(dtype="str" if name in COLUMNS[:2] else "float64") for name in COLUMNS})
    name = settings.name or position_name(settings.ra, settings.dec)
    row = (name, slug(name), settings.ra, settings.dec, settings.epoch, settings.pmra, settings.pmdec)
    return pd.DataFrame([row], columns=list(COLUMNS))


def position_name(ra: float, dec: float) -> str:
    """A name made of a position [deg]: 'J304.69000+42.44000'."""
    return f"J{ra:09.5f}{dec:+09.5f}"


def _from_table(settings: Targets) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    from .tables import find_column, identifiers, numbers, read_table

    given = read_table(settings.table, text=NAMES)
    found = {name: find_column(given.columns, name) for name in (*NAMES, *EPOCHS, "ra", "dec", "pmra", "pmdec")}
    name = next((found[name] for name in NAMES if found[name]), None)
    epoch = next((found[name] for name in EPOCHS if found[name]), None)
    missing = [wanted for wanted in ("ra", "dec") if not found[wanted]] + ([] if name else ["name (or target, or id)"])
    if missing:
        columns = ", ".join(given.columns)
        raise InputError(
            f"{settings.table}: no column {', no column '.join(missing)}; found {columns}; rename or add them"
        )
    columns = {key: found[key] for key in ("ra", "dec", "pmra", "pmdec") if found[key]} | (
        {"epoch": epoch} if epoch else {}
    )
    problems, values = [], {}
    for key, column in columns.items():
        try:
            values[key] = numbers(given[column])
        except InputError as error:
            problems += error.problems
    size = len(given)
    zero, epochs = np.zeros(size), np.full(size, settings.epoch)
    names = identifiers(given[name]).str.strip()
    table = pd.DataFrame({"target": names, "slug": [slug(text) for text in names]})
    table["ra"], table["dec"] = values.get("ra", zero), values.get("dec", zero)
    table["epoch"] = _filled(values.get("epoch", epochs), settings.epoch)
    table["pmra"], table["pmdec"] = (_filled(values.get(key, zero), 0.0) for key in ("pmra", "pmdec"))
    problems += _problems(table)
    if problems:
        raise InputError(
            problems, f"{settings.table}: {len(problems)} problem{'s' * (len(problems) > 1)} in the targets"
        )
    return table


def _filled(values: "np.ndarray", value: float) -> "np.ndarray":
    import numpy as np

    return np.where(np.isnan(values), value, values)


def _problems(table: "pd.DataFrame") -> list[str]:
    """What is wrong with the rows, one sentence for each kind."""
    import numpy as np

    from .tables import rows_text

    twice = table.target.duplicated(keep=False) & (table.target != "")
    faults = {
        "no name, expected one for each target": (table.target == "", None),
        "names that stand twice, expected one row for each": (twice, table.target),
        "ra outside 0 <= ra < 360 deg, or missing": (~((table.ra >= 0) & (table.ra < 360)), table.ra),
        "dec outside -90 <= dec <= 90 deg, or missing": (~((table.dec >= -90) & (table.dec <= 90)), table.dec),
        "epoch outside 1800 to 2200 yr": (~((table.epoch >= 1800) & (table.epoch <= 2200)), table.epoch),
        f"pmra or pmdec beyond {FASTEST} mas/yr": (
            ~(np.maximum(np.abs(table.pmra), np.abs(table.pmdec)) <= FASTEST),
            None,
        ),
    }
    return [f"{text}: {rows_text(np.flatnonzero(bad), column)}" for text, (bad, column) in faults.items() if bad.any()]
