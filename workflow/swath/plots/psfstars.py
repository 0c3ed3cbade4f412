"""The stars of one cell and band, taken from the frame again for the figures, and the PSF fitted to each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from ..psf import grid, stack, store
from ..psf.joint import StarFit
from ..psf.stamps import Stamps, local_background, read_stamps
from ..psf.stars import read_stars

ROUNDS = 4  # flux, position and background of a star settle to 1e-3 of the noise in three
FEWEST_PIXELS = 12  # a star with fewer good pixels in its core has no fit to draw


class BandStars(NamedTuple):
    """One band of a cell.

    rows : dtype `store.STARS`, shape (n,), brightest weight first, held-out stars last. total : stars in all.
    stamps : their pixels, None without stars. light : (n, size, size), the PSF at each star for unit flux.
    fits : flux and offset of each star. background : level of each star's annulus, shape (n,).
    """

    psf: store.BandPsf
    rows: np.ndarray
    total: int
    stamps: Stamps | None = None
    light: np.ndarray | None = None
    fits: StarFit | None = None
    background: np.ndarray | None = None

    @property
    def residual(self) -> np.ndarray:
        """Data without background and star, (n, size, size); NaN where masked."""
        level = self.background[:, None, None] + self.fits.flux[:, None, None] * self.light
        return np.where(self.stamps.good, self.stamps.data - level, np.nan)

    @property
    def noise(self) -> np.ndarray:
        """Standard deviation of sky and star, (n, size, size)."""
        own = np.maximum(self.fits.flux[:, None, None] * self.light, 0)
        return np.sqrt(self.stamps.variance + own / self.stamps.gain)


def read_cell(
    epsf: str | Path, frames: Sequence[str | Path], stars: Sequence[str | Path], settings: Psf, most: int
) -> list[BandStars]:
    """All bands of a cell.

    Parameters
    ----------
    epsf : `epsf/{cell}.fits`. frames, stars : `frames/{band}.fits` and `stars/{band}.fits`, in band order.
    most : stars kept per band.
    """
    table = store.read_stars(epsf)
    files = zip(store.read(epsf), frames, stars, strict=False)
    return [read_band(psf, table[table["band"] == psf.band], *paths, settings, most) for psf, *paths in files]


def read_band(
    psf: store.BandPsf, rows: np.ndarray, frame: str | Path, stars: str | Path, settings: Psf, most: int
) -> BandStars:
    """One band: its stamps, and the PSF fitted to each of them in flux and position.

    Parameters
    ----------
    rows : the band's stars, dtype `store.STARS`.
    """
    order = np.lexsort((rows["star_id"], -rows["weight"], rows["held_out"]))
    chosen = rows[order]
    if len(chosen) > most:  # keep the share of held-out stars
        held = chosen["held_out"]
        keep = int(np.ceil(most * held.mean()))
        chosen = np.concatenate([chosen[~held][: most - keep], chosen[held][:keep]])
    if not len(chosen):
        return BandStars(psf, chosen, len(rows))
    table, neighbours = read_stars(stars)
    known = table[np.searchsorted(table["star_id"], chosen["star_id"])]
    stamps = read_stamps(frame, known, neighbours, settings.stamp_size, settings.background)
    core = grid.radii(settings.stamp_size) < settings.stamp_size // 4
    seen = (stamps.good & core).sum((1, 2)) >= FEWEST_PIXELS
    if not seen.any():
        return BandStars(psf, chosen[:0], len(rows))
    return fit_stars(psf, chosen[seen], len(rows), stamps.take(seen), settings)


def fit_stars(psf: store.BandPsf, rows: np.ndarray, total: int, stamps: Stamps, settings: Psf) -> BandStars:
    """Fit flux, position and background of every star with the finished PSF."""
    planes = np.stack([grid.resize(psf.at(x, y), stamps.size) for x, y in zip(stamps.x, stamps.y, strict=True)])
    dx, dy = stamps.offset
    near = (stamps.data * grid.disk(stamps.size, 3)).sum((1, 2)) / (planes * grid.disk(stamps.size, 3)).sum((1, 2))
    fits = StarFit(np.maximum(near, 1e-6), dx, dy)
    for _ in range(ROUNDS):
        light = grid.shift(planes, fits.dx, fits.dy)
        background = local_background(stamps, fits.flux[:, None, None] * light, settings.local_background)
        fits = stack.refine(stamps, background, light, fits)
    light = grid.shift(planes, fits.dx, fits.dy)
    return BandStars(psf, rows, total, stamps, light, fits, background)


def encircled(band: BandStars, radii: np.ndarray) -> np.ndarray:
    """Light of every star within `radii` [pix] over that within the norm radius, shape (n, len(radii)).

    Masked pixels are taken from the model.
    """
    fits, size = band.fits, band.stamps.size
    unit = np.where(np.isfinite(band.residual), band.residual, 0) / fits.flux[:, None, None] + band.light
    x, y = grid.offsets(size)
    distance = np.hypot(x - fits.dx[:, None, None], y - fits.dy[:, None, None])
    inside = np.array([(np.clip(r + 0.5 - distance, 0, 1) * unit).sum((1, 2)) for r in radii]).T
    norm = (np.clip(band.psf.norm_radius + 0.5 - distance, 0, 1) * unit).sum((1, 2))
    return inside / norm[:, None]


def psf_encircled(psf: store.BandPsf, radii: np.ndarray) -> np.ndarray:
    """The same for the PSF at the cell's reference position, shape (len(radii),)."""
    image = psf.planes[0]
    size = image.shape[-1]
    inside = np.array([(grid.disk(size, r) * image).sum() for r in radii])
    return inside / (grid.disk(size, psf.norm_radius) * image).sum()


def headline(band: BandStars) -> str:
    """Band, method and how many stars, in one line; why, for a PSF that was not made from the cell's own stars."""
    psf, rows = band.psf, band.rows
    own = rows["pooled_from"] == ""
    text = f"{psf.band}: {psf.method}, {psf.n_stars} stars, {psf.n_held} held out"
    if psf.pooled:
        text += f", {np.sum(~own)} from other cells"
    if len(rows) < band.total:
        text += f", {len(rows)} of {band.total} drawn"
    if psf.fallback:
        text += " — FALLBACK"
    return text + (f" ({psf.reason})" if psf.reason else "")
