"""The light curve of one target: every planned exposure a row, judged, in the formats that people and tools read."""

import logging
from pathlib import Path

import pandas as pd

from ..config.aperture import Aperture
from ..config.lightcurve import LightCurve
from ..errors import InputError
from ..photometry.columns import COLUMNS as MEASURED
from ..spherex.maskbits import DOCUMENTED
from ..tables import read_table
from .astropytable import as_astropy, write_ecsv
from .binned import binned_spectrum
from .columns import FIELDS, SPECTRUM
from .csvfile import write_commented
from .head import column_lines, facts, judging, sentences, spectrum_sentences
from .jsonfile import write_observations
from .table import Target, light_curve
from .votable import write_votable

log = logging.getLogger(__name__)


def write_lightcurve(
    photometry: str | Path,
    target: str,
    settings: LightCurve,
    csv: str | Path,
    ecsv: str | Path,
    vot: str | Path,
    json: str | Path,
    spectrum: str | Path,
    targets: str | Path | None = None,
    aperture: Aperture | None = None,
) -> None:
    """Write one target's measurements as CSV, ECSV, VOTable and JSON, and their averages in bins of wavelength.

    Parameters
    ----------
    photometry : the table of all targets (`photometry.parquet`).
    target : the target's slug. settings : section `lightcurve`; its `figure` is not used.
    csv, ecsv, vot, json : output paths of the light curve. spectrum : of the averages, CSV.
    targets : the table of targets (`query/targets.ecsv`), for name and position in the files' heads.
    aperture : what kind of magnitudes the photometry has; the default's where not given.

    Raises
    ------
    InputError : a table that is not readable or lacks columns; a target that the table of targets does not have.
    """
    about = _target(targets, target)
    table = light_curve(_photometry(photometry), target, settings, aperture or Aperture(), DOCUMENTED)
    head = facts(about, settings)
    write_commented(csv, table, FIELDS, [*sentences(about, settings), *column_lines(FIELDS)])
    made = as_astropy(table, FIELDS, head)
    write_ecsv(ecsv, made)
    write_votable(vot, made, FIELDS, about, "lightcurve", judging(settings))
    write_observations(json, table, FIELDS, head)
    averaged = binned_spectrum(table, settings.bins_per_band)
    write_commented(spectrum, averaged, SPECTRUM, [*spectrum_sentences(about, settings), *column_lines(SPECTRUM)])
    counts = table["class"].value_counts()
    log.info("%s: %d exposures, %s", target, len(table), ", ".join(f"{n} {name}" for name, n in counts.items()))


def _photometry(path: str | Path) -> pd.DataFrame:
    table = read_table(path, allow_empty=True)
    missing = [column.name for column in MEASURED if column.name not in table.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; make the table anew with --forcerun photometry")
    for column in MEASURED:
        if column.kind == "str":
            table[column.name] = table[column.name].astype("str").where(table[column.name].notna(), "")
    return table


def _target(path: str | Path | None, slug: str) -> Target:
    if path is None:
        return Target(slug, slug)
    table = read_table(path, text=("target", "slug"), allow_empty=True)
    found = table[table["slug"] == slug]
    if found.empty:
        raise InputError(f"{path}: no target {slug}; make the table anew with --forcerun query")
    row = found.iloc[0]
    numbers = {name: float(row[name]) for name in ("ra", "dec", "epoch", "pmra", "pmdec")}
    return Target(slug, " ".join(str(row["target"]).split()), **numbers)
