"""A finished run under `snakemake verify` and `snakemake provenance`: damage is found, named, and can be undone."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from runs import ROOT, TILE, Run
from swath.provenance.records import tile_folder
from swath.provenance.seal import read_sealed
from swath.provenance.verify import verify

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
_DATED = ("logs", "benchmarks", "runs", "pages")


def products(run: Run) -> dict[str, bytes]:
    """Every file of the tile that does not hold dates or timings."""
    folder = run.folder / TILE
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.log")
    named = {path.relative_to(run.folder).as_posix(): path for path in paths if not set(_DATED) & {*path.parts}}
    return {name: path.read_bytes() for name, path in named.items() if "/records/facts/" not in name}


def flip(path: Path, place: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def commanded(text: str) -> str:
    """The last command that a text offers, with this environment's Python as the program."""
    line = re.findall(r"(?:puts it right|rebuild): (.*)", text)[-1]
    assert line.startswith("snakemake ")
    return line.replace("snakemake ", f"{sys.executable} -m snakemake ", 1)


def test_a_hundred_random_flips_are_all_found_and_named(run_copy, monkeypatch):
    monkeypatch.chdir(run_copy.folder)
    assert verify(TILE, threads=2).fine
    draw = random.Random(20)
    folder = run_copy.folder / TILE
    records = sorted(folder.glob("records/*/*.json"))
    rule = {}
    for record in records:
        told = read_sealed(record)
        rule |= dict.fromkeys([record, *(run_copy.folder / file["path"] for file in told["outputs"])], told["rule"])
    rule[folder / "manifest.json"] = "manifest"
    made = [path for path in rule if path not in records]
    chosen = [draw.choice(made) for _ in range(70)] + [draw.choice(records) for _ in range(28)]
    for path in [*chosen, folder / "manifest.json", folder / "manifest.json"]:
        place, bit = draw.randrange(path.stat().st_size), draw.randrange(8)
        flip(path, place, bit)
        name = path.relative_to(run_copy.folder).as_posix()
        found = [finding for finding in verify(TILE, threads=2).findings if finding.kind == "CHANGED"]
        assert [(finding.path, finding.rule, finding.forced) for finding in found] == [(name, rule[path], (name,))]
        flip(path, place, bit)
    assert verify(TILE, threads=2).fine


