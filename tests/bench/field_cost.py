"""What all fits of a field cost, each in a process of its own as in the workflow, and what became of every source.

    PYTHONPATH=workflow python tests/bench/field_cost.py results/<tile>/payload/*.fits

Printed: CPU seconds in all (start of the interpreter, imports, reading and writing included), those of starting alone,
the largest memory, and how many sources converged, are flagged, or neither. Exit code 1 if any is neither.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

START = "import sys; from pathlib import Path; from swath.config.fit import Fit; from swath.fit.job import fit_patch"
FIT = f"{START}; fit_patch(Path(sys.argv[1]), Path(sys.argv[2]), Fit(), 'plane')"


def cpu_of(code: str, *arguments: str) -> float:
    """CPU seconds of a fresh interpreter that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def fitted(payload: Path, folder: Path) -> tuple[float, np.ndarray]:
    """CPU seconds of one patch's job, and the rows of the sources that it owns."""
    output = folder / payload.name
    cost = cpu_of(FIT, str(payload), str(output))
    with fits.open(output, memmap=False) as hdus:
        return cost, np.array(hdus["FIT"].data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("payloads", type=Path, nargs="+")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        costs, tables = zip(*(fitted(path, Path(folder)) for path in given.payloads), strict=True)
    start = np.median([cpu_of(START) for _ in range(5)])
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    converged, flagged = (np.concatenate([t[name] for t in tables]) for name in ("converged", "flags"))
    neither = int((~converged & (flagged == 0)).sum())
    print(f"{len(costs)} patches, {len(converged)} sources: {sum(costs):.1f} CPU-s (starting {start * len(costs):.1f}, "
          f"{start:.2f} each); at most {memory:.0f} MB")  # fmt: skip
    print(f"{int(converged.sum())} converged, {int((~converged).sum()) - neither} not and flagged, {neither} neither")
    sys.exit(neither > 0)


if __name__ == "__main__":
    main()
