"""What the files of a light curve say about it before the first row."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..config.lightcurve import LightCurve
from .columns import Field
from .table import Target


def facts(target: Target, settings: LightCurve) -> dict[str, object]:
    """The target and the settings that judged its measurements, as a flat mapping; what is unknown is left out."""
    known = {name: value for name, value in target._asdict().items() if value == value and value != ""}
    return {"target": known.pop("name"), **known, **judging(settings)}


def judging(settings: LightCurve) -> dict[str, object]:
    """The settings that judged the measurements."""
    return settings.model_dump(mode="json", exclude={"figure"})


def sentences(target: Target, settings: LightCurve) -> Iterator[str]:
    """What is in the table, for people."""
    yield f"Light curve of {target.name}: every planned exposure a row, in order of time"
    if np.isfinite(target.ra):
        yield f"Position: {target.ra!r} {target.dec!r} deg (ICRS){_epoch(target)}"
    yield "Times are UTC, magnitudes AB; pixels count from 0. What is not known is empty."
    yield f"good: S/N of {settings.sigma_threshold:g} or more, none of the bad flags, no outlier in wavelength"
    yield f"upper_limit: the same with S/N below {settings.upper_limit_sigma:g}. rejected: all others; see class_reason"
    yield f"Bad flags: {' '.join(map(str, settings.bad_flags)) or 'none'}"


def spectrum_sentences(target: Target, settings: LightCurve) -> Iterator[str]:
    """What is in the table of averages, for people."""
    yield f"Spectrum of {target.name}: the light curve averaged in {settings.bins_per_band} bins per band"
    yield "Averaged is what has a flux, no bad flag, and is no outlier, whatever its S/N. What is not known is empty."


def column_lines(fields: Sequence[Field]) -> Iterator[str]:
    """A line for every column: name, unit, meaning."""
    for field in fields:
        yield f"{field.name}{f' [{field.unit}]' if field.unit else ''}: {field.meaning}"


def _epoch(target: Target) -> str:
    motion = ""
    if np.isfinite(target.pmra) and np.isfinite(target.pmdec) and (target.pmra or target.pmdec):
        motion = f", proper motion {target.pmra!r} (times cos dec) {target.pmdec!r} mas/yr"
    return (f" at epoch {target.epoch!r} yr" if np.isfinite(target.epoch) else "") + motion
