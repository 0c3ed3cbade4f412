"""How accurate are the fit's fluxes, errors and shapes? Fields of known truth, rendered by GalSim.

    PYTHONPATH=workflow python tests/bench/accuracy.py                         # the fit alone: it knows the true PSF
    PYTHONPATH=workflow python tests/bench/accuracy.py --config my.yaml --run results/test_field

The second form takes the PSFs and zero points that a finished `snakemake test_field` measured: what the fit and the
PSFs together achieve. Fluxes are those within the declared radius of the profiles. Exit code 1 if a limit is missed.
"""

import argparse
import sys
import time
from pathlib import Path

import pandas as pd
import yaml
from accuracy_judge import isolated, pairs, told
from accuracy_optics import Optics, exact, measured
from accuracy_scenes import ROWS, STEP, Recipe, fitted
from swath.config.load import load_config
from swath.truth.bounds import Bound

# Matched-filter S/N; with its shape free a galaxy's flux has half to two thirds of it.
ISOLATED_SNR, PAIR_SNR = (60.0, 1500.0), (40.0, 600.0)


def measure(cells: list[Optics], seed: int, alone: int, pairs_count: int) -> tuple[list[Bound], pd.DataFrame]:
    """The figures of both samples, and their sources."""
    single = fitted(Recipe("isolated", 1, alone, ISOLATED_SNR), cells, seed)
    double = fitted(Recipe("pairs", 2, pairs_count, PAIR_SNR), cells, seed)
    both = pd.concat([single.assign(sample="isolated"), double.assign(sample="pairs")], ignore_index=True)
    true_psf = cells[0].fields is None
    return isolated(single, true_psf) + pairs(double, true_psf), both


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--isolated", type=int, default=1600, help="isolated sources, a quarter of each kind")
    parser.add_argument("--pairs", type=int, default=800, help="pairs of sources")
    parser.add_argument("--bands", type=int, default=3, help="bands (with --run: those of the run)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", type=Path, help="results/test_field of a finished run: its PSFs and zero points")
    parser.add_argument("--config", type=Path, help="the config of that run")
    parser.add_argument("--table", type=Path, help="write the sources here (CSV)")
    given = parser.parse_args()
    if given.run:
        cells = measured(given.run, load_config(yaml.safe_load(given.config.read_text()), given.config.parent))
    else:
        cells = exact(given.bands, STEP * ROWS)
    begun = time.process_time()
    bounds, table = measure(cells, given.seed, given.isolated, given.pairs)
    print(*map(told, bounds), sep="\n")
    lost, cost = int((~table["converged"]).sum()), time.process_time() - begun
    print(f"{len(table)} sources, {lost} not converged; {cost:.0f} CPU-s")
    if given.table:
        table.to_csv(given.table, index=False)
    sys.exit(not all(item.passed for item in bounds))


if __name__ == "__main__":
    main()
