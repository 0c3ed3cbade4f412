"""The columns of `inject/sources.csv` and `inject/summary.csv`: the documents are made from them."""

from collections.abc import Sequence

from ..columns import Column

SOURCES = (
    Column("realisation", "int", "", "number of the copy of the images, from 1"),
    Column("ID", "str", "", "identifier, in the copy's own catalogue too"),
    Column("type", "str", "", "true model: star, exp or dev"),
    Column("x", "float", "pix", "true x in the full frame, 0 at the first pixel's centre"),
    Column("y", "float", "pix", "true y in the full frame"),
    Column("Re", "float", "pix", "true half-light radius along the major axis; empty for stars"),
    Column("ELL", "float", "", "true ellipticity 1 - b/a; empty for stars"),
    Column("nearest_pix", "float", "pix", "distance of the nearest source of the field's own catalogue"),
    Column("fit_flags", "int", "", "as in the catalogue"),
    Column("usable", "bool", "", "fitted and converged, and no flag says that nobody would use the flux"),
)
SOURCES_BAND = (
    Column("mag_{band}", "float", "mag", "true magnitude at load.zp_ref"),
    Column("true_{band}", "float", "ct", "true flux at load.zp_ref"),
    Column("flux_{band}", "float", "ct", "fitted flux"),
    Column("err_{band}", "float", "ct", "its quoted error"),
    Column("applied_{band}", "float", "", "noise factor that this error holds; 1: none"),
)
SOURCES_LAST = (
    Column("detected", "bool", "", "stands out on the white stack, by sources.detection"),
    Column("snr_{band}", "float", "", "true flux over the error that a source of its flux and shape has on average"),
)
SUMMARY = (
    Column("band", "str", "", "band"),
    Column("type", "str", "", "star, galaxy (exp and dev), or all"),
    Column("mag_min", "float", "mag", "bright end of the bin of true magnitude"),
    Column("mag_max", "float", "mag", "faint end of the bin"),
    Column("injected", "int", "", "added sources of that type in the bin"),
    Column("detected", "float", "", "fraction of them that stands out on the white stack"),
    Column("detected_err", "float", "", "its standard error"),
    Column(
        "recovered", "float", "",
        "fraction that is usable, measured at inject.min_snr or better, and within inject.recovery_sigma of the truth",
    ),
    Column("recovered_err", "float", "", "its standard error"),
    Column("fluxes", "int", "", "usable fluxes of true S/N above inject.min_snr, of which the following tell"),
    Column("bias", "float", "%", "median of fit / true - 1; empty, as all that follow, for fewer than 20 fluxes"),
    Column("bias_err", "float", "%", "its standard error"),
    Column("scatter", "float", "%", "robust standard deviation of fit / true - 1"),
    Column("scatter_err", "float", "%", "its standard error"),
    Column("pull_median", "float", "", "median of the pulls, (fit - true) / quoted error: 0 where fluxes are unbiased"),
    Column("pull_median_err", "float", "", "its standard error"),
    Column("pull_sd", "float", "", "robust standard deviation of the pulls: 1 where the quoted errors are true"),
    Column("pull_sd_err", "float", "", "its standard error"),
    Column("noise_factor", "float", "", "noise factor that the quoted errors hold (noise.correct_errors); 1: none"),
    Column(
        "pull_sd_corrected", "float", "", "pull_sd had the noise factor measured on empty sky been in the quoted errors"
    ),
)  # fmt: skip


def sources(bands: Sequence[str]) -> list[Column]:
    """All columns of sources.csv, in order."""
    of_bands = [_named(column, band) for band in bands for column in SOURCES_BAND]
    detected, snr = SOURCES_LAST
    return [*SOURCES, *of_bands, detected, *(_named(snr, band) for band in bands)]


def _named(column: Column, band: str) -> Column:
    return column._replace(name=column.name.replace("{band}", band))
