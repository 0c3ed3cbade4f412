"""epsf: the PSF of every band in one cell, from its stars, its neighbours' stars, or the declared fallback."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from ..errors import ConfigError, RunError
from ..files import write_json
from ..frames.frame import read_header
from . import builder, fallback, grid, mixture, quality, stack, store, supplied
from .measure import FWHM_PER_HLR
from .meta import band_facts
from .pool import Pool, pools
from .stamps import Stamps, read_stamps
from .stars import read_stars
from .store import STARS, BandPsf

log = logging.getLogger(__name__)

Box = tuple[int, int, int, int]
PsfImage = tuple[str | None, int | str | None]

DECIDING = 5  # fewer held-out stars than this are reported but decide nothing
ATTEMPTS = 3  # pools that are tried before the fallback


class Place(NamedTuple):
    """Where the planes of a cell refer to: reference position and unit [pix]."""

    x0: float
    y0: float
    scale: float

    def coordinates(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions in units of the planes."""
        return (x - self.x0) / self.scale, (y - self.y0) / self.scale


class Attempt(NamedTuple):
    """One way to make the PSF: planes, weight of each star (0 for held-out and clipped ones), score, background."""

    planes: np.ndarray
    stars: np.ndarray
    weight: np.ndarray
    score: quality.Score
    background: np.ndarray

    @property
    def n_held(self) -> int:
        """Stars it was tested on."""
        return int(self.stars["held_out"].sum())


def build_cell(
    tag: str,
    cells: Mapping[str, Box],
    frames: Mapping[str, str | Path],
    stars: Mapping[str, str | Path],
    output: str | Path,
    meta: str | Path,
    settings: Psf,
    images: Mapping[str, PsfImage] | None = None,
) -> None:
    """Write `epsf/{cell}.fits` and its meta data (JSON).

    Parameters
    ----------
    tag : the cell. cells : box (x0, x1, y0, y1) of every cell of the field.
    frames, stars : band -> prepared frame, and band -> star table of the rule `stars`.
    images : band -> (PSF image, HDU), for `psf.method: supplied`.

    Raises
    ------
    ConfigError : `psf.method: supplied`, and bands without a PSF image.
    """
    images = images or {}
    missing = [band for band in frames if images.get(band, (None, None))[0] is None]
    if settings.method == "supplied" and missing:
        raise ConfigError([f"inputs.images: {band} has no psf, but psf.method is supplied" for band in missing])
    psfs, tables, facts = [], [], {}
    for band, frame in frames.items():
        if settings.method == "supplied":
            psf, rows, more = supplied_band(cells[tag], band, images[band], settings)
        else:
            psf, rows, more = band_psf(tag, cells[tag], band, frame, stars[band], settings)
        psfs.append(psf)
        tables.append(rows)
        facts[band] = band_facts(psf, rows, settings) | more
    store.write(output, psfs, np.concatenate(tables) if tables else np.zeros(0, STARS))
    write_json(meta, {"cell": tag, "box": list(cells[tag]), "bands": facts})
    _report(tag, psfs)


def supplied_band(box: Box, band: str, image: PsfImage, settings: Psf) -> tuple[BandPsf, np.ndarray, dict[str, object]]:
    """The user's PSF of one band, without stars."""
    plane = supplied.supplied_psf(*image, settings)
    return _psf(band, plane[None], _place(box), "supplied", settings), np.zeros(0, STARS), {}


def band_psf(
    tag: str, box: Box, band: str, frame: str | Path, stars: str | Path, settings: Psf
) -> tuple[BandPsf, np.ndarray, dict[str, object]]:
    """The PSF of one band in one cell, the table of its stars (dtype `STARS`) and more facts for its meta data.

    Pools are tried in turn, from the cell's own stars outwards, until held-out stars do not object.
    """
    table, neighbours = read_stars(stars)
    chosen = table[table["selected"]]
    own = int(((chosen["cell"] == tag) & ~chosen["held_out"]).sum())
    counts = _counts(table, tag)
    reasons, place = [], _place(box)
    if own < settings.pool_min_stars:
        reasons.append(f"{own} stars in the cell to build from, {settings.pool_min_stars} make it independent")
    # linear: stars just across the border tell how the PSF varies up to it
    share = settings.method == "stack" and settings.variation == "linear"
    tries = pools(box, chosen["x"], chosen["y"], ~chosen["held_out"], settings.pool_min_stars, share)
    for _, pool in zip(range(ATTEMPTS), tries, strict=False):
        attempt = _attempt(pool, chosen, neighbours, frame, place, settings, reasons)
        failure = _failure(attempt, settings) if attempt else ""
        if attempt and not failure:
            psf = _from(attempt, band, place, settings, bool(reasons), "; ".join(reasons))
            return psf, _rows(attempt, band), counts | _background_facts(attempt)
        reasons += [failure] if failure else []
    if not len(chosen):
        reasons.append("no star in the field")
    reason = "; ".join(dict.fromkeys(reasons))
    log.warning("%s %s: fallback PSF (%s): %s", tag, band, settings.fallback.model, reason)
    plane = fallback.fallback_psf(read_header(frame).get("FWHMPIX"), settings)
    psf = _psf(band, plane[None], place, settings.fallback.model, settings, reason, fallback=True)
    return psf._replace(n_stars=own), np.zeros(0, STARS), counts


