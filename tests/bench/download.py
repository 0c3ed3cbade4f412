"""How fast `download` is: many exposures from a server on this machine, against curl with as many connections.

    PYTHONPATH=workflow:tests python tests/bench/download.py --files 2000 --connections 2 [--side 100] [--psf]

The server is another process. Both fetch the same files from it, one after the other and again in turn (`--rounds`);
curl writes them down and does nothing else, swath also hashes, checks (DATASUM of every HDU) and names them, and keeps
its ledger. With --psf files have one, which curl cannot leave out: the bytes that each took are told then.
"""

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SWATH = """
import json, sys, time
from pathlib import Path
from archive.tilefolder import Tile
from swath.telemetry import peak_memory
folder, url, files, connections = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
tile = Tile(folder, {f"{number}": f"{url}/{number}.fits" for number in range(files)})
begun, cpu = time.monotonic(), time.process_time()
table = tile.run(connections=connections, hdus=("IMAGE", "FLAGS", "VARIANCE", "ZODI"))
told = {"wall_s": time.monotonic() - begun, "cpu_s": time.process_time() - cpu, "memory_mb": peak_memory()}
told |= {"ok": int((table.status == "ok").sum()), "bytes": int(table["size"].sum()), "saved": int(table.saved.sum())}
print(json.dumps(told | {"sha256": sorted(set(table.sha256))}))
"""


@contextmanager
def served(file: Path, copies: int) -> Iterator[str]:
    """The address of a server of that many copies of a file."""
    command = [sys.executable, str(TESTS / "archive" / "fileserver.py"), str(file), str(copies)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def curl(folder: Path, url: str, files: int, connections: int) -> dict[str, float]:
    """Seconds and bytes that curl takes."""
    folder.mkdir()
    lines = "".join(f'url = "{url}/{number}.fits"\noutput = "{folder}/{number}.fits"\n' for number in range(files))
    (folder / "list").write_text(lines)
    parallel = ["--parallel", "--parallel-max", str(connections)]
    begun = time.monotonic()
    subprocess.run(["curl", "-sS", "--fail", *parallel, "--config", str(folder / "list")], check=True)
    wall = time.monotonic() - begun
    got = list(folder.glob("*.fits"))
    return {"wall_s": wall, "ok": len(got), "bytes": sum(path.stat().st_size for path in got)}


def swath(folder: Path, url: str, files: int, connections: int) -> dict[str, float]:
    """What swath takes, in a process of its own; its start is not counted."""
    command = [sys.executable, "-c", SWATH, str(folder), url, str(files), str(connections)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Compare, print, and say by the exit code whether swath has 80 % of curl's speed in less than 500 MB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--side", type=int, default=100, help="pixels of the images' sides")
    parser.add_argument("--psf", action="store_true", help="files with a PSF")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    from archive.mefs import mef

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "served.fits"
        file.write_bytes(mef(1, side=given.side, psf=given.psf))
        with served(file, given.files) as url:
            runs = {"curl": [], "swath": []}
            for _ in range(given.rounds):
                for name, fetch in (("curl", curl), ("swath", swath)):
                    runs[name].append(fetch(Path(scratch) / name, url, given.files, given.connections))
                    shutil.rmtree(Path(scratch) / name)
        content = hashlib.sha256(file.read_bytes()).hexdigest()
    return tell(given, file, runs, content)


def tell(given: argparse.Namespace, file: Path, runs: dict[str, list[dict]], content: str) -> int:
    """Print the comparison."""
    for name, rounds in runs.items():
        wall = statistics.median(run["wall_s"] for run in rounds)
        each = ", ".join(f"{run['wall_s']:.2f}" for run in rounds)
        speed = f"{given.files / wall:.0f} files/s, {rounds[0]['bytes'] / wall / 1e6:.0f} MB/s"
        print(f"{name:5}: {wall:.2f} s (rounds: {each}), {speed}")
        if any(run["ok"] != given.files for run in rounds):
            print(f"       not all files came: {[run['ok'] for run in rounds]}")
            return 1
    last = runs["swath"][-1]
    ratio = statistics.median(c["wall_s"] / s["wall_s"] for c, s in zip(runs["curl"], runs["swath"], strict=True))
    cost = f"{last['cpu_s'] / given.files * 1e3:.2f} CPU-ms per file, {last['memory_mb']:.0f} MB"
    print(f"swath has {ratio:.0%} of curl's speed; {cost}")
    print(f"bytes: {runs['curl'][0]['bytes']} against {last['bytes']}, {last['saved']} not read")
    same = given.psf or last["sha256"] == [content]
    return 0 if same and last["memory_mb"] < 500 and (given.psf or ratio >= 0.8) else 1


if __name__ == "__main__":
    sys.exit(main())
