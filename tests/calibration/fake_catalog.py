"""A merged catalogue with reference stars of known magnitudes and images of known zero point."""

from pathlib import Path

import numpy as np
import pandas as pd
from swath import columns
from swath.calibration.calibrate import calibrate
from swath.config.products import ZeroPoint
from swath.merge.assemble import typed
from swath.merge.files import Facts, write_catalog

BANDS = ("g", "r", "i")
ZP = {"g": 24.97, "r": 25.03, "i": 25.0}


def make_stars(
    n: int,
    seed: int = 0,
    scatter: float = 0.01,
    noise: float = 30.0,
    slope: float = 0.0,
    color_term: float = 0.0,
    multi_band: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Catalogue and reference table of `n` stars of 15 to 19 mag (S/N 330 to 8 for a noise of 30 ct).

    slope : zero point per 1000 pix of x. color_term : zero point per mag of g - i.
    """
    rng = np.random.default_rng(seed)
    mags = pd.DataFrame({"r": rng.uniform(15, 19, n)})
    mags["g"], mags["i"] = mags["r"] + rng.uniform(-0.3, 1.5, n), mags["r"] + rng.uniform(-0.6, 0.1, n)
    x, y = rng.uniform(0, 2000, n), rng.uniform(0, 2000, n)
    ids = [f"{4295806720 + i}" for i in range(n)]
    values = {"gaia_source_id": ids, "stype_fit": "star", "fit_flags": 0}
    for suffix in columns.suffixes_of(BANDS, multi_band):
        values |= {f"opt_converged{suffix}": True, f"x_pix{suffix}_fit": x, f"y_pix{suffix}_fit": y}
    for band in BANDS:
        zero = ZP[band] + rng.normal(0, scatter, n) + slope * (x - 1000) / 1000
        zero = zero + color_term * (mags["g"] - mags["i"] - 1)
        error = np.full(n, noise)
        values[f"FLUX_{band}_fit"] = 10 ** (0.4 * (zero - mags[band])) + rng.normal(0, error)
        values[f"FLUXERR_{band}_fit"] = error
        values[f"DEPTH_{band}"] = 20.0
    table = typed(pd.DataFrame(values, index=range(n)), columns.catalogue(BANDS, multi_band))
    table.insert(0, "ID", pd.Series([f"s{i}" for i in range(n)]).astype("str"))
    table.insert(1, "RA", rng.uniform(10, 10.1, n))
    table.insert(2, "DEC", rng.uniform(-1, -0.9, n))
    reference = pd.DataFrame({"source_id": ids, "ra": table["RA"], "dec": table["DEC"]})
    return table, reference.assign(**{f"mag_{band}": mags[band] for band in BANDS})


def run(
    folder: Path, table: pd.DataFrame, reference: pd.DataFrame | None, multi_band: bool = True, **settings: object
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Calibrate; returns catalogue, summary (by band) and stars, as read from the files."""
    folder.mkdir(exist_ok=True)
    none = dict.fromkeys(BANDS)
    facts = Facts(BANDS, multi_band, 25.0, none, none, none)
    write_catalog(table, facts, folder / "m.csv", folder / "m.fits", folder / "m.parquet")
    if reference is not None:
        reference.to_csv(folder / "gaia.csv", index=False)
    calibrate(
        folder / "m.parquet",
        None if reference is None else folder / "gaia.csv",
        csv=folder / "catalog.csv",
        fits_catalog=folder / "catalog.fits",
        parquet=folder / "catalog.parquet",
        summary_csv=folder / "zp_summary.csv",
        stars_csv=folder / "zp_all_bands__per_object.csv",
        summary_json=folder / "zeropoint.json",
        settings=ZeroPoint(**settings),
    )
    summary = pd.read_csv(folder / "zp_summary.csv", index_col="band", keep_default_na=False, na_values=[""])
    stars = pd.read_csv(folder / "zp_all_bands__per_object.csv", dtype={"gaia_source_id": str, "reason": str})
    return pd.read_parquet(folder / "catalog.parquet"), summary, stars.fillna({"reason": ""})
