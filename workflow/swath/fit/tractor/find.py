"""Which package called `tractor` is there: the photometry engine, another one of that name, or none.

Nothing is imported here: this is asked before anything runs, by processes that fit nothing.
"""

import importlib.metadata
import importlib.util
import re
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import NamedTuple

from ...errors import RunError

# What an installed copy of each has beside its `__init__`; compiled parts by the start of their names.
_OURS = ("engine.py", "galaxy.py", "psf.py", "constrained_optimizer.py")
_COMPILED = ("_mix", "_mp_fourier")
_HELPERS = ("miscutils.py", "ttime.py")
_VERSION_FILES = ("_version.py", "version.py", "gitversion.py", "__init__.py")
_VERSION = re.compile(r"""^\s*(?:__version__|version|git_version)\s*=\s*["']([^"']+)""", re.MULTILINE)
_ADVICE = "Build it as its own instructions say (github.com/dstndstn/tractor); without it only fit.engine: native works"


class Found(NamedTuple):
    """What was found: `path` of the package's `__init__` ('' for none), `version`, and what is wrong with it."""

    path: str
    version: str
    problems: tuple[str, ...]


def find() -> Found:
    """Look for the Tractor and for astrometry.net, without which it cannot draw, on the module path."""
    file = _origin("tractor")
    if file is None:
        missing = "the Tractor is not installed for this Python: there is no package called tractor"
        others = "the index's packages `tractor` and `astrometry` are other software"
        return Found("", "", (f"{missing}. {_ADVICE} ({others})",))
    problems = [text for text in (_wrong(file), None if _wrong(file) else _unbuilt(file), _helpers()) if text]
    return Found(str(file), _version(file), tuple(problems))


def require() -> Found:
    """What was found, when it is usable.

    Raises
    ------
    RunError : it is not; says what was found, where, and what to do.
    """
    found = find()
    if found.problems:
        raise RunError(found.problems)
    return found


def cannot_be_imported(found: Found, error: ImportError) -> str:
    """Sentence about a Tractor that has all its files and still does not import."""
    return (
        f"{found.path}: this Tractor{_says(found.version)} cannot be imported: {error}. Its compiled parts may be "
        f"damaged, or made for another Python or numpy, or something it needs is missing. {_ADVICE}"
    )


def _wrong(file: Path) -> str | None:
    lacking = [name for name in _OURS if not (file.parent / name).is_file()]
    if not lacking:
        return None
    return (
        f"{file}: this package called tractor{_says(_version(file))} is not Dustin Lang's Tractor: it has no "
        f"{', '.join(lacking)} (package indices list an unrelated library of actors under this name). Uninstall it or "
        f"take it off the module path. {_ADVICE}"
    )


def _unbuilt(file: Path) -> str | None:
    lacking = [name for name in _COMPILED if not any(_libraries(file.parent, name))]
    if not lacking:
        return None
    return f"{file}: this Tractor{_says(_version(file))} is not compiled: it has no {', '.join(lacking)}. {_ADVICE}"


def _helpers() -> str | None:
    file = _origin("astrometry")
    if file is None:
        return (
            f"the Tractor needs the Python modules of astrometry.net: there is no package called astrometry. {_ADVICE}"
        )
    lacking = [name for name in _HELPERS if not (file.parent / "util" / name).is_file()]
    if not lacking:
        return None
    return (
        f"{file}: this package called astrometry{_says(_version(file))} is not astrometry.net, which the Tractor "
        f"needs: it has no {', '.join(f'util/{name}' for name in lacking)}. Take it off the module path. {_ADVICE}"
    )


def _origin(name: str) -> Path | None:
    """File of a package; of a folder without `__init__`, where that would be."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    if spec.origin:
        return Path(spec.origin)
    places = list(spec.submodule_search_locations or [])
    return Path(places[0]) / "__init__.py" if places else None


def _libraries(folder: Path, name: str) -> list[Path]:
    return [path for suffix in EXTENSION_SUFFIXES if (path := folder / f"{name}{suffix}").is_file()]


def _version(file: Path) -> str:
    """Version of a package, from its metadata or from a file that names it; '' where nothing says."""
    try:
        distribution = importlib.metadata.distribution(file.parent.name)
    except importlib.metadata.PackageNotFoundError:
        distribution = None
    if distribution and Path(str(distribution.locate_file(f"{file.parent.name}/__init__.py"))) == file:
        return distribution.version
    texts = [path.read_text("utf-8", "replace") for name in _VERSION_FILES if (path := file.parent / name).is_file()]
    named = [match[1] for text in texts if (match := _VERSION.search(text))]
    return named[0] if named else ""


def _says(version: str) -> str:
    return f" (version {version})" if version else ""
