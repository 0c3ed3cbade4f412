"""From catalogue (or white stack) and reference stars to one list of all sources with their starting values."""

import logging
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits

from ..config.sources import Gaia, Sources
from ..errors import RunError
from ..flags import FIT, counted
from ..frames.frame import read_header
from ..images import read_image
from ..tables import write_csv, write_parquet
from ..telemetry import clock, tell
from .catalog import place_catalog, read_catalog
from .detect import detected_catalog
from .exclusion import Saturation, inside, reasons
from .gaia import Augmented, augment, usable
from .motion import image_epoch
from .positions import Field, Positions, equatorial_wcs
from .reference import place_reference, read_reference
from .start import starting_values

log = logging.getLogger(__name__)

INTERNAL = ("injected", "x_pix", "y_pix", "x_pix_white", "y_pix_white", "fit_flags")


def build_sources(
    white: str | Path,
    frames: Mapping[str, str | Path],
    sources_path: str | Path,
    augmented_path: str | Path,
    sources: Sources,
    gaia: Gaia,
    zp_ref: float,
    catalog: str | Path | None = None,
    reference: str | Path | None = None,
    reserved: Collection[str] = (),
) -> None:
    """The stage: write the list of sources (Parquet) and the catalogue with its reference stars (CSV).

    Every input row is there once, in input order, then the injected reference stars.

    Parameters
    ----------
    white : the white stack; its header holds the crop box. frames : band to prepared frame, the reference band first.
    catalog : none detects sources on the white stack. reference : table of reference stars, none goes without.
    reserved : further column names that swath writes.

    Raises
    ------
    InputError : catalogue or reference stars not usable. RunError : no source is left to fit.
    """
    field, headers = read_field(white, frames, sources)
    saturation = Saturation(frames.values(), field.shape) if sources.saturation_cut.enabled else None
    table = input_table(white, field, headers, sources, catalog, reserved)
    here = place_catalog(table, field, sources.catalog_epoch)
    stars = read_reference(reference, list(frames)) if reference is not None and gaia.enabled else None
    with clock("match"):
        listed = list_sources(
            with_flux_columns(table, list(frames)), here, field, stars, saturation, sources, gaia, zp_ref
        )
    check_active(listed)
    write_csv(augmented_path, listed.drop(columns=[*INTERNAL, *(name for name in listed if name.startswith("sw_"))]))
    write_parquet(sources_path, listed)
    tell(
        counted(listed["fit_flags"]),
        sources=len(listed),
        active=(~listed["excluded_any"]).sum(),
        matched=(listed["gaia_source_id"] != "").sum(),
        injected=listed["injected"].sum(),
    )
    log.info(
        "%d sources, %d of them injected: %d active, %d outside the crop box, %d near saturated pixels",
        *(len(listed), listed["injected"].sum(), (~listed["excluded_any"]).sum()),
        *(listed["excluded_crop"].sum(), listed["excluded_saturation"].sum()),
    )


