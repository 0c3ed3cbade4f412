"""Small products as the earlier rules leave them, with known stars and galaxies, for drawing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from swath.config.fit import Fit, Patches
from swath.config.psf import Psf
from swath.fit.job import fit_patch
from swath.flags import MASK
from swath.frames.load import write_frame
from swath.frames.white import make_white
from swath.patches.build import build_patches
from swath.patches.payload import build_payload
from swath.psf import moffat, store
from swath.psf.detect import NEIGHBOURS
from swath.psf.select import STAR

SIDE, SKY, GAIN, FWHM = 150, 1.0, 20.0, 3.6
CROP = (10, 140, 10, 140)
CELL = "r00_c00"
PATCH = f"{CELL}_pr00_pc00"
SETTINGS = Psf(stamp_size=31, size=29, local_background={"rin_pix": 10, "rout_pix": 15})
# x, y, flux, type: two of them are reference stars, one lies outside the crop box, one is near a saturated star.
SOURCES = (
    (30.3, 40.2, 4000.0, "STAR"),
    (90.6, 60.8, 2500.0, "STAR"),
    (60.2, 100.4, 3000.0, "exp "),
    (110.7, 115.1, 1500.0, "???"),
    (5.0, 70.0, 900.0, "STAR"),
    (120.4, 30.6, 20_000.0, "STAR"),
)


@dataclass
class Tile:
    """A tile's folder; `bands` in order."""

    folder: Path
    bands: tuple[str, ...]

    def path(self, *names: str) -> Path:
        return self.folder.joinpath(*names)

    def each(self, kind: str) -> list[Path]:
        return [self.path(kind, f"{band}.fits") for band in self.bands]


def psf_image(size: int = SETTINGS.size) -> np.ndarray:
    image = moffat.render(moffat.from_fwhm(FWHM, 3.5), size)
    return image / image.sum()


