"""Positions on the sky whose light curves and spectra are wanted."""

from .base import File, Section, key

FASTEST = 100_000  # mas / yr, ten times Barnard's star: beyond it is another unit


class Targets(Section):
    """Positions whose spectra are measured: one given here, or a table of many."""

    table: File | None = key(
        None,
        "table of targets (CSV, ECSV, FITS, Parquet) with columns name, ra, dec [deg] and, where known, pmra, pmdec "
        "[mas/yr] and epoch [yr]; relative to the config file",
    )
    name: str | None = key(None, "name of the one target; null makes one of its position", min_length=1)
    ra: float | None = key(None, "right ascension (ICRS) of the one target", "deg", ge=0, lt=360)
    dec: float | None = key(None, "declination (ICRS) of the one target", "deg", ge=-90, le=90)
    pmra: float = key(
        0.0,
        "proper motion in right ascension, times cos(dec), of the one target",
        "mas/yr",
        ge=-FASTEST,
        le=FASTEST,
    )
    pmdec: float = key(0.0, "proper motion in declination of the one target", "mas/yr", ge=-FASTEST, le=FASTEST)
    epoch: float = key(
        2016.0, "epoch of the positions, of the table too where it has no epoch column", "yr", ge=1800, le=2200
    )
