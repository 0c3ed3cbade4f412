"""What a run says while it goes on, on a terminal and elsewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from runs import ROOT
from screens import COLUMNS, run_on_terminal, screen
from swath.flags import counted

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
STAGES = ["load", "white", "sources", "stars", "epsf", "patches", "payload", "fit", "merge", "zeropoint"]

# A stage of another kind, as downloads will be: one job that counts its items, longer than a heartbeat.
SNAKEFILE = """
import json, os, sys
sys.path.insert(0, {package!r})
os.environ["PYTHONPATH"] = {package!r}
os.environ["SWATH_LOG"] = json.dumps({{"heartbeat_s": 1, "file": "{{tile}}/run.log"}})
from swath.progress.watch import Watch
WATCH = Watch(1.0)
onstart: WATCH.start(workflow)
onsuccess: WATCH.stop()
onerror: WATCH.stop()
rule all:
    input: "field/images.txt"
rule download:
    output: "{{tile}}/images.txt"
    log: "{{tile}}/logs/download.log"
    script: "download.py"
"""
SCRIPT = """
import time
from swath.jobs import job
from swath.telemetry import over, tell
with job(snakemake) as task:
    for image in over(range(30), "images"):
        time.sleep(0.2)
        if image == {broken}:
            raise OSError(28, "No space left on device", "images.txt")
    tell(images=30)
    open(task.output[0], "w").close()
"""


@pytest.fixture
def download(tmp_path) -> list[str]:
    """The command that downloads 30 images in 6 seconds."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(package=str(ROOT / "workflow")))
    (tmp_path / "download.py").write_text(SCRIPT.format(broken=-1))
    return [sys.executable, "-m", "snakemake", "--directory", str(tmp_path), "--cores", "1"]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def line_of(output: str, stage: str) -> str:
    """The stage's line, which must be there once."""
    found = re.findall(rf"^{stage}: \d.*$", output, re.MULTILINE)
    assert len(found) == 1, (stage, found)
    return found[0]


def fitted_rows(run) -> list[np.ndarray]:
    tables = []
    for path in sorted(run.path("fit").glob("*.fits")):
        with fits.open(path) as hdus:
            tables.append(np.array(hdus["FIT"].data))
    return tables


def test_every_stage_has_one_line_with_its_time(default_run):
    for stage in STAGES:
        assert re.search(r"; \d+\.\d CPU-s \(.*start-up \d", line_of(default_run.output, stage))


def test_the_line_of_the_fits_agrees_with_their_tables(default_run):
    tables = fitted_rows(default_run)
    rows = [row for table in tables for row in table]
    line = line_of(default_run.output, "fit")
    converged = sum(bool(row["converged"]) for row in rows)
    assert line.startswith(f"fit: {len(tables)} patches, {len(rows)} sources, {converged} converged; ")
    flags = re.findall(r"([A-Z_]{4,}) (\d+)", line)
    assert {name: int(count) for name, count in flags} == counted(row["flags"] for row in rows)
    chi2 = np.median([row["chi2"].sum() / row["npix"].sum() for row in rows])
    assert float(re.search(r"median chi2/pix ([\d.]+)", line).group(1)) == pytest.approx(chi2, rel=0.006)
    assert "optimise" in line


def test_lines_of_other_stages_agree_with_their_products(default_run):
    output = default_run.output
    bands = len(list(default_run.path("frames").glob("*.fits")))
    assert line_of(output, "load").startswith(f"load: {bands} bands")
    sources = pd.read_parquet(default_run.path("sources/sources.parquet"))
    matched, added = (sources["gaia_source_id"] != "").sum(), sources["injected"].sum()
    active = (~sources["excluded_any"]).sum()
    head = f"sources: {len(sources)} sources, {active} active, {matched} matched, {added} injected;"
    assert line_of(output, "sources").startswith(head)
    stars = [fits.getdata(path, "STARS") for path in default_run.path("stars").glob("*.fits")]
    chosen, held = (sum(int(table[name].sum()) for table in stars) for name in ("selected", "held_out"))
    head = f"stars: {bands} bands, {sum(map(len, stars))} candidates, {chosen} selected, {held} held out;"
    assert line_of(output, "stars").startswith(head)
    attrition = pd.read_csv(default_run.path("merge/attrition.csv"))
    fates = ", ".join(
        f"{reason} {count}" for reason, count in zip(attrition["reason"], attrition["count"], strict=True)
    )
    assert f"{attrition['count'].sum()} sources; {fates};" in line_of(output, "merge")


