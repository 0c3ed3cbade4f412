"""The rule `regrid`: what an archive has of a band, on the pixels of the grid."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from astropy.wcs import WCS

from ..config.grid import Grid
from ..config.images import Load
from ..config.inputs import Keywords
from ..config.mapping import ArchiveImages
from ..config.noise import Noise
from ..errors import InputError, RunError
from ..streams import stream
from ..tables import write_csv
from ..telemetry import clock, over, tell
from . import header as headers
from .correlation import aperture_factors, power
from .geometry import Lie, box_of, celestial, lie_of, whole_shift
from .grid import grid_header, shape_of
from .image import Ready, make_ready
from .listing import COPIED, REJECTED, RESAMPLED, File, files_of
from .products import facts_of, image_hdus, write_products
from .resample import Method, Resampled, copied, resample
from .stack import Stack, Stacked

log = logging.getLogger(__name__)
SHOWN = 5


class Settings(NamedTuple):
    """Sections of the config that decide what `regrid` makes."""

    archive: ArchiveImages
    grid: Grid
    load: Load
    keywords: Keywords
    noise: Noise


class Candidate(NamedTuple):
    """An image of the band that its header lets use."""

    file: File
    known: headers.Known
    wcs: WCS
    shape: tuple[int, int]


def regrid_band(
    tables: Sequence[str | Path],
    folder: str | Path,
    band: str,
    settings: Settings,
    image: str,
    facts: str,
    listing: str,
) -> None:
    """Lay all images of a band on the grid and write them as one (FITS: image, weight, mask), its facts and its files.

    Parameters
    ----------
    tables : `download/b*.parquet`, all of them. folder : of the tile, from which their file names begin.
    image, facts, listing : paths of the FITS image, of the JSON facts, and of the CSV with a row for each file.

    Raises
    ------
    InputError : grid.like cannot be the grid. RunError : no image of the band can be used; with the reasons.
    """
    folder, archive = Path(folder), settings.archive
    header = grid_header(settings.grid)
    grid, shape = celestial(header), shape_of(header)
    files = files_of(tables, folder, archive.bands, band, archive.header.filter, archive.hdu)
    rows = [_row(file) for file in files]
    usable = [(row, _candidate(row, file, folder, archive, grid, shape)) for row, file in zip(rows, files, strict=True)]
    usable = [(row, candidate) for row, candidate in usable if candidate]
    stack, used = Stack(shape), []
    several = archive.match_sky and len(usable) > 1
    for row, candidate in over(usable, "images"):
        reference = used[0] if used else None
        try:
            used.append(_add(stack, row, candidate, reference, folder, grid, shape, settings, several, band))
        except (ValueError, InputError) as error:
            row |= {"status": REJECTED, "reason": str(error).replace(f"{folder}/", "")}
    if not used:
        raise RunError(_nothing(band, rows, archive))
    level = max((row["saturation"] * row["factor"] for row in used if row["saturation"] is not None), default=None)
    stacked = stack.finish(level)
    with clock("noise"):
        noise = _noise(stacked, used, settings.noise, band)
    made = facts_of(band, stacked, used, rows, noise, level, settings.grid.method)
    _tell(made, rows, shape)
    write_csv(listing, pd.DataFrame(rows))
    write_products(image, facts, image_hdus(header, stacked, made, settings.keywords), made)


def _candidate(
    row: dict[str, Any], file: File, folder: Path, archive: ArchiveImages, grid: WCS, shape: tuple[int, int]
) -> Candidate | None:
    """The image, or None with the reason in its row: an unusable header, or no pixel on the grid."""
    if file.status:
        return None
    head = headers.read(str(folder / file.name), archive.hdu)
    known, problems = headers.known_of(head, archive.header, archive.weight_hdu is not None)
    if not problems:
        row |= known._asdict()
        wcs = celestial(head)
        if box_of(grid, shape, wcs, shape_of(head)) is not None:
            return Candidate(file, known, wcs, shape_of(head))
        problems = ["it does not overlap the grid"]
    row |= {"status": REJECTED, "reason": "; ".join(problems)}
    return None


def _add(
    stack: Stack,
    row: dict[str, Any],
    candidate: Candidate,
    reference: dict[str, Any] | None,
    folder: Path,
    grid: WCS,
    shape: tuple[int, int],
    settings: Settings,
    flatten: bool,
    band: str,
) -> dict[str, Any]:
    """Put one image into the stack and what was found of it into its row.

    Raises
    ------
    ValueError, InputError : it cannot be used, with the reason.
    """
    path, known = folder / candidate.file.name, candidate.known
    with clock("read"):
        ready = make_ready(path, known, settings.archive, settings.load, flatten)
    lie = lie_of(grid, shape, candidate.wcs, candidate.shape)
    if lie is None or not _inside(lie, candidate.shape).any():
        raise ValueError("it does not overlap the grid")
    with clock("resample"):
        laid, worth, left, kept = _laid(ready, candidate, lie, grid, settings.grid.method, band)
    factor = 1.0 if reference is None else float(10 ** (-0.4 * (known.zero_point - reference["zero_point"])))
    averaged = None if kept else left * lie.area
    good = stack.add(laid, lie.box, factor, ready.gain, worth, averaged, laid.pixels if kept else None)
    if not good:
        raise ValueError("it has no good pixel on the grid")
    row |= {
        "status": COPIED if kept else RESAMPLED,
        "sky_sigma": ready.sky_sigma,
        "gain": ready.gain,
        "gain_error": ready.gain_error,
        "sky": ready.sky,
        "factor": factor,
        "pixels": good,
        "noise_power": 1.0 if kept else float(np.mean(left[~laid.bad])),
    }
    return row


def _laid(
    ready: Ready, candidate: Candidate, lie: Lie, grid: WCS, method: Method, band: str
) -> tuple[Resampled, np.ndarray | None, np.ndarray | None, bool]:
    """The image on the grid, the variance it counts by, what resampling left of it, and whether pixels were kept."""
    planes, shift = _planes(ready, candidate.file.exposure, band), whole_shift(lie)
    if shift is not None:
        return copied(planes, ready.bad, ready.saturated, shift, lie.box), None, None, True
    x0, x1, y0, y1 = lie.box
    laid = resample(planes, ready.bad, ready.saturated, candidate.wcs, grid[y0:y1, x0:x1], lie, method)
    left = power(laid.noise, laid.variance, ~laid.bad, lie.x, lie.y)
    return laid._replace(variance=laid.variance * left), laid.variance / lie.area, left, False


def _planes(ready: Ready, exposure: str, band: str) -> dict[str, np.ndarray]:
    """Pixels, variance and a realisation of the noise, whose numbers are the exposure's own."""
    noise = stream(0, "regrid", band, exposure).standard_normal(ready.pixels.shape) * np.sqrt(ready.variance)
    return {"pixels": ready.pixels, "variance": ready.variance, "noise": noise}


