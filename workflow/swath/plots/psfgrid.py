"""The PSFs of a whole tile: every cell in its place, every band, with the scores on held-out stars."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import AsinhNorm, Normalize
from matplotlib.lines import Line2D

from ..psf.quality import facts
from ..psf.store import BandPsf, read
from ..psf.words import score_text
from . import style
from .arrays import cutout
from .style import Sheet

Cells = Mapping[tuple[int, int], BandPsf]
WIDTH, GAP, LEFT, TOP, HEAD, FOOT = 5.2, 0.04, 0.35, 0.75, 0.35, 0.85  # inches; WIDTH: of one band's block
LARGE, SMALL = 1.7, 0.9  # inches: largest tile; least tile whose words fit in
REACH = 2.0  # FWHM: half of what is drawn of a PSF
FRAMES = {
    "made from the cell's own stars": style.GOOD,
    "with stars of other cells": style.POOLED,
    "fallback": style.BAD,
    "supplied": "deepskyblue",
}


def draw_psf_grid(
    epsfs: Mapping[str, str | Path],
    bands: Sequence[str],
    output: str | Path,
    dpi: int,
    added: Mapping[str, str | Path] | None = None,
) -> None:
    """Draw the PSF of every cell and band, and where there are several cells what each differs from their mean by.

    Parameters
    ----------
    epsfs : tag of the cell -> `epsf/{cell}.fits`. bands : in order. added : as `epsfs`, for added bands.
    """
    files = {tag: [path, *([added[tag]] if added else [])] for tag, path in epsfs.items()}
    cells = {_place(tag): {psf.band: psf for path in paths for psf in read(path)} for tag, paths in files.items()}
    by_band = {band: {place: psfs[band] for place, psfs in cells.items() if band in psfs} for band in bands}
    rows, columns = (sorted({place[axis] for place in cells}) for axis in (0, 1))
    tile = min(WIDTH / max(len(columns), 1), LARGE)
    several = len(cells) > 1
    side = 2 if several else min(max(len(bands), 1), 5)
    block = max(tile * max(len(columns), 1), LARGE)
    high = tile * max(len(rows), 1) + HEAD
    lines = len(bands) if several else -(-len(bands) // side)
    sheet = Sheet(max(LEFT + side * (block + 0.35), 7.2), TOP + max(lines, 1) * high + FOOT, dpi)
    made = {_kind(psf) for psfs in by_band.values() for psf in psfs.values()}
    _heads(sheet, len(cells), tile, made)
    largest = _largest(by_band) if several else 0.0
    for index, (band, psfs) in enumerate(by_band.items()):
        line, column = (index, 0) if several else divmod(index, side)
        left, top = LEFT + column * (block + 0.35), TOP + line * high + HEAD
        sheet.text(left, top - 0.05, headline(band, psfs), style.SMALL, va="bottom")
        _block(sheet, psfs, rows, columns, left, top, tile, None)
        if several:
            sheet.text(left + block + 0.35, top - 0.05, "PSF - mean of the cells", style.SMALL, va="bottom")
            _block(sheet, psfs, rows, columns, left + block + 0.35, top, tile, largest)
    _foot(sheet, largest)
    sheet.save(output)


def headline(band: str, psfs: Cells) -> str:
    """Band, cells and how many of them are pooled, fallbacks, without a score; the median of the scores."""
    if len(psfs) == 1:
        return band
    parts = [f"{band}: {len(psfs)} PSFs"]
    for name, flags in (
        ("pooled", [p.pooled for p in psfs.values()]),
        ("fallback", [p.fallback for p in psfs.values()]),
    ):
        parts += [f"{sum(flags)} {name}"] if any(flags) else []
    scores = [psf.rms_score for psf in psfs.values() if psf.rms_score is not None]
    parts += [f"{len(psfs) - len(scores)} without a score"] if len(scores) < len(psfs) else []
    parts += [f"median {_brief(float(np.median(scores)))}"] if scores else []
    return ", ".join(parts)


def tile_words(psf: BandPsf) -> str:
    """Width, stars and score of one PSF, a line each."""
    made = f"{psf.n_stars} stars, {psf.n_held} held out" if psf.n_stars else psf.method
    if psf.rms_score is not None:
        score = score_text(psf.rms_score)
    else:
        score = "no score: too few stars" if psf.n_held == 0 and psf.n_stars else "no score"
    return f"FWHM {facts(psf.planes[0])['fwhm_pix']:.2f} pix\n{made}\n{score}"


def _brief(score: float | None) -> str:
    if score is None:
        return "no score"
    return "noise" if score == 0 else f"{score:.3f}"


def _place(tag: str) -> tuple[int, int]:
    row, column = re.fullmatch(r"r(\d+)_c(\d+)", tag).groups()
    return int(row), int(column)


def _images(psfs: Cells) -> dict[tuple[int, int], np.ndarray]:
    """Central parts of the PSFs at the cells' centres, all of one size, over their peaks."""
    width = float(np.median([facts(psf.planes[0])["fwhm_pix"] for psf in psfs.values()])) if psfs else 3.0
    size = 2 * int(np.ceil(REACH * width)) + 1
    return {place: _middle(psf.planes[0], size) / psf.planes[0].max() for place, psf in psfs.items()}


