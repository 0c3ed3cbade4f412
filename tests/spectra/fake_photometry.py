"""A photometry table as the run makes it, of a made-up target."""

import numpy as np
import pandas as pd
from swath.photometry.columns import frame

EDGES = {
    "D1": (0.74, 1.12, 39), "D2": (1.10, 1.65, 41), "D3": (1.64, 2.42, 41), "D4": (2.42, 3.82, 35),
    "D5": (3.81, 4.42, 112), "D6": (4.41, 5.00, 128),
}  # fmt: skip  # wavelengths [um] and resolving power of SPHEREx's detectors


def star(wavelength):
    """Flux [uJy] of a smooth spectrum that falls to the red."""
    return 4000 * (wavelength / 1.0) ** -1.5


def photometry(count=60, seed=1, spectrum=star, target="star-0a1b2c3d", noise=0.02, **columns):
    """`count` measurements of one target, spread over the bands and half a year; `columns` replace whole columns."""
    generator = np.random.default_rng(seed)
    names = list(EDGES)
    rows = [_row(i, names[i % len(names)], generator, spectrum, target, noise) for i in range(count)]
    table = frame(rows)
    for name, values in columns.items():
        table[name] = values
    with np.errstate(divide="ignore", invalid="ignore"):
        table["snr"] = table["flux"] / table["flux_err"]
        table["mag"] = 23.9 - 2.5 / np.log(10) * (np.arcsinh(table["flux"] / 40) + np.log(20))
        table["mag_err"] = 2.5 / np.log(10) * table["flux_err"] / np.hypot(table["flux"], 40)
    return table


def lost(table, rows, status="not_downloaded", reason="HTTP 404 of the archive, 3 attempts"):
    """The table with exposures that could not be measured."""
    table = table.copy()
    numbers = [name for name in table.columns if table[name].dtype.kind == "f" and name not in ("mjd", "exptime")]
    table.loc[rows, numbers] = np.nan
    table.loc[rows, ["flags", "quality", "psf_zone"]] = 0
    table.loc[rows, "status"] = status
    table.loc[rows, "reason"] = reason
    return table


def write(folder, table):
    """Write photometry.parquet and query/targets.ecsv, as a run has them; returns their paths."""
    from astropy.table import Table
    from swath.tables import write_parquet

    slug = table["target"].iloc[0] if len(table) else "star-0a1b2c3d"
    write_parquet(folder / "photometry.parquet", table)
    targets = Table(
        {
            "target": ["Star of 'x, y' # 1"],
            "slug": [slug],
            "ra": [210.80227],
            "dec": [54.34895],
            "epoch": [2016.0],
            "pmra": [-12.5],
            "pmdec": [3.25],
        }
    )
    targets.write(folder / "targets.ecsv", format="ascii.ecsv", overwrite=True)
    return folder / "photometry.parquet", folder / "targets.ecsv"


def _row(i, band, generator, spectrum, target, noise):
    blue, red, resolution = EDGES[band]
    wavelength = generator.uniform(blue, red)
    flux = spectrum(wavelength)
    error = max(noise * abs(flux), 5.0)
    mjd = 60800.0 + 180 * generator.random()
    x, y = generator.uniform(20, 30, 2)
    return {
        "target": target,
        "exposure": f"ivo://irsa.ipac/spherex_qr?2025W{i % 50:02d}_1C_{i:04d}_1/{band}#v20",
        "obs_id": f"2025W{i % 50:02d}_1C_{i:04d}_1",
        "band": band,
        "collection": "spherex_qr2",
        "release": "qr2",
        "version": "v20",
        "mjd": mjd,
        "exptime": 113.58,
        "status": "ok",
        "reason": "",
        "flux": flux + error * generator.normal(),
        "flux_err": error,
        "snr": np.nan,
        "wavelength": wavelength,
        "bandwidth": wavelength / resolution,
        "flags": 1 << 21,
        "quality": 0,
        "ra": 210.80227,
        "dec": 54.34895,
        "x": x,
        "y": y,
        "x_detector": x + 500,
        "y_detector": y + 900,
        "aperture_radius": 2.2,
        "aperture_area": 15.2,
        "aperture_correction": 1.21,
        "fwhm": 1.76,
        "psf_zone": 17,
        "background": 0.012,
        "background_err": 0.003,
        "background_method": "annulus",
        "background_area": 101.0,
        "zodi_scale": 1.02,
        "pixel_area": 37.8,
        "mag": np.nan,
        "mag_err": np.nan,
        "file": f"data/{band}/{i}.fits",
        "sha256": "0" * 64,
    }


def empty():
    """No rows."""
    return frame([])


def joined(*tables):
    """Several targets in one table."""
    return pd.concat(tables, ignore_index=True)
