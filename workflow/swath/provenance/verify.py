"""Compare a tile with its records: every byte of every product, record and manifest, and the user's input files.

Nothing is repaired or written here. What the records say exists is verified, whether or not the run got to its end.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from .digests import File, measured_all
from .fetched import verify_fetched
from .findings import Finding, Report, state
from .history import TIMED, Asked, Job, read_jobs
from .manifest import Entry, read_manifest
from .seal import Damaged
from .strays import strays

Claims = dict[str, list[tuple[Entry, File]]]


def verify(folder: str, asked: Asked | None = None, threads: int = 1) -> Report:
    """Compare all files of the tile in `folder` with their records.

    Parameters
    ----------
    folder : as the records name it (relative to the working directory, usually).
    asked : what the config asks for now; None when that is not known. threads : how many files are read at a time.
    """
    report = Report(folder)
    jobs, damaged = _records(folder)
    listed = _manifest(report, folder)
    entries = {job.record: _entry(job) for job in jobs}
    left = {record for record, entry in (listed | entries).items() if asked and _leaves_over(asked, entry, folder)}
    old = left & entries.keys()
    lost = _lost(entries, damaged, {record: entry for record, entry in listed.items() if record not in left})
    report.findings += [_bad_record(record, record in damaged, entry) for record, entry in lost.items()]
    _tell_age(report, entries, listed, old)
    claims = _claims({**{record: entry for record, entry in lost.items() if entry}, **entries})
    inputs = _inputs(entries, claims, folder, old)
    report.findings += [*_compare(report, claims, old, threads), *_compare_inputs(inputs, threads)]
    report.findings += _stale(entries, claims, old)
    report.size += sum(entry.record.size for entry in entries.values())
    if old:
        count = sum(len(entries[record].outputs) for record in old)
        report.notes.append(
            f"{count} products of {len(old)} jobs are left over: the config does not ask for them any more "
            f"(first: {min(old)})"
        )
    fetched = verify_fetched(folder, threads)
    report.findings += fetched.findings
    report.products, report.size = report.products + fetched.count, report.size + fetched.size
    if fetched.gone:
        report.notes.append(f"{fetched.gone} files that were fetched from an archive are not there any more")
    needed = {file.path for entry in entries.values() for file in entry.inputs} | (asked.products if asked else set())
    once = {file.path for entry in listed.values() for file in entry.outputs}
    findings, notes = strays(folder, {*claims, *lost, *entries, *fetched.paths}, needed, once)
    report.findings += findings
    report.notes += notes
    return report


def _records(folder: str) -> tuple[list[Job], set[str]]:
    """The jobs of the tile (their parameters left out, to be small), and the paths of damaged records."""
    jobs, damaged = [], set()
    for job in read_jobs(folder):
        if isinstance(job, Job):
            jobs.append(job._replace(params={}))
        else:
            damaged.add(job.as_posix())
    return jobs, damaged


def _entry(job: Job) -> Entry:
    return Entry(File(job.record, job.size, job.sha256), job.rule, job.wildcards, job.inputs, job.outputs)


def _leaves_over(asked: Asked, entry: Entry, folder: str) -> bool:
    return asked.leaves_over(entry.rule, entry.wildcards, entry.outputs, folder)


def _manifest(report: Report, folder: str) -> dict[str, Entry]:
    """The manifest's jobs by their records; empty where there is none, or a damaged one (which is reported)."""
    path = f"{folder}/manifest.json"
    if not Path(path).is_file():
        if Path(folder, "catalog.csv").is_file():
            report.notes.append(f"no {path} yet; a full run writes it")
        return {}
    try:
        entries = {entry.record.path: entry for entry in read_manifest(path)}
    except Damaged:
        sentence = "the manifest's own checksum does not fit its content: it was changed after it was written"
        report.findings.append(Finding("CHANGED", path, "manifest", sentence, (path,)))
        return {}
    report.products += 1
    report.size += Path(path).stat().st_size
    return entries


def _lost(entries: Mapping[str, Entry], damaged: set[str], listed: Mapping[str, Entry]) -> dict[str, Entry | None]:
    """Records that are damaged or gone, with what the manifest says of them."""
    return {record: listed.get(record) for record in sorted(damaged | (listed.keys() - entries.keys()))}


