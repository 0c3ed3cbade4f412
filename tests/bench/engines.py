"""What does the fit cost, how does the cost grow, and what does the real Tractor need for the same? A table.

    PYTHONPATH=workflow python tests/bench/engines.py                        # about 10 minutes on 2 cores
    PYTHONPATH=workflow python tests/bench/engines.py --sources 10 22 --bands 6 --no-tractor

Patches are simulated (`patches.py`): every source is in the model, PSFs are exact, no pixel is bad. All engines fit the
same payload from the same start at the same weights, those of the sky's noise, and swath once more as it comes, with
the model's own noise, which takes further rounds. swath keeps its weak priors; the Tractor has none. CPU seconds are of
the optimisation alone (no start-up, no reading, no errors), each case in a process of its own; memory is that process's
peak, imports and pixels included. chi2 of every solution is that of swath's own drawing at the weights of the sky; the
Tractor's own drawing of its solution is told beside it.

The Tractor runs where it is importable, in the cases of `--tractor`, in three ways (`engines_tractor.py`): as tract7dt
sets it, with its LSQR optimiser as it comes, and with the arguments that were fastest.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import patches
from engines_fit import WAYS, run

HEAD = (
    "sources x bands", "side [pix]", "engine", "CPU [s]", "times native", "iterations", "converged", "chi2",
    "chi2 of its own drawing", "peak [MB]",
)  # fmt: skip


def cases(given: argparse.Namespace) -> list[tuple[int, int, int | None]]:
    """(sources, bands, side) of every patch."""
    grid = [(sources, bands, None) for sources in given.sources for bands in given.bands]
    return grid + [tuple(map(int, text.split("x"))) for text in given.crowded]


def measure(payload: Path, way: str, limit: float) -> dict[str, Any]:
    """One case in a process of its own; `failed` says why there are no figures."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--one", str(payload), way]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=environment)
    except subprocess.TimeoutExpired:
        return {"failed": f"stopped after {limit:.0f} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["?"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def growth(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Slope of log CPU against log (stamp pixels of all sources and bands) of the native fits, and its error."""
    native = [row for row in rows if row["way"] == "native" and "cpu" in row]
    if len(native) < 3:
        return np.nan, np.nan
    x, y = (np.log([row[name] for row in native]) for name in ("stamp_pixels", "cpu"))
    coefficients, covariance = np.polyfit(x, y, 1, cov="unscaled")
    scatter = np.std(y - np.polyval(coefficients, x), ddof=2)
    return float(coefficients[0]), float(np.sqrt(covariance[0, 0]) * scatter)


def times(ratio: float) -> str:
    """A ratio with two significant digits below 10, a whole number above."""
    return f"{ratio:#.2g}" if ratio < 9.95 else f"{ratio:.0f}"


def line(row: dict[str, Any], native: dict[str, Any]) -> str:
    """One line of the table."""
    patch = f"| {row['sources']} x {row['bands']} | {row['side']} | {row['way']} "
    if "failed" in row:
        return f"{patch}| {row['failed']} | | | | | | |"
    ratio = "" if row is native or "cpu" not in native else times(row["cpu"] / native["cpu"])
    own = "" if row["chi2_own"] is None else f"{row['chi2_own']:,.0f}"
    return (
        f"{patch}| {row['cpu']:.3g} | {ratio} | {row['iterations']} | {row['converged']} | {row['chi2']:,.0f} | {own} "
        f"| {row['peak_mb']:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, nargs="+", default=[10, 22, 50, 100, 200])
    parser.add_argument("--bands", type=int, nargs="+", default=[5, 6, 10, 20, 40])
    parser.add_argument("--crowded", nargs="*", default=["200x40x400"], help="further: sources x bands x side [pix]")
    parser.add_argument("--tractor", nargs="*", default=["10x5", "10x40", "22x6", "50x6", "50x10"], help="its cases")
    parser.add_argument("--no-tractor", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=400, help="time limit of a case [s]")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(run(Path(given.one[0]), given.one[1])))
        return
    begun = time.monotonic()
    there = importlib.util.find_spec("tractor") is not None and not given.no_tractor
    print(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for sources, bands, side in cases(given):
            payload, _ = patches.patch(sources, bands, given.seed, side)
            path = Path(folder) / "payload.npz"
            np.savez(path, **payload._asdict() | {"parts": 0})
            asked = there and side is None and f"{sources}x{bands}" in given.tractor
            native = None
            for way in WAYS if asked else WAYS[:2]:
                about = {"sources": sources, "bands": bands, "side": payload.image.shape[1], "way": way}
                rows.append(about | measure(path, way, given.limit))
                native = native or rows[-1]
                print(line(rows[-1], native), flush=True)
    slope, error = growth(rows)
    print(f"\nCPU of the native fit grows as (sources x bands x stamp pixels)^({slope:.2f} +- {error:.2f}).")
    print(f"{time.monotonic() - begun:.0f} s in all" + ("" if there else "; without the Tractor"))


if __name__ == "__main__":
    main()
