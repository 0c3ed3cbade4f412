"""Data, model and residual of chosen sources, in every band."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection

from ..config.figures import Montage
from ..flags import names
from . import style
from .arrays import Mosaic, cutout, mosaic
from .choice import order, signal_to_noise
from .rendering import Drawn, positions
from .style import Placed, Sheet

GAP, HEAD, TOP, FOOT, MARGIN = 3, 0.2, 0.75, 0.75, 0.15  # pixels between tiles; inches
WIDEST, TILES = 30.0, (0.42, 0.8)  # inches: the figure; least and largest side of a cutout
KINDS = ("data", "model", "residual")
SCALE = "data and model of a source and band share a scale, its ends [ct] are in the model"


class Cutouts(NamedTuple):
    """What is drawn of a source: images (3, nband, size, size), and the fitted position from the middle pixel [pix]."""

    title: str
    images: np.ndarray
    dx: np.ndarray
    dy: np.ndarray


def draw_montage(drawn: Drawn, settings: Montage, dpi: int) -> Sheet:
    """One row per chosen source of a patch, numbered as in the patch's overview."""
    rows = drawn.owned
    chosen = _chosen(rows, settings)
    sources = [
        cut(drawn, rows[[number]], settings.cutout_size, f"{number + 1}: {title(rows[number])}") for number in chosen
    ]
    reason = f" ({drawn.reason})" if drawn.reason else ""
    head = f"Patch {drawn.payload.patch}: {_counted(len(chosen), len(rows), settings)}"
    about = f"fit: {drawn.status}{reason}; numbers: as in the patch's overview; {alone(drawn.scene['x'].ndim == 2)}"
    return draw_sources(sources, drawn.bands, head, about, settings, dpi)


def draw_sources(
    sources: Sequence[Cutouts], bands: Sequence[str], head: str, about: str, settings: Montage, dpi: int
) -> Sheet:
    """One row per source: data, model and residual / sigma, band after band, around its position in that band.

    Data and model of a source and band share one linear scale; its ends are written into the model.
    """
    columns = 3 * len(bands)
    tile = float(np.clip(WIDEST / columns, *TILES))
    sheet = Sheet(max(2 * MARGIN + columns * tile, 7.5), TOP + max(len(sources), 1) * (tile + HEAD) + FOOT, dpi)
    sheet.text(MARGIN, 0.1, head, style.TITLE)
    sheet.text(MARGIN, 0.32, f"{about}{settings.cutout_size} x {settings.cutout_size} pix; {SCALE}")
    if not sources:
        style.say(sheet.axes(MARGIN, TOP, sheet.width - 2 * MARGIN, tile), "no source to draw")
        return sheet
    _column_heads(sheet, bands, tile)
    norm = style.symmetric(np.array([source.images[2] for source in sources]), settings.residual_percentile, 3.0)
    for line, source in enumerate(sources):
        _draw_source(sheet, source, TOP + line * (tile + HEAD), tile, norm, settings)
    bar = ScalarMappable(norm, style.colours(style.RESIDUAL))
    sheet.bar(bar, MARGIN, sheet.height - 0.55, 3.0, 0.12, "residual: (data - model) / sigma")
    return sheet


def alone(single_band: bool) -> str:
    """What is to be known of a montage where each band was fitted alone, for the line below its title."""
    return "each band at its own fitted position; " if single_band else ""


def cut(drawn: Drawn, row: np.ndarray, size: int, text: str) -> Cutouts:
    """Data, model and residual / sigma of all bands around the position in each of them of a scene row, shape (1,)."""
    x, y = (values[0] for values in positions(drawn, row))
    x0, _, y0, _ = drawn.payload.roi
    parts = [
        np.stack([cutout(image[i], x[i] - x0, y[i] - y0, size) for i in range(len(x))])
        for image in (drawn.data, drawn.model, drawn.pulls)
    ]
    return Cutouts(text, np.stack(parts), x - np.rint(x), y - np.rint(y))


