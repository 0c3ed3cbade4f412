"""The one registry of the catalogue's columns: name, type, unit, meaning. Files and documents are made from it.

The names of tract7dt (0.6.0) are kept unchanged. What is fitted once for all bands carries the band's name when every
band is fitted alone: `RA_fit` becomes `RA_{band}_fit`, `opt_niters` becomes `opt_niters_{band}`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal["float", "int", "bool", "str"]
EMPTY = {"float": float("nan"), "int": 0, "bool": False, "str": ""}


class Column(NamedTuple):
    """One column; `unit` in FITS notation, empty for none."""

    name: str
    kind: Kind
    unit: str
    meaning: str


INPUT = (
    Column("ID", "str", "", "identifier, to the letter as given"),
    Column("RA", "float", "deg", "right ascension as given (ICRS)"),
    Column("DEC", "float", "deg", "declination as given (ICRS)"),
    Column("TYPE", "str", "", "type as given"),
    Column("ELL", "float", "", "ellipticity 1 - b/a as given"),
    Column("THETA", "float", "deg", "major axis as given, counter-clockwise from sources.theta_from"),
    Column("Re", "float", "pix", "half-light radius along the major axis as given"),
)
INPUT_FLUX = (
    Column("FLUX_{band}", "float", "ct", "starting flux at load.zp_ref: as given, or from the reference star"),
)
INTERNAL = ("sw_row", "sw_model", "sw_re", "sw_ell", "sw_phi")  # the source list's own columns that no catalogue shows

# `{s}` is the band suffix where every band is fitted alone, and nothing otherwise; `{band}` is always there.
EXCLUSION = (
    Column("excluded_crop", "bool", "", "outside the crop box"),
    Column("excluded_saturation", "bool", "", "too close to saturated pixels"),
    Column("excluded_any", "bool", "", "excluded for any of these reasons; not fitted"),
    Column("gaia_source_id", "str", "", "reference star matched with the source or injected as it; empty for none"),
    Column("excluded_reason", "str", "", "crop, saturation, crop+saturation, or empty"),
)
PLACE = (
    Column("x_pix_white", "float", "pix", "starting x in the cropped white image, 0 at the first pixel's centre"),
    Column("y_pix_white", "float", "pix", "starting y in the cropped white image"),
    Column("x_pix_patch", "float", "pix", "starting x in the patch with its halo"),
    Column("y_pix_patch", "float", "pix", "starting y in the patch with its halo"),
    Column("patch_tag", "str", "", "patch that owns the source; empty when it was given to none"),
    Column(
        "epsf_tag",
        "str",
        "",
        "cell of the patch, whose PSF was used; with psf.interpolate the PSFs of the cells around enter",
    ),
)
PSF_AUDIT = (
    Column("psf_min_epsf_nstars_for_use", "int", "", "fewest stars of an empirical PSF (psf.min_stars)"),
    Column("psf_used_epsf_band_count", "int", "", "bands with an empirical or supplied PSF"),
    Column("psf_fallback_band_count", "int", "", "bands with a fallback PSF"),
    Column("psf_low_star_band_count", "int", "", "bands with a fallback PSF because stars were too few"),
    Column("psf_fallback_bands", "str", "", "bands with a fallback PSF, comma-separated"),
    Column("psf_low_star_bands", "str", "", "bands with a fallback PSF because stars were too few, comma-separated"),
    Column(
        "psf_frozen_bands_for_optimizer", "str", "", "always empty: no PSF parameter is ever fitted with the sources"
    ),
    Column("psf_fallback_reasons_json", "str", "", "JSON object: band to the reason of its fallback PSF"),
)
OPTIMIZER = (
    Column("opt_niters{s}", "int", "", "iterations in which the source was still moving"),
    Column("opt_converged{s}", "bool", "", "chi2 had settled for this source"),
    Column("opt_hit_max_iters{s}", "bool", "", "not converged and stopped by fit.max_iterations"),
    Column(
        "opt_last_dlnp{s}",
        "float",
        "",
        "log-probability that a last step of the source still promised, half its change of chi2",
    ),
)
POSITION = (
    Column("x_pix_patch{s}_fit", "float", "pix", "fitted x in the patch with its halo"),
    Column("y_pix_patch{s}_fit", "float", "pix", "fitted y in the patch with its halo"),
    Column("x_pix_white{s}_fit", "float", "pix", "fitted x in the cropped white image"),
    Column("y_pix_white{s}_fit", "float", "pix", "fitted y in the cropped white image"),
    Column("RA{s}_fit", "float", "deg", "fitted right ascension (ICRS, at the epoch of the images)"),
    Column("DEC{s}_fit", "float", "deg", "fitted declination (ICRS, at the epoch of the images)"),
)
TYPE = (Column("stype_fit", "str", "", "fitted model: star, exp, dev or sersic; TYPE, or chosen by fit.models"),)
SHAPE = (
    Column("sersic_n{s}_fit", "float", "", "Sersic index; empty unless stype_fit is sersic"),
    Column("re_pix{s}_fit", "float", "pix", "half-light radius along the major axis"),
    Column("ab{s}_fit", "float", "", "axis ratio b/a"),
    Column("phi_deg{s}_fit", "float", "deg", "major axis counter-clockwise from the image's +x, 0 to 180"),
    Column("ELL{s}_fit", "float", "", "ellipticity 1 - b/a"),
    Column("Re{s}_fit", "float", "pix", "half-light radius along the major axis, as the input's Re"),
    Column("THETA{s}_fit", "float", "deg", "major axis in the input's convention (sources.theta_from), 0 to 180"),
)
FLUX = (
    Column("FLUX_{band}_fit", "float", "ct", "flux at zero point load.zp_ref"),
    Column(
        "FLUXERR_{band}_fit",
        "float",
        "ct",
        "1 sigma error of the flux, covariances included; of forced fits (fit.mode) and of added bands with positions "
        "and shapes taken as exact",
    ),
)
MAGNITUDE = (
    Column("MAG_{band}_fit", "float", "mag", "calibrated AB magnitude; empty for flux <= 0 and without a zero point"),
    Column("MAGERR_{band}_fit", "float", "mag", "its error: flux and zero point in quadrature"),
)
STATUS = (
    Column("fit_flags", "int", "", "sum of the bits in the table of flags"),
    Column("injected", "bool", "", "added from the reference stars, not a row of the input catalogue"),
    Column("patch_status", "str", "", "ok, deadline, failed or empty, of the patch that owns the source"),
    Column("patch_reason", "str", "", "why the patch failed"),
    Column("x_pix", "float", "pix", "starting x in the full image"),
    Column("y_pix", "float", "pix", "starting y in the full image"),
    Column("model_runner_up", "str", "", "second best model where fit.models compared some; empty: none compared"),
    Column(
        "dchi2_runner_up",
        "float",
        "",
        "penalised chi2 of the second best model less that of stype_fit: below 10, it is nearly as good",
    ),
)
DETAIL = (
    Column(
        "opt_stop_reason{s}",
        "str",
        "",
        "converged; max_iterations, deadline: ran out; stalled: no step lowers chi2; no_data: no good pixel; failed: "
        "the Tractor raised",
    ),
    Column("blend_fraction{s}", "float", "", "neighbours' share of the light under the source's profile"),
    Column("x_pix{s}_fit", "float", "pix", "fitted x in the full image"),
    Column("y_pix{s}_fit", "float", "pix", "fitted y in the full image"),
    Column("x_pix{s}_err", "float", "pix", "1 sigma error of the fitted x"),
    Column("y_pix{s}_err", "float", "pix", "1 sigma error of the fitted y"),
    Column("xy_pix{s}_corr", "float", "", "correlation of the errors in x and y"),
    Column("RA{s}_err", "float", "arcsec", "1 sigma error along right ascension, on the sky (times cos DEC)"),
    Column("DEC{s}_err", "float", "arcsec", "1 sigma error of the declination"),
    Column("RADEC{s}_corr", "float", "", "correlation of the errors along right ascension and declination"),
    Column("sersic_n{s}_err", "float", "", "1 sigma error of the Sersic index"),
    Column("Re{s}_err", "float", "pix", "1 sigma error of Re"),
    Column("ELL{s}_err", "float", "", "1 sigma error of ELL"),
    Column("THETA{s}_err", "float", "deg", "1 sigma error of THETA, phi and PA"),
    Column("PA{s}_fit", "float", "deg", "position angle of the major axis on the sky, East of North, 0 to 180"),
)
QUALITY = (
    Column("CHI2_{band}", "float", "", "chi2 of the good pixels in the source's core (model above 5 % of its peak)"),
    Column("NPIX_{band}", "int", "pix", "good pixels in the core"),
    Column("masked_fraction_{band}", "float", "", "masked fraction of the core's pixels"),
    Column(
        "neighbour_corr_{band}",
        "float",
        "",
        "correlation of the flux with that of the neighbour with which it is strongest; 0 without a neighbour",
    ),
    Column("SKY_{band}", "float", "ct", "sky per pixel fitted with the patch (sky.model: patch), else 0"),
    Column(
        "DEPTH_{band}", "float", "mag", "magnitude of a star of merge.depth_sigma (5) times the sky noise in its PSF"
    ),
    Column(
        "NOISE_FACTOR_{band}",
        "float",
        "",
        "factor for correlated noise that FLUXERR and DEPTH hold (noise.correct_errors); 1: none",
    ),
    Column(
        "psf_score_{band}",
        "float",
        "",
        "residual rms over peak on held-out stars, less noise (0: no more than it); empty: none held out",
    ),
    Column(
        "psf_ee_score_{band}",
        "float",
        "",
        "error of encircled energy on held-out stars, less 2 sigma; empty: none held out",
    ),
    Column(
        "MAG_LIMIT_{band}",
        "float",
        "mag",
        "upper limit, only where the flux is below zeropoint.upper_limit_sigma (3) errors",
    ),
    Column("ASINHMAG_{band}_fit", "float", "mag", "asinh magnitude, defined for any flux"),
    Column("ASINHMAGERR_{band}_fit", "float", "mag", "its error: flux and zero point in quadrature"),
)


def catalogue(bands: Sequence[str], multi_band: bool) -> tuple[Column, ...]:
    """All columns that swath adds to the input's, in order; the set depends on nothing but these two arguments.

    Parameters
    ----------
    bands : in the order of the image list.
    multi_band : positions and shapes shared by all bands (`fit.multi_band`).
    """
    suffixes = suffixes_of(bands, multi_band)
    return (
        *EXCLUSION,
        *PLACE,
        *PSF_AUDIT,
        *_per_suffix(OPTIMIZER, suffixes),
        *_per_suffix(POSITION, suffixes),
        *TYPE,
        *_per_suffix(SHAPE, suffixes),
        *_per_band(FLUX, bands),
        *_per_band(MAGNITUDE, bands),
        *STATUS,
        *_per_suffix(DETAIL, suffixes),
        *_per_band(QUALITY, bands),
    )


def names(bands: Sequence[str], multi_band: bool) -> tuple[str, ...]:
    """Names of `catalogue`'s columns: what an input column may not be called."""
    return tuple(column.name for column in catalogue(bands, multi_band))


def known_inputs(bands: Sequence[str]) -> dict[str, Column]:
    """Input columns whose unit and meaning are known, by name."""
    return {column.name: column for column in (*INPUT, *_per_band(INPUT_FLUX, bands))}


def suffixes_of(bands: Sequence[str], multi_band: bool) -> tuple[str, ...]:
    """What stands in for `{s}`: nothing, or `_<band>` for each band where every band is fitted alone."""
    return ("",) if multi_band else tuple(f"_{band}" for band in bands)


def markdown(bands: Sequence[str] = ("{band}",), multi_band: bool = True) -> str:
    """The registry as a Markdown table."""
    return table(catalogue(bands, multi_band))


def table(columns: Sequence[Column]) -> str:
    """Columns as a Markdown table."""
    rows = [f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning} |" for c in columns]
    return "\n".join(["| column | type | unit | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _per_suffix(columns: Sequence[Column], suffixes: Sequence[str]) -> list[Column]:
    return [column._replace(name=column.name.replace("{s}", suffix)) for suffix in suffixes for column in columns]


def _per_band(columns: Sequence[Column], bands: Sequence[str]) -> list[Column]:
    return [column._replace(name=column.name.replace("{band}", band)) for band in bands for column in columns]
