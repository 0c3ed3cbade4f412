"""Do two different starts end at the same fluxes? Payloads of a finished run, fitted as they are and from elsewhere.

    PYTHONPATH=workflow python tests/bench/two_starts.py results/<tile>/payload/*.fits

The other start has fluxes, positions and shapes that are wrong by more than a catalogue's. Printed: the share of fluxes
within 0.1 sigma, the largest differences, and how it goes with S/N. Priors and bounds stay those of the first start.
"""

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from swath.config.fit import Fit
from swath.fit.errors import covariances
from swath.fit.optimise import optimise
from swath.fit.problem import problem
from swath.fit.scene import Problem
from swath.patches.payload import OWNED, Payload, read_payload
from swath.streams import stream

FLUX, POSITION, SHAPE = 0.3, 0.3, 0.2  # scatter of ln flux, of x and y [pix], of ln r, e1, e2 and ln n
NEAR = 0.1
SNR = (0.0, 5.0, 10.0, 30.0, np.inf)


def moved(given: Problem, rng: np.random.Generator) -> Problem:
    """The same problem from another start."""
    sources, free = given.sources.copy(), given.sources.free
    count = int(free.sum())
    sources.flux[free] *= np.exp(FLUX * rng.normal(size=(count, sources.flux.shape[1])))
    shift = rng.normal(size=(count, 6)) * [POSITION, POSITION, SHAPE, SHAPE, SHAPE, SHAPE]
    shift[:, 5] *= sources.model[free] == "sersic"
    shift[sources.model[free] == "star", 2:] = 0
    start = sources.nonlinear[free] + shift
    sources.nonlinear[free] = np.clip(start, given.limits.low[free], given.limits.high[free])
    return Problem(given.pixels, given.psf, sources, given.limits, given.settings)


def compare(payload: Payload, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """|difference| of the fluxes that the patch owns in units of their errors, and their S/N, (n, nband) each."""
    given = problem(payload, Fit(), free_sky=False)
    first, second = optimise(given), optimise(moved(given, stream(seed, "two starts", payload.patch)))
    error = covariances(given, first).flux
    mine = payload.sources["role"] == OWNED
    difference = np.abs(first.sources.flux - second.sources.flux) / error
    return difference[mine], (first.sources.flux / error)[mine]


def told(difference: np.ndarray, snr: np.ndarray) -> list[str]:
    """Lines of the table: all fluxes, then by S/N."""
    lines = []
    for low, high in [(-np.inf, np.inf), *pairwise(SNR)]:
        part = difference[(snr > low) & (snr <= high)]
        name = "all" if np.isinf(low) else f"S/N {low:g} to {high:g}"
        if len(part):
            share, largest = 100 * np.mean(part < NEAR), part.max()
            lines.append(
                f"{name:14s} {len(part):6d} fluxes  {share:6.2f} % within {NEAR} sigma   "
                f"99 % within {np.percentile(part, 99):.3f}   largest {largest:.2f}"
            )
    return lines


def gathered(paths: Sequence[Path], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Differences and S/N of all patches, flat, without fluxes that nothing measured."""
    parts = [compare(read_payload(path), seed) for path in paths]
    difference, snr = (np.concatenate([part[k].ravel() for part in parts]) for k in range(2))
    known = np.isfinite(difference) & np.isfinite(snr)
    return difference[known], snr[known]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("payloads", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(*told(*gathered(given.payloads, given.seed)), sep="\n")


if __name__ == "__main__":
    main()
