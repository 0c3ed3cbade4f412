"""A fixed number of batches: which exposures a download job fetches depends on their names alone."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ..files import write_json
from .urls import read_urls

_LINK = ("url", "reason", "cutout")


def batch_of(exposure: str, count: int) -> int:
    """The batch of an exposure: the first 32 bits of its identifier's SHA-256, modulo the number of batches."""
    return int(hashlib.sha256(exposure.encode()).hexdigest()[:8], 16) % count


def batch_name(number: int) -> str:
    """'b007' for 7."""
    return f"b{number:03d}"


def batch_names(count: int) -> list[str]:
    """The names of all batches: what the DAG knows before anything is asked."""
    return [batch_name(number) for number in range(count)]


def split(table: str | Path, urls: str | Path, outputs: Sequence[str | Path], links: Sequence[str | Path]) -> None:
    """Write the selected observations of each batch to its Parquet table, in the order target, mjd, band, exposure.

    Where their files really are goes beside them (JSON), without the times of its asking.

    Parameters
    ----------
    table : observations (ECSV or Parquet). urls : what `query` resolved (JSON). outputs, links : paths of tables and
    of links, in the order of `batch_names`.

    Raises
    ------
    InputError : observations or URLs not readable.
    """
    import numpy as np

    from . import observations

    known = read_urls(urls)
    chosen = observations.read(table)
    chosen = chosen[chosen.selected].sort_values(["target", "mjd", "band", "exposure"], kind="stable")
    numbers = np.array([batch_of(exposure, len(outputs)) for exposure in chosen.exposure], dtype=int)
    for number, (path, link) in enumerate(zip(outputs, links, strict=True)):
        part = chosen[numbers == number].reset_index(drop=True)
        observations.write(part, None, path)
        found = {exposure: known[exposure] for exposure in sorted(set(part.exposure) & set(known))}
        write_json(link, {exposure: {key: entry.get(key) for key in _LINK} for exposure, entry in found.items()})
