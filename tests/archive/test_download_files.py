"""What is fetched, what is not fetched again, where it goes, and how much of it."""

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive.fileserver import FileServer
from archive.hostile import Hostile, Rule
from archive.mefs import mef
from archive.tilefolder import TARGETS, Tile, level2
from astropy.io import fits
from swath.archive.download import COLUMNS
from swath.errors import RunError
from swath.telemetry import telling

FILES = {f"/{level2(number)}": mef(number, psf=False) for number in range(6)}
NAMES = [path[1:] for path in FILES]
LARGE = mef(99, side=400, psf=False)  # 2.6 MB
LOOSE = {"hdus": ("IMAGE",)}


@pytest.fixture
def server():
    with FileServer(FILES) as made:
        yield made


@pytest.fixture
def tile(server, tmp_path) -> Tile:
    return Tile(tmp_path, {name: f"{server.url}/{name}" for name in NAMES})


def asked(server: FileServer) -> Counter[str]:
    return Counter(path[1:] for path, _ in server.log)


def test_few_connections_that_are_kept(server, tile):
    tile.run(**LOOSE)
    assert server.connections <= 2
    assert server.most <= 2
    assert set(asked(server).values()) == {1}


def test_what_is_there_is_not_fetched_again_and_what_is_damaged_is(server, tile):
    first = tile.run(**LOOSE)
    server.log.clear()
    pd.testing.assert_frame_equal(tile.run(**LOOSE), first)
    assert not server.log
    damaged, missing = (tile.folder / first.file[name] for name in NAMES[1:3])
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")  # of the same size
    missing.unlink()
    pd.testing.assert_frame_equal(tile.run(**LOOSE), first)
    assert asked(server) == {NAMES[1]: 1, NAMES[2]: 1}
    assert [tile.content(first, name) for name in NAMES] == list(FILES.values())


def test_the_table_has_the_same_bytes_again(tile):
    tile.run(**LOOSE)
    path = tile.folder / "download" / "b000.parquet"
    first = path.read_bytes()
    tile.run(**LOOSE)
    assert path.read_bytes() == first


def test_an_empty_batch_is_an_empty_table(tmp_path):
    table = Tile(tmp_path, {}).run()
    assert len(table) == 0
    assert list(table.columns[-len(COLUMNS) :]) == list(COLUMNS)


def test_targets_share_whole_files(server, tile):
    batch = pd.read_parquet(tile.batch)
    other = batch.assign(target="b-2")
    pd.concat([batch, other]).to_parquet(tile.batch)
    tile.targets({name: [*values, *values] for name, values in TARGETS.items()} | {"slug": ["a-1", "b-2"]})
    table = tile.run(**LOOSE)
    assert len(table) == 12
    assert table.file.nunique() == 6
    assert set(asked(server).values()) == {1}


def test_cutouts_are_files_of_their_target_centre_and_size(server, tile):
    whole = tile.run(**LOOSE)
    small = tile.run(cutout={"size": "1arcmin"}, **LOOSE)
    large = tile.run(cutout={"size": "2arcmin"}, **LOOSE)
    moved = tile.run(cutout={"size": "2arcmin", "center": "210.7,54.3"}, **LOOSE)
    tables = (whole, small, large, moved)
    assert len({file for table in tables for file in table.file}) == 4 * len(NAMES)
    assert small.requested.str.endswith("?center=210.8,54.3&size=1arcmin").all()
    assert moved.requested.str.endswith("?center=210.7,54.3&size=2arcmin").all()
    server.log.clear()
    for table, cutout in zip(tables, ({}, {"size": "1arcmin"}, {"size": "2arcmin"}), strict=False):
        pd.testing.assert_frame_equal(tile.run(cutout=cutout, **LOOSE), table)
    assert not server.log


def test_cutouts_follow_a_moving_target(tile):
    """10 arcsec a year from 2016.0 to MJD 60800, which is 2025.340."""
    tile.targets({**TARGETS, "pmra": [0.0], "pmdec": [10_000.0]})
    center = tile.run(cutout={"size": "1arcmin"}, **LOOSE).requested.iloc[0].partition("center=")[2].partition("&")[0]
    ra, dec = map(float, center.split(","))
    assert ra == pytest.approx(210.8, abs=1e-4)
    assert (dec - 54.3) * 3600 == pytest.approx(93.40, abs=0.01)


