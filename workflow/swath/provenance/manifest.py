"""The manifest of a tile: every product with size, SHA-256, rule, code, parameters and input checksums, in one file.

One line per job, as its record has it, so that a manifest of ten thousand patches is written and read line by line.
Parameters, which most jobs of a rule share, stand once below them.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .digests import File
from .history import TIMED, Asked, Job, read_job, record_files
from .seal import Damaged, is_intact, write_sealed_text


class Entry(NamedTuple):
    """A job as the manifest has it: its record, rule and wildcards, what it read and made."""

    record: File
    rule: str
    wildcards: dict[str, str]
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]


def write_manifest(path: str | Path, asked: Asked) -> int:
    """Gather the records of the tile in whose folder `path` lies, and return the number of products.

    Records of what the config does not ask for any more are left out, and those of pages with timings.

    Raises
    ------
    Damaged : a record is not as it was written; all of them are named.
    """
    folder = Path(path).parent
    counted: list[int] = []
    write_sealed_text(path, _parts(folder, asked, counted))
    return sum(counted)


def read_manifest(path: str | Path) -> Iterator[Entry]:
    """The jobs of a manifest, one at a time.

    Raises
    ------
    Damaged : its bytes are not those that were written.
    """
    if not is_intact(path):
        raise Damaged(f"{path}: changed after it was written; `snakemake verify` says how to make it anew")
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            if line.startswith('  {"record"'):
                yield _entry(json.loads(line.rstrip(",\n")))


def _parts(folder: Path, asked: Asked, counted: list[int]) -> Iterator[str]:
    params: dict[str, Any] = {}
    problems: list[str] = []
    yield f'{{\n "tile": {_json(folder.name)},\n "jobs": ['
    begin = "\n"
    for record in record_files(folder):
        try:
            job = read_job(record)
        except Damaged as error:
            problems += error.problems
            continue
        if job.rule in TIMED or asked.leaves_over(job.rule, job.wildcards, job.outputs, folder.as_posix()):
            continue
        key = hashlib.sha256(_json(job.params).encode()).hexdigest()[:16]
        params[key] = job.params
        counted.append(len(job.outputs))
        yield f"{begin}  {_json(_line(job, key))}"
        begin = ",\n"
    if problems:
        raise Damaged(problems, "A manifest cannot be made of damaged records:")
    yield '\n ],\n "params": {'
    yield ",".join(f"\n  {_json(key)}: {_json(params[key])}" for key in sorted(params))
    yield "\n },\n"


def _line(job: Job, params: str) -> dict[str, Any]:
    return {
        "record": [job.record, job.size, job.sha256],
        "rule": job.rule,
        "wildcards": job.wildcards,
        "swath": job.swath,
        "code": job.code,
        "params": params,
        "libraries": job.libraries,
        "inputs": [list(file) for file in job.inputs],
        "outputs": [list(file) for file in job.outputs],
    }


def _entry(line: dict[str, Any]) -> Entry:
    files = {name: tuple(File(*file) for file in line[name]) for name in ("inputs", "outputs")}
    return Entry(File(*line["record"]), line["rule"], line["wildcards"], **files)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
