"""The sources of a simulated field: numbers alone, no image."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ..config.simulate import Simulate
from ..errors import ConfigError
from ..streams import stream

TYPES = ("STAR", "EXP", "DEV", "SERSIC")
INDEX = {"STAR": np.nan, "EXP": 1.0, "DEV": 4.0}
CLOSEST, CLOSE = 1.2, 2.5  # FWHM between the sources of a forced blend; no two sources are closer
EDGE_PIX = 3.0
ROUNDS = 1000


class Population(NamedTuple):
    """Counts dN/dm ~ 10^(slope m) between two magnitudes of the middle band; median Re [pix] and its scatter in ln."""

    bright: float
    faint: float
    slope: float
    re: float = np.nan
    spread: float = np.nan


# ASSUME counts, colours and sizes of this form: a field at high latitude, 5 sigma at magnitude 21 for stars.
POPULATIONS = {
    "STAR": Population(13.8, 20.6, 0.20),
    "EXP": Population(16.0, 20.0, 0.30, 3.0, 0.35),
    "DEV": Population(15.6, 19.8, 0.30, 3.2, 0.40),
    "SERSIC": Population(15.6, 19.6, 0.30, 3.2, 0.40),
}
SATURATED = Population(11.3, 12.4, 0.20)
BRIGHTEST = 13.6  # of stars that are not to saturate, in every band
RE_RANGE = (1.2, 9.0)
INDICES = np.round(np.linspace(0.8, 4.5, 38), 2)  # a grid: GalSim prepares each index once


def draw_sources(settings: Simulate, fwhm: float) -> pd.DataFrame:
    """The sources, one row each: ID, TYPE, x, y, Re, ELL, phi, n, MAG_<band>, saturated, blend.

    x, y [pix] count from 0 at the centre of the first pixel; Re [pix] is the half-light radius along the major axis
    of the profile without its truncation, ELL = 1 - b/a, phi [deg] counter-clockwise from +x; MAG is that of the light
    within 8 Re, and of all light for stars. `fwhm` [pix] is the scale of the forced blends.
    """
    rng = stream(settings.seed, "sources")
    counts = (settings.stars, settings.exp, settings.dev, settings.sersic)
    types = np.repeat(np.array(TYPES, dtype=object), counts)
    types = np.concatenate([np.repeat("STAR", settings.saturated), rng.permutation(types)])
    saturated = np.arange(len(types)) < settings.saturated
    x, y, blend = _positions(rng, len(types), settings, fwhm)
    table = pd.DataFrame({"ID": [f"T{i + 1:05d}" for i in range(len(types))], "TYPE": types, "x": x, "y": y})
    return table.assign(
        **_shapes(rng, types), **_magnitudes(rng, types, saturated, settings.bands), saturated=saturated, blend=blend
    )


def _positions(
    rng: np.random.Generator, count: int, settings: Simulate, fwhm: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (x, y) that keep the least distance, and which of them belong to forced blends; ConfigError if crowded."""
    low, high = EDGE_PIX, settings.side_pix - 1 - EDGE_PIX
    alone = max(count - settings.blends, 1)
    places = _apart(rng, alone, low, high, CLOSEST * fwhm)
    blend = np.zeros(count, bool)
    # saturated sources come first: nothing is blended with them on purpose
    hosts = rng.permutation(np.arange(min(settings.saturated, alone - 1), alone))
    for host in hosts[: count - alone]:
        place = _beside(rng, places, host, fwhm, low, high)
        blend[[host, len(places)]] = True
        places = np.vstack([places, place])
    return places[:, 0], places[:, 1], blend


def _apart(rng: np.random.Generator, count: int, low: float, high: float, least: float) -> np.ndarray:
    """Uniform places (x, y), shape (count, 2), no two closer than `least`; ConfigError where they do not fit."""
    places = rng.uniform(low, high, (count, 2))
    for _ in range(ROUNDS):
        near = _too_close(places, least)
        if not len(near):
            return places
        places[near] = rng.uniform(low, high, (len(near), 2))
    raise ConfigError(_crowded(f"{count} sources at least {least:.1f} pix from each other"))


def _crowded(what: str) -> str:
    return f"simulate: the field has no room for {what}; raise side_pix or lower the numbers of sources"


def _too_close(places: np.ndarray, least: float) -> np.ndarray:
    return np.unique(cKDTree(places).query_pairs(least, output_type="ndarray")[:, 1])


def _beside(
    rng: np.random.Generator, places: np.ndarray, host: int, fwhm: float, low: float, high: float
) -> np.ndarray:
    for _ in range(ROUNDS):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(CLOSEST, CLOSE) * fwhm
        place = places[host] + distance * np.array([np.cos(angle), np.sin(angle)])
        if np.hypot(*(places - place).T).min() >= CLOSEST * fwhm * (1 - 1e-9) and np.all(
            (place >= low) & (place <= high)
        ):
            return place
    raise ConfigError(_crowded("a blend beside one of its sources"))


def _shapes(rng: np.random.Generator, types: np.ndarray) -> dict[str, np.ndarray]:
    galaxy = types != "STAR"
    median, spread = (np.array([getattr(POPULATIONS[kind], name) for kind in types]) for name in ("re", "spread"))
    re = np.clip(median * np.exp(spread * rng.normal(size=len(types))), *RE_RANGE)
    ell = np.clip(np.abs(rng.normal(0, 0.3, len(types))), 0, 0.75)
    phi = rng.uniform(0, 180, len(types))
    index = np.clip(np.exp(rng.normal(np.log(1.8), 0.45, len(types))), INDICES[0], INDICES[-1])
    index = INDICES[np.abs(INDICES[:, None] - index).argmin(axis=0)]
    n = np.where(types == "SERSIC", index, [INDEX.get(kind, 0.0) for kind in types])
    return {
        "Re": np.where(galaxy, re, np.nan),
        "ELL": np.where(galaxy, ell, np.nan),
        "phi": np.where(galaxy, phi, np.nan),
        "n": n,
    }


def _magnitudes(
    rng: np.random.Generator, types: np.ndarray, saturated: np.ndarray, bands: int
) -> dict[str, np.ndarray]:
    """MAG_<band>: that of the middle band plus one colour per source along the bands, and a little of its own."""
    populations = [SATURATED if bright else POPULATIONS[kind] for kind, bright in zip(types, saturated, strict=True)]
    bright, faint, slope = (np.array([getattr(p, name) for p in populations]) for name in ("bright", "faint", "slope"))
    low, high = 10 ** (slope * bright), 10 ** (slope * faint)
    middle = np.log10(low + rng.uniform(size=len(types)) * (high - low)) / slope
    colour = np.where(saturated, 0.0, rng.normal(0.4, 0.3, len(types)))
    place = np.linspace(0.5, -0.5, bands) if bands > 1 else np.zeros(1)
    own = rng.normal(0, 0.05, (bands, len(types)))
    magnitudes = middle + place[:, None] * colour + own
    magnitudes = np.where(saturated, magnitudes, np.maximum(magnitudes, BRIGHTEST))
    return {f"MAG_b{band + 1}": magnitudes[band] for band in range(bands)}
