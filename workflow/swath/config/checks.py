"""Values that are possible alone but not together, or in a way that type and limits do not say."""

import logging
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from typing import NamedTuple

from ..spherex.maskbits import DOCUMENTED
from .archivechecks import archive_rules
from .colourmaps import EXPECTED, KNOWN
from .download import is_center, is_size
from .gridchecks import grid_rules
from .keys import value_at
from .model import Config
from .problems import shown


class Check(NamedTuple):
    """Keys, what must hold for their values, and the sentence that says so."""

    keys: tuple[str, ...]
    holds: Callable[..., bool]
    expected: str


def _odd(key: str) -> Check:
    return Check((key,), lambda value: value % 2 == 1, "an odd number, so that there is a central pixel")


def _ordered(low: str, high: str) -> Check:
    return Check((low, high), lambda a, b: a < b, f"{low} below {high}")


def _percentiles(key: str) -> Check:
    return Check(
        (key,), lambda value: 0 <= value[0] < value[1] <= 100, "two percentiles from 0 to 100, the lower first"
    )


def _colour_map(key: str) -> Check:
    return Check((key,), lambda name: name in KNOWN, EXPECTED)


def _is_log_format(text: str) -> bool:
    try:
        logging.Formatter(text).format(logging.LogRecord("swath", logging.INFO, "", 0, "", None, None))
    except (ValueError, TypeError):
        return False
    return True


