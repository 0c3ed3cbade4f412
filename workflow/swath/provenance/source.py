"""What became of one source: its row, patch, cell, PSF stars, fit, zero points and reference star."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from ..config.nearest import closest
from ..errors import InputError
from ..files import read_json
from ..flags import FIT_FLAGS

# The best there is, the calibrated catalogue first.
_CATALOGS = ("catalog.parquet", "merge/catalog.parquet", "sources/sources.parquet")
_FIRST_OWN_COLUMN = "excluded_crop"


class Found(NamedTuple):
    """A source. folder : of its tile. catalog : the file it was found in. number : its row, from 1."""

    folder: str
    catalog: str
    number: int
    row: pd.Series


def find_source(folders: Iterable[str], wanted: str) -> Found:
    """The row of the source with this ID in the tiles' catalogues.

    Raises
    ------
    InputError : no catalogue yet, or no such ID; the nearest ones are named.
    """
    known: list[str] = []
    catalogs = [path for folder in folders if (path := _catalog(folder))]
    for folder, path in catalogs:
        table = pd.read_parquet(path)
        ids = table["ID"].astype(str).tolist()
        if wanted in ids:
            number = ids.index(wanted)
            return Found(folder, path, number + 1, table.iloc[number])
        known += ids
    if not catalogs:
        raise InputError("there is no source list yet: run `snakemake --until sources`, or all of it, first")
    near = closest(wanted, known)[:5]
    hint = f"did you mean {' or '.join(near)}?" if near else f"IDs look like {', '.join(known[:3])}"
    raise InputError(f"no source {wanted} among the {len(known)} of {', '.join(path for _, path in catalogs)}; {hint}")


def source_text(found: Found) -> list[str]:
    """Lines about a source, from the products of its tile that are there."""
    row = found.row
    head = f"source {row['ID']}: row {found.number} of {found.catalog}, which is in input order"
    lines = [head, f"  {_input_row(row)}"]
    if row.get("excluded_reason"):
        lines.append(f"  not fitted: {row['excluded_reason']}")
    lines.append(f"  reference star: {row.get('gaia_source_id') or 'none'}")
    if not row.get("patch_tag"):
        return [*lines, "  in no patch (yet)"]
    lines.append(f"  patch {row['patch_tag']} ({row['patch_status']}), PSF cell {row['epsf_tag']}")
    lines += _flags(int(row["fit_flags"]))
    cells = [f"{found.folder}/{name}/{row['epsf_tag']}" for name in ("epsf", "epsf_added")]
    meta = {band: facts for cell in cells for band, facts in _json(f"{cell}.json").get("bands", {}).items()}
    bands = [name.removeprefix("psf_score_") for name in row.index if name.startswith("psf_score_")]
    zero_points = {band["band"]: band for band in _json(f"{found.folder}/zeropoint/zeropoint.json").get("bands", [])}
    stars = {band: used for cell in cells for band, used in _psf_stars(f"{cell}.fits").items()}
    kept = _reference(f"{found.folder}/zeropoint/zp_all_bands__per_object.csv", str(row["ID"]))
    for band in bands:
        lines += [f"  band {band}", f"    {_fit(row, band)}", *_psf(meta.get(band, {}), stars.get(band, []))]
        lines += [f"    zero point {_zero_point(zero_points[band])}"] if band in zero_points else []
        lines += [f"    as reference star: {kept[band]}"] if band in kept else []
    return lines


def _catalog(folder: str) -> tuple[str, str] | None:
    return next(((folder, path) for name in _CATALOGS if Path(path := f"{folder}/{name}").is_file()), None)


def _input_row(row: pd.Series) -> str:
    if row.get("injected"):
        return "injected from the reference stars, no row of the input catalogue"
    names = list(row.index)
    end = names.index(_FIRST_OWN_COLUMN) if _FIRST_OWN_COLUMN in names else len(names)
    return "input: " + ", ".join(f"{name} {_plain(row[name])}" for name in names[:end] if not _missing(row[name]))


def _flags(value: int) -> list[str]:
    found = [flag for flag in FIT_FLAGS if value & flag.bit]
    return [f"  fit_flags {value}", *(f"    {flag.name}: {flag.meaning}" for flag in found)]


def _fit(row: pd.Series, band: str) -> str:
    def of(name: str) -> Any:
        return row.get(name, row.get(f"{name}_{band}"))

    ended = f"{of('opt_stop_reason')} after {of('opt_niters')} iterations"
    flux = f"flux {_plain(row[f'FLUX_{band}_fit'])} +- {_plain(row[f'FLUXERR_{band}_fit'])}"
    good = f"chi2 {_plain(row[f'CHI2_{band}'])} of {row[f'NPIX_{band}']} pix"
    return f"fit {ended}; {flux}; magnitude {_plain(row[f'MAG_{band}_fit'])}; {good}"


def _psf(meta: dict[str, Any], stars: Sequence[str]) -> list[str]:
    if not meta:
        return []
    reason = f" ({meta['reason']})" if meta["reason"] else ""
    kind = f"{meta['method']}{', fallback' * meta['fallback']}{', with stars of neighbours' * meta['pooled']}{reason}"
    listed = f"    its stars, as number (x, y): {'; '.join(stars)}"
    return [f"    PSF {kind} from {meta['nstars_used']} stars", *([listed] if stars else [])]


def _psf_stars(path: str) -> dict[str, list[str]]:
    """Band -> the stars that its PSF was made of."""
    if not Path(path).is_file():
        return {}
    with fits.open(path) as hdus:
        table = hdus["STARS"].data
        used: dict[str, list[str]] = {}
        for band, star, x, y, taken in zip(*(table[n] for n in ("band", "star_id", "x", "y", "used")), strict=True):
            if taken:
                used.setdefault(str(band), []).append(f"{star} ({x:.1f}, {y:.1f})")
        return used


def _zero_point(band: dict[str, Any]) -> str:
    if band["zp_median"] is None:
        return f"none ({band['reason'] or band['status']})"
    return f"{band['zp_median']:.4f} +- {band['zp_err']:.4f} from {band['n_kept']} stars"


def _reference(path: str, wanted: str) -> dict[str, str]:
    """Band -> what the zero point made of the source, where it is a reference star."""
    if not Path(path).is_file():
        return {}
    stars = pd.read_csv(path, dtype={"ID": str, "gaia_source_id": str}, keep_default_na=False, na_values={"zp": [""]})
    own = stars[stars["ID"] == wanted]
    return {
        str(star["band"]): f"zero point {_plain(star['zp'])}, "
        + ("kept" if star["is_kept"] else f"not kept {star['reason']}")
        for _, star in own.iterrows()
    }


def _json(path: str) -> dict[str, Any]:
    return read_json(path) if Path(path).is_file() else {}


def _missing(value: Any) -> bool:
    return bool(pd.isna(value)) or value == ""


def _plain(value: Any) -> str:
    if _missing(value):
        return "none"
    return f"{value:.6g}" if isinstance(value, float | np.floating) else json.dumps(value, default=str).strip('"')