def _bad_record(record: str, there: bool, entry: Entry | None) -> Finding:
    rule = entry.rule if entry else Path(record).parent.name
    expected = f"; expected {state(entry.record)} by the manifest" if entry else ""
    if there:
        sentence = f"the record's own checksum does not fit its content: it was changed after it was written{expected}"
        return Finding("CHANGED", record, rule, sentence, (record,))
    return Finding("MISSING", record, rule, f"no such record{expected}", (record,))


def _tell_age(report: Report, entries: Mapping[str, Entry], listed: Mapping[str, Entry], old: set[str]) -> None:
    newer = [
        record
        for record, entry in entries.items()
        if listed
        and record not in old
        and entry.rule not in TIMED
        and (record not in listed or listed[record].record != entry.record)
    ]
    if newer:
        report.notes.append(
            f"{report.folder}/manifest.json is older than {len(newer)} records (first: {newer[0]}); "
            "the next full run makes it anew"
        )


def _claims(entries: Mapping[str, Entry]) -> Claims:
    """Product -> who says to have made it, and as what; several where a rule has got another name."""
    claims: Claims = defaultdict(list)
    for entry in entries.values():
        for file in entry.outputs:
            claims[file.path].append((entry, file))
    return dict(claims)


def _compare(report: Report, claims: Claims, old: set[str], threads: int) -> Iterator[Finding]:
    for path, found in measured_all(claims, threads):
        entry, expected = claims[path][-1]
        left = entry.record.path in old
        if found is None:
            if not left:
                yield Finding("MISSING", path, entry.rule, f"no such file; expected {state(expected)}", (path,))
            continue
        report.products += 1
        report.size += found.size
        if found not in [file for _, file in claims[path]]:
            sentence = f"expected {state(expected)}, found {state(found)}"
            if left:
                sentence += "; it is left over, and nothing uses it"
                yield Finding("CHANGED", path, entry.rule, sentence, removed=(path, entry.record.path))
            else:
                yield Finding("CHANGED", path, entry.rule, sentence, (path,))


def _inputs(
    entries: Mapping[str, Entry], claims: Claims, folder: str, old: set[str]
) -> dict[str, list[tuple[Entry, File]]]:
    """The files that no job of the tile makes: path -> who read it, and as what."""
    read: dict[str, list[tuple[Entry, File]]] = defaultdict(list)
    for record, entry in entries.items():
        for file in entry.inputs if record not in old else ():
            if file.path not in claims and not file.path.startswith(f"{folder}/"):
                read[file.path].append((entry, file))
    return read


def _compare_inputs(inputs: Mapping[str, list[tuple[Entry, File]]], threads: int) -> Iterator[Finding]:
    for path, found in measured_all(inputs, threads):
        readers = [(entry, file) for entry, file in inputs[path] if file != found]
        if not readers:
            continue
        jobs = ", ".join(dict.fromkeys(entry.rule for entry, _ in readers))
        forced = tuple(dict.fromkeys(entry.outputs[0].path for entry, _ in readers if entry.outputs))
        if found is None:
            sentence = f"an input of {jobs} is gone; put it back ({state(readers[0][1])}) or name another in the config"
            yield Finding("MISSING", path, "", sentence)
        else:
            sentence = f"an input was replaced since {jobs} read it: {state(readers[0][1])} then, {state(found)} now"
            yield Finding("REPLACED", path, "", sentence, forced)


def _stale(entries: Mapping[str, Entry], claims: Claims, old: set[str]) -> Iterator[Finding]:
    """Products that were made from another version of a product than the present one."""
    for record, entry in entries.items():
        for file in entry.inputs if record not in old else ():
            if file.path in entries:
                versions = [entries[file.path].record]
            else:
                versions = [made for _, made in claims.get(file.path, ())]
            if versions and file not in versions and entry.outputs:
                sentence = f"made from another {file.path}: {state(file)} then, {state(versions[-1])} now"
                yield Finding("STALE", entry.outputs[0].path, entry.rule, sentence, (entry.outputs[0].path,))
