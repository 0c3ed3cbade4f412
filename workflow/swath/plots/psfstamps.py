"""Star by star: the stamps that a PSF was made from, and the background around each star."""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import AsinhNorm, Normalize
from matplotlib.lines import Line2D

from ..config.psf import Psf
from ..psf.stamps import annulus
from . import style
from .arrays import Mosaic, mosaic, rows_of
from .psfstars import BandStars, headline
from .style import Placed, Sheet

WIDTH, HEAD, LEFT, TOP, FOOT = 10.8, 0.22, 0.15, 0.55, 0.75  # inches
GAP = 2  # pixels between tiles
KINDS = {
    "used": "none",
    "held out": "deepskyblue",
    "clipped": "red",
    "from another cell": "orange",
    "PSF made without it": "violet",
}


def draw_stars(cell: str, bands: Sequence[BandStars], settings: Psf, dpi: int, colorbar: bool) -> Sheet:
    """Stamps of the PSF stars over the peak of the fitted PSF; frames tell held-out, clipped and pooled ones."""
    norm = AsinhNorm(0.01, vmin=-0.02, vmax=1.0)
    columns = 12
    sheet, tops = _sheet(bands, 1, columns, dpi)
    for band, top in zip(bands, tops, strict=True):
        if not len(band.rows):
            continue
        peak = band.fits.flux * band.light.max((1, 2))
        scaled = (band.stamps.data - band.background[:, None, None]) / peak[:, None, None]
        tiles = mosaic(style.paint(np.where(band.stamps.good, scaled, np.nan), norm, style.STAMP), columns, GAP)
        placed = _place(sheet, tiles, top)
        _frame(sheet, placed, tiles, kinds(band))
        _label(sheet, placed, tiles, [str(star_id) for star_id in band.rows["star_id"]], "white")
    sheet.text(LEFT, 0.12, f"PSF stars of cell {cell}", style.TITLE)
    size = f"{settings.stamp_size} x {settings.stamp_size} pix"
    sheet.text(LEFT, 0.34, f"{size}; number: star_id of stars/<band>.fits; grey: masked; held-out stars last")
    drawn = {kind for band in bands if len(band.rows) for kind in kinds(band)} - {"used"}
    handles = [Line2D([], [], color=colour, lw=2, label=kind) for kind, colour in KINDS.items() if kind in drawn]
    if handles:
        sheet.figure.legend(handles=handles, loc="upper right", ncols=4, fontsize=style.SMALL, borderaxespad=0.3)
    _foot(sheet, norm, style.STAMP, "flux / peak of the fitted PSF", colorbar)
    return sheet


def draw_local_background(cell: str, bands: Sequence[BandStars], settings: Psf, dpi: int, colorbar: bool) -> Sheet:
    """Every star three times: as cut out, its annulus without the star's own light, and with the level taken off."""
    norm = Normalize(-5.0, 5.0)
    columns = 12
    sheet, tops = _sheet(bands, 3, columns, dpi)
    for band, top in zip(bands, tops, strict=True):
        if not len(band.rows):
            continue
        sky = _sky_sigma(band)
        tiles = mosaic(style.paint(_triples(band, settings, sky), norm, style.LEVEL), columns, GAP)
        placed = _place(sheet, tiles, top)
        _label(sheet, placed, tiles, [f"{level:+.3f}" for level in band.background / sky], "black", middle=True)
    local = settings.local_background
    done = f"subtracted, annulus {local.rin_pix:g} to {local.rout_pix:g} pix (clamped to the stamp)"
    done = done if local.enabled else "not subtracted: psf.local_background.enabled is false"
    parts = "from top to bottom: raw, annulus without the star's light with its level in sky sigma, subtracted"
    sheet.text(LEFT, 0.12, f"Local background of the PSF stars of cell {cell}", style.TITLE)
    sheet.text(LEFT, 0.34, f"{parts}; {done}")
    _foot(sheet, norm, style.LEVEL, "flux per pixel / sky sigma", colorbar)
    return sheet


