"""A tile's catalogue, picture and stamps with known places, as the earlier rules leave them, of any size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from swath.columns import EMPTY, catalogue, suffixes_of
from swath.config.explore import Explore
from swath.explore.page import make_page
from swath.explore.stamps import arrange, layout_of, write_png
from swath.files import write_json
from swath.flags import FIT
from swath.frames.wcscards import shift_origin
from swath.images import write_fits
from swath.merge.files import Facts, write_catalog

BANDS = ("u", "g", "r", "i", "z")
CORNER = (40, 25)  # first pixel of the crop box
STAMP = 24
# IDs that a careless page would round, run or break.
NASTY = (
    "8647475119820964043",
    "8647475119820964044",
    "<img src=x onerror=\"document.title='run'\">",
    "</script><script>document.title='run'</script>",
    "quote \" and ' and & and \\ and `",
    "Größe ★ 星",
    "a,b\nc",
    "",
)


@dataclass
class Tile:
    """Files of a tile, and the truth: positions in the full frame."""

    folder: Path
    table: pd.DataFrame
    white: Path
    frames: dict[str, Path]
    indices: list[Path]
    x: np.ndarray
    y: np.ndarray

    @property
    def page(self) -> Path:
        return self.folder / "explore/index.html"

    def make(self, **settings: object) -> Path:
        """Make the page with the config section `explore` of these values."""
        chosen = Explore(**settings)
        frames = [self.frames[band] for band in chosen.rgb or ()]
        make_page("tile é", self.folder / "catalog.parquet", self.white, frames, self.indices, self.page, chosen)
        return self.page


def build(
    folder: Path,
    count: int = 60,
    side: int = 400,
    bands: tuple[str, ...] = BANDS,
    multi_band: bool = True,
    seed: int = 1,
    per_patch: int = 25,
    noisy_stamps: bool = False,
) -> Tile:
    """Write a tile of `count` sources on `side` x `side` pixels; every seventh source is excluded or has no fit."""
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(6, side - 6, count) + start for start in CORNER)
    flux = 10 ** rng.uniform(2, 4.5, count)
    table = _table(x, y, flux, bands, multi_band, per_patch, rng)
    full_frame = header()
    light = _light(x - CORNER[0], y - CORNER[1], flux, side)
    white, frames = folder / "white.fits", {}
    noise = rng.normal(size=light.shape).astype("f4")
    cropped = full_frame.copy()
    shift_origin(cropped, *CORNER)
    box = (CORNER[0], CORNER[0] + side, CORNER[1], CORNER[1] + side)
    for name, value in zip(("CROPX0", "CROPX1", "CROPY0", "CROPY1"), box, strict=True):
        cropped[name] = value
    write_fits(white, [fits.PrimaryHDU(), fits.ImageHDU(light + noise, cropped, name="WHITE")])
    for number, band in enumerate(bands[:3]):
        frames[band] = folder / "frames" / f"{band}.fits"
        full = np.zeros((box[3] + 10, box[1] + 10), "f4")
        full[box[2] : box[3], box[0] : box[1]] = light * (1 + number) / 2
        full += rng.normal(size=full.shape)
        write_fits(frames[band], [fits.PrimaryHDU(), fits.ImageHDU(full, full_frame, name="IMAGE")])
    facts = {name: dict.fromkeys(bands) for name in ("depth", "zero_point", "zero_point_err")}
    folder.mkdir(parents=True, exist_ok=True)
    files = (folder / f"catalog.{kind}" for kind in ("csv", "fits", "parquet"))
    write_catalog(table, Facts(tuple(bands), multi_band, 25.0, **facts), *files)
    indices = _stamps(folder, table, bands, rng if noisy_stamps else None)
    return Tile(folder, table, white, frames, indices, x, y)


def _table(x, y, flux, bands, multi_band, per_patch, rng) -> pd.DataFrame:
    count = len(x)
    ids = [NASTY[i] if i < len(NASTY) else f"S{i:05d}" for i in range(count)]
    ra, dec = 10.0 - (x - 240) * 1e-4, (y - 225) * 1e-4
    table = pd.DataFrame({"ID": ids, "RA": ra, "DEC": dec, "TYPE": rng.choice(["STAR", "EXP", "<b>"], count)})
    table["objid"] = 8_647_475_119_820_964_043 + np.arange(count)
    table["my column"] = np.where(np.arange(count) % 3 == 0, np.nan, np.arange(count) / 7)
    types = {"int": "i4", "float": "f8", "bool": "bool", "str": "str"}
    empty = {c.name: pd.Series([EMPTY[c.kind]] * count, dtype=types[c.kind]) for c in catalogue(bands, multi_band)}
    table = pd.concat([table, pd.DataFrame(empty)], axis=1)
    number = np.arange(count)
    excluded, failed = number % 14 == 6, number % 14 == 13
    good = ~excluded & ~failed
    table["x_pix"], table["y_pix"] = x + 0.3, y - 0.2
    table["excluded_crop"] = table["excluded_any"] = excluded
    table["excluded_reason"] = np.where(excluded, "crop", "")
    table["patch_tag"] = np.where(excluded, "", [f"r00_c00_pr{i // per_patch:02d}_pc00" for i in number])
    table["patch_status"] = np.where(failed, "failed", np.where(good, "ok", ""))
    table["patch_reason"] = np.where(failed, "<i>singular</i>", "")
    table["stype_fit"] = np.where(good, np.array(["star", "exp", "dev", "sersic"])[number % 4], "")
    table["injected"] = number % 9 == 0
    flags = np.where(excluded, FIT["EXCLUDED_CROP"], 0) | np.where(failed, FIT["PATCH_FAILED"], 0)
    flags |= np.where(good & (number % 5 == 0), FIT["POOR_FIT"], 0)
    flags |= np.where(good & (number % 8 == 0), FIT["BLENDED"], 0)
    table["fit_flags"] = flags.astype("i4")
    for suffix in suffixes_of(bands, multi_band):
        for name, values in (("x_pix", x), ("y_pix", y), ("RA", ra), ("DEC", dec), ("Re", 1 + number % 5)):
            table[f"{name}{suffix}_fit"] = np.where(good, values, np.nan)
        table[f"opt_stop_reason{suffix}"] = np.where(good, "converged", "")
    for index, band in enumerate(bands):
        measured = np.where(good, flux * (1 + 0.2 * index), np.nan)
        table[f"FLUX_{band}"] = flux
        table[f"FLUX_{band}_fit"], table[f"FLUXERR_{band}_fit"] = measured, 5 + 0.01 * measured
        table[f"MAG_{band}_fit"] = np.where(number % 10 == 4, np.nan, 25 - 2.5 * np.log10(measured))
        table[f"MAGERR_{band}_fit"] = 1.0857 * table[f"FLUXERR_{band}_fit"] / measured
        table[f"MAG_LIMIT_{band}"] = np.where(number % 10 == 4, 22.5, np.nan)
        table[f"CHI2_{band}"] = np.where(good, 50 * (1 + number % 6), np.nan)
        table[f"NPIX_{band}"] = np.where(good, 50, 0).astype("i4")
    return table


def header() -> fits.Header:
    """Full-frame WCS, turned by eleven degrees."""
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 241.0, "CRPIX2": 226.0}
    cards |= {"CRVAL1": 10.0, "CRVAL2": 0.0}
    cards |= {"CD1_1": -1e-4, "CD1_2": 2e-5, "CD2_1": 2e-5, "CD2_2": 1e-4, "RADESYS": "ICRS", "ZPREF": 25.0}
    return fits.Header(cards)


def _light(x: np.ndarray, y: np.ndarray, flux: np.ndarray, side: int) -> np.ndarray:
    """Gaussians of 1.5 pix at (x, y), drawn over 13 x 13 pixels each."""
    image = np.zeros((side, side), "f4")
    for px, py, total in zip(x, y, flux, strict=True):
        cx, cy = round(px), round(py)
        yy, xx = np.mgrid[max(cy - 6, 0) : min(cy + 7, side), max(cx - 6, 0) : min(cx + 7, side)]
        image[yy, xx] += total / (2 * np.pi * 2.25) * np.exp(-((xx - px) ** 2 + (yy - py) ** 2) / 4.5)
    return image


def shade(slot: int, kind: int, band: int) -> int:
    """Palette index, 0..127, of a stamp of `build`: no two of a source are alike."""
    return (7 * slot + 40 * kind + 3 * band) % 128


def _stamps(folder: Path, table: pd.DataFrame, bands: tuple[str, ...], rng: np.random.Generator | None) -> list[Path]:
    """Sheets in which every stamp has the one grey of `shade`, or noise."""
    indices = []
    for tag in dict.fromkeys(table["patch_tag"][table["patch_tag"] != ""]):
        rows = np.flatnonzero(table["patch_tag"] == tag)
        layout = layout_of(len(rows), len(bands), STAMP)
        slot, kind, band = np.ogrid[: len(rows), :3, : len(bands)]
        shades = shade(slot, kind, band)
        blocks = shades.astype("u1").repeat(STAMP, axis=1).repeat(STAMP, axis=2)
        if rng is not None:
            blocks = rng.integers(10, 70, blocks.shape, "u1")
        write_png(folder / f"explore/stamps/{tag}.png", arrange(blocks, layout))
        ends = [[[-2.5, 100.0 + band] for band in range(len(bands))] for _ in rows]
        index = {"patch": tag, "bands": list(bands), "side": STAMP, "columns": layout.columns}
        index |= {"rows": rows.tolist(), "ends": ends}
        indices.append(folder / f"explore/stamps/{tag}.json")
        write_json(indices[-1], index)
    return indices