def test_the_parts_of_a_job_make_up_its_time(default_run):
    paths = list(default_run.path("logs/fit").glob("*.json"))
    assert len(paths) == len(list(default_run.path("fit").glob("*.fits")))
    for path in paths:
        told = json.loads(path.read_text())
        assert told["state"] == "done"
        assert sum(part["cpu_s"] for part in told["parts"].values()) == pytest.approx(told["cpu_s"], abs=0.02)
        assert 50 < told["memory_mb"] < 1500


def test_snakemake_counts_its_jobs_as_ever(default_run):
    assert re.search(r"^(\d+) of \1 steps \(100%\) done$", default_run.output, re.MULTILINE)
    jobs = re.search(r"^(\d+) jobs? in \d+:\d\d: \d+\.\d CPU-s .*most memory \d+ MB", default_run.output, re.MULTILINE)
    # `all` computes nothing.
    assert int(jobs.group(1)) == int(re.search(r"^(\d+) of \1 steps", default_run.output, re.MULTILINE).group(1)) - 1


def test_the_run_log_has_the_lines(default_run):
    log = default_run.path("run.log").read_text(encoding="utf-8")
    assert log.count(line_of(default_run.output, "fit")) == 1


def test_a_dry_run_says_and_forgets_nothing(default_run):
    before = {path: path.read_bytes() for path in default_run.path("logs").rglob("*.json")}
    output = default_run.snakemake("-n", "--forcerun", "fit").stdout
    assert "CPU-s" not in output
    assert before == {path: path.read_bytes() for path in default_run.path("logs").rglob("*.json")}


def test_on_a_terminal_the_bar_comes_and_goes(run_copy):
    command = run_copy.command("--forcerun", "merge", "--until", "zeropoint")
    code, printed = run_on_terminal(command, run_copy.folder)
    assert code == 0
    assert re.search(r"\r\x1b\[K\d+/\d+ jobs \[[=> ]{12}\](?: ETA \d+:\d\d)?  merge\r", printed)
    lines = screen(printed)
    assert not [line for line in lines if re.match(r"\d+/\d+ jobs", line)]
    assert len([line for line in lines if line.startswith("merge: 4 patches, 56 sources")]) == 1
    assert "\x1b[K" not in printed[printed.rindex("zero points:") :]


def test_items_of_one_job_on_a_terminal(download, tmp_path):
    code, printed = run_on_terminal([*download, "--quiet"], tmp_path)
    assert code == 0
    bars = re.findall(
        r"\r\x1b\[K(0/1 jobs \[=*>? *\] ETA 0:\d\d  download (\d+)/30 images [\d.]+/(?:s|min))\r", printed
    )
    assert len(bars) >= 2
    counts = [int(count) for _, count in bars]
    assert counts == sorted(counts)
    assert all(len(text) < COLUMNS for text, _ in bars)
    lines = screen(printed)
    assert not [line for line in lines if "ETA" in line]
    assert [line for line in lines if line.startswith("download: 30 images; ")]


def test_heartbeats_elsewhere(download, tmp_path):
    done = run(download, tmp_path)
    assert done.returncode == 0
    beats = re.findall(r"^after 0:\d\d: 0 of 1 jobs(.*)$", done.stderr, re.MULTILINE)
    assert len(beats) >= 3
    assert re.fullmatch(r", ETA 0:\d\d; download \d+/30 images [\d.]+/s", beats[-1])
    assert "\x1b" not in done.stderr
    for log in ("logs/download.log", "run.log"):
        text = (tmp_path / "field" / log).read_text()
        assert re.search(r"download: running for \d s, \d+ of 30 images, \d+ MB", text), log


def test_a_run_that_fails_leaves_the_terminal_clean(download, tmp_path):
    (tmp_path / "download.py").write_text(SCRIPT.format(broken=15))
    code, printed = run_on_terminal(download, tmp_path)
    assert code == 1
    assert "ETA" in printed
    lines = screen(printed)
    assert not [line for line in lines if "ETA" in line]
    assert [line for line in lines if line.startswith("download: 0 of 1 job, 1 failed")]
    told = json.loads((tmp_path / "field/logs/download.json").read_text())
    assert told["state"] == "failed"
    assert told["steps"] == {"done": 15, "total": 30, "unit": "images"}


def test_no_bar_on_a_dumb_terminal(download, tmp_path):
    code, printed = run_on_terminal(download, tmp_path, TERM="dumb")
    assert code == 0
    assert "\x1b" not in printed
    assert "after 0:0" in printed