CHECKS = (
    Check(
        ("inputs.image_list", "inputs.images", "inputs.archive.bands", "targets.table", "targets.ra"),
        lambda path, images, bands, table, ra: (
            (given := (path is not None) + bool(images) + bool(bands)) == 1 or (not given and (table or ra) is not None)
        ),
        "one of inputs.image_list, inputs.images and inputs.archive.bands, and only one; or positions in targets",
    ),
    *(Check(*rule) for rule in (*archive_rules(), *grid_rules())),
    Check(("load.zp_ref",), lambda zero_point: abs(zero_point) <= 60, "a zero point from -60 to 60 mag"),
    Check(
        ("zeropoint.color_bands",), lambda bands: bands is None or bands[0] != bands[1], "two different bands, or null"
    ),
    _ordered("gaia.mag_min", "gaia.mag_max"),
    _ordered("stars.gaia_mag_min", "stars.gaia_mag_max"),
    Check(
        ("stars.gaia_forced_rmin_pix", "stars.gaia_forced_rmax_pix"),
        lambda low, high: low <= high,
        "stars.gaia_forced_rmin_pix not above stars.gaia_forced_rmax_pix",
    ),
    Check(
        ("stars.mode", "inputs.gaia", "gaia.fetch.enabled"),
        lambda mode, path, fetched: mode != "gaia" or path is not None or fetched,
        "a table of reference stars in inputs.gaia, or gaia.fetch.enabled, for stars.mode: gaia",
    ),
    _odd("psf.stamp_size"),
    _odd("psf.size"),
    Check(
        ("psf.size", "psf.stamp_size"),
        lambda size, stamp: size <= stamp,
        "psf.size not above psf.stamp_size, from which it is cut",
    ),
    Check(
        ("psf.norm_radius_pix", "psf.size"),
        lambda radius, size: radius <= size / 2,
        "psf.norm_radius_pix at most half of psf.size",
    ),
    Check(
        ("psf.taper_pix", "psf.size"),
        lambda taper, size: 0 <= taper[0] < taper[1] <= size / 2,
        "two radii in psf.taper_pix, the inner first, at most half of psf.size",
    ),
    _ordered("psf.local_background.rin_pix", "psf.local_background.rout_pix"),
    Check(
        ("psf.local_background.enabled", "psf.local_background.rin_pix", "psf.stamp_size"),
        lambda enabled, radius, stamp: not enabled or radius < stamp / 2,
        "an annulus that begins within the stamp: psf.local_background.rin_pix below half of psf.stamp_size",
    ),
    Check(
        ("psf.form", "psf.method", "psf.epsfbuilder.oversampling"),
        lambda form, method, factor: (form, method) != ("oversampled", "epsfbuilder") or factor > 1,
        "psf.epsfbuilder.oversampling of 2 or more for psf.form: oversampled, which has nothing finer to take else",
    ),
    _odd("psf.epsfbuilder.recentering_boxsize"),
    Check(
        ("patches.halo_min_pix", "patches.halo_max_pix"),
        lambda low, high: low <= high,
        "patches.halo_min_pix not above patches.halo_max_pix",
    ),
    Check(
        ("fit.mode", "fit.models"),
        lambda mode, models: mode == "free" or models == "catalog",
        "fit.models: catalog for fit.mode: forced or forced_position, whose models are given",
    ),
    Check(
        ("fit.tractor.alphas",),
        lambda alphas: alphas is None or (len(alphas) > 0 and all(0 < a < b for a, b in pairwise((1e-9, *alphas)))),
        "ascending fractions above 0, or null",
    ),
    Check(
        ("figures.montage.choice", "figures.montage.ids"),
        lambda choice, ids: choice != "id" or len(ids) > 0,
        "IDs in figures.montage.ids for figures.montage.choice: id",
    ),
    _percentiles("figures.montage.data_percentiles"),
    _percentiles("figures.montage.model_percentiles"),
    Check(
        ("simulate.fwhm_pix",),
        lambda fwhm: min(fwhm) >= 2.5 and max(fwhm) <= 8,
        "two FWHM from 2.5 pix (images must be well sampled) to 8 pix",
    ),
    Check(
        ("noise.radii_pix",),
        lambda radii: all(0.5 <= radius <= 100 for radius in radii),
        "radii of 0.5 to 100 pix",
    ),
    Check(
        ("inject.depth_range_mag",),
        lambda ends: -20 <= ends[0] < ends[1] <= 10,
        "two magnitudes from -20 to 10, the first (bright) below the second",
    ),
    Check(
        ("inject.jitter_pix", "inject.spacing_pix"),
        lambda jitter, spacing: jitter <= spacing / 3,
        "inject.jitter_pix at most a third of inject.spacing_pix, or sources fall on each other",
    ),
    Check(("download.cutout.size",), is_size, "a size above 0 such as 3arcmin or 40,60px, or null"),
    Check(("download.cutout.center",), is_center, "two numbers such as 210.80227,54.34895deg, or null"),
    _colour_map("lightcurve.figure.wavelength_cmap"),
    _colour_map("lightcurve.figure.date_cmap"),
    _ordered("lightcurve.figure.ylim_percentile_min", "lightcurve.figure.ylim_percentile_max"),
    Check(
        ("lightcurve.figure.figsize",),
        lambda size: min(size) >= 3 and max(size) <= 100,
        "a width and a height from 3 to 100 inches",
    ),
    Check(
        ("lightcurve.bad_flags",),
        lambda flags: not {"SOURCE", 21} & set(flags),
        "no SOURCE (bit 21) among lightcurve.bad_flags: it is on nearly every aperture of a source",
    ),
    Check(
        ("lightcurve.bad_flags",),
        lambda flags: all(flag in DOCUMENTED or (isinstance(flag, int) and 0 <= flag < 32) for flag in flags),
        f"bits from 0 to 31, or names among {', '.join(name for name in DOCUMENTED if name != 'SOURCE')}",
    ),
    _ordered("aperture.zodi_scale_min", "aperture.zodi_scale_max"),
    Check(
        ("aperture.bad_flags", "aperture.empty_flags"),
        lambda bad, empty: not {"SOURCE", 21} & {*bad, *empty},
        "no SOURCE (bit 21) among them: it is on nearly every aperture of a source",
    ),
    Check(
        ("aperture.bad_flags", "aperture.empty_flags"),
        lambda bad, empty: all(0 <= flag < 32 for flag in (*bad, *empty) if isinstance(flag, int)),
        "bits from 0 to 31, or names",
    ),
    Check(
        ("aperture.window_size",),
        lambda sides: all(3 <= side <= 4096 for side in sides),
        "height and width of 3 to 4096 pix",
    ),
    Check(
        (
            "aperture.background",
            "aperture.method",
            "aperture.diameter_pix",
            "aperture.annulus_inner_offset",
            "aperture.max_outer_radius",
        ),
        lambda background, method, diameter, offset, outer: (
            background == "window" or (diameter / 2 if method == "fixed" else 0) + offset < outer
        ),
        "aperture.max_outer_radius beyond the aperture's radius plus aperture.annulus_inner_offset",
    ),
    Check(("log.format",), _is_log_format, "a format of Python's logging, such as %(levelname)s %(message)s"),
)


def contradictions(config: Config, faulty: Collection[str] = ()) -> Iterator[str]:
    """One sentence for every check that fails; checks that involve a key of `faulty` are left out."""
    for check in CHECKS:
        values = [value_at(config, key) for key in check.keys]
        if not any(_same_branch(key, path) for key in check.keys for path in faulty) and not check.holds(*values):
            found = ", ".join(f"{key}: {_brief(value)}" for key, value in zip(check.keys, values, strict=True))
            yield f"{found}; expected {check.expected}"


def _same_branch(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) :][:1] in ("", ".", "[")


def _brief(value: object) -> str:
    many = isinstance(value, tuple) and not all(isinstance(item, float | str) for item in value)
    return f"{len(value)} images" if many else shown(value)
