"""Photometry of the exposures of one batch."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..config.aperture import Aperture
from ..errors import ConfigError, InputError
from ..flags import counted
from ..provenance.digests import changed
from ..sources.motion import JULIAN_YEAR, MJD_J2000, propagate
from ..spherex.mef import Exposure, read_exposure
from ..tables import read_table, write_parquet
from ..telemetry import clock, over, tell
from .columns import empty_row, frame
from .measure import measure
from .quality import QUALITY, QUALITY_FLAGS

log = logging.getLogger(__name__)

TEXTS = ("target", "slug", "exposure", "obs_id", "band", "collection", "release", "version", "file", "sha256")
Stored = tuple[str, int, str]  # a file: path relative to the tile's folder, size, SHA-256
Reader = Callable[[Stored, Stored | None], Exposure]
COPIED = ("target", "exposure", "obs_id", "band", "collection", "release", "version", "file", "sha256")


def measure_batch(
    download: str | Path, targets: str | Path, settings: Aperture, folder: str | Path, output: str | Path
) -> None:
    """Measure every (target, exposure) of a batch; write one row for each, whatever became of it.

    Parameters
    ----------
    download : table of the batch's files. targets : table of all targets. folder : the tile's, that files of the table
        are relative to.

    Raises
    ------
    InputError : tables that cannot be read, exposures of targets that the table does not have.
    ConfigError : a flag's name that nobody knows.
    """
    planned = read_table(download, TEXTS, allow_empty=True)
    positions = _positions(targets, planned)
    whole = lru_cache(maxsize=64)(partial(_whole, Path(folder)))
    # A whole frame is shared by targets, whose plans follow each other.
    read = lru_cache(maxsize=1)(lambda file, held: read_exposure(whole(file), whole(held) if held else None))
    rows = [
        _row(plan, positions[plan.target], settings, Path(folder), read)
        for plan in over(list(_plans(planned)), "exposures")
    ]
    table = frame(rows)
    _tell(table)
    write_parquet(output, table)


def _positions(targets: str | Path, planned: pd.DataFrame) -> dict[str, pd.Series]:
    """Row of every target by its slug."""
    if planned.empty:
        return {}
    table = read_table(targets, TEXTS)
    known = {row.slug: row for row in table.itertuples(index=False)}
    unknown = sorted(set(planned.target) - set(known))
    if unknown:
        raise InputError(f"{targets}: no target {', '.join(unknown[:5])}, whose exposures are planned; run query again")
    return known


def _plans(planned: pd.DataFrame) -> Iterator[tuple]:
    return planned.sort_values(["file", "exposure", "target"], kind="stable").itertuples(index=False)


def _row(plan: tuple, target: tuple, settings: Aperture, folder: Path, read: Reader) -> dict[str, object]:
    """The row of one exposure of a target: measured, or with the reason why not."""
    row = empty_row() | {name: _text(getattr(plan, name)) for name in COPIED}
    row |= {"mjd": plan.mjd, "exptime": plan.exptime, "ra": target.ra, "dec": target.dec}
    if plan.status != "ok" or not row["file"]:
        return row | {"status": "not_downloaded", "reason": _text(plan.file_reason) or "no file"}
    try:
        return row | _measured(plan, target, settings, read)
    except InputError as error:
        return row | {"status": "unreadable", "reason": "; ".join(error.problems).replace(f"{folder}/", "")}
    except ConfigError:
        raise
    except Exception as error:  # the boundary of the unit: what goes wrong here is a row with its reason
        log.exception("%s: a bug met while measuring %s", row["file"], row["target"])
        return row | {"status": "error", "reason": f"{type(error).__name__}: {error}"}


@clock("measure")
def _measured(plan: tuple, target: tuple, settings: Aperture, read: Reader) -> dict[str, object]:
    held = (plan.calibration, int(plan.calibration_size), plan.calibration_sha256) if _text(plan.calibration) else None
    exposure = read((plan.file, int(plan.size), plan.sha256), held)
    mjd = exposure.mjd if math.isfinite(exposure.mjd) else plan.mjd
    exptime = exposure.exptime if math.isfinite(exposure.exptime) else plan.exptime
    ra, dec, unknown = at_epoch(target, mjd)
    row = measure(exposure, ra, dec, settings) | {"mjd": mjd, "exptime": exptime}
    row["quality"] |= QUALITY["MOTION_UNKNOWN"] if unknown else 0
    return row


def _whole(folder: Path, file: Stored) -> Path:
    """Path of a file that is as it was fetched; InputError for any other."""
    if problem := changed(folder / file[0], *file[1:]):
        raise InputError(f"{file[0]}: {problem}; fetch it again with --forcerun download")
    return folder / file[0]


def at_epoch(target: tuple, mjd: float) -> tuple[float, float, bool]:
    """Position [deg] of a target at an MJD; True when it moves but nobody knows since when or until when."""
    motion = np.nan_to_num(np.array([target.pmra, target.pmdec], dtype=float))
    if not motion.any():
        return float(target.ra), float(target.dec), False
    years = 2000.0 + (mjd - MJD_J2000) / JULIAN_YEAR - target.epoch
    ra, dec = propagate(*(np.array([value], dtype=float) for value in (target.ra, target.dec, *motion, years)))
    return float(ra[0]), float(dec[0]), not math.isfinite(years)


def _text(value: object) -> str:
    """A cell of a text column; '' where missing."""
    return value if isinstance(value, str) else ""


def _tell(table: pd.DataFrame) -> None:
    statuses = Counter(table.status)
    tell(
        exposures=len(table),
        measured=statuses["ok"],
        flags=counted(table.quality, QUALITY_FLAGS),
        medians={"S/N": table.snr, "FWHM [pix]": table.fwhm},
    )
    for status, count in sorted(statuses.items()):
        if status != "ok":
            reasons = Counter(table.reason[table.status == status]).most_common(1)
            log.warning(
                "%d of %d exposures without a flux: %s, most of all: %s", count, len(table), status, reasons[0][0]
            )
    for name in ("CALIBRATION_OTHER", "CALIBRATION_UNKNOWN"):
        if affected := int(np.sum(table.quality & QUALITY[name] > 0)):
            log.warning("%d of %d exposures have the quality bit %s", affected, len(table), name)
