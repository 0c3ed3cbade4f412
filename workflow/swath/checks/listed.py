"""What stands in for an archive, a table or a folder of files: is it there?"""

from pathlib import Path

from ..config.model import Config
from .rows import Row

NAME = "archive list"


def check_list(config: Config) -> list[Row]:
    """A row for `archive.list`; none where a service is asked."""
    path = config.archive.list
    if config.archive.service != "list" or path is None:
        return []
    if Path(path).is_dir():
        count = sum(".fit" in file.name or file.name.endswith(".fts") for file in Path(path).rglob("*.f*"))
        empty = (f"{path}: no FITS file in this folder; put the images there, or name another in archive.list",)
        return [Row(NAME, path, f"{count} FITS files", () if count else empty)]
    if Path(path).is_file():
        return [Row(NAME, path, "a table")]
    return [Row(NAME, path, "nothing there", (f"{path}: no such table or folder; mend archive.list",))]
