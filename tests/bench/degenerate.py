"""Fit random patches with something wrong in them: `PYTHONPATH=workflow python tests/bench/degenerate.py [N] [FIRST]`.

N patches (1,000 if not said) from seed FIRST (0) on go through the payload boundary, as in a run. Prints what is wrong
with their products, the slowest, and totals; ends with status 1 if anything is.
"""

import logging
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "fit"))
from oddities import complaints, fitted, random_names, random_patch
from swath.flags import counted


def main(count: int = 1000, first: int = 0) -> int:
    """Fit and judge the patches; the number of those with complaints."""
    logging.disable(logging.CRITICAL)
    bad, flags, warned, seconds, sources = 0, Counter(), Counter(), {}, 0
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for seed in range(first, first + count):
            payload, settings, sky = random_patch(seed)
            started = time.process_time()
            try:
                header, rows, scene = fitted(payload, Path(folder), settings, sky)
                said = complaints(payload, settings, header, rows, scene)
                flags.update(counted(rows["flags"]))
                sources += len(rows)
            except Exception as error:  # none may come: each is counted, and the others are tried all the same
                said = [f"raised {type(error).__name__}: {error}"]
            seconds[seed] = time.process_time() - started
            bad += bool(said)
            warned.update({f"{Path(w.filename).name}:{w.lineno} {w.message}" for w in caught})
            caught.clear()
            if said:
                print(f"seed {seed} {random_names(seed)}:", *said, sep="\n    ", flush=True)
            if len(seconds) % 50 == 0:
                print(f"{len(seconds)} of {count}: {sum(seconds.values()):.0f} CPU-s, {bad} bad", flush=True)
    print(f"{count} patches, {sources} owned sources, {sum(seconds.values()):.0f} CPU-s, {bad} with complaints")
    slowest = sorted(seconds, key=seconds.get, reverse=True)[:5]
    print("slowest:", *(f"seed {seed} {random_names(seed)} {seconds[seed]:.1f} s" for seed in slowest), sep="\n    ")
    print("flags:", *(f"{name} {number}" for name, number in flags.most_common()), sep="\n    ")
    print("patches with warnings:", *(f"{text}: {n}" for text, n in warned.most_common()), sep="\n    ")
    return bad


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
