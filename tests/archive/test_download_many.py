"""Many files through a network of bad days. The long ones: pytest tests/archive/test_download_many.py"""

import threading
import time
from pathlib import Path

import pytest
from archive.fileserver import FileServer
from archive.hostile import Hostile
from archive.irsa import Irsa
from archive.irsafiles import copies, exposures
from archive.mefs import mef
from archive.tilefolder import TARGETS, Tile, level2
from spherex.build import SKY, Scene, write
from swath.telemetry import peak_memory

HDUS = ("IMAGE", "FLAGS", "VARIANCE", "ZODI")


def through_faults(tmp_path: Path, count: int, rate: float, seed: int, **settings: object) -> Hostile:
    files = {f"/{level2(number)}": mef(number, psf=False) for number in range(count)}
    with FileServer(files) as server, Hostile(server.url, rate=rate, seed=seed) as proxy:
        tile = Tile(tmp_path, {path[1:]: proxy.url + path for path in files})
        http = {"read_timeout_s": 1.0, "backoff_s": 0.02, "backoff_max_s": 0.2}
        table = tile.run(http, attempts=30, hdus=HDUS, **settings)
        assert (table.status == "ok").all(), table.file_reason[table.status != "ok"].to_dict()
        assert [tile.content(table, path[1:]) for path in files] == list(files.values())
        assert len(tile.data()) == count
        assert not proxy.foreign
        return proxy


def test_thirty_files_at_a_fault_rate_of_thirty_percent(tmp_path):
    assert len(+through_faults(tmp_path, 30, 0.3, 1).counts()) > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_two_hundred_files_at_a_fault_rate_of_thirty_percent(seed, tmp_path):
    """All arrive, bit-identical; each kind of fault was met."""
    counts = through_faults(tmp_path, 200, 0.3, seed).counts()
    assert len(counts) == 14  # 13 kinds, and none
    assert sum(counts.values()) > 1.25 * 200


@pytest.mark.slow
def test_two_thousand_cutouts_of_a_target(tmp_path):
    """From the stand-in of IRSA, which refuses the fourth request at once.

    A request that is not read to its end may still count there when the next one comes, if the machine is busy.
    """
    scenes = [Scene(detector=detector, size=(300, 300), seed=detector) for detector in (1, 4)]
    for scene in scenes:
        write(tmp_path / scene.name, scene)
    known = [copy for one in exposures([tmp_path / scene.name for scene in scenes]) for copy in copies(one, 1000)]
    before = peak_memory()
    with Irsa(known) as irsa:
        tile = Tile(tmp_path / "tile", {one.name: irsa.file_url(one) for one in known})
        tile.targets({**TARGETS, "ra": [SKY[0]], "dec": [SKY[1]]})
        table = tile.run(cutout={"size": "3arcmin"})
        assert irsa.most <= 4
        assert irsa.counts()[503] <= 20
        assert irsa.counts()[200] == 2000
    assert (table.status == "ok").all()
    assert table.file.nunique() == 2000
    assert table["sha256"].nunique() > 1000  # headers differ in names and times
    assert table.calibration.nunique() == 2
    assert (tile.saved(table) > 4.9e6).sum() >= 1996
    assert peak_memory() - before < 200


def test_jobs_side_by_side_on_one_tile_do_no_harm(tmp_path):
    """Two batches at once, of files that share their PSF: both may fetch it, neither breaks the other's."""
    files = {f"/{level2(number)}": mef(number) for number in range(40)}
    with FileServer(files) as server:
        paths = list(files)
        tiles = [Tile(tmp_path, {path[1:]: server.url + path for path in paths[::2]})]
        tiles[0].batch = tiles[0].batch.rename(tmp_path / "batches" / "b001.parquet")
        tiles.append(Tile(tmp_path, {path[1:]: server.url + path for path in paths[1::2]}))
        tables: dict[int, object] = {}
        threads = [
            threading.Thread(target=lambda i=i: tables.__setitem__(i, tiles[i].run(output=f"b00{1 - i}.parquet")))
            for i in (0, 1)
        ]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert time.monotonic() - begun < 60
        assert all((table.status == "ok").all() for table in tables.values())
        server.log.clear()
        for i in (0, 1):
            tiles[i].run(output=f"b00{1 - i}.parquet")
        assert not server.log
