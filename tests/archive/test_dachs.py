"""Query, links, files, cutouts and reference stars from a real archive: GAVO DaCHS with the shipped Stripe 82 field."""

import gzip
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pyvo
import requests
from archive.dachs.published import FIELD
from archive.dachs.server import Dachs
from archive.hostile import Hostile, Rule
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS
from pyvo.dal.adhoc import DatalinkResults
from swath.archive import observations
from swath.archive.adql import Position
from swath.archive.batches import split
from swath.archive.download import download_batch
from swath.archive.gaia import fetch_reference
from swath.archive.query import make_observations
from swath.config.archive import Archive, Http
from swath.config.download import Cutout, Download
from swath.config.sources import Fetch, Gaia
from swath.config.targets import Targets
from swath.errors import ConfigError, RunError

pytestmark = [pytest.mark.slow, pytest.mark.services]
RA, DEC = 336.652, -0.980
BANDS = ["g", "i", "r", "u", "z"]
COLLECTION = "SDSS Stripe 82"


def shipped(band: str) -> bytes:
    return gzip.decompress((FIELD / f"S82_{band}.fits.gz").read_bytes())


def http(**more: object) -> Http:
    return Http(**{"allow_http": True, "backoff_s": 0.05, "read_timeout_s": 20.0, "deadline_s": 60.0, **more})


def archive_of(url: str, service: str, **more: object) -> Archive:
    return Archive(
        **{
            "service": service,
            "tap_url": f"{url}/tap",
            "sia_url": f"{url}/survey/q/sia2/siap2.xml",
            "collections": (COLLECTION,),
            "http": http(),
            **more,
        }
    )


