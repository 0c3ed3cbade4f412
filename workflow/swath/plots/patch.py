"""One fitted patch: data, model and residual of the bands that it was fitted in, together and each; no added bands."""

from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import AsinhNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..config.figures import Montage
from ..config.fit import Fit
from ..patches.payload import EXCLUDED, FIXED, HALO, OWNED
from . import style
from .arrays import extent, mosaic, rows_of
from .montage import draw_montage
from .rendering import Drawn, positions, read_drawn
from .style import Sheet

DATA, PULL = AsinhNorm(3.0, vmin=-3.0, vmax=300.0), Normalize(-5.0, 5.0)
NAMES = ("data", "model", "residual")
BIG, LEFT, TILES = 4.2, 0.7, (1.1, 2.0)  # inches: large panels, margin, least and largest panel of one band
NUMBER = np.array([9.0, 6.5])  # points: room of a number of two digits
AROUND = [
    (8, 5),
    (8, -5),
    (-8, 5),
    (-8, -5),
    (0, 9),
    (0, -9),
    (12, 0),
    (-12, 0),
    (14, 9),
    (-14, 9),
    (14, -9),
    (-14, -9),
]
ROLES = {
    OWNED: ("owned", "o", "cyan"),
    HALO: ("in the halo", "o", "orange"),
    FIXED: ("beyond the halo, fixed", "D", "violet"),
    EXCLUDED: ("excluded from the catalogue, fitted as neighbour", "x", "red"),
}


def draw_patch(
    payload: str | Path,
    fit: str | Path,
    overview: str | Path | None,
    montage: str | Path | None,
    settings: Fit,
    stamps: Montage,
    dpi: int,
) -> None:
    """Draw the figures of a patch that are asked for: the overview and the montage of its sources.

    Parameters
    ----------
    payload, fit : `payload/{patch}.fits` and `fit/{patch}.fits`. overview, montage : output paths, or None.
    settings : as the patch was fitted with. stamps : config section `figures.montage`.
    """
    drawn = read_drawn(payload, fit, settings)
    if overview is not None:
        draw_overview(drawn, dpi).save(overview)
    if montage is not None:
        draw_montage(drawn, stamps, dpi).save(montage)


