"""epsf: the PSF of every band in one cell, from its stars, its neighbours' stars, or the declared fallback."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from ..errors import RunError
from ..files import write_json
from ..frames.frame import read_header
from . import builder, fallback, grid, mixture, quality, stack, store, supplied
from .stamps import Stamps, read_stamps
from .stars import read_stars
from .store import STARS, BandPsf

log = logging.getLogger(__name__)

Box = tuple[int, int, int, int]
# Fewer held-out stars than this are reported but decide nothing.
DECIDING = 5
MOST_POOLS = 3
HLR_TO_FWHM = 1.75  # of a Moffat with beta 3 to 4


class Place(NamedTuple):
    """Where the planes of a cell refer to: reference position and unit [pix]."""

    x0: float
    y0: float
    scale: float

    def coordinates(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions in units of the planes."""
        return (x - self.x0) / self.scale, (y - self.y0) / self.scale


class Attempt(NamedTuple):
    """One way to make the PSF, with its stars and its score."""

    planes: np.ndarray
    stars: np.ndarray
    weight: np.ndarray
    pooled: bool
    score: quality.Score
    n_held: int


def build_cell(
    tag: str,
    cells: Mapping[str, Box],
    frames: Mapping[str, str | Path],
    stars: Mapping[str, str | Path],
    output: str | Path,
    meta: str | Path,
    settings: Psf,
    images: Mapping[str, tuple[str, int | str | None]] | None = None,
) -> None:
    """Write `epsf/{cell}.fits` and its meta data (JSON).

    Parameters
    ----------
    tag : the cell. cells : box (x0, x1, y0, y1) of every cell of the field.
    frames, stars : band -> prepared frame, and band -> star table of the rule `stars`.
    images : band -> (PSF image, HDU), for `psf.method: supplied`.
    """
    psfs, tables, facts = [], [], {}
    for band, frame in frames.items():
        psf, used = band_psf(tag, cells, band, frame, stars[band], settings, (images or {}).get(band))
        psfs.append(psf)
        tables.append(used)
        facts[band] = _meta(psf, used, settings)
    store.write(output, psfs, np.concatenate(tables) if tables else np.zeros(0, STARS))
    write_json(meta, {"cell": tag, "box": list(cells[tag]), "bands": facts})
    fallen = [psf.band for psf in psfs if psf.fallback]
    counts = [psf.n_stars for psf in psfs]
    log.info("%s: %d to %d stars per band, fallback in %s", tag, min(counts), max(counts), ", ".join(fallen) or "none")


