"""The query: what an archive has of every target, chosen, resolved and summed up."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..config.archive import Archive
from ..config.targets import Targets
from ..errors import InputError, RunError
from ..files import write_json
from ..targets import read_targets
from ..telemetry import over, tell
from . import observations, products
from .adql import Position
from .ask import Unanswered
from .cache import Cache, Kept, now, question
from .hosts import Refused, allowed_hosts
from .links import resolved
from .offline import listed
from .releases import choose
from .services import check_collections, search
from .session import Session, session
from .summary import TARGET_UNITS, summary, target_table

log = logging.getLogger(__name__)
MOST_TOLD = 10
FOLDER = Path("query") / "cache"
IN_A_ROW = 6
SHOWN = 10
YEARS = 15.0


class Found(NamedTuple):
    """What is known of one target: its products, when that was asked, and 'ok', 'stale' or 'failed' with a reason."""

    products: pd.DataFrame
    asked: datetime | None
    status: str
    reason: str


def make_observations(targets: Targets, archive: Archive, folder: Path, outputs: Mapping[str, str | Path]) -> None:
    """Ask the archive for all targets and write what it has.

    Parameters
    ----------
    folder : the tile's folder; earlier answers are kept in its query/cache/.
    outputs : paths by the names targets, observations (ECSV), parquet, urls, summary.

    Raises
    ------
    InputError, ConfigError : targets, lists or names that cannot be right; every problem of one kind at once.
    RunError : more targets failed than `archive.max_failed_fraction` allows.
    """
    table = read_targets(targets)
    if table.empty:
        raise InputError("targets: no position is given; set targets.ra and dec, or targets.table")
    cache = Cache(Path(folder) / FOLDER)
    begun = cache.begin(_whole_question(archive, table))
    with session(archive.http, allowed_hosts(archive)) as web:
        found = _all_found(web, archive, table, cache, begun)
        _check_failures(found, archive.max_failed_fraction)
        chosen = _chosen(web, archive, found, cache)
        urls = resolved(web, archive, chosen, cache, begun)
    told = target_table(table, found, chosen)
    plain = observations.typed(chosen)
    observations.write_ecsv(outputs["targets"], told, TARGET_UNITS)
    observations.write(plain, outputs["observations"], outputs["parquet"])
    write_json(outputs["urls"], urls)
    write_json(outputs["summary"], summary(archive, told, plain, {slug: item.asked for slug, item in found.items()}))
    cache.end()
    _tell_empty(told)
    tell(targets=len(table), observations=int(plain.selected.sum()), stale=int((told.status == "stale").sum()))


def _tell_empty(told: pd.DataFrame) -> None:
    """Warn of targets that the archive answered for and has nothing of."""
    names = told.target[(told.exposures == 0) & (told.status != "failed")].tolist()
    if names:
        more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
        log.warning("no exposure is wanted of: %s%s (query/targets.ecsv)", ", ".join(names[:MOST_TOLD]), more)


def _all_found(web: Session, archive: Archive, table: pd.DataFrame, cache: Cache, begun: datetime) -> dict[str, Found]:
    if archive.service == "list":
        made = listed(archive.list, table, archive.radius_arcsec / 3600)
        return {slug: Found(_of(made, slug), now(), "ok", "") for slug in table.slug}

    patience = Patience()

    def one(target: object) -> Found:
        where = reach(archive, target)
        fresh_from = _fresh_from(archive, begun)
        found = find(
            lambda: patience.ask(lambda: search(web, archive, where)),
            target.slug,
            question(archive, where),
            cache,
            fresh_from,
        )
        return found._replace(products=found.products.assign(target=target.slug))

    with ThreadPoolExecutor(archive.connections) as threads:
        rows = list(table.itertuples())
        answers = list(over(threads.map(one, rows), "targets", len(rows)))
    _tell_faults(table.target, answers)
    return {row.slug: answer for row, answer in zip(rows, answers, strict=True)}


class Patience:
    """Asks, until so many targets in a row have failed that the service must be down; safe to use from threads."""

    def __init__(self, most: int = IN_A_ROW) -> None:
        self.most, self.failures, self.last = most, 0, ""

    def ask(self, question: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The answer to a question.

        Raises
        ------
        Unanswered : the fault that was met, or that the service has been given up. Refused : see `hosts.check_url`.
        """
        if self.failures >= self.most:
            raise Unanswered(f"not asked: {self.failures} targets in a row had failed, the last with: {self.last}")
        try:
            answer = question()
        except Unanswered as fault:
            self.failures, self.last = self.failures + 1, str(fault)
            raise
        self.failures = 0
        return answer


