"""The stars of one cell and band, taken from the frame again for the figures, and the PSF fitted to each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..config.psf import Psf
from ..psf import grid, quality, store
from ..psf.stamps import Stamps, read_stamps
from ..psf.starfit import StarFit
from ..psf.stars import read_stars

FEWEST_PIXELS = 12  # a star with fewer good pixels in its core has no fit to draw


class BandStars(NamedTuple):
    """One band of a cell.

    rows : dtype `store.STARS`, shape (n,), highest weight first, held-out stars last. total : stars in all.
    made_from : False when the PSF was made without stars, and the rows are the cell's selected stars all the same.
    stamps : their pixels, None without stars. light : (n, size, size), the PSF at each star for unit flux.
    fits : flux and offset of each star. background : level of each star's annulus, shape (n,).
    """

    cell: str
    psf: store.BandPsf
    rows: np.ndarray
    total: int
    made_from: bool = True
    stamps: Stamps | None = None
    light: np.ndarray | None = None
    fits: StarFit | None = None
    background: np.ndarray | None = None

    @property
    def held_out(self) -> np.ndarray:
        """Stars that tested the PSF, bool (n,)."""
        return self.rows["held_out"]

    @property
    def used(self) -> np.ndarray:
        """Stars that made the PSF, bool (n,)."""
        return self.rows["used"] & ~self.rows["held_out"]

    @property
    def foreign(self) -> np.ndarray:
        """Stars of other cells, bool (n,)."""
        return ~np.isin(self.rows["pooled_from"], ("", self.cell))

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
    cell: str,
    epsf: str | Path,
    frames: Sequence[str | Path],
    stars: Sequence[str | Path],
    settings: Psf,
    most: int,
) -> list[BandStars]:
    """All bands of a cell, with at most `most` stars each.

    Parameters
    ----------
    epsf : `epsf/{cell}.fits`. frames, stars : `frames/{band}.fits` and `stars/{band}.fits`, in band order.
    """
    table = store.read_stars(epsf)
    bands = []
    for psf, frame, path in zip(store.read(epsf), frames, stars, strict=False):
        known, neighbours = read_stars(path)
        rows = table[table["band"] == psf.band]
        band = BandStars(cell, psf, rows, len(rows), made_from=len(rows) > 0)
        if not len(rows):
            rows = _selected(cell, psf.band, known)
            band = band._replace(rows=rows, total=len(rows))
        bands.append(_with_stamps(_thinned(band, most), known, neighbours, frame, settings))
    return bands


def _selected(cell: str, band: str, known: np.ndarray) -> np.ndarray:
    """The cell's selected stars as unused ones, dtype `store.STARS`."""
    chosen = known[known["selected"] & (known["cell"] == cell)]
    chosen = chosen[np.argsort(-chosen["snr"], kind="stable")]
    rows = np.zeros(len(chosen), store.STARS)
    for name in ("star_id", "x", "y"):
        rows[name] = chosen[name]
    rows["band"], rows["pooled_from"] = band, cell
    return rows


def _thinned(band: BandStars, most: int) -> BandStars:
    """In the order of drawing, and at most `most` stars, as many of them held out as in the whole."""
    rows = band.rows[np.lexsort((-band.rows["weight"], band.rows["held_out"]))]
    if len(rows) > most:
        held = rows["held_out"]
        keep = int(np.ceil(most * held.mean()))
        rows = np.concatenate([rows[~held][: most - keep], rows[held][:keep]])
    return band._replace(rows=rows)


def _with_stamps(
    band: BandStars, known: np.ndarray, neighbours: np.ndarray, frame: str | Path, settings: Psf
) -> BandStars:
    """The band with the stamps of its stars, and the PSF fitted to each; without those that have no pixels."""
    if not len(band.rows):
        return band
    stars = known[np.searchsorted(known["star_id"], band.rows["star_id"])]
    stamps = read_stamps(frame, stars, neighbours, settings.stamp_size, settings.background)
    core = grid.radii(settings.stamp_size) < settings.stamp_size // 4
    seen = (stamps.good & core).sum((1, 2)) >= FEWEST_PIXELS
    if not seen.any():
        return band._replace(rows=band.rows[:0])
    stamps, psf = stamps.take(seen), band.psf
    u, v = (stamps.x - psf.x0) / psf.scale, (stamps.y - psf.y0) / psf.scale
    fits, background, light = quality.match(stamps, psf.planes, u, v, settings)
    return band._replace(rows=band.rows[seen], stamps=stamps, light=light, fits=fits, background=background)


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
    psf = band.psf
    if band.made_from:
        text = f"{psf.band}: {psf.method}, {psf.n_stars} stars, {psf.n_held} held out"
    else:
        text = f"{psf.band}: {psf.method}{' (FALLBACK)' if psf.fallback else ''}, made without stars"
        text += "; drawn: the cell's selected stars" if len(band.rows) else ""
    if psf.pooled:
        text += f", {band.foreign.sum()} of those drawn from other cells"
    if len(band.rows) < band.total:
        text += f", {len(band.rows)} of {band.total} drawn"
    return text + (f"; {psf.reason}" if psf.reason else "")
