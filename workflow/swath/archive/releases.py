"""Which products are wanted: one release, and of several processings of an exposure those that the policy says."""

import logging
from collections.abc import Sequence

import pandas as pd

from ..config.archive import Archive
from ..errors import ConfigError
from .names import version_order

log = logging.getLogger(__name__)


def choose(table: pd.DataFrame, archive: Archive) -> pd.DataFrame:
    """Observations with `selected` and `reason` as bands, releases and the policy for processings say.

    Parameters
    ----------
    table : observations of all targets; those that are not selected already keep their reason.

    Raises
    ------
    ConfigError : bands, releases or pinned versions that nothing found is of; every problem at once.
    """
    table = table.copy()
    problems = [
        *_unknown(table, "band", archive.bands),
        *_unknown(table, "release", archive.releases),
        *_no_pin(table, archive),
    ]
    if problems:
        raise ConfigError(problems)
    if archive.bands:
        _refuse(table, ~table.band.isin(archive.bands), "band not wanted")
    _one_release(table, archive.releases)
    if archive.reprocessed == "pin":
        _refuse(table, ~_pinned(table, archive.pin), f"not of the pinned versions {', '.join(archive.pin)}")
    _supersede(table, archive)
    return table


def newest(releases: Sequence[str]) -> str:
    """The newest of some releases: data releases after quick ones, higher numbers after lower."""
    return max(releases, key=lambda name: (not name.startswith("qr"), int("0" + "".join(filter(str.isdigit, name)))))


def _unknown(table: pd.DataFrame, column: str, wanted: Sequence[str]) -> list[str]:
    """Names that no product has are an error where there are products of others: mistyped, not an empty sky."""
    found = sorted(set(table[column]) - {""})
    missing = [value for value in wanted if found and value not in found]
    if not missing:
        return []
    text = f"archive.{column}s: nothing found is of {', '.join(missing)}; found {', '.join(found)}"
    if len(missing) < len(wanted):
        log.warning("%s", text)
        return []
    return [text]


def _no_pin(table: pd.DataFrame, archive: Archive) -> list[str]:
    if archive.reprocessed != "pin" or table.empty or _pinned(table, archive.pin).any():
        return []
    pairs = zip(table.version, table.processed, strict=True)
    found = sorted({f"l2b-{version}-{processed}" for version, processed in pairs if version})
    return [f"archive.pin: nothing found is of {', '.join(archive.pin)}; found {', '.join(found) or 'no versions'}"]


def _one_release(table: pd.DataFrame, wanted: Sequence[str]) -> None:
    found = sorted(set(table.release[table.selected]) - {""})
    if not wanted and len(found) > 1:
        wanted = (newest(found),)
        log.warning(
            "releases %s were found; only the newest, %s, is taken (archive.releases names others)",
            ", ".join(found),
            wanted[0],
        )
    if wanted:
        _refuse(table, ~table.release.isin([*wanted, ""]), f"release not wanted: only {', '.join(wanted)}")


def _pinned(table: pd.DataFrame, pins: Sequence[str]) -> pd.Series:
    whole = "l2b-" + table.version + "-" + table.processed
    return table.version.isin(pins) | table.processed.isin(pins) | whole.isin(pins)


def _supersede(table: pd.DataFrame, archive: Archive) -> None:
    """Of one exposure's processings only the last stays selected, or each of them once for policy `all`.

    One processing may stand in several collections; the one named first in the config is taken.
    ASSUME products without a version are different things, not processings of one: they never supersede each other.
    """
    places = {name: -place for place, name in enumerate(archive.collections)}
    chosen = table[table.selected & (table.obs_id != "") & (table.version != "")]
    ages = [version_order(*pair) for pair in zip(chosen.version, chosen.processed, strict=True)]
    chosen = chosen.assign(
        number=[number for number, _ in ages], place=chosen.collection.map(places).fillna(-len(places))
    ).sort_values(["number", "processed", "place", "exposure"], kind="stable")
    keys = ["target", "obs_id", "band"] + (["version", "processed"] if archive.reprocessed == "all" else [])
    old = chosen.duplicated(keys, keep="last")
    best = chosen.groupby(keys, sort=False).exposure.transform("last")[old]
    table.loc[best.index, "selected"] = False
    table.loc[best.index, "reason"] = "superseded by " + best


def _refuse(table: pd.DataFrame, rows: pd.Series, reason: str) -> None:
    rows = rows & table.selected
    table.loc[rows, "selected"] = False
    table.loc[rows, "reason"] = reason
