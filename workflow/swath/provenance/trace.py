"""The chain of jobs behind a file, back to the user's own files, as indented text."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .digests import File
from .findings import state
from .history import Job, read_jobs

_WIDTH = 118
_LONGEST = 300  # value of a parameter
_SHOWN = 3  # of many jobs of one rule that went into one file


class Graph(NamedTuple):
    """The records of all tiles. made : product -> its job. records : record -> its job. damaged : paths of others."""

    made: dict[str, Job]
    records: dict[str, Job]
    damaged: tuple[Path, ...]

    def maker(self, path: str) -> Job | None:
        """The job that made a product or is told by a record; None for the user's own files."""
        return self.made.get(path) or self.records.get(path)

    def readers(self, path: str) -> list[Job]:
        """The jobs that read a file."""
        return [job for job in self.records.values() if any(file.path == path for file in job.inputs)]


def read_graph(folders: Iterable[str]) -> Graph:
    """Read the records of tiles."""
    found = [job for folder in folders for job in read_jobs(folder)]
    jobs = [job for job in found if isinstance(job, Job)]
    damaged = tuple(job for job in found if isinstance(job, Path))
    return Graph({file.path: job for job in jobs for file in job.outputs}, {job.record: job for job in jobs}, damaged)


def chain(graph: Graph, path: str, focus: Mapping[str, str] | None = None) -> list[str]:
    """Lines: the file, the job that made it, the files that this read, and so on; each job once.

    Parameters
    ----------
    path : a product or a record. focus : wildcards, `patch` say, of which only the named one is followed.
    """
    seen: dict[str, Job] = {}
    job = graph.maker(path)
    made = next((file for file in job.outputs if file.path == path), File(job.record, job.size, job.sha256))
    lines = _tree(graph, made, focus or {}, seen, "")
    return [*lines, "", *_own_files(graph, seen.values()), *_libraries(seen.values())]


def _tree(graph: Graph, file: File, focus: Mapping[str, str], seen: dict[str, Job], indent: str) -> list[str]:
    job = graph.maker(file.path)
    line = f"{indent}{file.path}  {state(file)}"
    if job is None:
        return [f"{line}  (yours)"]
    if file not in (*job.outputs, File(job.record, job.size, job.sha256)):
        line += "  (another version than the present one)"
    if job.record in seen:
        return [f"{line}  (by {job.name}, above)"]
    alike = next((other for other in seen.values() if other.rule == job.rule), None)
    seen[job.record] = job
    lines = [line, *_about(job, alike, f"{indent}  ")]
    followed, others = _split(graph, job.inputs, focus)
    for source in followed:
        lines += _tree(graph, source, focus, seen, f"{indent}    ")
    lines += [f"{indent}    and {count} more files made by {rule}" for rule, count in others.items()]
    return lines


def _about(job: Job, alike: Job | None, indent: str) -> list[str]:
    """The job, its code and parameters; of a job like one above only what differs from that."""
    head = f"{indent}by {job.name}: swath {job.swath}, code {job.code}, record {job.record}"
    values = _flat(job.params)
    known = _flat(alike.params) if alike else {}
    told = {key: value for key, value in values.items() if known.get(key, ...) != value}
    start = f"as {alike.name}, but " if alike else ""
    text = f"parameters {job.params_hash}: {start}" + ", ".join(f"{key} {value}" for key, value in told.items())
    wrapped = textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )
    return [head, *wrapped] if told else [head]


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """Nested parameters as dotted names and JSON values."""
    if isinstance(value, Mapping) and value:
        parts = (_flat(item, f"{name}.{key}" if name else key) for key, item in value.items())
        return {key: text for part in parts for key, text in part.items()}
    text = json.dumps(value, ensure_ascii=False)
    return {name: text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... (all of it is in the record)"}


def _split(graph: Graph, inputs: Sequence[File], focus: Mapping[str, str]) -> tuple[list[File], dict[str, int]]:
    """The inputs to follow, and how many by each rule to only count: out of focus, or too many of a kind."""
    followed: list[File] = []
    others: dict[str, int] = {}
    shown: dict[str, int] = {}
    for file in inputs:
        job = graph.maker(file.path)
        rule = job.rule if job else ""
        aside = job and any(value != focus.get(name, value) for name, value in job.wildcards.items())
        many = job and "patch" in job.wildcards and shown.get(rule, 0) >= _SHOWN
        if aside or many:
            others[rule] = others.get(rule, 0) + 1
        else:
            followed.append(file)
            shown[rule] = shown.get(rule, 0) + 1
    return followed, others


def _own_files(graph: Graph, jobs: Iterable[Job]) -> list[str]:
    files = dict.fromkeys(file for job in jobs for file in job.inputs if graph.maker(file.path) is None)
    return ["your files that went into it:", *(f"  {file.path}  {file.size} bytes  {file.sha256}" for file in files)]


def _libraries(jobs: Iterable[Job]) -> list[str]:
    versions = sorted({f"{name} {version}" for job in jobs for name, version in job.libraries.items()})
    return [
        "libraries in use:",
        *textwrap.wrap(", ".join(versions), _WIDTH, initial_indent="  ", subsequent_indent="  "),
    ]