def _middle(plane: np.ndarray, size: int) -> np.ndarray:
    half = plane.shape[-1] // 2
    return cutout(plane, half, half, size)


def _largest(by_band: Mapping[str, Cells]) -> float:
    """The end of the scale of the differences, over the peak: common to all bands."""
    ends = []
    for psfs in by_band.values():
        images = np.array(list(_images(psfs).values()))
        if len(images):
            ends.append(style.symmetric(images - images.mean(axis=0), 99.5, 0.01).vmax)
    return float(np.median(ends)) if ends else 0.01


def _block(
    sheet: Sheet, psfs: Cells, rows: Sequence[int], columns: Sequence[int], left: float, top: float, tile: float,
    largest: float | None,
) -> None:  # fmt: skip
    """One band: the cells as they lie on the image, row 0 at the bottom; differences from the mean with `largest`."""
    images = _images(psfs)
    mean = np.mean(list(images.values()), axis=0) if images else 0.0
    frames, colours = [], []
    for place, image in images.items():
        x = left + columns.index(place[1]) * tile
        y = top + (len(rows) - 1 - rows.index(place[0])) * tile
        difference = largest is not None
        painted = (
            style.paint(image - mean, Normalize(-largest, largest), style.RESIDUAL)
            if difference
            else style.paint(image, _norm(), style.STAMP)
        )
        placed = sheet.picture(painted, x, y, tile - GAP, tile - GAP)
        size = image.shape[-1]
        corners = np.array([(0, 0), (size, 0), (size, size), (0, size), (0, 0)]) - 0.5
        frames.append(np.stack(placed.at(corners[:, 0], corners[:, 1]), axis=1))
        colours.append(FRAMES[_kind(psfs[place])])
        if not difference:
            words = tile_words(psfs[place]) if tile == LARGE else _brief(psfs[place].rms_score)
            sheet.text(x + 0.04, y + 0.03, words, style.SMALL if tile >= SMALL else style.TINY, color="white")
        elif tile >= SMALL:
            sheet.text(x + 0.04, y + 0.03, f"r{place[0]:02d}_c{place[1]:02d}", style.SMALL)
    sheet.ground.add_collection(LineCollection(frames, colors=colours, linewidths=1.4), autolim=False)


def _kind(psf: BandPsf) -> str:
    if psf.fallback:
        return "fallback"
    if psf.method == "supplied":
        return "supplied"
    return "with stars of other cells" if psf.pooled else "made from the cell's own stars"


def _norm() -> AsinhNorm:
    return AsinhNorm(0.01, vmin=-0.02, vmax=1.0)


def _heads(sheet: Sheet, count: int, tile: float, made: Collection[str]) -> None:
    sheet.text(0.15, 0.1, f"PSFs of {count} cell{'s' if count != 1 else ''}", style.TITLE)
    about = "Cells lie as on the image, row r00 at the bottom. " if count > 1 else ""
    about += f"The {'last line' if tile == LARGE else 'number'} is the score: residual rms on held-out stars / peak, "
    about += "their noise taken off" + ("" if tile == LARGE else " (noise: no excess over it)")
    sheet.text(0.15, 0.32, about)
    handles = [Line2D([], [], color=colour, lw=2, label=name) for name, colour in FRAMES.items() if name in made]
    sheet.legend(handles, 0.15, 0.5, columns=4, dark=False)


def _foot(sheet: Sheet, largest: float) -> None:
    place = sheet.height - 0.6
    sheet.bar(ScalarMappable(_norm(), style.colours(style.STAMP)), LEFT, place, 2.8, 0.12, "PSF / peak")
    if largest:
        bar = ScalarMappable(Normalize(-largest, largest), style.colours(style.RESIDUAL))
        sheet.bar(bar, LEFT + 3.4, place, 2.8, 0.12, "difference / peak")
