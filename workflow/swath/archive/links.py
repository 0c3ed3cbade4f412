"""The URLs of the files themselves: what link documents lead to, kept with its age."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from ..config.archive import Archive
from ..telemetry import over
from .ask import Unanswered
from .cache import Cache, now
from .datalink import resolve
from .hosts import Refused
from .session import Session

log = logging.getLogger(__name__)
Entry = dict[str, Any]
SAVE_EVERY = 100


def resolved(web: Session, archive: Archive, table: pd.DataFrame, cache: Cache, begun: datetime) -> dict[str, Entry]:
    """Where each selected product's file is.

    Parameters
    ----------
    table : products with `datalink`. begun : what was resolved since then, or within `archive.cache_days`, is fresh.

    Returns
    -------
    exposure -> url (None: not to be had, for the `reason`), reason, from (what was asked), resolved (when), cutout
    (None, or url and kind of the service that cuts the file).
    """
    chosen = table[table.selected].drop_duplicates("exposure")
    linked = chosen[chosen.datalink]
    earlier = cache.urls()
    oldest = min(begun, now() - timedelta(days=archive.cache_days)) if archive.cache_days else begun
    made = {row.exposure: _entry(row.url, row.url) for row in chosen[~chosen.datalink].itertuples()}

    def one(pair: tuple[str, str]) -> Entry:
        exposure, url = pair
        return find(web, url, earlier.get(exposure), oldest)

    pairs = list(zip(linked.exposure, linked.url, strict=True))
    with ThreadPoolExecutor(archive.connections) as threads:
        for done, (pair, entry) in enumerate(
            zip(pairs, over(threads.map(one, pairs), "datalinks", len(pairs)), strict=True), 1
        ):
            made[pair[0]] = entry
            if done % SAVE_EVERY == 0:
                cache.store_urls(earlier | _worth_keeping(made))
    if pairs:
        cache.store_urls(earlier | _worth_keeping(made))
    return dict(sorted(made.items()))


def find(web: Session, url: str, earlier: Entry | None, oldest: datetime) -> Entry:
    """One link document: an earlier result that is fresh, a new one, or an earlier one where that fails."""
    same = earlier if earlier and earlier.get("from") == url and earlier.get("url") else None
    if same and datetime.fromisoformat(same["resolved"]) >= oldest:
        return same
    try:
        link = resolve(web, url)
    except (Unanswered, Refused) as fault:
        if same:
            log.warning("%s; the URL resolved at %s is used", fault, same["resolved"])
            return same
        log.warning("%s", fault)
        return _entry(None, url, str(fault))
    return _entry(link.url, url, cutout={"url": link.cutout, "kind": "soda"} if link.cutout else None)


def _entry(url: str | None, source: str, reason: str = "", cutout: Mapping[str, str] | None = None) -> Entry:
    return {"url": url, "reason": reason, "from": source, "resolved": now().isoformat(), "cutout": cutout}


def _worth_keeping(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    return {exposure: entry for exposure, entry in entries.items() if entry["url"] != entry["from"]}
