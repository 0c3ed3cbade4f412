"""Write the documents that are made from the code: `python -m swath.docs`, `--check` to compare."""

import argparse
import sys
from pathlib import Path

from . import columns, flags
from .config.default_run import OVERRIDES
from .config.model import Config
from .config.readme import readme
from .config.schema import schema_text
from .config.yamltext import render
from .files import write_text
from .inject import columns as injected
from .photometry import columns as photometry
from .photometry import quality
from .photometry.quality import QUALITY_FLAGS
from .spectra import columns as lightcurves

COMMAND = "PYTHONPATH=workflow python -m swath.docs"
ROOT = Path(__file__).resolve().parents[2]

HEAD = f"""\
# yaml-language-server: $schema=../workflow/schemas/config.schema.json
# The default run: a small field of SDSS Stripe 82, offline. Every key is here, with a comment; config/README.md says
# more. A config of your own (snakemake --configfile my.yaml) takes the place of this one and needs only what differs.
# Made from the model in workflow/swath/config by: {COMMAND}

"""


CATALOG = f"""\
<!-- Generated from workflow/swath/columns.py and flags.py; rewrite it with `{COMMAND}`. -->

# The catalogue, column by column

`results/<tile>/catalog.csv`, `.fits` and `.parquet` hold the input catalogue's columns, untouched and first, and then
these. The set is the same whatever the data: what could not be measured is not a number (empty in CSV), 0, false or an
empty text. Rows are in input order; injected reference stars follow. `{{band}}` stands for each band's name. Pixels
count from 0 at the centre of the first pixel. Fluxes are in counts at `load.zp_ref`. Errors of galaxies include the
weak priors of `fit.priors`; what `fit.mode` holds has its value, and no error.

"""
SINGLE = """
With `fit.multi_band: false`, what belongs to the geometry carries the band: `RA_fit` is `RA_{band}_fit`, `opt_niters`
is `opt_niters_{band}`, `x_pix_err` is `x_pix_{band}_err` and so on.

## `fit_flags`

The sum of the bits that apply; 0 is a source without remarks.

"""
MASKS = """
## Bits of the `MASK` planes in `frames/` and `payload/`

"""


INJECT = f"""\
<!-- Generated from workflow/swath/inject/columns.py; rewrite it with `{COMMAND}`. -->

# The tables of `snakemake inject`, column by column

## `results/<tile>/inject/summary.csv`

One row per band, type and bin of true magnitude, brightest first.

"""
INJECT_SOURCES = """
## `results/<tile>/inject/sources.csv`

One row per added source; `{band}` stands for each band's name. What was not measured is empty.

"""


LIGHTCURVE = f"""\
<!-- Generated from workflow/swath/spectra/columns.py and photometry/quality.py; rewrite it with `{COMMAND}`. -->

# The tables of a target, column by column

Every planned exposure is a row of `results/<tile>/targets/<target>/lightcurve.csv`, also those that could not be
measured; `status` and `reason` say why. What is not known is empty in CSV, not a number in ECSV and VOTable, null in
`photometry.json`. The first fifteen columns are those of SPXQuery, in its order.

`class` is decided by the first of these that applies:

1. `rejected`: no flux; a flag of `lightcurve.bad_flags` in the aperture (never SOURCE, which nearly every target has);
   or an outlier among its neighbours in wavelength (`lightcurve.sigma_clip_sigma`)
2. `good`: S/N of `lightcurve.sigma_threshold` or more
3. `upper_limit`: S/N below `lightcurve.upper_limit_sigma`
4. `rejected`: S/N between the two

## `lightcurve.csv`, `.ecsv`, `.vot`, `photometry.json`

"""
SPECTRUM = """
## `spectrum.csv`

The light curve averaged in bins of wavelength; one row per bin, also of those without a measurement.

"""
QUALITY = """
## `quality`

The sum of the bits that apply; 0 is a measurement without remarks.

"""
IRSA = """
## Coming from IRSA's spectrophotometry tool

"""


def lightcurve_text() -> str:
    """The columns of a target's tables as Markdown."""
    same = "".join(f"| `{theirs}` | `{ours}` |\n" for theirs, ours in lightcurves.IRSA.items())
    tables = columns.table(lightcurves.FIELDS) + SPECTRUM + columns.table(lightcurves.SPECTRUM)
    return LIGHTCURVE + tables + QUALITY + flags.markdown(QUALITY_FLAGS) + IRSA + "| there | here |\n|---|---|\n" + same


def catalog_text() -> str:
    """The catalogue's columns and flags as Markdown."""
    masks = flags.markdown(flags.MASK_FLAGS)
    return CATALOG + columns.markdown() + SINGLE + flags.markdown(flags.FIT_FLAGS) + MASKS + masks


def inject_text() -> str:
    """The columns of the tables of `snakemake inject` as Markdown."""
    summary, sources = columns.table(injected.SUMMARY), columns.table(injected.sources(["{band}"]))
    return INJECT + summary + INJECT_SOURCES + sources


PHOTOMETRY = f"""\
<!-- Generated from workflow/swath/photometry; rewrite it with `{COMMAND}`. -->

# The photometry of targets, column by column

`results/<tile>/photometry.parquet` and `.ecsv` have one row for every planned exposure of every target, sorted by
target, time, band and exposure, whatever became of it. What was not measured is not a number, 0 or an empty text.

"""
STATUSES = """
## `status`

| status | meaning |
|---|---|
"""
QUALITY = """
## `quality`

The sum of the bits that apply; 0 is a measurement without remarks.

"""


def photometry_text() -> str:
    """The photometry's columns, statuses and quality bits as Markdown."""
    statuses = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in photometry.STATUSES.items())
    bits = flags.markdown(quality.QUALITY_FLAGS)
    return PHOTOMETRY + columns.table(photometry.COLUMNS) + STATUSES + statuses + QUALITY + bits


def documents() -> dict[str, str]:
    """Text of every generated document, by its path in the repository."""
    return {
        "config/config.yaml": HEAD + render(Config.model_validate(OVERRIDES), comments=True),
        "config/README.md": readme(COMMAND),
        "workflow/schemas/config.schema.json": schema_text(),
        "workflow/schemas/catalog.md": catalog_text(),
        "workflow/schemas/inject.md": inject_text(),
        "workflow/schemas/photometry.md": photometry_text(),
        "workflow/schemas/lightcurve.md": lightcurve_text(),
    }


def drifted(root: Path = ROOT) -> list[str]:
    """Paths of the documents that differ from what the model says, or are missing."""
    return [path for path, text in documents().items() if not _is(root / path, text)]


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str] | None = None) -> int:
    """Write the documents, or with `--check` only compare; the exit code is 1 when some differ."""
    parser = argparse.ArgumentParser(prog="python -m swath.docs", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 when a document is out of date"
    )
    if parser.parse_args(arguments).check:
        old = drifted()
        if old:
            print(f"out of date: {', '.join(old)}; rewrite with: {COMMAND}", file=sys.stderr)
        return 1 if old else 0
    for path, text in documents().items():
        write_text(ROOT / path, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
