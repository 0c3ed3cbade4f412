"""The files of a batch of observations: fetched, checked, named; and the table that says what came of each."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
from urllib3 import Retry

from ..config.archive import Archive
from ..config.download import Download
from ..provenance.digests import File, measured
from ..tables import read_table, write_parquet
from ..telemetry import moved, over, tell
from . import observations
from .budget import GB, Budget
from .calibrations import Calibrations
from .faults import Fault, pause
from .fetch import Fetcher, Wanted
from .hosts import allowed_hosts
from .ledger import FOLDER, Entry, Ledger, note_failures
from .session import Session, session
from .urls import read_urls
from .wanted import Plan, plan_files
from .workers import work

Outcome = tuple[Wanted, tuple[Entry, bool] | Fault]
log = logging.getLogger(__name__)

OK, FAILED = "ok", "failed"
COLUMNS = {
    "status": "ok or failed",
    "file_reason": "why it failed",
    "file": "path relative to the tile's folder; empty where it failed",
    "requested": "the URL that was asked, parameters of cutouts included",
    "size": "bytes on the disk",
    "sha256": "SHA-256 of the file",
    "left_out": "bytes that the archive's file has beyond this one: its PSF and what follows",
    "calibration": "file with PSF and WCS-WAVE, relative to the tile's folder; empty where the file has them itself",
    "calibration_size": "its bytes",
    "calibration_sha256": "its SHA-256",
}


def download_batch(
    batch: str | Path,
    links: str | Path,
    targets: str | Path,
    archive: Archive,
    settings: Download,
    folder: str | Path,
    output: str | Path,
) -> None:
    """Fetch the files of a batch and write its table: the observations and `COLUMNS`, in the batch's order.

    A file that cannot be had is a row with its reason; where another try may help, it is noted for the next run. Files
    that an earlier run has finished are not fetched again.

    Parameters
    ----------
    batch : selected observations (Parquet). links : where their files really are (JSON). targets : the targets' table
    with slug, ra, dec, pmra, pmdec, epoch. folder : the tile's folder, to which the paths in the table are relative.
    output : the table, Parquet.

    Raises
    ------
    InputError : a table that cannot be read. RunError : no room for the files; those that are finished stay.
    """
    rows, folder = observations.read(batch), Path(folder)
    urls = read_urls(links)
    plans = plan_files(rows, read_table(targets, allow_empty=True), urls, settings, archive.service == "list")
    results = fetch_all(plans, archive, settings, folder, Path(batch).stem)
    table = _table(plans, results, _calibrations(results.values(), folder))
    write_parquet(output, pd.concat([rows, table], axis=1))
    passing = sum(isinstance(result, Fault) and result.may_pass for result in results.values())
    passing += sum(plan.may_pass for plan in plans)
    note_failures(folder / FOLDER, Path(batch).stem, passing)
    _report(table, rows.exposure, results.values())


def fetch_all(
    plans: Sequence[Plan], archive: Archive, settings: Download, folder: Path, batch: str
) -> dict[str, Entry | Fault]:
    """Fetch what is not there yet: key of each file -> its entry in the ledger, or the fault that was left.

    Raises
    ------
    RunError : no room for the files.
    """
    wanted = list({plan.wanted.key: plan.wanted for plan in plans if plan.wanted}.values())
    sizes = {plan.wanted.key: plan.size for plan in plans if plan.wanted}
    results: dict[str, Entry | Fault] = {}
    fetched = 0
    with closing(Ledger(folder / FOLDER, batch)) as ledger:
        budget = Budget(folder / "data", settings)
        missing = [sizes[one.key] for one in wanted if not _is_there(folder, ledger.get(one.key))]
        budget.require(sum(missing), len(missing))
        for one, outcome in over(_outcomes(wanted, archive, settings, folder, ledger, budget), "files", len(wanted)):
            results[one.key] = outcome if isinstance(outcome, Fault) else outcome[0]
            fetched += not isinstance(outcome, Fault) and outcome[1]
    tell(files=len(wanted), fetched=fetched)
    return results


def _outcomes(
    wanted: Sequence[Wanted], archive: Archive, settings: Download, folder: Path, ledger: Ledger, budget: Budget
) -> Iterator[Outcome]:
    """What came of each file, as it comes; the bytes that came meanwhile are told."""
    calibrations, counter, hosts = Calibrations(folder, ledger), Counter(), allowed_hosts(archive)

    def worker() -> Callable[[Wanted], tuple[Entry, bool]]:
        return Fetcher(folder, settings, file_session(archive, hosts), ledger, calibrations, budget, counter.add).obtain

    def again(fault: Fault, tried: int) -> float | None:
        if tried >= min(fault.tries or settings.attempts, settings.attempts):
            return None
        return pause(archive.http, tried, fault.wait)

    with closing(work(_by_host(wanted), settings.connections, worker, again, counter.stop)) as outcomes:
        for outcome in outcomes:
            moved(counter.take())
            if outcome is not None:
                yield outcome


class Counter:
    """Bytes that came, counted by several threads and told by one."""

    def __init__(self) -> None:
        self._lock, self._count, self.stopped = threading.Lock(), 0, False

    def stop(self) -> None:
        """Want no more."""
        self.stopped = True

    def add(self, count: int) -> None:
        """Count bytes.

        Raises
        ------
        Fault : nobody wants them any more.
        """
        with self._lock:
            self._count += count
        if self.stopped:
            raise Fault("stopped", 1, keep=True)

    def take(self) -> int:
        """Bytes since the last time."""
        with self._lock:
            count, self._count = self._count, 0
        return count


def file_session(archive: Archive, hosts: Iterable[str]) -> Session:
    """A session that waits for nothing: files are tried again later, and others go first."""
    made = session(archive.http, hosts)
    for adapter in made.adapters.values():
        adapter.max_retries = Retry(0, read=False)
    return made


def _by_host(wanted: Iterable[Wanted]) -> dict[str, list[Wanted]]:
    groups: dict[str, list[Wanted]] = {}
    for one in wanted:
        groups.setdefault(urlsplit(one.url).netloc, []).append(one)
    return groups


def _is_there(folder: Path, entries: Iterable[Entry]) -> bool:
    """Has it been finished, at a glance? Its checksum is looked at later."""
    return any((folder / entry.file).is_file() for entry in entries)


def _calibrations(results: Iterable[Entry | Fault], folder: Path) -> dict[str, File]:
    """Size and checksum of the calibration files that these files go with."""
    names = {result.calibration for result in results if isinstance(result, Entry)} - {""}
    return {"": File("", 0, "")} | {name: measured(folder / name)._replace(path=name) for name in sorted(names)}


def _table(
    plans: Iterable[Plan], results: Mapping[str, Entry | Fault], calibrations: Mapping[str, File]
) -> pd.DataFrame:
    made = [(plan, results[plan.wanted.key] if plan.wanted else Fault(plan.reason)) for plan in plans]
    table = pd.DataFrame([_row(*pair, calibrations) for pair in made], columns=list(COLUMNS))
    numbers = ("size", "left_out", "calibration_size")
    return table.astype({name: "int64" if name in numbers else "str" for name in COLUMNS})


def _row(plan: Plan, result: Entry | Fault, calibrations: Mapping[str, File]) -> tuple[str | int, ...]:
    """Values of `COLUMNS`."""
    url = plan.wanted.url if plan.wanted else ""
    if isinstance(result, Fault):
        return FAILED, str(result), "", url, 0, "", 0, *calibrations[""]
    own = result.file, url, result.size, result.sha256, result.left_out
    return OK, "", *own, *calibrations[result.calibration]


def _report(table: pd.DataFrame, exposures: pd.Series, results: Iterable[Entry | Fault]) -> None:
    saved = sum(result.saved for result in results if isinstance(result, Entry))
    failed = table.status == FAILED
    for exposure, reason in zip(exposures[failed], table.file_reason[failed], strict=True):
        log.warning("%s: no file (%s)", exposure, reason)
    once = table[~failed].drop_duplicates("file")
    log.info(
        "%d of %d observations have their file, %.3f GB in %d files; %.3f GB of PSFs were not read",
        int((~failed).sum()),
        len(table),
        once["size"].sum() / GB,
        len(once),
        saved / GB,
    )
    if failed.any():
        tell(failed=int(failed.sum()))
    tell(MB_on_disk=round(once["size"].sum() / 1e6), MB_of_PSFs_not_read=round(saved / 1e6))
