"""The one registry of the photometry's columns: name, type, unit, meaning."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ..columns import EMPTY, Column

STATUSES = {
    "ok": "measured",
    "not_downloaded": "the file could not be had",
    "unreadable": "the file could not be read",
    "off_image": "the target lies outside the image",
    "no_pixels": "too much of the aperture is missing",
    "no_background": "too few pixels for a background",
    "error": "a bug; please report the reason",
}

COLUMNS = (
    Column("target", "str", "", "the target's slug, as in query/targets.ecsv"),
    Column("exposure", "str", "", "identifier of the exposure's product"),
    Column("obs_id", "str", "", "observation; the six detectors share it"),
    Column("band", "str", "", "D1 to D6, or the name of a filter"),
    Column("collection", "str", "", "collection of the archive"),
    Column("release", "str", "", "data release"),
    Column("version", "str", "", "version of the product"),
    Column("mjd", "float", "d", "middle of the exposure (UTC)"),
    Column("exptime", "float", "s", "exposure time"),
    Column("status", "str", "", f"{', '.join(STATUSES)}; fluxes only where it is ok"),
    Column("reason", "str", "", "why there is no flux"),
    Column("flux", "float", "uJy", "flux density of a point source, aperture correction applied; may be negative"),
    Column("flux_err", "float", "uJy", "its 1 sigma error: pixels, background, zodiacal light, PSF"),
    Column("snr", "float", "", "flux over its error"),
    Column("wavelength", "float", "um", "centre of the bandpass at the target's place on the detector"),
    Column("bandwidth", "float", "um", "width of that bandpass"),
    Column(
        "flags", "int", "", "OR of the FLAGS of the pixels whose centres lie in the aperture, by their documented bits"
    ),
    Column("quality", "int", "", "sum of the photometry's own bits"),
    Column("ra", "float", "deg", "right ascension (ICRS) at the epoch of the exposure"),
    Column("dec", "float", "deg", "declination (ICRS) at the epoch of the exposure"),
    Column("x", "float", "pix", "place in the file, 0 at the first pixel's centre"),
    Column("y", "float", "pix", "place in the file"),
    Column("x_detector", "float", "pix", "place on the detector, 0 at the first pixel's centre"),
    Column("y_detector", "float", "pix", "place on the detector"),
    Column("aperture_radius", "float", "pix", "radius of the aperture"),
    Column("aperture_area", "float", "pix2", "area of the aperture that was measured; missing pixels do not count"),
    Column("aperture_correction", "float", "", "what the flux in the aperture, less background, was multiplied with"),
    Column("fwhm", "float", "pix", "FWHM of the PSF, pixels included"),
    Column("psf_zone", "int", "", "zone of the PSF, from 1; 0 where there is none"),
    Column("background", "float", "MJy / sr", "local background after the zodiacal light"),
    Column("background_err", "float", "MJy / sr", "its error"),
    Column("background_method", "str", "", "annulus or window"),
    Column("background_area", "float", "pix2", "area of the pixels that were used for it"),
    Column("zodi_scale", "float", "", "what the model of the zodiacal light was multiplied with; 0: not subtracted"),
    Column("pixel_area", "float", "arcsec2", "solid angle of a pixel at the target's place"),
    Column("mag", "float", "mag", "AB magnitude: asinh, or logarithmic and empty for flux <= 0 (aperture.magnitude)"),
    Column("mag_err", "float", "mag", "its error"),
    Column("file", "str", "", "the file, in the tile's folder"),
    Column("sha256", "str", "", "its checksum"),
)

NAMES = tuple(column.name for column in COLUMNS)
UNITS = {column.name: column.unit for column in COLUMNS}
DTYPES = {"float": "float64", "int": "int64", "str": "str"}


def empty_row() -> dict[str, object]:
    """A row in which nothing is known."""
    return {column.name: EMPTY[column.kind] for column in COLUMNS}


def frame(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as the photometry's table: all columns, in order, of the declared types; also of no rows."""
    columns = {
        column.name: pd.Series([row[column.name] for row in rows], dtype=DTYPES[column.kind]) for column in COLUMNS
    }
    return pd.DataFrame(columns)
