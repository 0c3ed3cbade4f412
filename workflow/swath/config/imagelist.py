"""The list of images: in the config itself, in a text file or in a CSV table."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from ..errors import InputError
from .inputs import Image
from .model import Config
from .nearest import closest
from .paths import resolve_image
from .problems import sentences

FILES = ("path", "weight", "mask", "psf")


class Entry(NamedTuple):
    """An image and where it is listed, for messages."""

    where: str
    image: Image


def read_images(config: Config) -> list[Image]:
    """The images of a loaded config, in order, with absolute paths; see `list_images`.

    Raises
    ------
    InputError : every problem of the list, and every input file of any kind that is missing.
    """
    entries, problems = list_images(config)
    problems = [*missing_inputs(config), *problems]
    if problems:
        raise InputError(problems, "the input files are not usable as listed")
    return [image for _, image in entries]


def list_images(config: Config) -> tuple[list[Entry], list[str]]:
    """The images of a loaded config, in order, with absolute paths, and all that is wrong with the list.

    The added ones come last.

    A list file whose name ends in .csv is a table with the columns of `Image` (`path` alone is required; empty
    cells are null). Any other holds one path per line. In both, what follows a `#` at the beginning of a line or
    after a space is a comment, and relative paths begin at the folder of the list file.

    What can be wrong: missing files, unknown columns, impossible values, repeated images or bands, PSF images that
    are missing although psf.method is supplied. Entries whose files are missing are listed all the same.
    """
    if config.inputs.image_list is None:
        entries = [Entry(f"inputs.images[{number}]", image) for number, image in enumerate(config.inputs.images)]
        problems: list[str] = []
    else:
        entries, problems = _read_list(Path(config.inputs.image_list))
    added = enumerate(config.inputs.added_images)
    entries += [Entry(f"inputs.added_images[{number}]", image) for number, image in added]
    problems += [*_missing_files(entries), *_repeated(entries)]
    if config.psf.method == "supplied":
        problems += [
            f"{where}: no psf; psf.method: supplied needs a PSF image for every band"
            for where, image in entries
            if image.psf is None
        ]
    return entries, problems


def missing_inputs(config: Config, names: Iterable[str] = ("image_list", "catalog", "gaia")) -> list[str]:
    """One sentence for each of the named input files that is not there."""
    paths = {name: getattr(config.inputs, name) for name in names}
    return [f"inputs.{name}: no file {path}" for name, path in paths.items() if path and not Path(path).is_file()]


def _read_list(path: Path) -> tuple[list[Entry], list[str]]:
    if not path.is_file():
        return [], []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        return [], [f"{path}: not a text file in UTF-8 ({error.reason} at byte {error.start})"]
    rows = [(number, text) for number, line in enumerate(lines, 1) if (text := re.sub(r"(^|\s+)#.*", "", line).strip())]
    entries, problems = _read_table(path, rows) if path.suffix.lower() == ".csv" else _read_paths(path, rows)
    if not entries and not problems:
        problems = [f"{path}: lists no image"]
    return [Entry(where, resolve_image(image, path.parent)) for where, image in entries], problems


def _read_paths(path: Path, rows: Iterable[tuple[int, str]]) -> tuple[list[Entry], list[str]]:
    return [Entry(f"{path.name} line {number}", Image(path=text)) for number, text in rows], []


def _read_table(path: Path, rows: list[tuple[int, str]]) -> tuple[list[Entry], list[str]]:
    if not rows:
        return [], []
    columns, *records = ([cell.strip() for cell in cells] for cells in csv.reader(text for _, text in rows))
    problems = list(_wrong_columns(path, columns))
    if problems:
        return [], problems
    entries = []
    for (number, _), cells in zip(rows[1:], records, strict=True):
        where = f"{path.name} line {number}"
        if len(cells) != len(columns):
            problems.append(f"{where}: {len(cells)} cells; expected {len(columns)}, one for each column")
            continue
        given = {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
        try:
            entries.append(Entry(where, Image.model_validate(given)))
        except ValidationError as error:
            problems += sentences(error, given, Image, f"{where}, ").values()
    return entries, problems


def _wrong_columns(path: Path, columns: list[str]) -> Iterator[str]:
    known = list(Image.model_fields)
    if "path" not in columns:
        yield f"{path}: no column path; found {', '.join(columns)}"
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        yield f"{path}: two columns {name!r}"
    for name in (name for name in columns if name not in known):
        likely = closest(name, known)
        advice = f"did you mean {likely[0]}?" if likely else f"known are {', '.join(known)}"
        yield f"{path}: unknown column {name!r}; {advice}"


def _missing_files(entries: list[Entry]) -> Iterator[str]:
    for where, image in entries:
        for name in FILES:
            path = getattr(image, name)
            if path is not None and not Path(path).is_file():
                yield f"{where}, {name}: no file {path}"


def _repeated(entries: list[Entry]) -> Iterator[str]:
    first: dict[tuple, str] = {}
    for where, image in entries:
        names = {("image", image.path, image.hdu): image.path, ("band", image.band): f"band {image.band}"}
        for name, text in names.items():
            if name != ("band", None) and first.setdefault(name, where) != where:
                yield f"{where}: {text} is listed already ({first[name]})"