def reach(archive: Archive, target: object) -> Position:
    """The circle in which images of a target are looked for: as the config says, and as far as the target moves.

    ASSUME images are taken within 15 years of the epoch of the positions.
    """
    motion = float(np.hypot(target.pmra, target.pmdec)) / 1000 * YEARS
    return Position(target.ra, target.dec, (archive.radius_arcsec + motion) / 3600)


def find(ask: Callable[[], pd.DataFrame], slug: str, asked: str, cache: Cache, fresh_from: datetime) -> Found:
    """The products of one target: an earlier answer that is fresh, a new one, or an earlier one where that fails.

    Parameters
    ----------
    ask : asks the service. asked : the question's hash. fresh_from : answers since then are not asked for again.
    """
    earlier = cache.load(slug, asked)
    if earlier and earlier.asked >= fresh_from:
        return Found(earlier.table, earlier.asked, "ok", "")
    try:
        kept = cache.store(slug, asked, ask())
    except (Unanswered, Refused) as fault:
        return _without_answer(earlier, str(fault))
    if earlier and (gone := sorted(set(earlier.table.exposure) - set(kept.table.exposure))):
        log.warning(
            "target %s: %d of %d products of the answer of %s are in the archive no more (%s ...)",
            *(slug, len(gone), len(earlier.table), earlier.asked.isoformat(), gone[0]),
        )
    return Found(kept.table, kept.asked, "ok", "")


def _without_answer(earlier: Kept | None, fault: str) -> Found:
    if earlier is None:
        return Found(products.empty(), None, "failed", fault)
    return Found(earlier.table, earlier.asked, "stale", f"{fault}; the answer of {earlier.asked.isoformat()} is used")


def _tell_faults(names: Iterable[str], answers: Iterable[Found]) -> None:
    faults = [f"target {name}: {found.reason}" for name, found in zip(names, answers, strict=True) if found.reason]
    for fault in faults[:SHOWN]:
        log.warning("%s", fault)
    if len(faults) > SHOWN:
        log.warning("and %d more targets; query/targets.ecsv has all", len(faults) - SHOWN)


def _check_failures(found: Mapping[str, Found], allowed: float) -> None:
    failed = {slug: item.reason for slug, item in found.items() if item.status == "failed"}
    if len(failed) > allowed * len(found):
        shown = [f"{slug}: {reason}" for slug, reason in list(failed.items())[:SHOWN]]
        more = [f"and {len(failed) - SHOWN} more"] * (len(failed) > SHOWN)
        raise RunError(
            [*shown, *more],
            f"the queries of {len(failed)} of {len(found)} targets failed, more than archive.max_failed_fraction = "
            f"{allowed:g} allows; those answered are kept, run again to go on",
        )


def _chosen(web: Session, archive: Archive, found: Mapping[str, Found], cache: Cache) -> pd.DataFrame:
    """All products of all targets, selected or not, in the order of the targets, time and band."""
    tables = [item.products for item in found.values() if len(item.products)]
    table = pd.concat(tables, ignore_index=True) if tables else products.empty()
    if archive.service != "list" and any(item.status == "ok" for item in found.values()):
        known = cache.collections(archive) | set(table.collection)
        cache.store_collections(archive, check_collections(web, archive, known))
    return choose(table, archive)


def _fresh_from(archive: Archive, begun: datetime) -> datetime:
    """Answers since then are fresh: those of this query, interrupted or not, and those that the config calls young."""
    return min(begun, now() - timedelta(days=archive.cache_days)) if archive.cache_days else begun


def _whole_question(archive: Archive, table: pd.DataFrame) -> str:
    parts = [question(archive, reach(archive, row)) + row.slug for row in table.itertuples()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _of(table: pd.DataFrame, slug: str) -> pd.DataFrame:
    return table[table.target == slug].reset_index(drop=True)