def band_psf(
    tag: str,
    cells: Mapping[str, Box],
    band: str,
    frame: str | Path,
    stars: str | Path,
    settings: Psf,
    image: tuple[str, int | str | None] | None,
) -> tuple[BandPsf, np.ndarray]:
    """The PSF of one band in one cell, and the table of its stars (dtype `STARS`)."""
    x0, x1, y0, y1 = cells[tag]
    place = Place((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2, max(x1 - x0, y1 - y0) / 2)
    if settings.method == "supplied":
        return _psf(band, supplied.supplied_psf(*image, settings)[None], place, "supplied", settings), np.zeros(
            0, STARS
        )
    fwhm = read_header(frame).get("FWHMPIX")
    table, neighbours = read_stars(stars)
    chosen = table[table["selected"]]
    reasons: list[str] = []
    for pool in _pools(tag, list(cells), chosen, settings):
        attempt = _attempt(tag, pool, chosen, neighbours, frame, place, settings, reasons)
        failure = _failure(attempt, settings) if attempt else ""
        if attempt and not failure:
            return _from(attempt, band, place, settings, "; ".join(reasons))
        reasons += [failure] if failure else []
    reason = "; ".join(reasons)
    plane = fallback.fallback_psf(fwhm, settings)
    log.warning("%s %s: fallback PSF (%s): %s", tag, band, settings.fallback.model, reason)
    psf = _psf(band, plane[None], place, settings.fallback.model, settings, reason=reason, fallback=True)
    return psf._replace(n_stars=int((chosen["cell"] == tag).sum())), np.zeros(0, STARS)


def _pools(tag: str, cells: list[str], stars: np.ndarray, settings: Psf) -> list[list[str]]:
    """Cells whose stars may be used together, in the order in which they are tried: the cell alone, then wider."""
    row, col = _row_col(tag)
    distance = {other: max(abs(r - row), abs(c - col)) for other, (r, c) in ((o, _row_col(o)) for o in cells)}
    pools: list[list[str]] = []
    counts: list[int] = []
    for reach in range(max(distance.values()) + 1):
        pool = [other for other in cells if distance[other] <= reach]
        counts.append(int((np.isin(stars["cell"], pool) & ~stars["held_out"]).sum()))
        if not pools or counts[-1] > counts[-2]:
            pools.append(pool)
        else:
            counts.pop()
    enough = [pool for pool, count in zip(pools, counts, strict=True) if count >= settings.pool_min_stars]
    return (enough or pools[-1:])[:MOST_POOLS]


def _attempt(
    tag: str,
    pool: list[str],
    stars: np.ndarray,
    neighbours: np.ndarray,
    frame: str | Path,
    place: Place,
    settings: Psf,
    reasons: list[str],
) -> Attempt | None:
    part = stars[np.isin(stars["cell"], pool)]
    made_from, held = part[~part["held_out"]], part[part["held_out"]]
    where = "the cell" if len(pool) == 1 else f"{len(pool)} cells"
    if len(made_from) < settings.min_stars:
        reasons.append(f"{len(made_from)} stars in {where}, {settings.min_stars} are needed")
        return None
    stamps = read_stamps(frame, made_from, neighbours, settings.stamp_size, settings.background)
    fwhm = HLR_TO_FWHM * float(np.median(made_from["hlr"]))
    try:
        planes, weight = _planes(stamps, made_from, fwhm, place, settings)
    except (RunError, np.linalg.LinAlgError) as error:
        reasons.append(f"{settings.method} with the {len(made_from)} stars of {where}: {error}")
        return None
    score = quality.Score(None, None)
    if len(held):
        unseen = read_stamps(frame, held, neighbours, settings.stamp_size, settings.background)
        tested = quality.match(unseen, planes, *place.coordinates(held["x"], held["y"]), settings)
        score = quality.score(unseen, tested, fwhm)
    return Attempt(planes, part, _weights(part, weight), any(made_from["cell"] != tag), score, len(held))


def _planes(
    stamps: Stamps, stars: np.ndarray, fwhm: float, place: Place, settings: Psf
) -> tuple[np.ndarray, np.ndarray]:
    """PSF planes at their final size and norm, and the weights of the stars."""
    if settings.method == "epsfbuilder":
        planes, weight = builder.build(stamps, fwhm, settings)[None], np.ones(len(stars))
    else:
        linear = settings.variation == "linear" and len(stars) >= settings.linear_min_stars
        built = stack.build(stamps, *place.coordinates(stars["x"], stars["y"]), fwhm, settings, linear)
        planes, weight = np.stack([grid.resize(plane, settings.size) for plane in built.planes]), built.weight
    if settings.form == "gaussian_mixture":
        planes = mixture.fit_mixture(planes[0], settings.fallback.n_mixture)[None]
    if not np.isfinite(planes).all():
        raise RunError("the PSF has pixels that are not numbers")
    norm = grid.disk(settings.size, settings.norm_radius_pix)
    first = planes[0] / (planes[0] * norm).sum()
    rest = [plane - first * (plane * norm).sum() for plane in planes[1:]]
    return np.stack([first, *rest]), weight


def _failure(attempt: Attempt, settings: Psf) -> str:
    """Why the held-out stars reject the PSF, empty when they do not."""
    if attempt.n_held < DECIDING or attempt.score.rms is None:
        return ""
    problems = []
    if attempt.score.rms > settings.score_max_rms:
        problems.append(f"residual rms {attempt.score.rms:.3f} of the peak, at most {settings.score_max_rms}")
    if abs(attempt.score.ee) > settings.score_max_ee:
        problems.append(f"encircled energy off by {attempt.score.ee:+.3f}, at most {settings.score_max_ee}")
    return f"{attempt.n_held} held-out stars: {', '.join(problems)}" if problems else ""


def _weights(part: np.ndarray, weight: np.ndarray) -> np.ndarray:
    full = np.zeros(len(part))
    full[~part["held_out"]] = weight
    return full


def _from(attempt: Attempt, band: str, place: Place, settings: Psf, reason: str) -> tuple[BandPsf, np.ndarray]:
    psf = _psf(band, attempt.planes, place, settings.method, settings, reason=reason)
    psf = psf._replace(
        pooled=attempt.pooled,
        n_stars=int((attempt.weight > 0).sum()),
        n_held=attempt.n_held,
        rms_score=attempt.score.rms,
        ee_score=attempt.score.ee,
    )
    rows = np.zeros(len(attempt.stars), STARS)
    for name in ("star_id", "x", "y", "held_out"):
        rows[name] = attempt.stars[name]
    rows["band"], rows["weight"], rows["used"] = band, attempt.weight, attempt.weight > 0
    rows["pooled_from"] = attempt.stars["cell"]
    return psf, rows


def _psf(
    band: str, planes: np.ndarray, place: Place, method: str, settings: Psf, reason: str = "", fallback: bool = False
) -> BandPsf:
    return BandPsf(
        band, planes, *place, method, fallback, reason, pooled=False, n_stars=0, n_held=0,
        norm_radius=settings.norm_radius_pix,
    )  # fmt: skip


def _meta(psf: BandPsf, stars: np.ndarray, settings: Psf) -> dict[str, object]:
    columns = ("star_id", "x", "y", "weight", "held_out", "used", "pooled_from")
    return {
        "method": psf.method,
        "fallback": psf.fallback,
        "pooled": psf.pooled,
        "reason": psf.reason,
        "nstars_used": psf.n_stars,
        "nstars_held_out": psf.n_held,
        "linear": len(psf.planes) > 1,
        "norm_radius_pix": psf.norm_radius,
        "rms_score": psf.rms_score,
        "ee_score": psf.ee_score,
        "epsf_qa": quality.facts(psf.planes[0]),
        "settings": settings.model_dump(mode="json", exclude={"ngrid", "skip_empty_cells"}),
        "stars": [{name: row[name].item() for name in columns} for row in stars],
    }


def _row_col(tag: str) -> tuple[int, int]:
    row, col = (int(part[1:]) for part in tag.split("_"))
    return row, col
