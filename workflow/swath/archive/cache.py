"""Earlier answers, kept per target and question: a query that fails now never erases what one found before."""

import hashlib
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..config.archive import Archive
from ..files import read_json, write_json
from . import products
from .adql import Position

log = logging.getLogger(__name__)
ASKED = (
    "service",
    "tap_url",
    "sia_url",
    "data_url",
    "obscore_table",
    "collections",
    "bands",
    "mjd_min",
    "mjd_max",
)
GIVE_UP = timedelta(days=1)  # an interrupted query older than this begins anew


class Kept(NamedTuple):
    """An earlier answer and when it was given (UTC)."""

    table: pd.DataFrame
    asked: datetime


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


def question(archive: Archive, where: Position) -> str:
    """Hash of all that an answer depends on."""
    leaves = {name: getattr(archive, name) for name in ASKED} | where._asdict()
    return hashlib.sha256(json.dumps(leaves, sort_keys=True).encode()).hexdigest()[:16]


class Cache:
    """The folder of earlier answers; written to by several threads, each to files of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, slug: str, asked: str) -> Kept | None:
        """The answer to a question, None where there is none or it is damaged."""
        path = self._path(slug, asked)
        if not path.is_file():
            return None
        try:
            stored = read_json(path)
            table = pd.DataFrame(stored["columns"]).reindex(columns=products.empty().columns)
            typed = products.empty() if table.empty else products.stored(table)
            return Kept(typed, datetime.fromisoformat(stored["asked"]))
        except (ValueError, KeyError, TypeError, OSError) as error:
            log.warning("%s: an earlier answer that cannot be read (%s); asked anew", path, error)
            return None

    def store(self, slug: str, asked: str, table: pd.DataFrame) -> Kept:
        """Keep an answer."""
        kept = Kept(table, now())
        columns = {name: [_plain(value) for value in table[name].tolist()] for name in table.columns}
        write_json(self._path(slug, asked), {"asked": kept.asked.isoformat(), "columns": columns})
        return kept

    def begin(self, asked: str) -> datetime:
        """When the query that now goes on began: earlier than now where it was interrupted."""
        try:
            stored = read_json(self._mark)
            begun = datetime.fromisoformat(stored["begun"])
            if stored["question"] == asked and now() - begun < GIVE_UP:
                log.info("the query that was begun at %s goes on", begun.isoformat())
                return begun
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass
        begun = now()
        write_json(self._mark, {"question": asked, "begun": begun.isoformat()})
        return begun

    def end(self) -> None:
        """The query is complete: the next one asks anew."""
        self._mark.unlink(missing_ok=True)

    def urls(self) -> dict[str, dict[str, Any]]:
        """Earlier resolved URLs by exposure."""
        try:
            found = read_json(self.folder / "urls.json")
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def store_urls(self, urls: dict[str, dict[str, Any]]) -> None:
        """Keep resolved URLs."""
        write_json(self.folder / "urls.json", urls)

    def collections(self, archive: Archive) -> set[str]:
        """Collections that this archive is known to have."""
        try:
            return set(read_json(self.folder / "collections.json")[_place(archive)])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return set()

    def store_collections(self, archive: Archive, known: set[str]) -> None:
        """Keep the collections of one archive."""
        write_json(self.folder / "collections.json", {_place(archive): sorted(known - {""})})

    @property
    def _mark(self) -> Path:
        return self.folder / "unfinished.json"

    def _path(self, slug: str, asked: str) -> Path:
        return self.folder / f"{slug}.{asked}.json"


def _place(archive: Archive) -> str:
    return f"{archive.service} {archive.sia_url if archive.service == 'sia2' else archive.tap_url}"


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not np.isfinite(value) else value