def test_the_printed_command_puts_everything_right(run_copy):
    before = products(run_copy)
    figure = "figures/zeropoint/zp_map.png"
    names = ("zeropoint/zeropoint.json", "records/fig_white/white.json", figure, "manifest.json")
    for name in names:
        flip(run_copy.path(name), 40)
    run_copy.path("figures/overlay.png").unlink()
    done = run_copy.snakemake("verify", check=False)
    assert done.returncode == 1
    for name in (*names, "figures/overlay.png"):
        assert f" {TILE}/{name} (rule " in done.stdout
    # Its record is damaged, and so is the manifest that would speak for it.
    assert f"NO RECORD {TILE}/figures/white.png" in done.stdout
    assert "6 files are not as recorded" in done.stdout.rstrip().splitlines()[-2]
    command = commanded(done.stdout)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    mended = subprocess.run(command, shell=True, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert mended.returncode == 0, mended.stderr[-3000:]
    after = products(run_copy)
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []
    clean = run_copy.snakemake("verify").stdout
    assert re.search(r"^OK: \d+ products, \d+ bytes verified in results/tiny480$", clean, re.MULTILINE)
    assert run_copy.planned() == {}


def test_replaced_and_missing_inputs_are_told_and_nothing_is_touched(tmp_path):
    import shutil

    own = tmp_path / "my images"
    own.mkdir()
    for band in "gr":
        shutil.copy(ROOT / f"config/tiny480/S82_{band}.fits.gz", own)
    shutil.copy(ROOT / "config/tiny480/input_catalog.csv", own / "cat.csv")
    images = [str(own / f"S82_{band}.fits.gz") for band in "gr"]
    inputs = {"image_list": None, "images": images, "catalog": str(own / "cat.csv")}
    run = Run(tmp_path / "run", {"inputs": inputs, "figures": {"enabled": False}})
    run.snakemake("--until", "sources")
    assert "OK: " in run.snakemake("verify").stdout
    rows = (own / "cat.csv").read_text().splitlines()
    (own / "cat.csv").write_text("\n".join(rows[:-1]) + "\n")
    Path(images[0]).unlink()
    before = {path: path.stat().st_mtime_ns for path in (run.folder / TILE).rglob("*")}
    text = run.snakemake("verify", check=False).stdout
    assert f"REPLACED  {own}/cat.csv" in text
    assert f"MISSING   {images[0]}" in text
    assert f"--forcerun {TILE}/sources/sources.parquet --" in text
    assert {path: path.stat().st_mtime_ns for path in (run.folder / TILE).rglob("*")} == before
    shutil.copy(ROOT / "config/tiny480/S82_g.fits.gz", own)
    run.snakemake("--until", "sources")
    assert "OK: " in run.snakemake("verify").stdout


def test_figures_switched_off_are_left_over(run_copy):
    run_copy.write({"figures": {"enabled": False}})
    text = run_copy.snakemake("verify").stdout
    assert "OK: " in text
    assert "are left over" in text


@pytest.mark.filterwarnings("error::astropy.utils.exceptions.AstropyUserWarning")  # a checksum that does not fit
def test_fits_and_parquet_products_say_what_made_them(default_run):
    folder = default_run.folder / TILE
    for path in sorted(folder.rglob("*.fits")):
        with fits.open(path, checksum=True) as hdus:
            header, *_ = [hdu.header for hdu in hdus]  # reads, and so checks, them all
            record = read_sealed(folder / header["RECORD"])
        name = path.relative_to(default_run.folder).as_posix()
        assert name in [file["path"] for file in record["outputs"]]
        assert (header["RULE"], header["CODE"]) == (record["rule"], record["code"])
        assert (header["PARHASH"], header["SWATHVER"]) == (record["params_hash"], record["swath"])
        assert len(header["INHASH"]) == 16
        assert tile_folder(folder / header["RECORD"]) == folder
    for name in ("catalog", "merge/catalog", "sources/sources"):
        about = json.loads(pq.read_schema(folder / f"{name}.parquet").metadata[b"provenance"])
        assert len(about) == 6
    with fits.open(folder / "catalog.fits") as hdus:
        assert hdus[0].header["RULE"] == "zeropoint"


def test_provenance_of_a_source_and_of_files(default_run):
    table = pd.read_csv(
        default_run.path("catalog.csv"), dtype={"ID": str, "gaia_source_id": str}, keep_default_na=False
    )
    row = table[table["gaia_source_id"] != ""].iloc[0]
    text = default_run.snakemake("provenance", "--config", f"source={row['ID']}").stdout
    for part in (row["patch_tag"], row["epsf_tag"], row["gaia_source_id"], "zero point", "its stars", "S82_u.fits.gz"):
        assert part in text
    assert f"by fit {row['patch_tag']}:" in text
    others = set(table["patch_tag"]) - {row["patch_tag"], ""}
    assert others
    assert not any(f"by fit {patch}:" in text for patch in others)
    record = read_sealed(default_run.path("records/load/g.json"))
    for name in ("frames/g.fits", f"{TILE}/frames/g.fits", str(default_run.path("frames/g.fits"))):
        text = default_run.snakemake("provenance", "--config", f"file={name}").stdout
        assert f"{TILE}/frames/g.fits" in text
        assert record["inputs"][0]["sha256"] in text
        assert record["code"] in text
    unknown = default_run.snakemake("provenance", "--config", "source=P0002", check=False)
    assert unknown.returncode == 1
    assert re.search(r"no source P0002 among the 56 .* did you mean P\d+", unknown.stdout)
    assert len(list(default_run.path("runs").iterdir())) == 1
