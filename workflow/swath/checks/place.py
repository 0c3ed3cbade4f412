"""Where the products go: can it be written to, and is there room?"""

import errno
import os
import shutil
from pathlib import Path

from ..config.model import Config
from .rows import Row

NAME = "products"


def check_place(config: Config, needed: int | None = None) -> Row:
    """The folder of the products, and the working directory, in which Snakemake keeps its books.

    Parameters
    ----------
    needed : size of the products [bytes], None when not known. What is there already counts as written.
    """
    folder = Path(config.results, config.tile)
    free = shutil.disk_usage(_existing(folder)).free
    errors = [sentence for path in (Path.cwd(), folder) if (sentence := _not_writable(path))]
    found = (
        f"{_size(free)} free" if needed is None else f"about {_size(needed)} needed and the figures, {_size(free)} free"
    )
    if needed is not None and free < needed and config.checks.require_disk_space and not errors:
        missing = needed - _held(folder) - free
        errors += [_no_room(folder, needed, free)] if missing > 0 else []
    return Row(NAME, str(folder.absolute()), found, tuple(dict.fromkeys(errors)))


def fullness(folder: Path) -> str:
    """A sentence when less than a megabyte is free where `folder` is or will be; else ''."""
    place = _existing(folder)
    free = shutil.disk_usage(place).free
    return f"{place}: the disk is full ({_size(free)} free); free some space and run again" if free < 1 << 20 else ""


def _existing(path: Path) -> Path:
    """The nearest folder on the way to `path` that is there."""
    path = path.absolute()
    return path if path.exists() else _existing(path.parent)


def _not_writable(path: Path) -> str:
    """Why nothing can be written to a folder, present or future; '' when it can."""
    nearest = _existing(path)
    if not nearest.is_dir():
        return f"{nearest} is a file, expected a folder; rename it or choose another with the config key results"
    if os.access(nearest, os.W_OK | os.X_OK):
        return ""
    read_only = os.statvfs(nearest).f_flag & os.ST_RDONLY
    reason = os.strerror(errno.EROFS if read_only else errno.EACCES)
    return (
        f"{nearest}: the folder cannot be written to ({reason}); work in another (snakemake --directory), or name one "
        "for the products with the config key results"
    )


def _no_room(folder: Path, needed: int, free: int) -> str:
    return (
        f"{folder.absolute()}: the products need about {_size(needed)}, {_size(free)} are free; free some space, "
        "choose another disk with the config key results, or set checks.require_disk_space: false"
    )


def _held(folder: Path) -> int:
    """Bytes that the products of earlier runs take."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
