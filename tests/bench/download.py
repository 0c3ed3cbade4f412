"""How fast `download` is: many exposures from a server on this machine, against curl with as many connections.

    PYTHONPATH=workflow:tests python tests/bench/download.py [--files 2000] [--connections 2] [--server files] [--psf]

Servers are processes of their own: `archive`, the stand-in for IRSA of the tests, or `files`, which does nothing but
send bytes from memory, a hundred times as fast as any archive. Both clients fetch the same files, in turn, `--rounds`
times. curl writes them down; swath also hashes them, checks all HDUs and names them, and keeps its ledger. With --psf,
files have a PSF (5 MB), which curl cannot leave out: told is what swath did not read.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SWATH = """
import json, sys, time
from pathlib import Path
from archive.tilefolder import Tile
from swath.telemetry import peak_memory
folder, urls, connections = Path(sys.argv[1]), Path(sys.argv[2]).read_text().split(), int(sys.argv[3])
tile = Tile(folder, {str(number): url for number, url in enumerate(urls)})
begun, cpu = time.monotonic(), time.process_time()
table = tile.run(connections=connections, hdus=("IMAGE", "FLAGS", "VARIANCE", "ZODI"))
told = {"wall_s": time.monotonic() - begun, "cpu_s": time.process_time() - cpu, "memory_mb": peak_memory()}
told |= {"ok": int((table.status == "ok").sum()), "bytes": int(table["size"].sum())}
told |= {"saved": int(tile.saved(table).sum())}
print(json.dumps(told | {"sha256": table.sha256.tolist()}))
"""


@contextmanager
def served(given: argparse.Namespace, folder: Path) -> Iterator[list[str]]:
    """The URLs of all files, while a server of them runs."""
    from archive.irsafiles import copies, exposures
    from spherex.build import Scene, write

    scene = Scene(detector=3, size=(given.side, given.side))
    write(folder / scene.name, scene, psf=given.psf, datasum=True)
    paths = [f"ibe/data/spherex/{one.key}" for one in copies(exposures([folder / scene.name])[0], given.files)]
    command = ["-m", "archive.irsa", str(folder), "--copies", str(given.files), "--limit", "1000"]
    if given.server == "files":
        paths = [f"{number}.fits" for number in range(given.files)]
        command = [str(TESTS / "archive" / "fileserver.py"), str(folder / scene.name), str(given.files)]
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip()
            yield [f"{url}/{path}" for path in paths]
        finally:
            server.terminate()


def curl(folder: Path, urls: Sequence[str], connections: int) -> dict:
    """Seconds and bytes that curl takes."""
    folder.mkdir()
    wanted = "".join(f'url = "{url}"\noutput = "{folder}/{number}.fits"\n' for number, url in enumerate(urls))
    (folder / "list").write_text(wanted)
    parallel = ["--parallel", "--parallel-max", str(connections)]
    begun = time.monotonic()
    subprocess.run(
        ["curl", "-s", "--fail", *parallel, "--config", str(folder / "list")], check=True, stderr=subprocess.DEVNULL
    )
    wall = time.monotonic() - begun
    got = list(folder.glob("*.fits"))
    return {"wall_s": wall, "ok": len(got), "bytes": sum(path.stat().st_size for path in got)}


def swath(folder: Path, urls: Sequence[str], connections: int) -> dict:
    """What swath takes, in a process of its own; its start is not counted."""
    listed = folder.with_suffix(".txt")
    listed.write_text("\n".join(urls))
    command = [sys.executable, "-c", SWATH, str(folder), str(listed), str(connections)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Compare and print; the exit code says whether swath has 80 % of curl's speed, and less than 500 MB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--server", choices=("archive", "files"), default="archive")
    parser.add_argument("--side", type=int, default=100, help="pixels of the images' sides")
    parser.add_argument("--psf", action="store_true", help="files with a PSF")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        (served_from := Path(scratch) / "served").mkdir()
        runs: dict[str, list[dict]] = {"curl": [], "swath": []}
        with served(given, served_from) as urls:
            for _ in range(given.rounds):
                for name, fetch in (("curl", curl), ("swath", swath)):
                    runs[name].append(fetch(Path(scratch) / name, urls, given.connections))
                    shutil.rmtree(Path(scratch) / name)
    return tell(given, runs)


def tell(given: argparse.Namespace, runs: dict[str, list[dict]]) -> int:
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
    print(f"bytes: {runs['curl'][0]['bytes']} against {last['bytes']} and {last['saved']} that were not read")
    return 0 if last["memory_mb"] < 500 and ratio >= 0.8 else 1


if __name__ == "__main__":
    sys.exit(main())
