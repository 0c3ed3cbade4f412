"""stars: the PSF stars of one band, found, measured, selected, and a few of them held out."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from ..config.psf import Stars
from ..errors import InputError
from ..frames.frame import Frame, read_frame
from ..images import ascii_text, write_fits
from ..telemetry import clock, tell
from . import detect, measure, seeds, select
from .locus import fit_locus

Cells = Sequence[tuple[str, Sequence[int]]]

HLR_NOISE = 1.3  # relative error of a half-light radius times S/N, measured on simulated Moffat stars
HLR_SCATTER = 0.006  # of bright stars of one PSF, from the pixels' phases alone; so few stars may not understate it

log = logging.getLogger(__name__)


def select_stars(
    frame_path: str | Path,
    white_path: str | Path | None,
    sources_path: str | Path | None,
    cells: Cells,
    output: str | Path,
    settings: Stars,
    gaia_path: str | Path | None = None,
    least: int = 6,
) -> None:
    """Write `stars/{band}.fits`: STARS, every detection and seed with its reason, and NEIGHBOURS, what to mask.

    Parameters
    ----------
    frame_path, white_path : prepared frame of the band; white stack (deeper, for neighbours) or None.
    sources_path, gaia_path : source list with the matched reference stars; the reference table; or None.
    cells : (tag, (x0, x1, y0, y1)) of every PSF cell.
    least : stars of a cell that are never held out; with fewer there, none is.
    """
    white = [white_neighbours(white_path)] if white_path is not None else []
    frame = read_frame(frame_path)
    frame = frame._replace(total=frame.sigma)  # not needed, and as large as the image
    with clock("detect"):
        deep, segments = detect.extract_deep(frame.image, frame.sigma)
    others = [detect.neighbours(deep), *white]
    reference = seeds.Seeds(np.zeros(0), np.zeros(0), np.zeros(0, "U1"))
    if sources_path is not None and settings.mode != "sep":
        reference = seeds.read_seeds(sources_path, gaia_path, settings)
    with clock("choose"):
        table = choose(frame, segments, others, reference, cells, settings, least)
    hdus = [
        fits.PrimaryHDU(),
        fits.BinTableHDU(table, name="STARS"),
        fits.BinTableHDU(np.concatenate(others), name="NEIGHBOURS"),
    ]
    hdus[1].header["BAND"] = frame.band
    write_fits(output, hdus)
    _report(frame.band, table)


def read_stars(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """The tables STARS (dtype `select.STAR`) and NEIGHBOURS (dtype `detect.NEIGHBOURS`) of a band.

    Raises
    ------
    InputError : missing file, or not one of the rule `stars`.
    """
    try:
        with fits.open(path, memmap=False) as hdus:
            return _rows(hdus["STARS"], select.STAR), _rows(hdus["NEIGHBOURS"], detect.NEIGHBOURS)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; the rule `stars` writes it") from None
    except (KeyError, OSError) as error:
        raise InputError(f"{path}: tables STARS and NEIGHBOURS expected ({error}); rerun `stars`") from None


def choose(
    frame: Frame,
    segments: np.ndarray,
    others: Sequence[np.ndarray],
    reference: seeds.Seeds,
    cells: Cells,
    settings: Stars,
    least: int = 6,
) -> np.ndarray:
    """The table STARS of a band (dtype `select.STAR`), every row with its reason or selected.

    Parameters
    ----------
    frame : the whole band.
    segments : segmentation of its deep detection.
    others : neighbours found in each image (the first one from this band).
    reference : reference stars, empty for mode `sep`.
    """
    sky = measure.prepare(frame, segments)
    stars, seed_only = candidates(frame, reference, settings)
    hlr = measure_stars(stars, sky, seed_only, settings)
    select.assign_cells(stars, cells)
    for failed, reason in _pixel_tests(stars, frame, seed_only, reference, hlr, settings):
        select.reject(stars, failed, reason)
    for table in others:
        open_ = np.flatnonzero(stars["reason"] == "")
        near = select.crowded(stars[open_], table, hlr, settings)
        stars["reason"][open_[near]] = "neighbour"
    _shape_tests(stars, settings)
    select.keep_brightest(stars, settings.max_stars)
    stars["selected"] = stars["reason"] == ""
    select.hold_out(stars, settings.held_out_fraction, least)
    return stars


def candidates(frame: Frame, reference: seeds.Seeds, settings: Stars) -> tuple[np.ndarray, np.ndarray]:
    """Rows for every detection, then for every seed without one; and which are the latter, bool (n,)."""
    objects = detect.extract(frame.image, frame.sigma, settings.thresh_sigma, settings.minarea)
    reference = reference._replace(source_id=ascii_text(reference.source_id))
    row = seeds.match(reference, objects["x"], objects["y"], settings.gaia_match_r_pix)
    alone = reference.take(row < 0)
    stars = np.zeros(len(objects) + len(alone.x), select.STAR)
    stars["star_id"] = np.arange(len(stars))
    found, extra = stars[: len(objects)], stars[len(objects) :]
    for name in ("x", "y", "a", "b", "theta", "peak"):
        found[name] = objects[name]
    found["sep_flag"], found["from_sep"] = objects["flag"], True
    found["gaia_source_id"][row[row >= 0]] = reference.source_id[row >= 0]
    if not settings.gaia_snap_to_sep:
        found["x"][row[row >= 0]], found["y"][row[row >= 0]] = reference.x[row >= 0], reference.y[row >= 0]
    extra["x"], extra["y"], extra["gaia_source_id"] = alone.x, alone.y, alone.source_id
    stars["from_gaia"] = stars["gaia_source_id"] != ""
    return stars, ~stars["from_sep"]


def measure_stars(stars: np.ndarray, sky: measure.Sky, seed_only: np.ndarray, settings: Stars) -> float:
    """Fill in centres, half-light radii, fluxes and S/N; returns the rough stellar half-light radius [pix]."""
    typical = rough_hlr(stars, sky)
    fwhm = measure.FWHM_PER_HLR * typical
    fixed = stars["from_gaia"] & (seed_only | (not settings.gaia_snap_to_sep))
    x, y = measure.windowed_centre(sky, stars["x"], stars["y"], fwhm)
    stars["x"], stars["y"] = np.where(fixed, stars["x"], x), np.where(fixed, stars["y"], y)
    stars["hlr"] = measure.half_light(sky, stars["x"], stars["y"], measure.HLR_APERTURE * typical)
    flux, error = measure.aperture_flux(sky, stars["x"], stars["y"], fwhm)
    stars["flux"], stars["snr"] = flux, flux / error
    forced = seeds.Seeds(stars["x"][seed_only], stars["y"][seed_only], stars["gaia_source_id"][seed_only])
    stars["snr"][seed_only] = seeds.forced_snr(sky, forced, typical, settings)
    return typical


def rough_hlr(stars: np.ndarray, sky: measure.Sky) -> float:
    """Stellar half-light radius [pix] before anything is known: the ridge of the rounder detections."""
    found = stars[stars["from_sep"] & (stars["a"] < 1.5 * stars["b"])]
    hlr = measure.half_light(sky, found["x"], found["y"], 6 * found["a"].astype(float))
    usable = np.isfinite(hlr)
    locus = fit_locus(found["x"][usable], found["y"][usable], hlr[usable], found["from_gaia"][usable])
    # ASSUME 2 pixels where a band shows nothing at all: nothing will be selected then
    return 2.0 if locus is None else float(np.exp(locus.coefficients[0]))


@clock("detect")
def white_neighbours(path: str | Path) -> np.ndarray:
    """Neighbours (full-frame pixels) found on the white stack, which is stored cropped."""
    with fits.open(path, memmap=False) as hdus:
        corner = hdus["WHITE"].header["CROPX0"], hdus["WHITE"].header["CROPY0"]
        white, noise = hdus["WHITE"].data, hdus["NOISE"].data
    return detect.neighbours(detect.extract_deep(white, noise)[0], corner, from_white=True)


def _pixel_tests(
    stars: np.ndarray,
    frame: Frame,
    seed_only: np.ndarray,
    reference: seeds.Seeds,
    hlr: float,
    settings: Stars,
) -> list[tuple[np.ndarray, str]]:
    ny, nx = frame.shape
    x, y, pad = stars["x"], stars["y"], settings.edge_pad
    core = 2 * measure.FWHM_PER_HLR * hlr
    seeded = seeds.Seeds(x, y, stars["gaia_source_id"])
    seed = stars["from_gaia"]
    needed = np.where(seed, settings.gaia_snr_min, settings.snr_min)
    return [
        (np.full(len(stars), settings.mode == "gaia") & ~seed, "not a reference star"),
        (stars["cell"] == "", "outside the cells"),
        ((x < pad) | (y < pad) | (x > nx - 1 - pad) | (y > ny - 1 - pad), "edge"),
        (measure.near_bad(frame.mask, x, y, core, measure.SATURATED), "saturated"),
        (seed & seeds.saturated(frame, seeded, settings), "saturated"),
        (measure.near_bad(frame.mask, x, y, core / 2, measure.OTHER_BAD), "masked pixels"),
        (~(stars["snr"] >= needed), "S/N"),
    ]


def _shape_tests(stars: np.ndarray, settings: Stars) -> None:
    open_ = (stars["reason"] == "") & np.isfinite(stars["hlr"])
    select.reject(stars, ~np.isfinite(stars["hlr"]), "size")
    locus = fit_locus(
        stars["x"][open_], stars["y"][open_], stars["hlr"][open_].astype(float), stars["from_gaia"][open_]
    )
    if locus is None:
        return
    deviation = np.abs(stars["hlr"] / locus.at(stars["x"], stars["y"]) - 1)
    scatter = max(locus.scatter, HLR_SCATTER)
    allowed = 3 * np.hypot(scatter, HLR_NOISE / stars["snr"])
    # a faint reference star may scatter more: it is no galaxy as a rule, and weighs little
    allowed = np.where(stars["from_gaia"], allowed, np.minimum(allowed, settings.locus_width))
    on_locus = open_ & (deviation <= allowed)
    select.reject(stars, deviation > allowed, "size")
    typical = select.typical_ellipse(stars[on_locus & stars["from_sep"]])
    select.reject(stars, stars["from_sep"] & (select.elongation(stars, typical) > settings.axis_ratio_max), "not round")


def _report(band: str, stars: np.ndarray) -> None:
    reasons = Counter(stars["reason"][~stars["selected"]].tolist())
    tell(reasons, bands=1, candidates=len(stars), selected=stars["selected"].sum(), held_out=stars["held_out"].sum())
    untested = set(stars["cell"][stars["selected"]]) - set(stars["cell"][stars["held_out"]])
    log.info(
        "%s: %d candidates, %d selected, of them %d held out (%d cells have too few to hold any out); rejected: %s",
        band,
        len(stars),
        stars["selected"].sum(),
        stars["held_out"].sum(),
        len(untested),
        ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items())) or "none",
    )


def _rows(hdu: fits.BinTableHDU, dtype: np.dtype) -> np.ndarray:
    table = np.zeros(len(hdu.data), dtype)
    for name in dtype.names:
        table[name] = hdu.data[name]
    return table