class Tile:
    """A tile's folder in which the stages from query to download have been run on one target, one batch."""

    def __init__(self, folder: Path, archive: Archive, ra: float = RA, dec: float = DEC) -> None:
        self.folder, self.archive = folder, archive
        self.paths = {name: folder / "query" / f"{name}.ecsv" for name in ("targets", "observations")}
        self.paths["parquet"] = folder / "query" / "observations.parquet"
        self.paths |= {
            "urls": folder / "query" / "download_urls.json",
            "summary": folder / "query" / "query_summary.json",
        }
        for name in ("query", "batches", "download"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.targets = Targets(name="field", ra=ra, dec=dec)

    def query(self) -> pd.DataFrame:
        make_observations(self.targets, self.archive, self.folder, self.paths)
        return observations.read(self.paths["parquet"])

    def download(self, **settings: object) -> pd.DataFrame:
        batch, output = self.folder / "batches" / "b000.parquet", self.folder / "download" / "b000.parquet"
        links = batch.with_suffix(".json")
        split(self.paths["parquet"], self.paths["urls"], [batch], [links])
        download_batch(batch, links, self.paths["targets"], self.archive, Download(**settings), self.folder, output)
        return pd.read_parquet(output)


def test_the_archive_speaks_its_protocols_to_pyvo(dachs):
    tap = pyvo.dal.TAPService(dachs.tap)
    found = tap.run_sync(f"SELECT * FROM ivoa.obscore WHERE 1=CONTAINS(POINT('ICRS', {RA}, {DEC}), s_region)")
    assert sorted(found["obs_id"]) == [f"94-1-12-{band}" for band in BANDS]
    assert set(found["obs_collection"]) == {COLLECTION}
    links = DatalinkResults.from_result_url(found["access_url"][0])
    this = next(links.bysemantics("#this", include_narrower=False))
    assert requests.get(this.access_url, timeout=20).content == shipped("g")
    circle = (RA * u.deg, DEC * u.deg, 0.005 * u.deg)
    cut = fits.open(io.BytesIO(links.get_first_proc().process(circle=circle).read()))[0]
    assert 80 < min(cut.shape) <= max(cut.shape) < 110  # 0.01 deg are 91 pixels
    assert len(pyvo.dal.SIA2Query(dachs.sia, pos=circle).execute()) == 5
    assert tap.run_sync("SELECT COUNT(*) AS n FROM gaiadr3.gaia_source")["n"][0] == 14


@pytest.mark.parametrize(("service", "mode"), [("obscore", "sync"), ("obscore", "async"), ("sia2", "auto")])
def test_every_protocol_gives_the_same_observations(dachs, tmp_path, service, mode):
    tile = Tile(tmp_path, archive_of(dachs.url, service, tap_mode=mode))
    table = tile.query()
    assert sorted(table.obs_id) == [f"94-1-12-{band}" for band in BANDS]
    assert table.selected.all()
    assert set(table.collection) == {COLLECTION}
    np.testing.assert_allclose(table.mjd_start, 51075.0)
    np.testing.assert_allclose(table.exptime, 53.9013, atol=1e-3)
    edges = {row.obs_id[-1]: (row.wave_min, row.wave_max) for row in table.itertuples()}
    assert edges["r"] == pytest.approx((0.543, 0.699))
    assert table.bytes.between(8e5, 1e6).all()
    urls = json.loads(tile.paths["urls"].read_text())
    assert sorted(urls) == sorted(table.exposure)
    assert all("dlget" in entry["url"] and entry["cutout"]["kind"] == "soda" for entry in urls.values())
    summary = json.loads(tile.paths["summary"].read_text())
    assert "field" in json.dumps(summary)


def test_nothing_there_is_a_result_and_a_mistyped_collection_an_error(dachs, tmp_path):
    empty = Tile(tmp_path / "empty", archive_of(dachs.url, "obscore"), ra=10.0, dec=40.0).query()
    assert len(empty) == 0
    for service in ("obscore", "sia2"):
        with pytest.raises(ConfigError, match="SDSS Stripe 82"):
            Tile(tmp_path / service, archive_of(dachs.url, service, collections=("SDSS Stripe 28",))).query()


def test_whole_files_arrive_as_they_are_published(dachs, tmp_path):
    tile = Tile(tmp_path, archive_of(dachs.url, "obscore"))
    tile.query()
    table = tile.download()
    assert list(table.status) == ["ok"] * 5
    for row in table.itertuples():
        assert (tmp_path / row.file).read_bytes() == shipped(row.obs_id[-1])


def test_cutouts_are_the_same_pixels_of_the_same_sky(dachs, tmp_path):
    tile = Tile(tmp_path, archive_of(dachs.url, "sia2"))
    tile.query()
    table = tile.download(cutout=Cutout(size="40arcsec"))
    assert list(table.status) == ["ok"] * 5
    for row in table.itertuples():
        with fits.open(tmp_path / row.file) as cut, fits.open(io.BytesIO(shipped(row.obs_id[-1]))) as whole:
            x, y = (round(whole[0].header[key] - cut[0].header[key]) for key in ("CRPIX1", "CRPIX2"))
            ny, nx = cut[0].shape
            assert min(nx, ny) >= 40 / 0.396 - 1
            assert (nx, ny) < (130, 130)
            np.testing.assert_array_equal(cut[0].data, whole[0].data[y : y + ny, x : x + nx])
            middle = WCS(cut[0].header).all_pix2world([[(nx - 1) / 2, (ny - 1) / 2]], 0)[0]
            np.testing.assert_allclose(middle, [RA, DEC], atol=2 * 0.396 / 3600)
            assert cut[0].header["FILTER"] == row.obs_id[-1]


@pytest.fixture
def proxy(dachs: Dachs) -> Iterator[Hostile]:
    with Hostile(dachs.url) as proxy:
        yield proxy


PASSING = ["status", "busy", "reset", "html", "empty", "votable_error", "reset_mid", "truncate", "wrong_length"]


@pytest.mark.parametrize("fault", PASSING)
def test_faults_that_pass_lose_nothing(proxy, tmp_path, fault):
    """Each fault twice in front of the query, once in front of each link, and twice in front of each file."""
    value = 300 if fault in ("reset_mid", "truncate") else None
    once = 1 if fault == "votable_error" else 2  # a service that says ERROR twice means it
    proxy.rules = [Rule("POST /tap", fault, once, value, "0")]
    proxy.rules += [Rule(f"GET /getproduct.*S82_{band}", fault, 1, value, "0") for band in BANDS]
    if fault != "votable_error":
        proxy.rules += [Rule(f"GET /survey/q/dl/dlget.*S82_{band}", fault, 2, value, "0") for band in BANDS]
    archive = archive_of(proxy.url, "obscore", http=http(connect_timeout_s=2.0))
    tile = Tile(tmp_path, archive)
    table = tile.query()
    assert len(table) == 5
    got = tile.download()
    assert list(got.file_reason) == [""] * 5
    assert proxy.counts()[fault] >= 6
    for row in got.itertuples():
        assert (tmp_path / row.file).read_bytes() == shipped(row.obs_id[-1])


def test_faults_that_stay_are_told_and_keep_what_was_known(proxy, tmp_path):
    tile = Tile(tmp_path, archive_of(proxy.url, "obscore", http=http(retries=1)))
    before = tile.query()
    proxy.rules = [Rule("POST /tap", "status")]
    again = tile.query()
    pd.testing.assert_frame_equal(again, before)
    assert "stale" in tile.paths["targets"].read_text()
    proxy.rules = [Rule("dlget.*S82_r", "status", value=404)]
    got = tile.download().set_index("obs_id")
    assert list(got.status) == ["failed" if name == "94-1-12-r" else "ok" for name in got.index]
    assert "404" in got.file_reason["94-1-12-r"]
    elsewhere = Tile(tmp_path / "other", tile.archive, ra=RA + 0.001)
    proxy.rules = [Rule("POST /tap", "status")]
    with pytest.raises(RunError, match="503"):
        elsewhere.query()


def test_nobody_is_led_to_a_foreign_host(proxy, tmp_path):
    tile = Tile(tmp_path, archive_of(proxy.url, "obscore", http=http(retries=1)))
    tile.query()
    proxy.rules = [Rule("dlget", "redirect_foreign")]
    got = tile.download(attempts=2)
    assert list(got.status) == ["failed"] * 5
    assert got.file_reason.str.contains("127.0.0.2").all()
    assert proxy.foreign == []


def test_reference_stars_come_whole_with_their_magnitudes(dachs, tmp_path):
    names = tuple(f"{band}={band}_sdss_mag" for band in "ugriz")
    fetch = Fetch(urls=("http://127.0.0.1:9/tap", dachs.tap), magnitudes=names)
    quick = http(retries=0, connect_timeout_s=2.0)
    fetch_reference(Gaia(fetch=fetch, mag_min=0.0, mag_max=30.0), quick, Position(RA, DEC, 0.1), tmp_path / "gaia.csv")
    found = pd.read_csv(tmp_path / "gaia.csv").set_index("source_id")
    truth = pd.read_csv(FIELD / "synphot.csv").set_index("source_id")
    assert sorted(found.index) == sorted(truth.index)
    found = found.loc[truth.index]
    for band in "ugriz":
        np.testing.assert_allclose(found[f"mag_{band}"], truth[f"mag_{band}"], atol=1e-4)
    assert (found.ref_epoch == 2016.0).all()
    years = 1998.716 - 2016.0
    np.testing.assert_allclose(found.ra + found.pmra * years / 3.6e6, truth.ra, atol=1e-8)
    np.testing.assert_allclose(found.dec + found.pmdec * years / 3.6e6, truth.dec, atol=1e-8)


def test_the_servers_end_with_who_started_them(tmp_path):
    """Even when that is killed: nothing may be left running on a machine that others use too."""
    script = "from archive.dachs.server import Dachs; import time; d = Dachs(); d._prepare(); d._start_database();"
    script += "print(d._children[0][0].pid, d.root, flush=True); time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment)
    pid, root = child.stdout.readline().split()
    child.send_signal(signal.SIGKILL)
    child.wait()
    server = Path("/proc") / pid / "stat"
    for _ in range(100):
        if not server.exists() or " Z " in server.read_text():
            break
        signal.sigtimedwait([], 0.1)
    else:
        raise AssertionError("PostgreSQL is still running")
    subprocess.run(["rm", "-rf", root], check=True)