def kinds(band: BandStars) -> list[str]:
    """What each star was to the PSF: one of KINDS."""
    without = np.full(len(band.rows), not band.made_from)
    cases = [without, band.held_out, ~band.rows["used"], band.foreign]
    return list(np.select(cases, ["PSF made without it", "held out", "clipped", "from another cell"], "used"))


def _triples(band: BandStars, settings: Psf, sky: np.ndarray) -> np.ndarray:
    """Raw, annulus and subtracted, one above the other, in units of the sky's sigma: (n, 3 size + 2 gaps, size)."""
    stamps = band.stamps
    ring = annulus(stamps.size, settings.local_background)
    level = band.background[:, None, None]
    around = np.where(ring, stamps.data - band.fits.flux[:, None, None] * band.light, np.nan)
    parts = [np.where(stamps.good, part, np.nan) for part in (stamps.data - level, around, stamps.data)]
    return np.concatenate(parts, axis=1) / sky[:, None, None]


def _sky_sigma(band: BandStars) -> np.ndarray:
    """Median noise of the sky in each stamp, shape (n,)."""
    variance = np.where(band.stamps.good, band.stamps.variance, np.nan).reshape(len(band.rows), -1)
    return np.sqrt(np.nanmedian(variance, axis=1))


def _sheet(bands: Sequence[BandStars], high: int, columns: int, dpi: int) -> tuple[Sheet, list[float]]:
    """A sheet with a headline per band, and where the lines of `columns` tiles (`high` stamps each) begin [inches]."""
    line = WIDTH / columns * high
    heights = [HEAD + (line * rows_of(len(band.rows), columns) if len(band.rows) else 0.0) for band in bands]
    sheet = Sheet(2 * LEFT + WIDTH, TOP + sum(heights) + FOOT, dpi)
    tops = []
    for index, band in enumerate(bands):
        tops.append(TOP + sum(heights[:index]) + HEAD)
        nothing = "" if len(band.rows) else "; no star to draw"
        sheet.text(LEFT, tops[-1] - 0.03, headline(band) + nothing, va="bottom")
    return sheet, tops


def _place(sheet: Sheet, tiles: Mosaic, top: float) -> Placed:
    """Draw tiles over the full width."""
    height = WIDTH * tiles.image.shape[0] / tiles.image.shape[1]
    return sheet.picture(tiles.image, LEFT, top, WIDTH, height)


def _frame(sheet: Sheet, placed: Placed, tiles: Mosaic, kind: list[str]) -> None:
    """Frames around the tiles in the colours of their kinds."""
    height, width = tiles.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height), (0, 0)])
    lines = [
        np.stack(placed.at(corners[:, 0] + x, corners[:, 1] + y), axis=1)
        for x, y in zip(tiles.left, tiles.bottom, strict=True)
    ]
    paint = [KINDS[name] for name in kind]
    sheet.ground.add_collection(LineCollection(lines, colors=paint, linewidths=1.5), autolim=False)


def _label(
    sheet: Sheet, placed: Placed, tiles: Mosaic, texts: Sequence[str], colour: str, middle: bool = False
) -> None:  # fmt: skip
    """A short text in the lower left corner of every tile, or in its middle."""
    height, width = tiles.size
    dx, dy = (width / 2, height / 2) if middle else (2, 2)
    look = {"ha": "center", "va": "center", "fontsize": style.LABEL} if middle else {"fontsize": style.TINY}
    for text, x, y in zip(texts, tiles.left, tiles.bottom, strict=True):
        sheet.ground.text(*placed.at(x + dx, y + dy), text, color=colour, **look)


def _foot(sheet: Sheet, norm: Normalize, colour: str, label: str, colorbar: bool) -> None:
    if colorbar:
        sheet.bar(ScalarMappable(norm, style.colours(colour)), LEFT, sheet.height - 0.6, 4.0, 0.12, label)