def _inside(lie: Lie, shape: tuple[int, int]) -> np.ndarray:
    ny, nx = shape
    return (lie.x >= -0.5) & (lie.x <= nx - 0.5) & (lie.y >= -0.5) & (lie.y <= ny - 0.5)


def _noise(stacked: Stacked, used: Sequence[dict[str, Any]], settings: Noise, band: str) -> list[dict[str, Any]]:
    """Noise of apertures over that of independent pixels; nothing to measure where nothing was resampled."""
    if all(row["status"] == COPIED for row in used):
        return []
    blocked = stacked.mask | stacked.saturated
    rng = stream(0, "regrid", "apertures", band)
    return aperture_factors(stacked.unit, blocked, settings.radii_pix, settings.apertures, rng)


def _row(file: File) -> dict[str, Any]:
    """What the table says of a file before anything is known of it."""
    texts = {"file": file.name, "exposure": file.exposure, "filter": file.filter}
    numbers = ("zero_point", "sky_sigma", "gain", "gain_error", "saturation", "fwhm_arcsec", "mjd")
    more = ("sky", "factor", "pixels", "noise_power")
    return texts | {"status": file.status, "reason": file.reason} | dict.fromkeys((*numbers, *more))


def _nothing(band: str, rows: Sequence[dict[str, Any]], archive: ArchiveImages) -> list[str]:
    """Why there is no image of a band."""
    if not rows:
        names = next((entry.filters or (band,) for entry in archive.bands if entry.name == band), (band,))
        return [
            f"{band}: among the downloaded files none is of filter {' or '.join(names)}; look at band in "
            "query/observations.ecsv and set filters in inputs.archive.bands"
        ]
    shown = [f"{row['file'] or row['exposure']}: {row['reason']}" for row in rows[:SHOWN]]
    more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    head = f"{band}: none of {len(rows)} file{'s' * (len(rows) > 1)} can be used; see inputs.archive and the reasons:"
    return [" ".join([head, "; ".join([*shown, *more])])]


def _tell(made: dict[str, Any], rows: Sequence[dict[str, Any]], shape: tuple[int, int]) -> None:
    band, factor = made["band"], made["noise_factor"]
    for row in rows:
        if row["status"] not in (COPIED, RESAMPLED):
            log.warning("%s: %s left out: %s", band, row["file"] or row["exposure"], row["reason"])
    tell(images=len(rows), copied=made["copied"], resampled=made["used"] - made["copied"])
    log.info(
        "%s: %d of %d files on %d x %d pix, %d of them copied, %.1f %% covered; noise %.4g, in large apertures %s",
        *(band, made["used"], len(rows), *shape[::-1], made["copied"], 100 * made["covered"], made["sky_sigma"]),
        "not known" if factor is None else f"{factor:.2f} times that",
    )