def draw(x: float, y: float, flux: float, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    """One star as the PSF of `psf_image`, rendered at its place."""
    size, image = 61, np.zeros((shape[0] + 80, shape[1] + 80))
    px, py = int(np.rint(x)), int(np.rint(y))
    stamp = moffat.render(moffat.from_fwhm(FWHM, 3.5), size, x - px, y - py) * flux
    image[py + 40 - 30 : py + 40 + 31, px + 40 - 30 : px + 40 + 31] += stamp
    return image[40:-40, 40:-40]


def make(folder: Path, bands: tuple[str, ...] = ("g", "r"), seed: int = 1) -> Tile:
    """Frames, white stack, source list, stars and PSFs of one cell and one patch."""
    tile = Tile(folder, bands)
    rng = np.random.default_rng(seed)
    light = sum(draw(x, y, flux) for x, y, flux, _ in SOURCES)
    for index, band in enumerate(bands):
        expected = light * (1 + 0.5 * index)
        image = expected + rng.normal(size=light.shape) * np.sqrt(SKY**2 + expected / GAIN)
        mask = np.where(expected > 600, MASK["SATURATED"], 0).astype("u1")
        write_frame(tile.path("frames", f"{band}.fits"), image.astype("f4"), SKY, mask, header(band))
    make_white(tile.each("frames"), tile.path("white.fits"), CROP, 64, 4)
    source_list(bands).to_parquet(tile.path("sources.parquet"))
    write_stars(tile)
    store.write(tile.path("epsf.fits"), [band_psf(band) for band in bands], epsf_stars(tile))
    return tile


def header(band: str) -> fits.Header:
    cards = {"BAND": band, "ZPREF": 25.0, "GAIN": GAIN, "NOISE": "sky", "SKYSIG": SKY, "FWHMPIX": FWHM}
    cards |= {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 75.0, "CRPIX2": 75.0, "CRVAL1": 10.0, "CRVAL2": 0.0}
    cards |= {"CD1_1": -1e-4, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-4}
    return fits.Header(cards | {"SKYMODEL": "plane", "SKYC0": 12.5, "SKYCX": 0.1, "SKYCY": 0.0})


def source_list(bands: tuple[str, ...]) -> pd.DataFrame:
    x, y, flux, kind = (np.array(column) for column in zip(*SOURCES, strict=True))
    crop, saturated = x < CROP[0], flux > 8000
    table = pd.DataFrame({"ID": [f"S{i}" for i in range(len(x))], "TYPE": kind, "x_pix": x, "y_pix": y})
    galaxy = np.array([False, False, True, True, False, False])
    return table.assign(
        excluded_crop=crop,
        excluded_saturation=saturated,
        excluded_any=crop | saturated,
        gaia_source_id=["11", "22", "", "", "", ""],
        injected=[False, True, False, False, False, False],
        fit_flags=0,
        sw_model=np.where(galaxy, "exp", "star"),
        sw_re=np.where(galaxy, 1.0, np.nan),
        sw_ell=np.where(galaxy, 0.1, np.nan),
        sw_phi=np.where(galaxy, 0.0, np.nan),
        **{f"FLUX_{band}": np.nan for band in bands},
    )


def write_stars(tile: Tile) -> None:
    """All three true stars are selected; the third is held out."""
    stars = np.zeros(4, STAR)
    places = [(30.3, 40.2), (90.6, 60.8), (5.0, 70.0), (60.2, 100.4)]
    stars["star_id"], stars["cell"], stars["hlr"] = np.arange(4), CELL, 2.0
    stars["x"], stars["y"] = np.array(places).T
    near = np.zeros(1, NEIGHBOURS)
    near["x"], near["y"], near["a"], near["b"] = 40.0, 50.0, 3.0, 2.0
    for path in tile.each("stars"):
        path.parent.mkdir(parents=True, exist_ok=True)
        hdus = [fits.PrimaryHDU(), fits.BinTableHDU(stars, name="STARS"), fits.BinTableHDU(near, name="NEIGHBOURS")]
        fits.HDUList(hdus).writeto(path)


def epsf_stars(tile: Tile) -> np.ndarray:
    rows = []
    for band in tile.bands:
        rows += [
            (band, 0, 30.3, 40.2, 1.0, False, True, CELL),
            (band, 1, 90.6, 60.8, 0.5, False, True, "r00_c01"),
            (band, 2, 5.0, 70.0, 0.0, True, False, CELL),
            (band, 3, 60.2, 100.4, 0.0, False, False, CELL),
        ]
    return np.array(rows, store.STARS)


def band_psf(band: str, **changes: object) -> store.BandPsf:
    psf = store.BandPsf(
        band, psf_image()[None].astype("f4"), 75.0, 75.0, 75.0, "stack", False, "", True, 3, 1, 12.0, 0.004, -0.002
    )
    return psf._replace(**changes)


def fit(tile: Tile, settings: Fit, folder: str = "fit") -> tuple[Path, Path]:
    """Payload and fit of the tile's only patch."""
    plan = {"tile": "tile", "bands": list(tile.bands), "shape": (SIDE, SIDE), "crop": CROP}
    plan |= {"cells": {CELL: CROP}, "patches": {CELL: [PATCH]}}
    frames = {band: (str(path), "") for band, path in zip(tile.bands, tile.each("frames"), strict=True)}
    hub = tile.path("patches.json")
    build_patches(
        tile.path("sources.parquet"), frames, plan, Patches(ngrid=1),
        SETTINGS.size, tile.path("patches.csv"), hub, tile.path("patches.fits"),
    )  # fmt: skip
    payload, output = tile.path(folder, "payload.fits"), tile.path(folder, "fit.fits")
    build_payload(PATCH, hub, tile.path("patches.fits"), tile.path("epsf.fits"), payload, settings)
    fit_patch(payload, output, settings, "plane")
    return payload, output