def title(row: np.ndarray) -> str:
    """ID, model, chi2 per pixel and signal to noise of all bands together, and the names of the flags."""
    npix = int(row["npix"].sum())
    reduced = f"chi2/npix {np.nansum(row['chi2']):.0f}/{npix}" if npix else "no pixel"
    snr = float(signal_to_noise(row["flux"][None], row["flux_err"][None])[0])
    flags = ", ".join(names(int(row["flags"]))) or "no flags"
    return f"{row['ID']}   {row['model']}   {reduced}   S/N {snr:.{0 if snr >= 10 else 1}f}   {flags}"


def _chosen(rows: np.ndarray, settings: Montage) -> np.ndarray:
    """Which of a patch's sources are drawn, in order."""
    columns = (rows[name] for name in ("flux", "flux_err", "chi2", "npix", "ID"))
    found = order(settings.choice, *columns, settings.ids)[settings.start :]
    return found if settings.max_sources is None else found[: settings.max_sources]


def _counted(shown: int, total: int, settings: Montage) -> str:
    """How many of a patch's sources are drawn; where not all of them are, which keys say so."""
    how = {"row": "", "snr": ", highest S/N first", "chi2": ", worst chi2 first", "id": " (figures.montage.ids)"}
    text = f"{shown} of {total} owned sources{how[settings.choice]}"
    if settings.choice == "id" or shown == total:
        return text
    start = f", start: {settings.start}" if settings.start else ""
    return f"{text} (figures.montage.max_sources: {settings.max_sources or 'null'}{start})"


def _column_heads(sheet: Sheet, bands: Sequence[str], tile: float) -> None:
    """Band and kind above each column."""
    for index, band in enumerate(bands):
        for kind, name in enumerate(KINDS):
            text = f"{band} {name}" if tile > 0.6 else f"{band}\n{name}"
            place = MARGIN + (3 * index + kind + 0.5) * tile
            sheet.text(place, TOP - 0.02, text, style.SMALL, ha="center", va="bottom")


def _draw_source(
    sheet: Sheet, source: Cutouts, top: float, tile: float, norm: style.Normalize, settings: Montage
) -> None:
    """Title and tiles of one source."""
    data, model, _ = source.images
    sheet.text(MARGIN, top + HEAD - 0.03, source.title, style.LABEL, va="bottom")
    ranges = [_range(*pair, settings) for pair in zip(data, model, strict=True)]
    tiles = _row(source.images, ranges, norm)
    placed = sheet.picture(tiles.image, MARGIN, top + HEAD, 3 * len(data) * tile, tile)
    _cross(sheet, placed, tiles, source.dx, source.dy)
    for (low, high), left in zip(ranges, tiles.left[1::3], strict=True):
        sheet.ground.text(*placed.at(left + 1, 0.5), f"{low:.3g} … {high:.3g}", color="white", fontsize=style.SMALL)


def _range(data: np.ndarray, model: np.ndarray, settings: Montage) -> tuple[float, float]:
    """Display range that holds the configured percentiles of data and model."""
    ranges = []
    if np.isfinite(data).any():
        ranges.append(style.limits(data, *settings.data_percentiles))
    if np.isfinite(model).any() and np.nanmax(np.abs(model)) > 0:
        ranges.append(style.limits(model, *settings.model_percentiles))
    lows, highs = zip(*(ranges or [(0.0, 1.0)]), strict=True)
    return min(lows), max(highs)


def _row(images: np.ndarray, ranges: list[tuple[float, float]], norm: style.Normalize) -> Mosaic:
    """One source's cutouts, painted: data, model and residual of the first band, then of the next."""
    low, high = (np.array(ends)[None, :, None, None] for ends in zip(*ranges, strict=True))
    shown = style.paint((images[:2] - low) / (high - low), style.Normalize(0, 1), style.STAMP)
    tiles = np.concatenate([shown, style.paint(images[2:], norm, style.RESIDUAL)])
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
