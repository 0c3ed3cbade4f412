"""Bad input through the real workflow: exit code 1, our sentence last, and no traceback."""

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from runs import ROOT, Run
from swath.run import run as run_from_python

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
SHIPPED = ROOT / "config/tiny480"


@pytest.fixture
def bad(tmp_path):
    """Two bands of the default field, uncompressed, in a folder that may be spoilt; and a run of them."""
    folder = tmp_path / "my field é"
    folder.mkdir()
    for band in "gr":
        with fits.open(SHIPPED / f"S82_{band}.fits.gz") as hdus:
            hdus.writeto(folder / f"{band}.fits")
    for name in ("input_catalog.csv", "synphot.csv"):
        shutil.copy(SHIPPED / name, folder / name)
    inputs = {"image_list": None, "images": [str(folder / "g.fits"), str(folder / "r.fits")]}
    inputs |= {"catalog": str(folder / "input_catalog.csv"), "gaia": str(folder / "synphot.csv")}
    return Run(folder, {"inputs": inputs, "figures": {"enabled": False}})


def said(command, prefix=()):
    """Exit code and lines of a command, both streams as a person sees them."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [*prefix, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, [line for line in done.stdout.splitlines() if line.strip()]


def mounted(run, size, *arguments):
    """Run where the working directory is a file system of its own, seen by nobody else; `size` 0 is read-only."""
    shutil.copy(run.config, run.folder.parent / "config.yaml")
    run.config = run.folder.parent / "config.yaml"
    elsewhere = run.folder.parent / "work"
    elsewhere.mkdir()
    options = f"size={size}" if size else "ro"
    data, run.folder = run.folder, elsewhere
    mount = f"mount -t tmpfs -o {options} tmpfs {shlex.quote(str(elsewhere))}"
    script = f"{mount} || exit 77; {shlex.join(run.command(*arguments))}"
    code, lines = said(["bash", "-c", script], ["unshare", "-m"])
    run.folder = data
    if code == 77 or "unshare" in lines[0]:
        pytest.skip(f"nothing can be mounted here: {lines[-1]}")
    return code, lines


def cut(run):
    path = run.folder / "g.fits"
    path.write_bytes(path.read_bytes()[:500_000])
    with fits.open(run.folder / "r.fits", mode="update") as hdus:
        hdus[0].header["SKYSIG"] = -1.0


def galactic(run):
    table = pd.read_csv(run.folder / "input_catalog.csv", dtype=str)
    sky = SkyCoord(table["RA"].astype(float), table["DEC"].astype(float), unit="deg").galactic
    table.assign(RA=sky.l.deg, DEC=sky.b.deg).to_csv(run.folder / "input_catalog.csv", index=False)


def reference(run):
    table = pd.read_csv(run.folder / "synphot.csv", dtype=str)
    table.drop(columns="ra").to_csv(run.folder / "synphot.csv", index=False)


def twice(run):
    run.config.write_text(run.config.read_text(encoding="utf-8") + "crop:\n  margin: 3\n", encoding="utf-8")


CASES = {
    "two images": (cut, ["g.fits: the file is cut short", "r.fits: SKYSIG = -1.0, expected a positive number"]),
    "another frame": (galactic, ["input_catalog.csv: none of 56 sources", "look like galactic l and b"]),
    "reference stars": (reference, ["synphot.csv: no column ra (found: source_id, "]),
    "config": (twice, ["my config.yaml: keys that stand twice in one section", "crop: lines "]),
}


@pytest.mark.parametrize(
    ("case", "arguments"),
    [
        ("two images", ["check"]),
        ("two images", ["--quiet", "all"]),
        ("another frame", ["-n"]),
        ("reference stars", []),
        ("config", ["check", "--quiet", "all"]),
    ],
)
def test_what_is_wrong_is_said_last(bad, case, arguments):
    spoil, parts = CASES[case]
    spoil(bad)
    code, lines = said(bad.command(*arguments))
    text = "\n".join(lines)
    assert code == 1
    assert lines[-1].startswith("  - "), text
    assert parts[-1] in lines[-1]
    for part in parts:
        assert part in text
    assert not bad.path("plan.json").exists()


def test_check_ends_with_a_table(bad):
    code, lines = said(bad.command("check"))
    assert (code, lines[-1]) == (0, "the input can be used: nothing to note")
    table = {line.split("  ")[0]: line for line in lines[-9:-1]}
    assert " ok  480 x 480 pix, " in table["image g"]
    assert str(bad.folder) in table["image r"]
    assert "56 sources, 56 in the image" in table["catalogue"]
    assert "14 stars, 14 in the field" in table["reference stars"]
    assert "needed and the figures, " in table["products"]
    assert not bad.path("frames").exists()


def test_notes_are_in_the_table_and_in_the_run_log(bad):
    table = pd.read_csv(bad.folder / "input_catalog.csv", dtype=str)
    table.loc[[3, 5], "RA"] = ""
    table.to_csv(bad.folder / "input_catalog.csv", index=False)
    code, lines = said(bad.command("check"))
    note = "RA or DEC is not a number in rows 4, 6"
    assert (code, lines[-1]) == (0, "the input can be used: one note, no error")
    assert note in lines[-2]
    said(bad.command("--until", "load"))
    assert note in bad.path("run.log").read_text(encoding="utf-8")


def test_a_read_only_working_directory(bad):
    code, lines = mounted(bad, 0)
    assert code == 1
    assert "work: the folder cannot be written to (Read-only file system)" in lines[-1]


def test_too_little_disk(bad):
    code, lines = mounted(bad, "3m", "--quiet", "all")
    assert code == 1
    assert "the products need about " in lines[-1]
    assert re.search(r"3\.1\d MB are free", lines[-1])


def test_a_disk_that_fills_up(bad):
    """5 MB hold one frame of two."""
    text = bad.config.read_text(encoding="utf-8")
    bad.config.write_text(text.replace("require_disk_space: true", "require_disk_space: false"), encoding="utf-8")
    code, lines = mounted(bad, "5m")
    assert code == 1
    assert "disk is full" in lines[-1], "\n".join(lines[-20:])


@pytest.mark.parametrize("arguments", [[], ["--quiet", "all"]], ids=["as it is", "quiet"])
def test_a_job_that_fails_has_the_last_word(bad, arguments):
    """A changed byte of a compressed file is found when its pixels are read, by one of two jobs."""
    packed = bytearray(gzip.compress((bad.folder / "r.fits").read_bytes(), compresslevel=0))
    packed[500_000] ^= 1
    (bad.folder / "r.fits.gz").write_bytes(packed)
    text = bad.config.read_text(encoding="utf-8")
    bad.config.write_text(text.replace("r.fits", "r.fits.gz"), encoding="utf-8")
    code, lines = said(bad.command("--until", "load", *arguments))
    assert code == 1
    assert lines[-2] == "one job failed:"
    assert lines[-1].startswith("  - load (results/tiny480/logs/load/r.log): ")
    assert "r.fits.gz: not a readable FITS file (CRC check failed" in lines[-1]
    assert sum("one job failed:" in line for line in lines) == 1


def test_from_python(bad, capfd):
    cut(bad)
    assert run_from_python(bad.config, "check", directory=bad.folder) == 1
    assert capfd.readouterr().err.splitlines()[-1].startswith("  - ")
    bad.config.write_text("tile: [a\n")
    assert run_from_python(bad.config, directory=bad.folder) == 1
    assert "my config.yaml is not YAML" in capfd.readouterr().err.splitlines()[-1]
    assert run_from_python(bad.folder / "none.yaml", directory=bad.folder) == 1
    assert capfd.readouterr().err.startswith(f"no config file {bad.folder}/none.yaml")


def test_a_band_without_a_pixel_and_one_without_stars_go_on_with_fallbacks(bad):
    with fits.open(bad.folder / "r.fits", mode="update") as hdus:
        hdus[0].data = np.full_like(hdus[0].data, np.nan, dtype="f4")
    config = bad.config.read_text(encoding="utf-8").replace("snr_min: 60.0", "snr_min: 1000000.0")
    bad.config.write_text(config.replace("gaia_snr_min: 20.0", "gaia_snr_min: 1000000.0"), encoding="utf-8")
    code, lines = said(bad.command("--until", "epsf"))
    assert code == 0, "\n".join(lines)
    assert "r: every pixel is masked; its fluxes will be missing" in bad.path("run.log").read_text(encoding="utf-8")
    (first, *_) = bad.path("epsf").glob("*.json")
    bands = json.loads(first.read_text(encoding="utf-8"))["bands"]
    assert [facts["fallback"] for facts in bands.values()] == [True, True]
