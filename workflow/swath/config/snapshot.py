"""What a run was started with, kept beside its products."""

import platform
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata
from itertools import count
from pathlib import Path

from .. import __version__
from ..files import write_text
from .describe import describe
from .model import Config

PACKAGES = (
    "snakemake",
    "numpy",
    "scipy",
    "astropy",
    "photutils",
    "sep",
    "reproject",
    "pyvo",
    "requests",
    "pandas",
    "pyarrow",
    "matplotlib",
    "bokeh",
    "pillow",
    "pydantic",
    "pyyaml",
)


def package_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Versions of swath, of Python and of the installed packages, read from their metadata (nothing is imported)."""
    # swath itself is a checkout, which has no metadata.
    own = {"swath": __version__, "python": platform.python_version()}
    return own | {name: _version(name) for name in packages}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def write_snapshot(
    config: Config,
    folder: str | Path,
    command_line: Sequence[str] | str,
    versions: Mapping[str, str],
    base: str | Path | None = None,
) -> Path:
    """Write `config_used_YYYYMMDD_HHMMSS.yaml` (local time) in `folder` and return its path.

    The file is a config file that repeats the run; the command line and the versions are comments on top. A file
    that is there is never overwritten: a second run in the same second gets `_1` behind its time. `base` is for the
    config's hash (see `canonical.config_hash`).
    """
    command = command_line if isinstance(command_line, str) else shlex.join(command_line)
    head = [f"# command: {' '.join(command.split())}", *(f"# {name} {version}" for name, version in versions.items())]
    path = _claim(Path(folder), f"config_used_{datetime.now():%Y%m%d_%H%M%S}")
    write_text(path, "\n".join([*head, describe(config, base)]))
    return path


def _claim(folder: Path, stem: str) -> Path:
    """The first free name, created empty so that no other run takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (f"{stem}{f'_{number}' if number else ''}.yaml" for number in count())
    return next(folder / name for name in names if _created(folder / name))


def _created(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
