"""The record of a job: what it made (size, SHA-256), from what, with which parameters, code and libraries."""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .. import __version__
from ..errors import RunError
from .cards import Card
from .digests import File, measured, measured_once
from .seal import read_sealed, write_sealed

# ASSUME only these libraries have a say in the numbers of a product.
_LIBRARIES = (
    *("numpy", "scipy", "astropy", "photutils", "reproject", "sep", "pandas", "pyarrow", "pydantic", "galsim"),
    *("matplotlib", "PIL", "bokeh"),
)
# Parameters that say nothing of a job's products: why it runs again, and how archives are asked.
_OF_THE_RUN = ("failed_before", "asking", "fetching")


class Started(NamedTuple):
    """A job at its start. inputs : as they were then. times : when each was last changed [ns]."""

    record: str
    rule: str
    wildcards: dict[str, str]
    params: dict[str, Any]
    inputs: tuple[File, ...]
    times: tuple[int, ...]

    @property
    def cards(self) -> list[Card]:
        """Header cards of its FITS products: equal for equal code, parameters and contents, whatever the folder."""
        return [
            ("SWATHVER", __version__, "version of swath that made this file"),
            ("RULE", self.rule, "the rule that made it"),
            ("CODE", str(self.params.get("code")), "fingerprint of the rule's code"),
            ("PARHASH", params_hash(self.params), "hash of the rule's parameters"),
            ("INHASH", _content_hash(self.inputs), "hash of the contents of all inputs"),
            ("RECORD", Path(self.record).relative_to(tile_folder(self.record)).as_posix(), "its record in the tile"),
        ]


def start_record(
    record: str | Path, rule: str, wildcards: Mapping[str, str], params: Mapping[str, Any], inputs: Sequence[str]
) -> Started:
    """Measure a job's inputs before it uses them.

    Parameters
    ----------
    record : where the record will be written. params : as passed to the rule; `code` holds the fingerprint.
    """
    times = tuple(os.stat(path).st_mtime_ns for path in inputs)
    folder = tile_folder(record)
    files = tuple(measured_once(path, folder) for path in inputs)
    return Started(str(record), rule, dict(wildcards), dict(params), files, times)


def finish_record(started: Started, outputs: Sequence[str]) -> None:
    """Write the record of a job that is done (its own path aside).

    Raises
    ------
    RunError : an input was changed while the job ran.
    """
    _check_unchanged(started)
    made = [measured(path) for path in outputs if str(path) != started.record]
    write_sealed(
        started.record,
        {
            "rule": started.rule,
            "wildcards": started.wildcards,
            "swath": __version__,
            "code": started.params.get("code"),
            "params": {key: value for key, value in started.params.items() if key not in ("code", *_OF_THE_RUN)},
            "params_hash": params_hash(started.params),
            "libraries": _libraries(),
            "inputs": [file._asdict() for file in started.inputs],
            "outputs": [file._asdict() for file in made],
        },
    )


def recorded(path: str | Path, suffix: str) -> tuple[str, str]:
    """Path and SHA-256 of a job's product whose name ends in `suffix`, from the job's record."""
    product = next(product for product in read_sealed(path)["outputs"] if product["path"].endswith(suffix))
    return product["path"], product["sha256"]


def params_hash(params: Mapping[str, Any]) -> str:
    """Hash of a rule's parameters, 16 hex digits; code and inputs have hashes of their own.

    Files count by name: where they lie makes no difference, what they hold is told by their checksums.
    """
    values = {key: value for key, value in params.items() if key not in ("code", "stamps", *_OF_THE_RUN)}
    return hashlib.sha256(json.dumps(_without_folders(values), sort_keys=True).encode()).hexdigest()[:16]


def tile_folder(record: str | Path) -> Path:
    """The folder of the tile that a record belongs to."""
    return next(parent.parent for parent in Path(record).parents if parent.name == "records")


def is_record(path: str | Path) -> bool:
    """Is this the path of a record?"""
    path = Path(path)
    return path.suffix == ".json" and path.parents[1].name == "records" if len(path.parts) > 2 else False


def _check_unchanged(started: Started) -> None:
    problems = [
        f"{file.path}: changed while {started.rule} was using it; leave inputs alone during a run, and run again"
        for file, time in zip(started.inputs, started.times, strict=True)
        if os.stat(file.path).st_mtime_ns != time and measured(file.path) != file
    ]
    if problems:
        raise RunError(problems)


def _content_hash(inputs: Sequence[File]) -> str:
    """Hash of what the inputs hold. A record as input stands for its products: it has paths and times in it."""
    digest = hashlib.sha256()
    for file in inputs:
        held = [made["sha256"] for made in read_sealed(file.path)["outputs"]] if is_record(file.path) else [file.sha256]
        digest.update("\n".join([*held, ""]).encode())
    return digest.hexdigest()[:16]


def _without_folders(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_folders(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(item) for item in value]
    return Path(value).name if isinstance(value, str) and os.path.isabs(value) else value


def _libraries() -> dict[str, str]:
    """Versions of Python and of the libraries that this process has in use."""
    used = {name: sys.modules[name].__version__ for name in _LIBRARIES if name in sys.modules}
    return {"python": platform.python_version(), **used}
