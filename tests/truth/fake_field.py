"""A field as a perfect pipeline would measure it: right errors, no bias. Tests then bend it."""

import numpy as np
import pandas as pd

BANDS = ("b1", "b2", "b3")
COUNTS = {"star": 400, "exp": 300, "dev": 300, "sersic": 300}


def measured(seed: int = 1) -> pd.DataFrame:
    """The table of `match.compare`, with Gaussian errors of the size that it quotes."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat(list(COUNTS), list(COUNTS.values()))
    n = len(kinds)
    snr = 10 ** rng.uniform(0.8, 2.9, n)
    table = pd.DataFrame({"ID": [f"T{i}" for i in range(n)], "type": kinds, "mag": 22 - 2.5 * np.log10(snr / 8)})
    table = table.assign(x=0.0, y=0.0, blend=0, isolated=True, active=True, fitted=True, converged=True, detected=True)
    for axis in "xy":
        table[f"{axis}_err"] = 1.6 / snr
        table[f"d{axis}"] = table[f"{axis}_err"] * rng.normal(size=n)
    table["ra_offset"], table["dec_offset"] = 400 * table["dx"], 400 * table["dy"]
    galaxy = kinds != "star"
    table["Re"] = np.where(galaxy, 3.0, np.nan)
    table["Re_err"] = 6.0 / snr
    table["Re_fit"] = table["Re"] + table["Re_err"] * rng.normal(size=n)
    shared = rng.normal(size=n)  # what a source's bands have in common: the error of its shape
    for band in BANDS:
        table[f"true_{band}"] = 100.0 * snr
        table[f"err_{band}"] = 100.0
        own = np.where(galaxy, np.sqrt(0.5) * (shared + rng.normal(size=n)), rng.normal(size=n))
        table[f"flux_{band}"] = table[f"true_{band}"] + 100.0 * own
        table[f"snr_{band}"] = snr
    return table.assign(snr=snr)
