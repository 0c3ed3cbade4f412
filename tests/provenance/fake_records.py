"""A small tile: files and records as jobs leave them, and its manifest."""

from pathlib import Path

from swath.provenance.history import Asked
from swath.provenance.manifest import write_manifest
from swath.provenance.records import finish_record, start_record

FOLDER = "results/t"
PRODUCTS = {"load/g": "frames/g.fits", "load/r": "frames/r.fits", "white/white": "white/white.fits"}
FIGURE = "figures/white.png"
ASKED = Asked.by_lists(bands="gr", added=[], cells=[], patches=[], products=[f"{FOLDER}/{FIGURE}"])


def make(record: str, product: str, inputs: list[str], content: str, **wildcards: str) -> None:
    """Run a job: one product, its record."""
    path = f"{FOLDER}/records/{record}.json"
    started = start_record(path, record.split("/")[0], {"tile": "t", **wildcards}, {"code": "c", "zp": 25.0}, inputs)
    target = Path(FOLDER, product)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content)
    finish_record(started, [str(target), path])


def make_all() -> None:
    for band in "gr":
        Path(f"{band}.fits").write_text(f"image {band}")
        make(f"load/{band}", f"frames/{band}.fits", [str(Path(f"{band}.fits").absolute())], f"frame {band}", band=band)
    frames = [f"{FOLDER}/frames/{band}.fits" for band in "gr"]
    make("white/white", "white/white.fits", frames, "white")
    make("fig_white/white", FIGURE, [f"{FOLDER}/white/white.fits"], "figure")
    write_manifest(f"{FOLDER}/manifest.json", ASKED)
