"""One way to make the PSF of a band in a cell: from one pool of stars, and scored on those that were held out."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from ..errors import RunError
from ..telemetry import clock
from . import builder, components, quality, stack
from .forms import Formed, Found, in_form, refined
from .measure import FWHM_PER_HLR
from .pool import Pool
from .stamps import Stamps, read_stamps
from .store import STARS

DECIDING = 5  # fewer held-out stars than this are reported but decide nothing


class Place(NamedTuple):
    """Where the planes of a cell refer to: reference position and unit [pix]."""

    x0: float
    y0: float
    scale: float

    def coordinates(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions in units of the planes."""
        return (x - self.x0) / self.scale, (y - self.y0) / self.scale


class Attempt(NamedTuple):
    """A PSF made from stars.

    psf : in its form, size and norm. score : on the held-out stars.
    stars : rows (dtype `select.STAR`) that made or tested it. weight : of each, 0 for held-out and clipped ones.
    background : level of each star that was built from.
    """

    psf: Formed
    stars: np.ndarray
    weight: np.ndarray
    score: quality.Score
    background: np.ndarray

    @property
    def n_held(self) -> int:
        """Stars it was tested on."""
        return int(self.stars["held_out"].sum())

    def failure(self, settings: Psf) -> str:
        """Why the held-out stars reject it; empty when they do not, or are too few to decide."""
        rms, ee = self.score
        if self.n_held < DECIDING or rms is None:
            return ""
        problems = []
        if rms > settings.score_max_rms:
            problems.append(f"residual rms {rms:.3f} of the peak, at most {settings.score_max_rms}")
        if abs(ee) > settings.score_max_ee:
            problems.append(f"encircled energy off by {ee:+.3f}, at most {settings.score_max_ee}")
        return f"{self.n_held} held-out stars: {', '.join(problems)}" if problems else ""

    def rows(self, band: str) -> np.ndarray:
        """Its stars as the table of the PSF file has them, dtype `store.STARS`."""
        rows = np.zeros(len(self.stars), STARS)
        for name in ("star_id", "x", "y", "held_out"):
            rows[name] = self.stars[name]
        rows["band"], rows["weight"], rows["used"] = band, self.weight, self.weight > 0
        rows["pooled_from"] = self.stars["cell"]
        return rows


def attempt(
    pool: Pool, stars: np.ndarray, neighbours: np.ndarray, frame: str | Path, place: Place, settings: Psf
) -> Attempt:
    """Build from one pool of `stars` (dtype `select.STAR`, all selected ones of the field) and score the result.

    Raises
    ------
    RunError : too few stars, or the method fails on them.
    """
    near = pool.nearness > (0.5 if settings.method == "epsfbuilder" else 0.0)
    part, nearness = stars[near], pool.nearness[near]
    building = ~part["held_out"]
    if building.sum() < settings.min_stars:
        raise RunError(f"{building.sum()} stars within reach, {settings.min_stars} are needed")
    with clock("stamps"):
        stamps = read_stamps(frame, part, neighbours, settings.stamp_size, settings.background)
    fwhm = FWHM_PER_HLR * float(np.median(part["hlr"]))
    u, v = place.coordinates(stamps.x, stamps.y)
    psf, weight, background = _build(
        stamps.take(building), u[building], v[building], nearness[building], fwhm, settings
    )
    # stars far outside say nothing about this cell's PSF, so only those that count for it are asked
    asked = part["held_out"] & (nearness >= 0.5)
    with clock("score"):
        score = quality.score(stamps.take(asked), psf.planes, u[asked], v[asked], fwhm, settings)
    full = np.zeros(len(part))
    full[building] = weight
    keep = building | asked
    return Attempt(psf, part[keep], full[keep], score, background)


@clock("build")
def _build(
    stamps: Stamps, u: np.ndarray, v: np.ndarray, nearness: np.ndarray, fwhm: float, settings: Psf
) -> tuple[Formed, np.ndarray, np.ndarray]:
    """The PSF in its form, the stars' weights and background levels."""
    if settings.method == "epsfbuilder":
        found, background = builder.build(stamps, fwhm, settings)
        weight = np.ones(len(u))
    else:
        linear = settings.variation == "linear" and len(u) >= settings.linear_min_stars
        try:
            built = stack.build(stamps, u, v, fwhm, settings, linear, nearness)
        except np.linalg.LinAlgError as error:
            raise RunError(f"the fit of {len(u)} stars failed ({error})") from None
        weight, background = built.weight, built.background
        if not weight.any():
            raise RunError("none of them has a positive flux")
        found = _stacked(built, settings)
    psf = in_form(found, settings)
    if not all(np.isfinite(part).all() for part in (psf.planes, psf.fine, psf.wings) if part is not None):
        raise RunError("the PSF has pixels that are not numbers")
    return psf, weight, background


def _stacked(built: stack.Result, settings: Psf) -> Found:
    """A stack knows its Moffat: it is drawn anew wherever more than the stamp is wanted."""
    rows = components.of_moffat(built.moffat, built.share)
    if settings.form == "oversampled":
        return Found(built.planes, refined(built.planes, rows, settings.oversampling), settings.oversampling)
    return Found(built.planes, rows=rows if settings.form == "hybrid" else None)