def _attempt(
    pool: Pool,
    stars: np.ndarray,
    neighbours: np.ndarray,
    frame: str | Path,
    place: Place,
    settings: Psf,
    reasons: list[str],
) -> Attempt | None:
    """Build from one pool and score it; None, with a reason added, when it cannot be built."""
    near = pool.nearness > (0.5 if settings.method == "epsfbuilder" else 0.0)
    part, nearness = stars[near], pool.nearness[near]
    building, held = ~part["held_out"], part["held_out"]
    if building.sum() < settings.min_stars:
        reasons.append(f"{building.sum()} stars within reach, {settings.min_stars} are needed")
        return None
    stamps = read_stamps(frame, part, neighbours, settings.stamp_size, settings.background)
    fwhm = FWHM_PER_HLR * float(np.median(part["hlr"]))
    u, v = place.coordinates(stamps.x, stamps.y)
    try:
        planes, weight, background = _planes(
            stamps.take(building), u[building], v[building], nearness[building], fwhm, settings
        )
    except (RunError, np.linalg.LinAlgError) as error:
        reasons.append(f"{settings.method} with {building.sum()} stars: {error}")
        return None
    # stars far outside say nothing about this cell's PSF, so only those that count for it are asked
    asked = held & (nearness >= 0.5)
    score = quality.score(stamps.take(asked), planes, u[asked], v[asked], fwhm, settings)
    full = np.zeros(len(part))
    full[building] = weight
    keep = building | asked
    return Attempt(planes, part[keep], full[keep], score, background)


def _planes(
    stamps: Stamps, u: np.ndarray, v: np.ndarray, nearness: np.ndarray, fwhm: float, settings: Psf
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PSF planes at their final size and norm, the stars' weights and background levels."""
    if settings.method == "epsfbuilder":
        image, background = builder.build(stamps, fwhm, settings)
        planes, weight = image[None], np.ones(len(u))
    else:
        linear = settings.variation == "linear" and len(u) >= settings.linear_min_stars
        built = stack.build(stamps, u, v, fwhm, settings, linear, nearness)
        planes, weight, background = built.planes, built.weight, built.background
        if not weight.any():
            raise RunError("none of them has a positive flux")
    if settings.form == "gaussian_mixture":
        planes = np.stack([mixture.fit_mixture(planes[0], settings.fallback.n_mixture), *planes[1:]])
    if not np.isfinite(planes).all():
        raise RunError("the PSF has pixels that are not numbers")
    return _normalised(np.stack([grid.resize(plane, settings.size) for plane in planes]), settings), weight, background


def _normalised(planes: np.ndarray, settings: Psf) -> np.ndarray:
    """Plane 0 sums to 1 within the norm radius, the others to 0."""
    norm = grid.disk(settings.size, settings.norm_radius_pix)
    first = planes[0] / (planes[0] * norm).sum()
    return np.stack([first, *(plane - first * (plane * norm).sum() for plane in planes[1:])])


def _failure(attempt: Attempt, settings: Psf) -> str:
    """Why the held-out stars reject the PSF, empty when they do not or are too few."""
    rms, ee = attempt.score
    if attempt.n_held < DECIDING or rms is None:
        return ""
    problems = []
    if rms > settings.score_max_rms:
        problems.append(f"residual rms {rms:.3f} of the peak, at most {settings.score_max_rms}")
    if abs(ee) > settings.score_max_ee:
        problems.append(f"encircled energy off by {ee:+.3f}, at most {settings.score_max_ee}")
    return f"{attempt.n_held} held-out stars: {', '.join(problems)}" if problems else ""


def _place(box: Box) -> Place:
    x0, x1, y0, y1 = box
    return Place((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2, max(x1 - x0, y1 - y0) / 2)


def _from(attempt: Attempt, band: str, place: Place, settings: Psf, pooled: bool, reason: str) -> BandPsf:
    psf = _psf(band, attempt.planes, place, settings.method, settings, reason)
    return psf._replace(
        pooled=pooled,
        n_stars=int((attempt.weight > 0).sum()),
        n_held=attempt.n_held,
        rms_score=attempt.score.rms,
        ee_score=attempt.score.ee,
    )


def _rows(attempt: Attempt, band: str) -> np.ndarray:
    rows = np.zeros(len(attempt.stars), STARS)
    for name in ("star_id", "x", "y", "held_out"):
        rows[name] = attempt.stars[name]
    rows["band"], rows["weight"], rows["used"] = band, attempt.weight, attempt.weight > 0
    rows["pooled_from"] = attempt.stars["cell"]
    return rows


def _psf(
    band: str, planes: np.ndarray, place: Place, method: str, settings: Psf, reason: str = "", fallback: bool = False
) -> BandPsf:
    return BandPsf(
        band, planes, *place, method, fallback, reason, pooled=False, n_stars=0, n_held=0,
        norm_radius=settings.norm_radius_pix,
    )  # fmt: skip


def _counts(table: np.ndarray, tag: str) -> dict[str, object]:
    """What the cell had to offer."""
    own = table[table["cell"] == tag]
    return {
        "nstars_candidates": len(own),
        "nstars_seed": int(own["from_gaia"].sum()),
        "nstars_sel": int(own["selected"].sum()),
    }


def _background_facts(attempt: Attempt) -> dict[str, object]:
    level = attempt.background
    return {"star_background_median": float(np.median(level)), "star_background_scatter": float(np.std(level))}


def _report(tag: str, psfs: list[BandPsf]) -> None:
    fallen, pooled = ([psf.band for psf in psfs if flag(psf)] for flag in (lambda p: p.fallback, lambda p: p.pooled))
    log.info(
        "%s: %s; fallback in %s; pooled in %s",
        tag,
        ", ".join(f"{psf.band} {psf.n_stars} stars" for psf in psfs) or "no bands",
        ", ".join(fallen) or "none",
        ", ".join(pooled) or "none",
    )
