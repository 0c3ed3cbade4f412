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
from .empty import blocked_pixels

log = logging.getLogger(__name__)

FEWEST = 50  # empty places of a size that says anything
CLIP, ROUNDS = 3.5, 20
CUT_LOSS = 0.99694  # standard deviation of a unit Gaussian cut at +-CLIP


class Row(NamedTuple):
    """One kind of aperture.

    kind : pixel, disk or psf. radius [pix]. area : effective number of pixels, (sum w)^2 / sum w^2. places : how many.
    factor, error : clipped sd of the weighted sums over sqrt(sum w^2) in units of the declared noise; None of too few.
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
    """Measure one band and write `noise/{band}.json`; a band without empty sky has null for its factor.

    Parameters
    ----------
    frame : `frames/{band}.fits`. white : the white stack. sources : the source list. epsfs : of all cells.
    """
    band = read_frame(frame)
    psf = mean_psf(epsfs, band.band)
    with clock("mask"):
        excess, bad = normalised(band)
        stack, corner = _white(white)
        blocked = blocked_pixels(excess, bad, pd.read_parquet(sources), stack, corner)
    with clock("apertures"):
        rows = measure(excess, blocked, psf, settings, band.band)
    write_json(output, {"band": band.band, **summary(rows), "apertures": [row._asdict() for row in rows]})
    found = summary(rows)
    if found["factor"] is None:
        log.warning("%s: too little empty sky to measure its noise (%d places)", band.band, found["places"])
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


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The factor of PSF photometry, its error, and what of it is the pixels' own scatter and what their correlation."""
    pixel, psf = rows[0], rows[-1]
    known = pixel.factor and psf.factor
    return {
        "factor": psf.factor,
        "error": psf.error,
        "area": psf.area,
        "places": psf.places,
        "pixel": pixel.factor,
        "correlation": psf.factor / pixel.factor if known else None,
        "level": psf.level,
    }


def normalised(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Image over declared noise, float32, 0 where bad, and the bad pixels, bool."""
    bad = (frame.mask != 0) | ~(frame.sigma > 0)
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
