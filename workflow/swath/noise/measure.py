"""The rule `noise`: by how much the noise of empty sky differs from what independent pixels of the declared noise have.

Resampling spreads the noise of a pixel over its neighbours: pixels scatter less than declared, sums over many pixels as
much as before. The factor of PSF photometry is the scatter of PSF-weighted sums over empty sky, in units of what the
declared noise of independent pixels makes of them (Labbe et al. 2003, AJ 125, 1107, for apertures).
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from ..config.noise import Noise
from ..files import write_json
from ..frames.frame import Frame, read_frame
from ..images import native
from ..psf import store
from ..streams import stream
from ..telemetry import clock, tell
from .apertures import disk_weights, empty_places, psf_weights, weighted_sums
from .empty import blank_pixels, blocked_pixels

log = logging.getLogger(__name__)

FEWEST = 50  # empty places of a size that says anything
# ASSUME a factor beyond these tells of pixels or weights that are not what they are said to be, not of correlation.
LEAST, MOST = 0.3, 10.0
CLIP, ROUNDS = 3.5, 20
CUT_LOSS = 0.99694  # standard deviation of a unit Gaussian cut at +-CLIP


class Row(NamedTuple):
    """One kind of aperture.

    kind : pixel, disk or psf. radius [pix]. area : effective number of pixels, (sum w)^2 / sum w^2. places : how many.
    factor, error : clipped sd of the weighted sums over sqrt(sum w^2) in units of the declared noise; None of too few
    or of sums that are all equal.
    level : their median over sum w: what is left of the sky, in units of the noise of a pixel.
    """

    kind: str
    radius: float
    area: float
    places: int
    factor: float | None
    error: float | None
    level: float | None


def measure_noise(
    frame: str | Path,
    white: str | Path,
    sources: str | Path,
    epsfs: Sequence[str | Path],
    settings: Noise,
    output: str | Path,
) -> None:
    """Measure one band and write `noise/{band}.json`; a band that says nothing has null for its factor, and a reason.

    Parameters
    ----------
    frame : `frames/{band}.fits`. white : the white stack. sources : the source list. epsfs : of all cells.
    """
    band = read_frame(frame)
    psf = mean_psf(epsfs, band.band)
    with clock("mask"):
        blank = blank_pixels(band.image, band.sigma)
        excess, bad = normalised(band, blank)
        stack, corner = _white(white)
        blocked = blocked_pixels(excess, bad, pd.read_parquet(sources), stack, corner)
    with clock("apertures"):
        rows = measure(excess, blocked, psf, settings, band.band)
    found = summary(rows, float(blank.mean()))
    write_json(output, {"band": band.band, **found, "apertures": [row._asdict() for row in rows]})
    if found["factor"] is None:
        log.warning("%s: no noise factor: %s", band.band, found["reason"])
        return
    tell(None, {"noise factor": [found["factor"]]}, bands=1)
    log.info(
        "%s: PSF-sized sums of empty sky scatter by %.3f +- %.3f of the declared noise (pixels %.3f, correlation %.3f)",
        band.band, found["factor"], found["error"], found["pixel"], found["correlation"],
    )  # fmt: skip


def measure(excess: np.ndarray, blocked: np.ndarray, psf: np.ndarray, settings: Noise, name: str) -> list[Row]:
    """All apertures of one band: single pixels, disks, the PSF.

    Parameters
    ----------
    excess : (ny, nx) image over declared noise. blocked : (ny, nx) bool. psf : (m, m), m odd. name : of the band.
    """
    rng = stream(0, "noise", name)
    kinds = [("pixel", 0.5, np.ones((1, 1))), *(("disk", r, disk_weights(r)) for r in settings.radii_pix)]
    weights = psf_weights(psf)
    kinds.append(("psf", len(weights) / 2, weights))
    return [_row(kind, radius, w, excess, blocked, settings.apertures, rng) for kind, radius, w in kinds]


def summary(rows: Sequence[Row], blank: float = 0.0) -> dict[str, Any]:
    """The factor of PSF photometry, its error, and what of it is the pixels' own scatter and what their correlation.

    Parameters
    ----------
    rows : of all apertures, the pixels first and the PSF last. blank : fraction of the pixels without data.
    """
    pixel, psf = rows[0], rows[-1]
    known, reason = pixel.factor and psf.factor, doubt(psf, blank)
    return {
        "factor": None if reason else psf.factor,
        "error": None if reason else psf.error,
        "reason": reason,
        "area": psf.area,
        "places": psf.places,
        "pixel": pixel.factor,
        "correlation": psf.factor / pixel.factor if known else None,
        "level": psf.level,
    }


def doubt(psf: Row, blank: float) -> str | None:
    """Why the scatter of PSF-sized sums is no factor for flux errors; None where it is one."""
    empty = f"; {100 * blank:.0f} % of the pixels are blank, without any noise" if blank > 0 else ""
    if psf.places < FEWEST:
        return f"{psf.places} empty places of the PSF's size, expected at least {FEWEST}{empty}"
    if psf.factor is None:
        return f"sums over empty sky are all equal{empty}"
    if not LEAST <= psf.factor <= MOST:
        return (
            f"sums over empty sky scatter by {psf.factor:.3g} of the declared noise, expected {LEAST:g} to {MOST:g}; "
            f"look at the image, its weights and its mask{empty}"
        )
    return None


def normalised(frame: Frame, blank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Image over declared noise, float32, 0 where bad, and the bad pixels, those of `blank` with them; bool."""
    bad = blank | (frame.mask != 0) | ~(frame.sigma > 0)
    return np.where(bad, 0, frame.image / np.where(bad, 1, frame.sigma)).astype("f4"), bad


