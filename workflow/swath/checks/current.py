"""What was found of the inputs when the plan was made, and of the products' folder now. Light: every start asks."""

from pathlib import Path

from ..config.model import Config
from ..plan import read_found
from . import place
from .rows import Row, as_text


def current_rows(config: Config, plan: Path) -> list[Row]:
    """The rows of the plan stored at `plan`, with a new one for the folder of the products."""
    found = read_found(plan)
    rows = [
        Row(row["name"], row["path"], row["found"], tuple(row["errors"]), tuple(row["notes"])) for row in found["rows"]
    ]
    return [*(row for row in rows if row.name != place.NAME), place.check_place(config, found["needed"])]


def verdict(rows: list[Row]) -> str:
    """The table of `snakemake check` where nothing is wrong, and a line that says so."""
    notes = sum(len(row.notes) for row in rows)
    told = {0: "nothing to note", 1: "one note, no error"}.get(notes, f"{notes} notes, no error")
    return f"{as_text(rows)}\n\nthe input can be used: {told}"
