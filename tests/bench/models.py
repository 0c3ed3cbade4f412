"""Is every source recognised? `fit.models: auto` on simulated fields whose TYPEs and shapes it is not told.

    PYTHONPATH=workflow python tests/bench/models.py [patches] [sources] [bands]

Prints what sources of each true type were taken for, in steps of S/N (all bands together), and what the choice costs
beside a fit with the true models.
"""

import sys
import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from patches import patch
from swath.config.fit import Fit
from swath.fit.job import solve_patch
from swath.patches.payload import Payload

MODELS = ("star", "exp", "dev", "sersic")
STEPS = (0, 10, 20, 50, np.inf)


def blind(payload: Payload, called: str = "exp") -> Payload:
    """The payload as from a catalogue of positions and fluxes: one model, and the fallback's shape."""
    sources = payload.sources.copy()
    sources["model"], sources["re"], sources["ell"], sources["phi"] = called, 3.0, 0.2, 0.0
    return payload._replace(sources=sources)


def measure(seeds: Sequence[int], count: int, bands: int) -> tuple[pd.DataFrame, float, float]:
    """True and chosen model, S/N and margin of all sources; CPU seconds of fits with choice, and with true models."""
    tables, spent = [], np.zeros(2)
    for seed in seeds:
        payload, _ = patch(count, bands, seed)
        started = time.process_time()
        rows, _ = solve_patch(blind(payload), Fit(models="auto"), "constant")
        between = time.process_time()
        solve_patch(payload, Fit(), "constant")
        spent += between - started, time.process_time() - between
        snr = np.sqrt(np.nansum((rows["flux"] / rows["flux_err"]) ** 2, axis=1))
        tables.append(
            pd.DataFrame({"truth": payload.sources["model"].astype(str), "found": rows["model"].astype(str), "snr": snr,
                          "margin": rows["dchi2_runner_up"], "seed": seed})
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True), *spent


def separation(table: pd.DataFrame) -> float:
    """Fraction of sources that are on their side of stars and galaxies."""
    return float(((table["truth"] == "star") == (table["found"] == "star")).mean())


def main(number: int = 10, count: int = 40, bands: int = 5) -> None:
    """Print the tables."""
    table, chosen, known = measure(range(number), count, bands)
    for low, high in pairwise(STEPS):
        step = table[(table["snr"] >= low) & (table["snr"] < high)]
        if len(step):
            print(f"\nS/N {low} to {high}: {separation(step):.1%} of {len(step)} on their side")
            print(pd.crosstab(step["truth"], step["found"]).reindex(index=MODELS, columns=MODELS, fill_value=0))
    auto, given = (1e3 * seconds / len(table) for seconds in (chosen, known))
    print(f"\n{bands} bands: {auto:.0f} ms of CPU a source with the choice of its model, {given:.0f} ms without")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