@pytest.mark.parametrize("evil", ["../evil", "/etc/passwd", "..", "a b", "a/b", "\u03b1", "x" * 400, "", "a\x00b"])
def test_no_name_leaves_the_folder(evil, server, tmp_path):
    url = f"{server.url}/{NAMES[0]}"
    tile = Tile(tmp_path / "in", {f"{evil}1": url, f"{evil}2": url}, band=evil, obs_id=evil, version=evil)
    table = tile.run(**LOOSE)
    assert list(table.status) == ["ok", "ok"]
    assert table.file.nunique() == 2
    assert all((tile.folder / file).resolve().is_relative_to(tile.folder / "data") for file in table.file)
    assert {path.name for path in tmp_path.iterdir()} == {"in"}


def test_names_that_look_alike_are_kept_apart(server, tmp_path):
    tile = Tile(tmp_path, dict.fromkeys(("a b", "a/b", "a_b"), f"{server.url}/{NAMES[0]}"), obs_id="x")
    assert tile.run(**LOOSE).file.nunique() == 3


class Broken:
    """A large file behind a proxy that breaks off after two megabytes, and what it was asked for."""

    def __init__(self, tmp_path: Path, **told: object) -> None:
        self.server = FileServer({"/large.fits": LARGE}, **told)
        self.path = tmp_path

    def run(self) -> tuple[list[str], bytes]:
        with self.server, Hostile(self.server.url, [Rule("GET", "reset_mid", 1, 2_000_000)]) as proxy:
            tile = Tile(self.path, {"large": f"{proxy.url}/large.fits"})
            table = tile.run(**LOOSE)
            assert tile.data() == [table.file["large"].removeprefix("data/")]
            return [entry.range for entry in proxy.log], tile.content(table, "large")


def test_a_file_that_broke_off_goes_on_where_it_was(tmp_path):
    ranges, content = Broken(tmp_path).run()
    assert content == LARGE
    assert ranges[0] == ""
    assert 1_500_000 < int(ranges[1].removeprefix("bytes=").removesuffix("-")) <= 2_000_000


@pytest.mark.parametrize(
    ("told", "asks"),
    [
        ({"ranges": False}, True),
        ({"headers": {"/large.fits": {"ETag": ""}}}, False),
        ({"headers": {"/large.fits": {"ETag": 'W/"weak"'}}}, False),
    ],
    ids=["no Range", "no validator", "weak validator"],
)
def test_or_begins_anew_where_it_cannot_be_sure(told, asks, tmp_path):
    ranges, content = Broken(tmp_path, **told).run()
    assert content == LARGE
    assert bool(ranges[1]) == asks


def test_a_file_that_was_replaced_meanwhile_begins_anew(tmp_path):
    other = mef(98, side=400, psf=False)
    with (
        FileServer({"/large.fits": LARGE}) as server,
        Hostile(server.url, [Rule("GET", "reset_mid", None, 2_000_000)]) as proxy,
    ):
        tile = Tile(tmp_path, {"large": f"{proxy.url}/large.fits"})
        assert tile.run(attempts=1, **LOOSE).status["large"] == "failed"
        assert [name.rpartition(".")[2] for name in tile.data()] == ["from", "part"]
        proxy.clear()
        server.files["/large.fits"] = other
        table = tile.run(**LOOSE)
        assert tile.content(table, "large") == other
        assert proxy.log[0].range.startswith("bytes=")


RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from archive.tilefolder import Tile
tile = Tile.__new__(Tile)
tile.folder, tile.batch = Path(sys.argv[2]), Path(sys.argv[2]) / "batches" / "b000.parquet"
tile.run(hdus=("IMAGE",))
"""


@pytest.mark.slow
def test_kill_amid_a_download_loses_nothing_that_was_finished(tmp_path):
    """Slow enough to be met half way: a proxy that lets 30 files pass and then only drips."""
    files = {f"/{number}.fits": mef(number, psf=False) for number in range(40)}
    with FileServer(files) as server, Hostile(server.url, [Rule("GET", "drip", None, 100, skip=30)]) as proxy:
        tile = Tile(tmp_path, {path: proxy.url + path for path in files})
        tests = Path(__file__).resolve().parents[1]
        python = {**os.environ, "PYTHONPATH": str(tests.parent / "workflow")}
        process = subprocess.Popen([sys.executable, "-c", RUN, str(tests), str(tmp_path)], env=python)
        ledger = tmp_path / "download" / "ledger" / "b000.jsonl"
        until = time.monotonic() + 60
        while len(proxy.log) < 32 or not ledger.is_file() or ledger.read_text().count("\n") < 30:
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "download" / "b000.parquet").exists()
        finished = {path.name for path in (tmp_path / "data").rglob("*.fits")}
        assert len(finished) == 30
        torn = ledger.read_bytes()
        ledger.write_bytes(torn + torn.splitlines()[0][:40])  # as if killed while writing
        proxy.clear()
        table = tile.run(**LOOSE)
        assert len(proxy.log) == 10
    assert (table.status == "ok").all()
    assert [tile.content(table, path) for path in files] == list(files.values())
    assert finished < {Path(file).name for file in table.file}
    lines = ledger.read_text().splitlines()
    assert len([line for line in lines if line.endswith("}")]) == 40


def test_killed_between_its_entry_and_its_name(server, tile):
    table = tile.run(**LOOSE)
    path = tile.folder / table.file[NAMES[0]]
    path.rename(path.with_name(path.name + ".part"))
    server.log.clear()
    pd.testing.assert_frame_equal(tile.run(**LOOSE), table)
    assert not server.log


def test_lines_that_are_no_entries_are_left_out(server, tile):
    tile.run(**LOOSE)
    ledger = tile.folder / "download" / "ledger" / "b000.jsonl"
    lines = ledger.read_text().splitlines()
    ledger.write_text("\n".join(["nonsense", "[1]", '{"key": "a"}', *lines[1:], lines[0][:30]]))
    server.log.clear()
    tile.run(**LOOSE)
    assert len(server.log) == 1
    assert all(json.loads(line)["file"] for line in ledger.read_text().splitlines()[-1:])


def test_two_processes_do_not_fetch_one_batch(server, tile):
    tile.run(**LOOSE)
    hold = "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    ledger = tile.folder / "download" / "ledger" / "b000.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(ledger)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(RunError, match="another process fetches the files of b000"):
            tile.run(**LOOSE)
        other.kill()
    assert (tile.run(**LOOSE).status == "ok").all()


def test_another_number_of_batches_fetches_nothing_again(server, tile):
    first = tile.run(**LOOSE)
    server.files[f"/{NAMES[0]}"] = mef(70, psf=False)  # the archive has another file now
    (tile.folder / first.file[NAMES[0]]).unlink()
    tile.batch = tile.batch.rename(tile.batch.with_name("a000.parquet"))
    second = tile.run(**LOOSE)
    server.log.clear()
    for name in ("a000", "b000", "z000"):
        tile.batch = tile.batch.rename(tile.batch.with_name(f"{name}.parquet"))
        pd.testing.assert_frame_equal(tile.run(**LOOSE), second)
    assert not server.log


def test_no_room_is_told_before_anything_is_asked(server, tile):
    batch = pd.read_parquet(tile.batch)
    batch.assign(bytes=2e6).to_parquet(tile.batch)
    with pytest.raises(RunError, match=r"6 files of about 0.012 GB.*room for 0.01 GB.*download.budget_gb: 0.01 GB"):
        tile.run(budget_gb=0.01, skip_psf=False, hdus=("A",))
    assert not server.log


def test_a_disk_that_fills_up_keeps_what_is_finished(server, tile):
    size = len(FILES[f"/{NAMES[0]}"])
    with pytest.raises(RunError, match=r"no room for more files.*what is finished stays"):
        tile.run(budget_gb=3.5 * size / 1e9, connections=1, **LOOSE)
    finished = [name for name in tile.data() if name.endswith(".fits")]
    assert len(finished) == 3
    server.log.clear()
    table = tile.run(budget_gb=6.5 * size / 1e9, **LOOSE)
    assert (table.status == "ok").all()
    assert len(server.log) == 3


def test_free_space_is_kept(server, tile):
    with pytest.raises(RunError, match=r"download\.reserve_gb"):
        tile.run(reserve_gb=1e9, **LOOSE)
    assert not server.log


def test_gzipped_files_are_files(tmp_path):
    content = gzip.compress(mef(1, psf=True))
    with FileServer({"/a": content}) as server:
        tile = Tile(tmp_path, {"a": f"{server.url}/a"})
        table = tile.run(**LOOSE)
        assert table.file["a"].endswith(".fits.gz")
        assert tile.content(table, "a") == content
        assert tile.run(**LOOSE).file["a"] == table.file["a"]
        assert len(server.log) == 1


def images(*shapes: tuple[int, int], nan: float = 0.0) -> bytes:
    data = [np.ones(shape, np.float32) for shape in shapes]
    data[0].ravel()[: round(nan * data[0].size)] = np.nan
    names = ("IMAGE", "FLAGS", "VARIANCE", "ZODI")
    hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(d, name=name) for d, name in zip(data, names, strict=False))]
    out = io.BytesIO()
    fits.HDUList(hdus).writeto(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (images((10, 10), (10, 10), nan=0.5), ""),
        (images((10, 10), (10, 10), nan=1.0), "100.0% of the pixels are NaN"),
        (images((10, 10), (10, 9)), "not of one shape (IMAGE 10x10, FLAGS 10x9)"),
        (images((10, 10)), "no HDU FLAGS (found: IMAGE)"),
        (images((0, 0), (0, 0)), "not of one shape (IMAGE 0x0, FLAGS 0x0)"),
    ],
)
def test_files_that_are_not_what_they_should_be(content, reason, tmp_path):
    with FileServer({"/a.fits": content}) as server:
        tile = Tile(tmp_path, {"a": f"{server.url}/a.fits"})
        table = tile.run(hdus=("IMAGE", "FLAGS"))
    assert reason in table.file_reason["a"]
    assert table.status["a"] == ("failed" if reason else "ok")
    assert len(tile.data()) == (not reason)


def test_files_and_bytes_are_told_while_they_come(tile):
    with telling("download", None) as told:
        tile.run(**LOOSE)
        assert told.steps == (6, 6, "files")
        assert told.moved == sum(map(len, FILES.values()))
        assert told.pulse()["steps"]["mb"] == round(told.moved / 1e6, 1)
    assert told.counts["files"] == told.counts["fetched"] == 6


def test_files_of_this_machine(tmp_path):
    files = {f"{number} ü.fits": mef(number) for number in range(3)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    tile = Tile(tmp_path / "tile", {name: (tmp_path / name).as_uri() for name in files})
    table = tile.run(service="list", cutout={"size": "1arcmin"}, **LOOSE)
    assert (table.status == "ok").all()
    assert table.calibration.nunique() == 1
    assert all(files[name].startswith(tile.content(table, name)) for name in files)
    assert [(tmp_path / name).read_bytes() for name in files] == list(files.values())
    first = next(iter(files))
    (tmp_path / first).write_bytes(other := mef(50))
    again = tile.run(service="list", **LOOSE)
    assert other.startswith(tile.content(again, first))
    # Products name the files: their names may not tell when somebody copied them.
    assert again.file.tolist() == table.file.tolist()


@pytest.mark.parametrize("service", ["list", "irsa_spherex"])
def test_no_archive_leads_to_files_of_this_machine(service, tmp_path):
    (tmp_path / "a.fits").write_bytes(mef(1))
    urls = {"there": (tmp_path / "a.fits").as_uri(), "gone": (tmp_path / "b.fits").as_uri()}
    table = Tile(tmp_path / "tile", urls).run(service=service, **LOOSE)
    assert dict(table.status) == {"there": "ok" if service == "list" else "failed", "gone": "failed"}
    assert ("no such file" if service == "list" else "archive.service: list") in table.file_reason["gone"]
