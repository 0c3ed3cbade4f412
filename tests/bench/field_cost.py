"""What all fits of a field cost, each in a process of its own as in the workflow, and what became of every source.

    PYTHONPATH=workflow python tests/bench/field_cost.py results/<tile>/payload/*.fits

Printed: a line per patch; CPU seconds in all (start of the interpreter, imports, reading and writing included), those
of starting alone, the largest memory, and how many sources converged, are flagged, or neither. Exit code 1 if any is
neither.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from swath.images import table_rows

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
        return cost, table_rows(hdus["FIT"])


def counted(tables: Sequence[np.ndarray]) -> tuple[int, int, int]:
    """How many rows of FIT tables converged, did not and are flagged, did not and are not."""
    converged, flags = (np.concatenate([table[name] for table in tables]) for name in ("converged", "flags"))
    flagged = ~converged & (flags != 0)
    return int(converged.sum()), int(flagged.sum()), int((~converged & ~flagged).sum())


def told(payload: Path, folder: Path) -> tuple[float, np.ndarray]:
    """As `fitted`, with a line about it."""
    cost, rows = fitted(payload, folder)
    converged, flagged, neither = counted([rows])
    print(f"{payload.stem}: {cost:.2f} CPU-s, {len(rows)} sources, {converged} converged, {flagged} not and flagged, "
          f"{neither} neither", flush=True)  # fmt: skip
    return cost, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("payloads", type=Path, nargs="+")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        costs, tables = zip(*(told(path, Path(folder)) for path in given.payloads), strict=True)
    start = np.median([cpu_of(START) for _ in range(5)])
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    converged, flagged, neither = counted(tables)
    print(f"{len(costs)} patches, {sum(map(len, tables))} sources: {sum(costs):.1f} CPU-s (starting "
          f"{start * len(costs):.1f}, {start:.2f} each); at most {memory:.0f} MB")  # fmt: skip
    print(f"{converged} converged, {flagged} not and flagged, {neither} neither")
    sys.exit(neither > 0)


if __name__ == "__main__":
    main()
