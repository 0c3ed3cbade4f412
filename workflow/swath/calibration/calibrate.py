"""zeropoint: the catalogue with magnitudes, and the tables that say how they came about."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..columns import suffixes_of
from ..config.products import ZeroPoint
from ..errors import ConfigError
from ..files import write_json
from ..merge.files import Facts, median_depths, read_catalog, write_catalog
from ..sources.reference import read_reference
from ..tables import write_csv
from ..telemetry import tell
from .magnitudes import asinh_magnitude, magnitude, upper_limit
from .stars import COLUMNS, candidates, reference_magnitudes
from .zeropoint import SUMMARY, solve

log = logging.getLogger(__name__)
Summary = dict[str, object]


def calibrate(
    catalog: str | Path,
    gaia: str | Path | None,
    *,
    csv: str | Path,
    fits_catalog: str | Path,
    parquet: str | Path,
    summary_csv: str | Path,
    stars_csv: str | Path,
    summary_json: str | Path,
    settings: ZeroPoint,
) -> None:
    """Calibrate the merged catalogue and write it again, with its magnitudes, and the zero point's tables.

    Parameters
    ----------
    catalog : `merge/catalog.parquet`. gaia : the reference stars (`inputs.gaia`), if any.
    csv, fits_catalog, parquet, summary_csv, stars_csv, summary_json : written, atomically, whatever the data.

    Raises
    ------
    ConfigError : `zeropoint.color_bands` names a band that does not exist.
    InputError : the reference stars cannot be read.
    """
    table, facts = read_catalog(catalog)
    if not settings.enabled:
        log.warning("zeropoint.enabled is false: the magnitude columns stay empty")
    colors = color_bands(facts.bands, _measured(facts.bands, gaia), settings)
    summaries, stars = _solve_all(table, gaia, facts, colors, settings)
    for band in facts.bands:
        table, summaries[band] = with_magnitudes(table, band, summaries[band], facts.zp_ref, settings)
        _tell(band, summaries[band], settings)
    facts = facts._replace(
        depth=median_depths(table, facts.bands),
        zero_point={band: summaries[band].get("zp_median") for band in facts.bands},
        zero_point_err={band: summaries[band].get("zp_err") for band in facts.bands},
    )
    rows = [{"band": band, "color": _color_name(colors)} | summaries[band] for band in facts.bands]
    write_catalog(table, facts, csv, fits_catalog, parquet)
    write_csv(summary_csv, pd.DataFrame(rows, columns=list(SUMMARY)))
    write_csv(stars_csv, stars)
    calibrated = [row for row in rows if row.get("status") == "ok"]
    tell(
        {"no zero point": len(rows) - len(calibrated)},
        {"zero-point error [mag]": [row["zp_err"] for row in calibrated]},
        bands=len(rows), stars=stars["is_kept"].sum() if len(stars) else 0,
    )  # fmt: skip
    write_json(summary_json, {"zp_ref": facts.zp_ref, "color": colors, "bands": [_complete(row) for row in rows]})


def color_bands(bands: Sequence[str], measured: Sequence[str], settings: ZeroPoint) -> tuple[str, str] | None:
    """The two bands of the colour term: as configured, else the first and last with reference magnitudes.

    None when fewer than two of the `bands` are `measured`.

    Raises
    ------
    ConfigError : a configured band does not exist.
    """
    asked = settings.color_bands
    if asked is None:
        return (measured[0], measured[-1]) if len(measured) > 1 else None
    unknown = [band for band in asked if band not in bands]
    if unknown:
        raise ConfigError(f"zeropoint.color_bands: no band {', '.join(unknown)}; the bands are {', '.join(bands)}")
    return asked


def _measured(bands: Sequence[str], gaia: str | Path | None) -> list[str]:
    """The bands with any reference magnitude."""
    if gaia is None:
        return []
    stars = read_reference(gaia, bands)
    return [band for band in bands if f"mag_{band}" in stars and stars[f"mag_{band}"].notna().any()]


def with_magnitudes(
    table: pd.DataFrame, band: str, summary: Summary, zp_ref: float, settings: ZeroPoint
) -> tuple[pd.DataFrame, Summary]:
    """The catalogue with one band's magnitudes, and the summary with the depth and the softening used.

    Without a zero point the columns stay empty and the depth stays the one at `zp_ref`.
    """
    zero_point, zero_point_err = summary.get("zp_median"), summary.get("zp_err")
    depth = table[f"DEPTH_{band}"]
    if zero_point is None:
        return table, summary | {"depth": float(depth.median())}
    flux, error = (table[f"{name}_{band}_fit"].to_numpy() for name in ("FLUX", "FLUXERR"))
    softening = settings.asinh_softening_sigma * float(np.nanmedian(error))
    mag, mag_err = magnitude(flux, error, zero_point, zero_point_err)
    asinh, asinh_err = asinh_magnitude(flux, error, zero_point, zero_point_err, softening)
    depth = depth + (zero_point - zp_ref)
    filled = {
        f"MAG_{band}_fit": mag,
        f"MAGERR_{band}_fit": mag_err,
        f"MAG_LIMIT_{band}": upper_limit(flux, error, zero_point, settings.upper_limit_sigma),
        f"ASINHMAG_{band}_fit": asinh,
        f"ASINHMAGERR_{band}_fit": asinh_err,
        f"DEPTH_{band}": depth,
    }
    return table.assign(**filled), summary | {"depth": float(depth.median()), "asinh_softening": softening}


def _solve_all(
    table: pd.DataFrame, gaia: str | Path | None, facts: Facts, colors: tuple[str, str] | None, settings: ZeroPoint
) -> tuple[dict[str, Summary], pd.DataFrame]:
    if not settings.enabled or gaia is None:
        off = {"status": "off", "reason": "zeropoint.enabled is false"}
        without = {"status": "failed", "reason": "no reference stars (inputs.gaia)"}
        chosen = without if settings.enabled else off
        return dict.fromkeys(facts.bands, chosen), pd.DataFrame(columns=list(COLUMNS))
    reference = reference_magnitudes(read_reference(gaia, facts.bands), facts.bands)
    suffixes = suffixes_of(facts.bands, facts.multi_band)
    solved = {}
    for i, band in enumerate(facts.bands):
        suffix = suffixes[i if len(suffixes) > 1 else 0]
        solved[band] = solve(candidates(table, reference, band, suffix, colors), settings, facts.zp_ref)
    summaries = {band: summary for band, (summary, _) in solved.items()}
    return summaries, pd.concat([stars for _, stars in solved.values()], ignore_index=True)


def _tell(band: str, summary: Summary, settings: ZeroPoint) -> None:
    if summary["status"] == "failed":
        log.warning("%s: no zero point, magnitudes stay empty: %s", band, summary["reason"])
    if summary["status"] != "ok":
        return
    text = "%s: zero point %.4f +- %.4f (%+.4f from zp_ref), scatter %.4f, %d of %d stars"
    values = [summary[name] for name in ("zp_median", "zp_err", "zp_minus_ref", "scatter", "n_kept", "n_reference")]
    log.info(text, band, *values)
    if summary.get("trend_sigma", 0.0) > settings.trend_sigma:
        log.warning(
            "%s: the zero point varies over the field, %+.4f mag per 1000 pix in x, %+.4f in y (%.1f sigma): "
            "is the PSF right everywhere, and the flat field?",
            *(band, summary["trend_x"], summary["trend_y"], summary["trend_sigma"]),
        )


def _color_name(colors: tuple[str, str] | None) -> str:
    return "-".join(colors) if colors else ""


def _complete(row: Mapping[str, object]) -> Summary:
    values = {name: row.get(name) for name in SUMMARY}
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in values.items()}