def list_sources(
    table: pd.DataFrame,
    here: Positions,
    field: Field,
    stars: pd.DataFrame | None,
    saturation: Saturation | None,
    sources: Sources,
    gaia: Gaia,
    zp_ref: float,
) -> pd.DataFrame:
    """The list of sources: input columns, FLUX_<band>, exclusion, reference stars, pixels, starting values, flags."""

    def saturated(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.zeros(len(x), bool) if saturation is None else saturation.excluded(x, y, sources.saturation_cut)

    crop = ~inside(here.x, here.y, field.crop_box)
    saturation_cut = saturated(here.x, here.y)
    if stars is None:
        whole = Augmented(table, here, np.full(len(table), "", dtype=object), np.zeros(len(table), bool))
    else:
        stars_here = place_reference(stars, field)
        active = here.take(~(crop | saturation_cut))
        candidates = usable(stars, stars_here, active, field.crop_box, gaia)
        whole = augment(table, here, stars, stars_here, candidates, gaia, zp_ref, saturated)
    added = np.zeros(int(whole.injected.sum()), bool)
    exclusion = np.concatenate([crop, added]), np.concatenate([saturation_cut, added])
    return pd.concat([whole.table, own_columns(whole, *exclusion, field, sources)], axis=1)


def own_columns(
    whole: Augmented, crop: np.ndarray, saturation: np.ndarray, field: Field, sources: Sources
) -> pd.DataFrame:
    """The columns that the stage adds to the input's, one row per source."""
    x, y = whole.here.x, whole.here.y
    ny, nx = field.shape
    start = starting_values(whole.table, sources, whole.source_id != "")
    lost = ~inside(x, y, (0, nx, 0, ny))
    flags = crop * FIT["EXCLUDED_CROP"] | saturation * FIT["EXCLUDED_SATURATION"] | lost * FIT["BAD_POSITION"]
    return pd.DataFrame(
        {
            "excluded_crop": crop,
            "excluded_saturation": saturation,
            "excluded_any": crop | saturation,
            "gaia_source_id": pd.Series(whole.source_id, dtype="str"),
            "excluded_reason": pd.Series(reasons(crop, saturation), dtype="str"),
            "injected": whole.injected,
            "x_pix": x,
            "y_pix": y,
            "x_pix_white": x - field.crop_box[0],
            "y_pix_white": y - field.crop_box[2],
            "sw_row": np.arange(len(x), dtype=np.int64),
            **{name: start[name] for name in ("sw_model", "sw_re", "sw_ell", "sw_phi")},
            "fit_flags": (flags | start["fit_flags"].to_numpy()).astype(np.int32),
        }
    )


def read_field(
    white: str | Path, frames: Mapping[str, str | Path], sources: Sources
) -> tuple[Field, dict[str, fits.Header]]:
    """What the images show, and the header of each band; no pixels are read."""
    headers = {band: read_header(path) for band, path in frames.items()}
    path, first = next(iter(frames.values())), next(iter(headers.values()))
    stack = fits.getheader(white, "WHITE")
    crop_box = tuple(int(stack[name]) for name in ("CROPX0", "CROPX1", "CROPY0", "CROPY1"))
    shape = first["NAXIS2"], first["NAXIS1"]
    return Field(equatorial_wcs(first, str(path)), shape, crop_box, image_epoch(first, sources.image_epoch)), headers


def input_table(
    white: str | Path,
    field: Field,
    headers: Mapping[str, fits.Header],
    sources: Sources,
    catalog: str | Path | None,
    reserved: Collection[str],
) -> pd.DataFrame:
    """The catalogue, or what is detected on the white stack."""
    if catalog is not None:
        return read_catalog(catalog, reserved)
    seeing = [header["FWHMPIX"] for header in headers.values() if "FWHMPIX" in header]
    pixels, noise = (read_image(white, name)[0] for name in ("WHITE", "NOISE"))
    fwhm = max(seeing) if seeing else None
    with clock("detect"):
        return detected_catalog(pixels, noise, field.crop_box, field.wcs, fwhm, sources.detection, sources.theta_from)


def with_flux_columns(table: pd.DataFrame, bands: Collection[str]) -> pd.DataFrame:
    """The table with a FLUX_<band> column for every band, NaN where it had none."""
    return table.assign(**{f"FLUX_{band}": np.nan for band in bands if f"FLUX_{band}" not in table})


def check_active(listed: pd.DataFrame) -> None:
    """RunError when no source is left to fit, with how many were excluded and why."""
    if not listed["excluded_any"].all():
        return
    without = listed["x_pix"].isna().sum()
    raise RunError(
        f"none of the {len(listed)} sources is left to fit: {listed['excluded_crop'].sum()} are outside the crop box "
        f"({without} of them without usable coordinates), {listed['excluded_saturation'].sum()} near saturated pixels; "
        "check that catalogue and images show the same field, crop.margin and sources.saturation_cut"
    )
