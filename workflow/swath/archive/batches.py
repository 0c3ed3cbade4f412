"""A fixed number of batches: which exposures a download job fetches depends on their names alone."""

import hashlib
from collections.abc import Mapping
from pathlib import Path


def batch_of(exposure: str, count: int) -> int:
    """The batch of an exposure: the first 32 bits of its identifier's SHA-256, modulo the number of batches."""
    return int(hashlib.sha256(exposure.encode()).hexdigest()[:8], 16) % count


def batch_name(number: int) -> str:
    """'b007' for 7."""
    return f"b{number:03d}"


def batch_names(count: int) -> list[str]:
    """The names of all batches: what the DAG knows before anything is asked."""
    return [batch_name(number) for number in range(count)]


def split(table: str | Path, outputs: Mapping[str, str | Path] | list[str | Path]) -> None:
    """Write the selected observations of each batch to its Parquet table, in the order target, mjd, band, exposure.

    Parameters
    ----------
    table : observations (ECSV or Parquet). outputs : paths in the order of `batch_names`, or by those names.

    Raises
    ------
    InputError : observations not readable.
    """
    import numpy as np

    from . import observations

    paths = list(outputs.values()) if isinstance(outputs, Mapping) else list(outputs)
    chosen = observations.read(table)
    chosen = chosen[chosen.selected].sort_values(["target", "mjd", "band", "exposure"], kind="stable")
    numbers = np.array([batch_of(exposure, len(paths)) for exposure in chosen.exposure], dtype=int)
    for number, path in enumerate(paths):
        observations.write(chosen[numbers == number].reset_index(drop=True), None, path)
