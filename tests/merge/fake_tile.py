"""A tile as the earlier rules leave it: source list, plan, frames, PSFs and one fit per patch, with known truth."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from swath.config.products import Merge
from swath.files import write_json
from swath.fit.results import row_dtype
from swath.flags import FIT
from swath.merge.merge import merge_patches
from swath.psf import store

BANDS = ("g", "r", "i")
SHAPE = (360, 400)
CROP = (40, 360, 30, 330)
SIGMA = 2.0


def sip_header() -> fits.Header:
    header = fits.Header()
    scale, angle = 0.5 / 3600, np.radians(25)
    cd = scale * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    cards = {
        "CTYPE1": "RA---TAN-SIP",
        "CTYPE2": "DEC--TAN-SIP",
        "CRPIX1": 180.0,
        "CRPIX2": 170.0,
        "CRVAL1": 0.01,
        "CRVAL2": 62.0,
    }
    cards |= {"CD1_1": cd[0, 0], "CD1_2": cd[0, 1], "CD2_1": cd[1, 0], "CD2_2": cd[1, 1], "RADESYS": "ICRS"}
    cards |= {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 2e-5, "B_1_1": -3e-5, "AP_ORDER": 2, "BP_ORDER": 2}
    header.update(cards)
    return header


@dataclass
class World:
    """Paths of a tile, and the tables they were made from."""

    folder: Path
    multi_band: bool
    sources: pd.DataFrame
    owner: np.ndarray
    tags: list[str]
    fit: pd.DataFrame
    settings: Merge = field(default_factory=Merge)

    def path(self, *names: str) -> Path:
        return self.folder.joinpath(*names)

    def merge(self, out: str = "merge", **changes: object) -> pd.DataFrame:
        arguments = {
            "sources": self.path("sources.parquet"),
            "plan": self.path("patches.json"),
            "frames": [self.path("frames", f"{band}.fits") for band in BANDS],
            "epsfs": sorted(self.folder.glob("epsf/*.fits")),
            "fits": sorted(self.folder.glob("fit/*.fits")),
            "csv": self.path(out, "catalog.csv"),
            "fits_catalog": self.path(out, "catalog.fits"),
            "parquet": self.path(out, "catalog.parquet"),
            "attrition_csv": self.path(out, "attrition.csv"),
            "bands": BANDS,
            "settings": self.settings,
            "multi_band": self.multi_band,
            "theta_from": "y",
            "psf_min_stars": 2,
            "zp_ref": 25.0,
        }
        merge_patches(**arguments | changes)
        return pd.read_parquet(self.path(out, "catalog.parquet"))


def source_list(n: int, rng: np.random.Generator) -> pd.DataFrame:
    x, y = rng.uniform(0, SHAPE[1] - 1, n), rng.uniform(0, SHAPE[0] - 1, n)
    crop = ~((x >= CROP[0]) & (x < CROP[1]) & (y >= CROP[2]) & (y < CROP[3]))
    saturation = rng.random(n) < 0.1
    lost = rng.random(n) < 0.05
    x[lost] = y[lost] = np.nan
    crop |= lost
    reason = np.array(["", "crop", "saturation", "crop+saturation"], dtype=object)[crop + 2 * saturation]
    flags = FIT["EXCLUDED_CROP"] * crop + FIT["EXCLUDED_SATURATION"] * saturation + FIT["BAD_POSITION"] * lost
    return pd.DataFrame(
        {
            "note": pd.Series(rng.choice(["a, b", 'say "x"', "별", ""], n)).astype("str"),
            "ID": pd.Series([f"{i:05d}" for i in rng.permutation(n)]).astype("str"),
            "RA": rng.uniform(0, 1, n),
            "DEC": rng.uniform(61, 63, n),
            "count": pd.array(np.where(rng.random(n) < 0.2, None, rng.integers(0, 9, n)), dtype="Int64"),
            "FLUX_g": rng.lognormal(size=n),
            "excluded_crop": crop,
            "excluded_saturation": saturation,
            "excluded_any": crop | saturation,
            "gaia_source_id": pd.Series(np.where(rng.random(n) < 0.3, "4295806720", "")).astype("str"),
            "excluded_reason": pd.Series(reason).astype("str"),
            "injected": np.arange(n) >= n - 2,
            "x_pix": x,
            "y_pix": y,
            "x_pix_white": x - CROP[0],
            "y_pix_white": y - CROP[2],
            "sw_model": pd.Series(np.full(n, "star")).astype("str"),
            "sw_re": np.nan,
            "sw_ell": np.nan,
            "sw_phi": np.nan,
            "fit_flags": flags.astype("int32"),
        }
    )


def fit_table(sources: pd.DataFrame, rng: np.random.Generator, slots: int) -> pd.DataFrame:
    """What the fits found, for every row (rows without a patch are never written)."""
    n, nband = len(sources), len(BANDS)
    model = rng.choice(["star", "exp", "dev", "sersic"], n)
    galaxy = (model != "star")[:, None]
    converged = rng.random((n, slots)) < 0.8
    wide = {
        "x": sources["x_pix"].to_numpy()[:, None] + rng.normal(0, 0.3, (n, slots)),
        "y": sources["y_pix"].to_numpy()[:, None] + rng.normal(0, 0.3, (n, slots)),
        "x_err": rng.uniform(0.01, 0.1, (n, slots)),
        "y_err": rng.uniform(0.01, 0.1, (n, slots)),
        "re": np.where(galaxy, rng.uniform(1, 9, (n, slots)), np.nan),
        "re_err": np.where(galaxy, 0.1, np.full((n, slots), np.nan)),
        "ell": np.where(galaxy, rng.uniform(0, 0.9, (n, slots)), np.nan),
        "ell_err": np.where(galaxy, 0.02, np.full((n, slots), np.nan)),
        "phi": np.where(galaxy, rng.uniform(-180, 360, (n, slots)), np.nan),
        "phi_err": np.where(galaxy, 3.0, np.full((n, slots), np.nan)),
        "n": np.where(galaxy, 1.7, np.full((n, slots), np.nan)),
        "n_err": np.where((model == "sersic")[:, None], 0.2, np.full((n, slots), np.nan)),
        "converged": converged,
        "stop_reason": np.where(converged, "converged", "max_iterations"),
        "blend_fraction": rng.random((n, slots)),
        "niter": rng.integers(1, 50, (n, slots)),
        "dchi2": rng.uniform(0, 1e-3, (n, slots)),
        "flux": rng.lognormal(5, 1, (n, nband)),
        "flux_err": rng.uniform(1, 5, (n, nband)),
        "chi2": rng.uniform(10, 90, (n, nband)),
        "npix": rng.integers(10, 90, (n, nband)),
        "masked_fraction": rng.random((n, nband)),
        "neighbour_corr": rng.uniform(-0.5, 0, (n, nband)),
        "sky": np.zeros((n, nband)),
    }
    wide["xy_cov"] = 0.3 * wide["x_err"] * wide["y_err"]
    wide["ab"] = 1 - wide["ell"]
    table = pd.DataFrame({name: list(values) for name, values in wide.items()})
    table["row"], table["ID"], table["model"] = np.arange(n), sources["ID"].to_numpy(), model
    table["flags"] = FIT["NOT_CONVERGED"] * (~converged).any(axis=1)
    return table


def write_fit(path: Path, tag: str, table: pd.DataFrame, status: str = "ok", reason: str = "") -> None:
    slots = len(table["x"].iloc[0]) if len(table) else 1
    rows = np.zeros(len(table), row_dtype(len(BANDS), slots == 1, 8))
    for name in table if len(table) else []:
        rows[name] = np.stack(table[name].to_list()).reshape(rows[name].shape)
    header = fits.Header([("PATCH", tag), ("CELL", tag[:7]), ("STATUS", status), ("REASON", reason)])
    header.update({f"BAND{i}": band for i, band in enumerate(BANDS, start=1)})
    path.parent.mkdir(exist_ok=True)
    hdus = [fits.PrimaryHDU(header=header), fits.BinTableHDU(rows, name="FIT")]
    fits.HDUList(hdus).writeto(path, overwrite=True)


def write_frame(path: Path, band: str) -> None:
    header = sip_header()
    header.update(BAND=band, NOISE="sky", SKYSIG=SIGMA, ZPREF=25.0)
    planes = [fits.ImageHDU(np.full(SHAPE, v, "f4"), header, name=k) for k, v in {"IMAGE": 0.0, "SIGMA": SIGMA}.items()]
    path.parent.mkdir(exist_ok=True)
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path)


def cell_psfs(cell: str) -> list[store.BandPsf]:
    yy, xx = np.mgrid[-12:13, -12:13]
    psfs = []
    for i, band in enumerate(BANDS):
        plane = np.exp(-0.5 * (xx**2 + yy**2) / (1.5 + 0.3 * i) ** 2)
        fallback = cell == "r00_c01" and band == "r"
        facts = {"method": "stack", "fallback": fallback, "reason": "1 star" * fallback, "pooled": False, "n_held": 2}
        psfs.append(
            store.BandPsf(
                band, (plane / plane.sum())[None].astype("f4"), 100.0, 100.0, 100.0,
                n_stars=1 if fallback else 9, norm_radius=10.0, rms_score=None if fallback else 0.01, **facts,
            )
        )  # fmt: skip
    return psfs


def make(folder: Path, seed: int = 0, n: int = 40, multi_band: bool = True, npatch: int = 4) -> World:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    sources = source_list(n, rng)
    active = ~sources["excluded_any"] & sources["x_pix"].notna()
    tags = [f"r00_c0{k % 2}_pr00_pc{k:02d}" for k in range(npatch)]
    owner = np.where(active, rng.integers(0, npatch, n), -1)
    fit = fit_table(sources, rng, 1 if multi_band else len(BANDS))
    world = World(folder, multi_band, sources, owner, tags, fit)
    sources.to_parquet(world.path("sources.parquet"))
    rois = [[10 * k, 10 * k + 200, 5 * k, 5 * k + 180] for k in range(npatch)]
    plan = {"shape": SHAPE, "crop_box": CROP, "bands": [{"band": band} for band in BANDS]}
    plan["patches"] = [{"tag": t, "cell": t[:7], "base": roi, "roi": roi} for t, roi in zip(tags, rois, strict=True)]
    write_json(world.path("patches.json"), plan)
    for k, tag in enumerate(tags):
        write_fit(world.path("fit", f"{tag}.fits"), tag, fit[owner == k])
    for band in BANDS:
        write_frame(world.path("frames", f"{band}.fits"), band)
    for cell in ("r00_c00", "r00_c01"):
        store.write(world.path("epsf", f"{cell}.fits"), cell_psfs(cell), np.zeros(0, store.STARS))
    return world
