"""The columns of a light curve: name, type, unit, meaning, and what the Virtual Observatory calls them.

The first fifteen are SPXQuery's (0.2.2), in its order. UCDs are of the UCD1+ vocabulary; utypes of the IVOA spectrum
data model 1.1.
"""

from typing import NamedTuple

from ..columns import Kind
from ..photometry.columns import COLUMNS as MEASURED


class Field(NamedTuple):
    """One column. `of` is the column of the photometry's table that it is; '' for one that is made here."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    of: str = ""
    ucd: str = ""
    utype: str = ""


AXIS = "spec:Spectrum.Data."
_MEANINGS = {column.name: column for column in MEASURED}


def _measured(name: str, of: str = "", ucd: str = "", utype: str = "") -> Field:
    column = _MEANINGS[of or name]
    return Field(name, column.kind, column.unit, column.meaning, column.name, ucd, utype)


SPXQUERY = (
    _measured("obs_id", ucd="meta.id;obs"),
    _measured("mjd", ucd="time.epoch", utype=f"{AXIS}TimeAxis.Value"),
    _measured("flux", ucd="phot.flux.density", utype=f"{AXIS}FluxAxis.Value"),
    _measured("flux_error", "flux_err", "stat.error;phot.flux.density", f"{AXIS}FluxAxis.Accuracy.StatError"),
    _measured("mag_ab", "mag", "phot.mag"),
    _measured("mag_ab_error", "mag_err", "stat.error;phot.mag"),
    _measured("wavelength", ucd="em.wl", utype=f"{AXIS}SpectralAxis.Value"),
    _measured("bandwidth", ucd="instr.bandwidth", utype=f"{AXIS}SpectralAxis.Accuracy.BinSize"),
    _measured("band", ucd="instr.bandpass"),
    _measured("flag", "flags", "meta.code.qual"),
    Field("flag_binary", "str", "", "flag as 32 binary digits, bit 0 last", "", "meta.code.qual"),
    _measured("pix_x", "x", "pos.cartesian.x;instr.det"),
    _measured("pix_y", "y", "pos.cartesian.y;instr.det"),
    Field("is_upper_limit", "bool", "", "class is upper_limit", "", "meta.code"),
    _measured("snr", ucd="stat.snr"),
)
JUDGED = (
    Field("class", "str", "", "good, rejected or upper_limit", "", "meta.code.class"),
    Field("class_reason", "str", "", "why it is not good", "", "meta.note"),
    Field("flag_names", "str", "", "names of the bits of flag, separated by blanks", "", "meta.code.qual"),
    Field("quality_names", "str", "", "names of the bits of quality, separated by blanks", "", "meta.code.qual"),
    Field(
        "upper_limit",
        "float",
        "uJy",
        "where class is upper_limit: so many sigma (lightcurve.upper_limit_sigma) above the flux, or above 0 where the "
        "flux is negative",
        "",
        "phot.flux.density;stat.max",
    ),
    Field("upper_limit_mag", "float", "mag", "the same as magnitude, of the kind of mag_ab", "", "phot.mag;stat.min"),
    Field(
        "deviation",
        "float",
        "",
        "distance from the median of its neighbours in wavelength, in units of the error or of their scatter (the "
        "larger one); not a number where fewer than five lie within half a bandwidth",
        "",
        "stat.value",
    ),
)
_UCDS = {
    "status": "meta.code.status",
    "reason": "meta.note",
    "quality": "meta.code.qual",
    "exposure": "meta.id;obs.exposure",
    "collection": "meta.id",
    "release": "meta.version",
    "version": "meta.version",
    "exptime": "time.duration;obs.exposure",
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "x_detector": "pos.cartesian.x;instr.det",
    "y_detector": "pos.cartesian.y;instr.det",
    "aperture_radius": "phys.size.radius;instr.param",
    "aperture_area": "phys.area;instr.param",
    "aperture_correction": "arith.factor",
    "fwhm": "instr.det.psf",
    "background": "instr.background",
    "background_err": "stat.error;instr.background",
    "background_method": "meta.code",
    "background_area": "phys.area",
    "zodi_scale": "arith.factor",
    "pixel_area": "phys.angArea;instr.pixel",
    "file": "meta.id;meta.file",
}
_TAKEN = {"target", *(field.of for field in SPXQUERY)}
# All that the photometry's table says besides, under its own names, so that a column that is added there is here too.
REST = tuple(_measured(column.name, ucd=_UCDS.get(column.name, "")) for column in MEASURED if column.name not in _TAKEN)

FIELDS = SPXQUERY + JUDGED + REST
NAMES = tuple(field.name for field in FIELDS)
TEXTS = tuple(field.name for field in FIELDS if field.kind == "str")
SPECTRUM = (
    Field("band", "str", "", "D1 to D6, or the name of a filter"),
    Field("bin", "int", "", "number of the bin in its band, from 1"),
    Field("wavelength_low", "float", "um", "lower end of the bin"),
    Field("wavelength_high", "float", "um", "upper end of the bin"),
    Field("wavelength", "float", "um", "mean of the measurements' wavelengths, with the weights of the fluxes"),
    Field("flux", "float", "uJy", "mean of the fluxes, weighted by their inverse variances"),
    Field(
        "flux_error", "float", "uJy", "its error: the formal one, times the root of chi2_reduced where that is above 1"
    ),
    Field("flux_error_formal", "float", "uJy", "its error from the errors of the measurements alone"),
    Field("snr", "float", "", "flux over flux_error"),
    Field(
        "chi2_reduced", "float", "", "scatter of the measurements in units of their errors; empty for fewer than two"
    ),
    Field(
        "measurements", "int", "", "how many were averaged: all but those with a bad flag and outliers, whatever S/N"
    ),
    Field("left_out", "int", "", "how many were not: with a bad flag, outliers, or processed again later"),
    Field("mjd_first", "float", "d", "time of the first one averaged"),
    Field("mjd_last", "float", "d", "time of the last one averaged"),
)
# The columns of the table that IRSA's spectrophotometry tool gives, and what they are called here.
IRSA = {
    "lambda": "wavelength", "lambda_width": "bandwidth", "flux": "flux", "flux_err": "flux_error", "flags": "flag",
    "mjd": "mjd", "ra": "ra", "dec": "dec", "det_id": "band", "obs_publisher_did": "exposure",
}  # fmt: skip
