"""`snakemake provenance`: all that went into one source, or into one file."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from ..errors import InputError
from .digests import measured
from .findings import state
from .source import find_source, source_text
from .trace import Graph, chain, read_graph

_SIDE = ("catalog.csv", "merge/catalog.csv", "sources/sources.parquet")


def tell(folders: Sequence[str], source: str | None = None, file: str | None = None) -> str:
    """The text for the terminal.

    Parameters
    ----------
    folders : of the tiles, as records name them. source : an ID. file : a path, also one without the tile's folder.

    Raises
    ------
    InputError : neither is given, or it is not known; the nearest names are said.
    """
    if source is None and file is None:
        raise InputError("which one? say `snakemake provenance --config source=<ID>` or `--config file=<path>`")
    graph = read_graph(folders)
    lines = _source(graph, folders, source) if source is not None else []
    lines += _file(graph, folders, file) if file is not None else []
    lines += [f"note: {path} is damaged and was left out; `snakemake verify` says what to do" for path in graph.damaged]
    return "\n".join(lines)


def _source(graph: Graph, folders: Sequence[str], wanted: str) -> list[str]:
    found = find_source(folders, wanted)
    focus = {"patch": str(found.row.get("patch_tag") or ""), "cell": str(found.row.get("epsf_tag") or "")}
    made = [f"{found.folder}/{name}" for name in _SIDE]
    start = next((path for path in made if graph.maker(path)), None)
    return [*source_text(found), "", *(chain(graph, start, focus) if start else []), *_snapshots(found.folder)]


def _file(graph: Graph, folders: Sequence[str], wanted: str) -> list[str]:
    known = {*graph.made, *graph.records, *(file.path for job in graph.records.values() for file in job.inputs)}
    path = next((name for name in _spellings(wanted, folders) if name in known), None)
    if path is None:
        raise InputError(f"{wanted}: no record knows this file{_hint(wanted, known)}")
    if graph.maker(path):
        folder = next(folder for folder in folders if path.startswith(f"{folder}/"))
        return [*chain(graph, path), *_snapshots(folder), *_now(graph, path)]
    readers = graph.readers(path)
    lines = [f"{path}: a file of yours, read by"]
    lines += [f"  {job.name}: {state(next(f for f in job.inputs if f.path == path))} then" for job in readers]
    return [*lines, _present(path)]


def _spellings(wanted: str, folders: Iterable[str]) -> list[str]:
    """The path as given, from the working directory, and under each tile's folder."""
    path = Path(wanted)
    inside = path.is_absolute() and path.is_relative_to(Path.cwd())
    names = [
        wanted,
        path.as_posix(),
        str(path.absolute()),
        *([path.relative_to(Path.cwd()).as_posix()] if inside else []),
    ]
    return [*names, *(f"{folder}/{path.as_posix()}" for folder in folders)]


def _hint(wanted: str, known: Iterable[str]) -> str:
    known = sorted(known)
    same = [path for path in known if Path(path).name == Path(wanted).name]
    near = (same or get_close_matches(wanted, known, 3, 0.4))[:3]
    return f"; did you mean {' or '.join(near)}?" if near else "; it was made by no job, and none read it"


def _now(graph: Graph, path: str) -> list[str]:
    job = graph.maker(path)
    made = next((file for file in job.outputs if file.path == path), None)
    return [_present(path)] if made and (not Path(path).is_file() or measured(path) != made) else []


def _present(path: str) -> str:
    return f"now: {state(measured(path))}" if Path(path).is_file() else "now: no such file"


def _snapshots(folder: str) -> list[str]:
    """The last config snapshot: settings, command line and package versions of the run."""
    found = sorted(Path(folder, "runs").glob("config_used_*.yaml"))
    return [f"settings, command line and packages of the last of {len(found)} runs: {found[-1]}"] if found else []
