"""The sources that are added: their places, types, shapes and magnitudes. Numbers alone, no image.

A source is drawn from the seed, its realisation and its node of the grid: neither other sources nor the order of jobs
change it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ..config.inject import Inject
from ..models import shape
from ..patches.grid import Box, inside
from ..streams import stream

RE_RANGE, MOST_ELL, ELL_SD = (0.8, 10.0), 0.75, 0.3
TRIED = 300  # places along x and y of a box where room is looked for


def draw_sources(settings: Inject, number: int, boxes: Sequence[Box], depths: Mapping[str, float]) -> pd.DataFrame:
    """The sources of one realisation: ID, TYPE, x, y [pix], Re [pix], ELL, phi [deg from +x], MAG_<band>.

    Parameters
    ----------
    number : of the realisation. boxes : where sources may be, (x0, x1, y0, y1) of full-frame pixels, half open.
    depths : band to its 5 sigma depth for stars [mag].
    """
    rows = [row for node in nodes(settings, number, boxes) if (row := _draw(settings, number, *node, depths))]
    table = pd.DataFrame(
        rows, columns=["ID", "TYPE", "x", "y", "Re", "ELL", "phi", *(f"MAG_{band}" for band in depths)]
    )
    allowed = np.zeros(len(table), bool)
    for box in boxes:
        allowed |= inside(table["x"].to_numpy(float), table["y"].to_numpy(float), box)
    return table[allowed].reset_index(drop=True)


def nodes(settings: Inject, number: int, boxes: Sequence[Box]) -> list[tuple[int, int, float, float]]:
    """Row, column and place (x, y) of the nodes of a realisation's grid around `boxes`."""
    step = settings.spacing_pix
    shift_x, shift_y = stream(settings.seed, "inject", str(number)).uniform(0, step, 2)
    x0, x1, y0, y1 = (
        extreme(side) for extreme, side in zip((min, max, min, max), zip(*boxes, strict=True), strict=True)
    )
    columns = range(int((x0 - shift_x) // step), int((x1 - shift_x) // step) + 2)
    rows = range(int((y0 - shift_y) // step), int((y1 - shift_y) // step) + 2)
    return [(i, j, j * step + shift_x, i * step + shift_y) for i in rows for j in columns]


def apart(table: pd.DataFrame, x: np.ndarray, y: np.ndarray, least: float) -> pd.DataFrame:
    """The sources at least `least` pix from all places (x, y), with their distance to the nearest, `nearest_pix`."""
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return table.assign(nearest_pix=np.inf)
    distance, _ = cKDTree(np.c_[x[known], y[known]]).query(table[["x", "y"]].to_numpy(float))
    return table.assign(nearest_pix=distance)[distance >= least].reset_index(drop=True)


def room(settings: Inject, boxes: Sequence[Box], x: np.ndarray, y: np.ndarray) -> float:
    """How many sources fit into one realisation on average, `keep_apart_pix` from all places (x, y)."""
    free = 0.0
    for x0, x1, y0, y1 in boxes:
        tried_x, tried_y = (np.linspace(low, high, TRIED, endpoint=False) for low, high in ((x0, x1), (y0, y1)))
        places = pd.DataFrame({"x": np.tile(tried_x, TRIED), "y": np.repeat(tried_y, TRIED)})
        share = len(apart(places, x, y, settings.keep_apart_pix or 0.0)) / len(places)
        free += share * (x1 - x0) * (y1 - y0)
    return free / settings.spacing_pix**2


def perturbed(table: pd.DataFrame, settings: Inject, number: int, bands: Sequence[str]) -> pd.DataFrame:
    """What a catalogue says of the sources: x, y, Re, ELL, phi, FLUX_<band> with errors; other columns as before."""
    errors = np.array([_errors(settings, number, name, len(bands)) for name in table["ID"]]).reshape(-1, 5 + len(bands))
    galaxy = (table["TYPE"] != "STAR").to_numpy()
    true = shape.from_ellipse(*(np.where(galaxy, table[name], filler) for name, filler in SHAPE_FILLERS))
    re, ell, phi = shape.to_ellipse(true + settings.shape_error * errors[:, 2:5])
    found = table.assign(
        x=table["x"] + settings.position_error_pix * errors[:, 0],
        y=table["y"] + settings.position_error_pix * errors[:, 1],
        Re=np.where(galaxy, re, np.nan),
        ELL=np.where(galaxy, ell, np.nan),
        phi=np.where(galaxy, phi, np.nan),
    )
    fluxes = {
        f"FLUX_{band}": table[f"FLUX_{band}"] * np.exp(settings.flux_error * errors[:, 5 + k])
        for k, band in enumerate(bands)
    }
    return found.assign(**fluxes)


SHAPE_FILLERS = (("Re", 1.0), ("ELL", 0.0), ("phi", 0.0))


def _draw(
    settings: Inject, number: int, row: int, column: int, x: float, y: float, depths: Mapping[str, float]
) -> list:
    rng = stream(settings.seed, "inject", str(number), f"{row},{column}")
    dx, dy = rng.uniform(-settings.jitter_pix, settings.jitter_pix, 2)
    kind_draw, model_draw, place, angle = rng.uniform(size=4)
    size, roundness, *colours = rng.normal(size=2 + len(depths))
    kind = "STAR" if kind_draw < settings.star_share else "DEV" if model_draw < settings.dev_share else "EXP"
    if kind == "STAR":
        re, ell, phi = np.nan, np.nan, np.nan
    else:
        re = float(np.clip(settings.re_pix * np.exp(settings.re_scatter * size), *RE_RANGE))
        ell, phi = float(min(abs(ELL_SD * roundness), MOST_ELL)), 180 * angle
    low, high = settings.depth_range_mag
    about = low + place * (high - low) + settings.color_scatter_mag * np.array(colours)
    magnitudes = np.array(list(depths.values())) + folded(about, low, high)
    return [f"INJ{number:02d}_{row}_{column}", kind, x + dx, y + dy, re, ell, phi, *magnitudes]


def folded(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values reflected at both ends until they lie between: what was spread evenly stays so."""
    phase = np.mod(values - low, 2 * (high - low))
    return low + np.minimum(phase, 2 * (high - low) - phase)


def _errors(settings: Inject, number: int, name: str, bands: int) -> np.ndarray:
    return stream(settings.seed, "catalogue", str(number), name).normal(size=5 + bands)
