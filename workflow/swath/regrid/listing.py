"""Which downloaded files are images of a band."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ..config.mapping import ArchiveBand
from ..errors import InputError
from ..provenance.digests import changed
from . import header

FAILED, REJECTED, COPIED, RESAMPLED = "failed", "rejected", "copied", "resampled"


class File(NamedTuple):
    """A row of the download tables that belongs to a band.

    name : relative to the tile's folder, '' where none came. filter : what the archive or the header calls it.
    status, reason : 'failed' where there is no file, 'rejected' where it cannot be read; '' while there is hope.
    """

    name: str
    exposure: str
    filter: str
    status: str
    reason: str


def files_of(
    tables: Sequence[str | Path], folder: Path, bands: Sequence[ArchiveBand], band: str, key: str, hdu: int | str | None
) -> list[File]:
    """The files of a band, in the order of their exposures.

    A file is of the band whose filters hold what the archive calls its filter, or else what its header does.

    Parameters
    ----------
    tables : of all batches. bands : of the config. key : header key of the filter's name. hdu : of the images.
    """
    own = {name: entry.name for entry in bands for name in (entry.filters or (entry.name,))}
    rows = pd.concat([pd.read_parquet(table) for table in tables], ignore_index=True)
    rows = rows.sort_values(["exposure", "file"], kind="stable")
    found = (_file(row, folder, own, key, hdu) for row in rows.to_dict("records"))
    return [file for file in found if own.get(file.filter, band if not file.filter else None) == band]


def _file(row: Mapping[str, Any], folder: Path, own: Mapping[str, str], key: str, hdu: int | str | None) -> File:
    """A row as a file; its filter is '' where neither archive nor header say it."""
    name, told = str(row["file"] or ""), str(row["band"] or "").strip()
    if row["status"] != "ok":
        return File(name, row["exposure"], told, FAILED, str(row["file_reason"] or "not downloaded"))
    if problem := changed(folder / name, row["size"], row["sha256"]):
        return File(name, row["exposure"], told, REJECTED, f"{problem}; fetch it again with --forcerun download")
    try:
        head = header.read(str(folder / name), hdu)
    except InputError as error:
        return File(name, row["exposure"], told, REJECTED, "; ".join(error.problems).replace(f"{folder}/", ""))
    if told not in own:
        told = header.filter_of(head, key) or told
    if told:
        return File(name, row["exposure"], told, "", "")
    reason = f"its filter is not known: the archive does not tell, and the header has no {key}"
    return File(name, row["exposure"], "", REJECTED, reason)
