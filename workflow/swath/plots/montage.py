"""Data, model and residual of every source of a patch, in every band."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection

from ..config.figures import Montage
from ..flags import names
from . import style
from .arrays import Mosaic, cutout, mosaic
from .rendering import Drawn, positions
from .style import Placed, Sheet

GAP, HEAD, TOP, FOOT, MARGIN = 3, 0.2, 0.75, 0.75, 0.15  # pixels between tiles; inches
WIDEST, TILES = 30.0, (0.42, 0.8)  # inches: the figure; least and largest side of a cutout
KINDS = ("data", "model", "residual")


def draw_montage(drawn: Drawn, settings: Montage, dpi: int) -> Sheet:
    """One row per owned source: data, model and residual / sigma, band after band, around its fitted position.

    Data and model of a source and band share one linear scale; its ends are written into the model.
    """
    rows = drawn.owned
    last = len(rows) if settings.max_sources is None else settings.start + settings.max_sources
    numbers = np.arange(len(rows))[settings.start : last]
    columns = 3 * len(drawn.bands)
    tile = float(np.clip(WIDEST / columns, *TILES))
    sheet = Sheet(max(2 * MARGIN + columns * tile, 7.5), TOP + max(len(numbers), 1) * (tile + HEAD) + FOOT, dpi)
    _headlines(sheet, drawn, f"{len(numbers)} of {len(rows)} owned sources", tile, settings.cutout_size)
    if not len(numbers):
        style.say(sheet.axes(MARGIN, TOP, sheet.width - 2 * MARGIN, tile), "no owned source to draw")
        return sheet
    x, y = positions(drawn, rows)
    cuts = [_cutouts(drawn, x[number], y[number], settings.cutout_size) for number in numbers]
    norm = style.symmetric(np.array([cut[2] for cut in cuts]), settings.residual_percentile, 3.0)
    for line, (number, cut) in enumerate(zip(numbers, cuts, strict=True)):
        top = TOP + line * (tile + HEAD)
        sheet.text(MARGIN, top + HEAD - 0.03, f"{number + 1}: {title(rows[number])}", style.SMALL, va="bottom")
        ranges = [_range(data, model, settings) for data, model in zip(cut[0], cut[1], strict=True)]
        tiles = _row(cut, ranges, norm)
        placed = sheet.picture(tiles.image, MARGIN, top + HEAD, columns * tile, tile)
        _cross(sheet, placed, tiles, x[number] - np.rint(x[number]), y[number] - np.rint(y[number]))
        for (low, high), left in zip(ranges, tiles.left[1::3], strict=True):
            sheet.ground.text(*placed.at(left + 1, 0.5), f"{low:.3g} … {high:.3g}", color="white", fontsize=style.TINY)
    bar = ScalarMappable(norm, style.colours("RdBu_r"))
    sheet.bar(bar, MARGIN, sheet.height - 0.55, 3.0, 0.12, "residual: (data - model) / sigma")
    return sheet


def _headlines(sheet: Sheet, drawn: Drawn, counts: str, tile: float, size: int) -> None:
    """Title, what the rows show, and the band and kind above each column."""
    reason = f" ({drawn.reason})" if drawn.reason else ""
    scale = "data and model of a source and band share a scale, its ends [ct] are in the model"
    sheet.text(MARGIN, 0.1, f"Patch {drawn.payload.patch}: {counts}", style.TITLE)
    sheet.text(MARGIN, 0.32, f"fit: {drawn.status}{reason}; {size} x {size} pix; {scale}")
    for index, band in enumerate(drawn.bands):
        for kind, name in enumerate(KINDS):
            place = MARGIN + (3 * index + kind + 0.5) * tile
            text = f"{band} {name}" if tile > 0.6 else f"{band}\n{name}"
            sheet.text(place, TOP - 0.02, text, style.TINY + 1, ha="center", va="bottom")


def title(row: np.ndarray) -> str:
    """ID, model, chi2 per pixel over all bands, and the names of the flags."""
    npix = int(row["npix"].sum())
    reduced = f"chi2/npix {np.nansum(row['chi2']):.0f}/{npix}" if npix else "no pixel"
    flags = ", ".join(names(int(row["flags"]))) or "no flags"
    return f"{row['ID']}   {row['model']}   {reduced}   {flags}"


def _cutouts(drawn: Drawn, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Data, model and residual / sigma of all bands around their positions, (3, nband, size, size)."""
    x0, _, y0, _ = drawn.payload.roi
    images = np.stack([drawn.data, drawn.model, drawn.pulls])
    return np.stack([cutout(images[:, i], x[i] - x0, y[i] - y0, size) for i in range(len(x))], axis=1)


def _range(data: np.ndarray, model: np.ndarray, settings: Montage) -> tuple[float, float]:
    """Display range that holds the configured percentiles of data and model."""
    ranges = []
    if np.isfinite(data).any():
        ranges.append(style.limits(data, *settings.data_percentiles))
    if np.isfinite(model).any() and np.nanmax(np.abs(model)) > 0:
        ranges.append(style.limits(model, *settings.model_percentiles))
    lows, highs = zip(*(ranges or [(0.0, 1.0)]), strict=True)
    return min(lows), max(highs)


def _row(cut: np.ndarray, ranges: list[tuple[float, float]], norm: style.Normalize) -> Mosaic:
    """One source's cutouts, painted: data, model and residual of the first band, then of the next."""
    low, high = (np.array(ends)[None, :, None, None] for ends in zip(*ranges, strict=True))
    shown = style.paint((cut[:2] - low) / (high - low), style.Normalize(0, 1), "viridis")
    tiles = np.concatenate([shown, style.paint(cut[2:], norm, "RdBu_r")])
    tiles = tiles.swapaxes(0, 1).reshape(-1, *tiles.shape[2:])
    return mosaic(tiles, len(tiles), GAP)


def _cross(sheet: Sheet, placed: Placed, tiles: Mosaic, dx: np.ndarray, dy: np.ndarray) -> None:
    """Four short lines around the fitted position in the data and residual of every band."""
    height, width = tiles.size
    arms = np.array([[(4, 0), (8, 0)], [(-8, 0), (-4, 0)], [(0, 4), (0, 8)], [(0, -8), (0, -4)]], float)
    lines, paint = [], []
    for index in range(len(dx)):
        for kind, colour in ((0, "white"), (2, "black")):
            tile = 3 * index + kind
            middle = tiles.left[tile] + 0.5 + width // 2 + dx[index], tiles.bottom[tile] + 0.5 + height // 2 + dy[index]
            lines += list(np.stack(placed.at(*np.moveaxis(arms + middle, -1, 0)), axis=-1))
            paint += [colour] * 4
    sheet.ground.add_collection(LineCollection(lines, colors=paint, linewidths=0.6), autolim=False)
