"""epsf: the PSF of every band in one cell, from its stars, its neighbours' stars, or the declared fallback."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..config.psf import Psf
from ..errors import ConfigError, RunError
from ..files import write_json
from ..frames.frame import read_header
from ..telemetry import over, tell
from . import store
from .attempt import Attempt, Place, attempt
from .fallback import fallback_psf
from .forms import Formed
from .meta import band_facts
from .pool import pools
from .stars import read_stars
from .store import STARS, BandPsf
from .supplied import SuppliedImage, supplied_psf

log = logging.getLogger(__name__)

Box = tuple[int, int, int, int]

ATTEMPTS = 3  # pools that are tried before the fallback


def build_cell(
    tag: str,
    cells: Mapping[str, Box],
    frames: Mapping[str, str | Path],
    stars: Mapping[str, str | Path],
    output: str | Path,
    meta: str | Path,
    settings: Psf,
    images: Mapping[str, SuppliedImage] | None = None,
) -> None:
    """Write `epsf/{cell}.fits` and its meta data (JSON).

    Parameters
    ----------
    tag : the cell. cells : box (x0, x1, y0, y1) of every cell of the field.
    frames, stars : band -> prepared frame, and band -> star table of the rule `stars`.
    images : band -> PSF image, for `psf.method: supplied`.

    Raises
    ------
    ConfigError : `psf.method: supplied`, and bands without a PSF image.
    """
    images = images or {}
    missing = [band for band in frames if band not in images or images[band].path is None]
    if settings.method == "supplied" and missing:
        raise ConfigError([f"inputs.images: {band} has no psf, but psf.method is supplied" for band in missing])
    psfs, tables, facts = [], [], {}
    for band, frame in over(frames.items(), "bands"):
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


def supplied_band(
    box: Box, band: str, image: SuppliedImage, settings: Psf
) -> tuple[BandPsf, np.ndarray, dict[str, object]]:
    """The user's PSF of one band, without stars."""
    formed = supplied_psf(image, settings)
    return _psf(band, formed, box, "supplied", settings), np.zeros(0, STARS), {}


def band_psf(
    tag: str, box: Box, band: str, frame: str | Path, stars: str | Path, settings: Psf
) -> tuple[BandPsf, np.ndarray, dict[str, object]]:
    """The PSF of one band in one cell, the table of its stars (dtype `STARS`) and more facts for its meta data.

    Pools are tried in turn, from the cell's own stars outwards, until held-out stars do not object.
    """
    table, neighbours = read_stars(stars)
    chosen = table[table["selected"]]
    own = int(((chosen["cell"] == tag) & ~chosen["held_out"]).sum())
    reasons = []
    if own < settings.pool_min_stars:
        reasons.append(f"{own} stars in the cell to build from, {settings.pool_min_stars} make it independent")
    # linear: stars just across the border tell how the PSF varies up to it
    share = settings.method == "stack" and settings.variation == "linear"
    tries = pools(box, chosen["x"], chosen["y"], ~chosen["held_out"], settings.pool_min_stars, share)
    for _, pool in zip(range(ATTEMPTS), tries, strict=False):
        try:
            made = attempt(pool, chosen, neighbours, frame, _place(box), settings)
        except RunError as error:
            reasons.append(str(error))
            continue
        failure = made.failure(settings)
        if not failure:
            facts = _counts(table, tag) | _background_facts(made.background)
            return _from(made, tag, band, box, settings, reasons), made.rows(band), facts
        reasons.append(failure)
    reason = "; ".join(dict.fromkeys(reasons if len(chosen) else [*reasons, "no star in the field"]))
    log.warning("%s %s: fallback PSF (%s): %s", tag, band, settings.fallback.model, reason)
    formed = fallback_psf(read_header(frame).get("FWHMPIX"), settings)
    psf = _psf(band, formed, box, settings.fallback.model, settings, reason, fallback=True)
    return psf._replace(n_stars=own), np.zeros(0, STARS), _counts(table, tag)


def _from(made: Attempt, tag: str, band: str, box: Box, settings: Psf, reasons: list[str]) -> BandPsf:
    """Neighbours' stars make it pooled only where the cell could not do without them."""
    psf = _psf(band, made.psf, box, settings.method, settings, "; ".join(reasons))
    return psf._replace(
        pooled=bool(reasons) and bool((made.stars["cell"][made.weight > 0] != tag).any()),
        n_stars=int((made.weight > 0).sum()),
        n_held=made.n_held,
        rms_score=made.score.rms,
        ee_score=made.score.ee,
    )


def _place(box: Box) -> Place:
    x0, x1, y0, y1 = box
    return Place((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2, max(x1 - x0, y1 - y0) / 2)


def _psf(
    band: str, formed: Formed, box: Box, method: str, settings: Psf, reason: str = "", fallback: bool = False
) -> BandPsf:
    return BandPsf(
        band, formed.planes, *_place(box), method, fallback, reason, pooled=False, n_stars=0, n_held=0,
        norm_radius=settings.norm_radius_pix, form=settings.form, samples=formed.samples, fine=formed.fine,
        wings=formed.wings,
    )  # fmt: skip


def _counts(table: np.ndarray, tag: str) -> dict[str, object]:
    """What the cell had to offer."""
    own = table[table["cell"] == tag]
    return {
        "nstars_candidates": len(own),
        "nstars_seed": int(own["from_gaia"].sum()),
        "nstars_sel": int(own["selected"].sum()),
    }


def _background_facts(level: np.ndarray) -> dict[str, object]:
    return {"star_background_median": float(np.median(level)), "star_background_scatter": float(np.std(level))}


def _report(tag: str, psfs: list[BandPsf]) -> None:
    fallen, pooled = ([psf.band for psf in psfs if flag(psf)] for flag in (lambda p: p.fallback, lambda p: p.pooled))
    scores = [psf.rms_score for psf in psfs if psf.n_held and psf.rms_score is not None]
    tell(
        {"fallback": len(fallen), "pooled": len(pooled)},
        {"rms of held-out stars": scores},
        cells=1, PSFs=len(psfs), stars=sum(psf.n_stars for psf in psfs),
    )  # fmt: skip
    log.info(
        "%s: %s; fallback in %s; pooled in %s",
        tag,
        ", ".join(f"{psf.band} {psf.n_stars} stars" for psf in psfs) or "no bands",
        ", ".join(fallen) or "none",
        ", ".join(pooled) or "none",
    )
