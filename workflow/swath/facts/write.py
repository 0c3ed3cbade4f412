"""The page of run facts: what went in, what came out, what it cost, and with which settings and versions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import __version__
from ..config.snapshot import package_versions
from ..files import read_json, write_text
from ..tables import read_table
from . import counts
from .costs import cost_table
from .page import page
from .tables import Table


def write_facts(
    tile: str,
    bands: Sequence[str],
    catalog: str | Path,
    attrition: str | Path,
    frames: Sequence[str | Path],
    noise: Sequence[str | Path],
    correct_errors: bool,
    epsfs: Sequence[str | Path],
    zeropoint: str | Path,
    settings: Mapping[str, object],
    folder: str | Path,
    output: str | Path,
) -> None:
    """Gather the facts of a tile and write the page.

    Parameters
    ----------
    catalog : the calibrated catalogue. attrition : `merge/attrition.csv`. zeropoint : `zeropoint/zeropoint.json`.
    frames, noise, epsfs : `frames/{band}.json` and `noise/{band}.json` in band order; `epsf/{cell}.json`.
    correct_errors : do flux errors hold the factor of the noise?
    settings : `hash` of the configuration and `changed`, its differences from the defaults (key, value, default).
    folder : the tile's folder, for `benchmarks/` and `logs/`: the only facts that differ between equal runs.
    """
    table = read_table(catalog, allow_empty=True)
    tables = [
        counts.source_table(table),
        counts.attrition_table(read_table(attrition, allow_empty=True)),
        counts.flag_table(table),
        counts.model_table(table, bands),
        counts.patch_table(table),
        counts.zero_point_table(read_json(zeropoint)),
        counts.psf_table(counts.read_all(epsfs), bands),
        counts.band_table(counts.read_all(frames)),
        counts.noise_table(counts.read_all(noise), correct_errors),
        cost_table(Path(folder)),
        Table("Settings that differ from the defaults", ["key", "value", "default"], settings["changed"]),
        Table("Versions", ["package", "version"], list(package_versions().items())),
    ]
    about = f"swath {__version__}, configuration {settings['hash']}, bands {', '.join(bands)}"
    write_text(output, page(f"{tile}: facts of the run", about, tables))