def draw_overview(drawn: Drawn, dpi: int) -> Sheet:
    """The bands weighted with their inverse variance on top, each band below; everything in units of the noise."""
    x0, x1, y0, y1 = drawn.payload.roi
    height = float(np.clip(BIG * (y1 - y0) / (x1 - x0), 1.5, 2 * BIG))
    span = 3 * BIG + 0.3
    tile = float(np.clip((span - 0.8) / len(drawn.bands), *TILES))
    columns = int((span - 0.8) // tile)
    lines = rows_of(len(drawn.bands), columns)
    step = 3 * tile * height / BIG + 0.35
    sheet = Sheet(LEFT + span + 0.8, 0.85 + height + 0.8 + lines * step, dpi)
    sheet.text(0.2, 0.1, f"Patch {drawn.payload.patch}", style.TITLE)
    sheet.text(0.2, 0.32, headline(drawn))
    _all_bands(sheet, drawn, height)
    for line in range(lines):
        which = range(len(drawn.bands))[line * columns : (line + 1) * columns]
        _each_band(sheet, drawn, which, 0.85 + height + 0.9 + line * step, tile, tile * height / BIG)
    return sheet


def _all_bands(sheet: Sheet, drawn: Drawn, height: float) -> None:
    """The large panels: data, model and residual of the bands together, with boxes, sources and colour bars."""
    x0, _, y0, _ = drawn.payload.roi
    bars = LEFT + 3 * BIG + 0.4
    count = len(drawn.bands)
    together = f"the {count} bands below together" if count > 1 else "the band below"
    for column, (image, name) in enumerate(zip(white(drawn), NAMES, strict=True)):
        axes = sheet.axes(LEFT + column * (BIG + 0.15), 0.85, BIG, height)
        norm, colour = (PULL, style.RESIDUAL) if column == 2 else (DATA, style.FLUX)
        colours = style.show(axes, image, norm, colour, extent((x0, y0), image.shape))
        style.pixel_axes(axes, y=column == 0)
        axes.set_title(f"{name}, {together}", fontsize=style.LABEL)
        handles = _mark(axes, drawn, numbers=column == 0)
        if column == 1:
            sheet.bar(colours, bars, 0.85, 0.12, height / 2 - 0.1, "flux / sky sigma")
    sheet.bar(colours, bars, 0.95 + height / 2, 0.12, height / 2 - 0.1, "residual / sigma")
    sheet.legend(handles, LEFT, 0.85 + height + 0.42, columns=5)


def white(drawn: Drawn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signal to sky noise of data and model, and residual over noise, of the bands together; (ny, nx) each.

    The bands are weighted with their inverse variance. Pixels without data in any band are NaN.
    """
    sky = np.where(np.isfinite(drawn.data), drawn.payload.sigma, np.inf).astype(float)
    full = np.where(np.isfinite(drawn.sigma), drawn.sigma, np.inf).astype(float)
    data = np.nan_to_num(drawn.data)
    parts = [_stacked(data, sky), _stacked(drawn.model, sky), _stacked(data - drawn.model, full)]
    return parts[0], parts[1], parts[2]


def apart(x: np.ndarray, y: np.ndarray, points: float) -> list[tuple[float, float]]:
    """Where the number of each source stands, off its centre [pt], so that numbers and marks do not overlap.

    x, y : of the sources [pix], shape (n,). points : size of a pixel on the sheet [pt].
    """
    marks = points * np.stack([x, y], axis=1)
    taken, chosen = marks.copy(), []
    for mark in marks:
        steps = [np.hypot(*((taken - (mark + step)) / NUMBER).T).min() for step in AROUND]
        best = next((index for index, free in enumerate(steps) if free >= 1), int(np.argmax(steps)))
        chosen.append(AROUND[best])
        taken = np.concatenate([taken, [mark + AROUND[best]]])
    return chosen


def headline(drawn: Drawn) -> str:
    """Status, counts by role and goodness of fit in one line."""
    roles = drawn.scene["role"]
    counts = ", ".join(f"{int((roles == role).sum())} {name}" for role, (name, _, _) in ROLES.items())
    reduced = f"chi2/pix {drawn.chi2 / drawn.npix:.3f}" if drawn.npix else "no chi2"
    reason = f" ({drawn.reason})" if drawn.reason else ""
    return f"fit: {drawn.status}{reason}; sources: {counts}; {reduced}"


def _stacked(image: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Inverse-variance weighted sum over its own noise; NaN where no band has a finite sigma."""
    weight = sigma**-2.0
    total = weight.sum(axis=0)
    return np.where(total > 0, (weight * image).sum(axis=0) / np.sqrt(np.maximum(total, 1e-300)), np.nan)


def _mark(axes: Axes, drawn: Drawn, numbers: bool) -> list[Artist]:
    """Base box, and all sources of the scene with marks by role; owned ones are numbered as in the montage."""
    x0, x1, y0, y1 = drawn.payload.base
    axes.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor="lime", lw=1))
    handles = [Line2D([], [], color="lime", lw=1, label="base box; beyond it: halo")]
    for role, (name, marker, colour) in ROLES.items():
        rows = drawn.owned if role == OWNED else drawn.scene[drawn.scene["role"] == role]
        if not len(rows):
            continue
        x, y = (np.median(values, axis=1) for values in positions(drawn, rows))
        paint = {"c": colour} if marker == "x" else {"edgecolors": colour, "facecolors": "none"}
        handles.append(axes.scatter(x, y, s=26, marker=marker, linewidths=0.8, label=f"{name} ({len(rows)})", **paint))
        if role == OWNED and numbers:
            points = 72 * BIG / (drawn.payload.roi[1] - drawn.payload.roi[0])
            for number, (place, offset) in enumerate(zip(zip(x, y, strict=True), apart(x, y, points), strict=True), 1):
                axes.annotate(str(number), place, offset, textcoords="offset points", color=colour,
                              fontsize=style.SMALL, ha="center", va="center")  # fmt: skip
    left, right, bottom, top = extent((drawn.payload.roi[0], drawn.payload.roi[2]), drawn.data.shape[1:])
    axes.set(xlim=(left, right), ylim=(bottom, top))
    return handles


def _each_band(sheet: Sheet, drawn: Drawn, which: range, top: float, width: float, height: float) -> None:
    """Data, model and residual of some bands as one mosaic of panels, on the colour scales of the large ones."""
    pick = list(which)
    sky = drawn.payload.bands["sky_sigma"][pick, None, None]
    data, model, pulls = (part[pick] for part in (drawn.data, drawn.model, drawn.pulls))
    rows = [style.paint(data / sky, DATA, style.FLUX), style.paint(model / sky, DATA, style.FLUX)]
    tiles = mosaic(np.concatenate([*rows, style.paint(pulls, PULL, style.RESIDUAL)]), len(pick), gap=3)
    left = LEFT + 0.8
    sheet.picture(tiles.image, left, top, width * len(pick), 3 * height)
    for column, index in enumerate(pick):
        place = left + width * (column + 0.5)
        sheet.text(place, top - 0.03, drawn.bands[index], style.LABEL, ha="center", va="bottom")
    for line, name in enumerate(NAMES):
        sheet.text(left - 0.1, top + height * (line + 0.5), name, style.SMALL, ha="right", va="center")