def mean_psf(epsfs: Sequence[str | Path], band: str) -> np.ndarray:
    """The mean over the cells of a band's PSF, shape (m, m)."""
    # ASSUME one aperture stands for the PSFs of the whole field: their areas differ by little.
    stamps = [psf.at(psf.x0, psf.y0) for path in epsfs for psf in store.read(path) if psf.band == band]
    size = min(len(stamp) for stamp in stamps)
    cuts = [(len(stamp) - size) // 2 for stamp in stamps]
    return np.mean([stamp[c : c + size, c : c + size] for stamp, c in zip(stamps, cuts, strict=True)], axis=0)


def _row(
    kind: str,
    radius: float,
    weights: np.ndarray,
    excess: np.ndarray,
    blocked: np.ndarray,
    most: int,
    rng: np.random.Generator,
) -> Row:
    y, x = empty_places(blocked, len(weights), most, rng)
    sums = weighted_sums(excess, y, x, weights)
    power, area = np.sqrt((weights**2).sum()), weights.sum() ** 2 / (weights**2).sum()
    if len(sums) < FEWEST:
        return Row(kind, radius, float(area), len(sums), None, None, None)
    scatter, level = clipped_sd(sums / power), float(np.median(sums) / weights.sum())
    if not scatter > 0:
        return Row(kind, radius, float(area), len(sums), None, None, level)
    return Row(kind, radius, float(area), len(sums), scatter, scatter / np.sqrt(2 * len(sums)), level)


def clipped_sd(values: np.ndarray) -> float:
    """Standard deviation of the values within CLIP of them about the mean, corrected for what is cut off.

    The median absolute deviation would not do: pixels of few digital steps share a handful of values.
    """
    middle, scatter = float(np.median(values)), float(values.std())
    for _ in range(ROUNDS):
        kept = values[np.abs(values - middle) <= CLIP * scatter]
        middle, previous, scatter = float(kept.mean()), scatter, float(kept.std()) / CUT_LOSS
        if abs(scatter - previous) < 1e-6 * scatter:
            break
    return scatter


def _white(path: str | Path) -> tuple[np.ndarray, tuple[int, int]]:
    """The white stack over its noise and where its first pixel (x, y) lies in the frame."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus["WHITE"].header
        pixels, noise = (native(hdus[name].data, "f4") for name in ("WHITE", "NOISE"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return pixels / noise, (int(header["CROPX0"]), int(header["CROPY0"]))
