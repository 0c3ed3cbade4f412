"""From targets to observations, against the stand-in for IRSA: what is found, kept and told, on good days and bad."""

import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive.hostile import Hostile, Rule
from archive.irsa import Irsa
from archive.irsafiles import copies, exposures
from archive.irsatables import Tables
from astropy.table import Table
from spherex.build import Scene, write
from swath.archive import links, observations, tap
from swath.archive.cache import now
from swath.archive.hosts import allowed_hosts
from swath.archive.names import level2_parts, slug
from swath.archive.query import make_observations
from swath.archive.session import session
from swath.config.archive import Archive, Http
from swath.config.targets import Targets
from swath.errors import ConfigError, InputError, RunError

RA, DEC = 210.8, 54.3
NAMES = ("targets.ecsv", "observations.ecsv", "observations.parquet", "download_urls.json", "query_summary.json")
ONE = "level2_2025W25_1B_0062_1D3_spx_l2b-v20-2025-253.fits"
FILES = (ONE, ONE.replace("v20-2025-253", "v21-2025-300"), ONE.replace("D3", "D1"))
SERVICES = ("irsa_spherex", "obscore", "sia2")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mef")
    for name in FILES:
        write(
            folder / name, Scene(detector=int(level2_parts(name)["band"][1]), sky=(RA, DEC), size=(40, 40)), psf=False
        )
    return exposures([folder / name for name in FILES])


@pytest.fixture
def irsa(served):
    with Irsa(served, limit=4) as running:
        yield running


class Run:
    """A tile's folder in which queries are run."""

    def __init__(self, folder: Path, irsa: Irsa) -> None:
        self.folder, self.irsa = folder / "my tile", irsa

    def archive(self, base: str = "", **more) -> Archive:
        base = base or self.irsa.url
        http = {"allow_http": True, "retries": 2, "backoff_s": 0.01, "backoff_max_s": 0.1, "read_timeout_s": 2.0}
        settings = {
            "tap_url": f"{base}/TAP",
            "sia_url": f"{base}/SIA",
            "data_url": base,
            "obscore_table": "spherex.obscore",
        }
        settings |= {"collections": ("spherex_qr2",), "http": Http(**(http | more.pop("http", {})))}
        return Archive(**(settings | more))

    def __call__(self, targets: Targets | None = None, archive: Archive | None = None, **more) -> pd.DataFrame:
        outputs = dict(zip(("targets", "observations", "parquet", "urls", "summary"), self.paths, strict=True))
        make_observations(targets or Targets(ra=RA, dec=DEC), archive or self.archive(**more), self.folder, outputs)
        return observations.read(outputs["parquet"])

    @property
    def paths(self) -> list[Path]:
        return [self.folder / "query" / name for name in NAMES]

    def forget(self) -> None:
        """As Snakemake does before a job: its outputs go, what is not declared stays."""
        for path in self.paths:
            path.unlink(missing_ok=True)

    @property
    def targets(self) -> pd.DataFrame:
        return Table.read(self.paths[0], format="ascii.ecsv").to_pandas()

    def told(self, index: int) -> dict:
        return json.loads(self.paths[index].read_text())


@pytest.fixture
def run(tmp_path, irsa):
    return Run(tmp_path, irsa)


def table_of(run, text):
    run.folder.mkdir(exist_ok=True)
    (run.folder / "t.csv").write_text(text)
    return Targets(table=str(run.folder / "t.csv"))


@pytest.mark.parametrize("service", SERVICES)
def test_the_same_is_found_by_every_protocol(run, irsa, service):
    found = run(service=service)
    assert found.obs_id.unique().tolist() == ["2025W25_1B_0062_1"]
    assert found[["band", "version", "selected"]].values.tolist() == [
        ["D1", "v20", True], ["D3", "v20", False], ["D3", "v21", True]
    ]  # fmt: skip
    assert found.release.eq("qr2").all()
    assert found.exposure.tolist() == sorted(
        f"{one.did}#{re.search(r'v[0-9-]+[0-9]', one.name)[0]}" for one in irsa.exposures
    )
    np.testing.assert_allclose(found.mjd_start, irsa.exposures[0].begin)
    np.testing.assert_allclose(found.wave_min, [0.74, 1.64, 1.64])
    urls = run.told(3)
    assert set(urls) == set(found.exposure[found.selected])
    by_name = {one.name: irsa.file_url(one) for one in irsa.exposures}
    assert sorted(entry["url"] for entry in urls.values()) == sorted(by_name[name] for name in (FILES[1], FILES[2]))


def test_tables_have_units_and_hold_the_same(run):
    run()
    ecsv = Table.read(run.paths[1], format="ascii.ecsv")
    assert {name: str(ecsv[name].unit) for name in ("ra", "mjd", "exptime", "wave_min", "bytes")} == {
        "ra": "deg", "mjd": "d", "exptime": "s", "wave_min": "um", "bytes": "byte"
    }  # fmt: skip
    pd.testing.assert_frame_equal(observations.read(run.paths[1]), observations.read(run.paths[2]))
    assert str(Table.read(run.paths[0], format="ascii.ecsv")["pmra"].unit) == "mas / yr"


def test_the_summary_counts(run):
    run()
    told = run.told(4)
    whole = told["all"]
    assert (whole["found"], whole["selected"], whole["left_out"]) == (3, 2, {"superseded": 1})
    assert whole["bands"] == {"D1": 1, "D3": 1}
    assert whole["size_gb"] == pytest.approx(2 * 0.071635)
    assert whole["days"] == pytest.approx(113.5826 / 86400, abs=2e-6)
    (target,) = told["targets"].values()
    assert target["status"] == "ok"
    assert target["asked"].endswith("+00:00")


@pytest.mark.parametrize("service", SERVICES)
def test_an_empty_sky_is_a_result(run, service):
    assert run(Targets(ra=10, dec=-10), service=service).empty
    assert run.targets[["status", "exposures"]].values.tolist() == [["ok", 0]]
    assert run.told(3) == {}
    assert run.told(4)["all"]["first_mjd"] is None


@pytest.mark.parametrize("service", SERVICES)
def test_an_unknown_collection_is_an_error_that_names_those_there_are(run, service):
    with pytest.raises(
        ConfigError, match=r"archive\.collections: the service has no spherex_qr9; it has .*spherex_qr2"
    ):
        run(service=service, collections=("spherex_qr9",))
    assert not any(path.exists() for path in run.paths)


@pytest.mark.parametrize("service", SERVICES)
def test_a_known_collection_without_images_here_is_no_mistake(tmp_path, served, service):
    far = replace(served[0], collection="spherex_qr2_deep")
    with Irsa([far], limit=4) as irsa:
        run = Run(tmp_path, irsa)
        assert run(Targets(ra=10, dec=10), service=service, collections=("spherex_qr2_deep",)).empty
        irsa.clear()
        run(Targets(ra=10, dec=10), service=service, collections=("spherex_qr2_deep",))
        assert len(irsa.log) == 1  # what was learnt of collections is kept


def test_bands_and_times_are_asked_for(run, irsa):
    begin = irsa.exposures[0].begin
    assert run(bands=("D1",)).band.tolist() == ["D1"]
    assert run(mjd_min=begin + 1).empty
    assert run(mjd_max=begin - 1).empty
    assert len(run(mjd_min=begin - 1, mjd_max=begin + 1)) == 3
    assert run(service="sia2", bands=("D1",)).selected.sum() == 1


def test_a_wide_circle_finds_what_lies_beside(run):
    beside = Targets(ra=RA, dec=DEC + 0.1)
    assert run(beside).empty
    assert len(run(beside, radius_arcsec=360.0)) == 3


def test_names_are_folders_of_their_own(run):
    targets = table_of(run, f"name,ra,dec\n../evil,{RA},{DEC}\na b,{RA},{DEC}\na/b,{RA},{DEC}\n")
    found = run(targets)
    assert set(found.target) == {slug(name) for name in ("../evil", "a b", "a/b")}
    assert found.selected.sum() == 6
    assert len(run.told(3)) == 2  # exposures are shared
    assert run.told(4)["all"]["selected"] == 2
    outside = [path for path in run.folder.parent.rglob("*") if run.folder not in path.parents and path != run.folder]
    assert not outside


@pytest.mark.parametrize("service", SERVICES)
def test_long_answers_are_asked_for_in_parts(tmp_path, served, service, caplog):
    many = copies(served[0], 100)
    with Irsa(many, limit=4, maxrec=30, job_seconds=0.0) as irsa, caplog.at_level(logging.INFO):
        run = Run(tmp_path, irsa)
        found = run(service=service, tap_mode="sync")
        assert len(found) == 100
        assert found.exposure.is_unique
        assert "asked for in two parts" in caplog.text


def test_too_many_rows_at_one_time_are_an_error(tmp_path, served):
    many = copies(served[0], 40, step=0.0)
    with Irsa(many, limit=4, maxrec=30) as irsa, pytest.raises(RunError, match=r"OVERFLOW.*radius_arcsec"):
        Run(tmp_path, irsa)(tap_mode="sync")


def test_an_answer_with_the_most_rows_there_may_be_is_not_trusted(tmp_path, served):
    with Irsa(copies(served[0], 100), limit=4) as irsa:
        found = Run(tmp_path, irsa)(maxrec=25, tap_mode="sync")
        assert len(found) == 100


def test_large_queries_as_jobs(tmp_path, served, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.05))
    with Irsa(copies(served[0], 300), limit=4) as irsa:
        run = Run(tmp_path, irsa)
        assert len(run(tap_mode="async")) == 300
        assert irsa.asked("TAP/async")
        assert not irsa.asked("TAP/sync")


@pytest.mark.parametrize(
    "fault", ["busy", "reset", "reset_mid", "truncate", "cut_unsaid", "html", "empty", "votable_error"]
)
@pytest.mark.parametrize("service", SERVICES)
def test_faults_that_pass_lose_nothing(run, irsa, service, fault):
    value = 200 if fault in ("reset_mid", "truncate", "cut_unsaid") else None
    with Hostile(
        irsa.url, [Rule("TAP|SIA", fault, times=1, value=value), Rule("datalink", fault, times=1, value=value)]
    ) as proxy:
        found = run(archive=run.archive(proxy.url, service=service))
        assert found.selected.sum() == 2
        assert proxy.counts()[fault] == (2 if service == "obscore" else 1)
        assert all(entry["url"] for entry in run.told(3).values())


def test_a_failed_query_erases_no_earlier_one(run, irsa, caplog):
    with Hostile(irsa.url) as proxy:
        archive = run.archive(proxy.url)
        before = run(archive=archive)
        run.forget()
        proxy.rules = [Rule("TAP", "html")]
        after = run(archive=archive)
        pd.testing.assert_frame_equal(before, after)
        assert run.targets.status.tolist() == ["stale"]
        assert re.search(r"no VOTable.*the answer of 20.* is used", run.targets.reason[0])
        assert run.told(4)["statuses"] == {"stale": 1}
        assert "is used" in caplog.text
        proxy.rules = []
        run.forget()
        run(archive=archive)
        assert run.targets.status.tolist() == ["ok"]


def test_products_that_an_archive_has_no_more_are_told(run, irsa, caplog):
    archive = run.archive()
    before = run(archive=archive)
    run.forget()
    run(archive=archive)
    assert "no more" not in caplog.text
    run.forget()
    irsa.tables = Tables([one for one in irsa.exposures if one.detector != 3], irsa.url)
    after = run(archive=archive)
    gone = len(set(before.exposure) - set(after.exposure))
    assert gone == 2
    assert f"{gone} of {len(before)} products of the answer of 20" in caplog.text


def test_an_earlier_answer_to_another_question_is_not_used(run, irsa):
    with Hostile(irsa.url) as proxy:
        run(archive=run.archive(proxy.url))
        proxy.rules = [Rule("TAP", "reset")]
        with pytest.raises(RunError, match="1 of 1 targets failed"):
            run(archive=run.archive(proxy.url, radius_arcsec=30.0))


def test_failed_targets_are_rows_as_far_as_the_config_allows(run, irsa):
    targets = table_of(run, f"name,ra,dec\na,{RA},{DEC}\nb,10,10\nc,20,20\nd,30,30\n")
    with Hostile(irsa.url, [Rule("sync", "reset", times=3)]) as proxy:
        archive = run.archive(proxy.url, connections=1, max_failed_fraction=0.25)
        found = run(targets, archive)
        assert found.empty
        assert run.targets.status.tolist() == ["failed", "ok", "ok", "ok"]
        assert "sync" in run.targets.reason[0]
        run.forget()
        proxy.rules = [Rule("sync", "reset")]
        strict = archive.model_copy(update={"max_failed_fraction": 0.24})
        with pytest.raises(RunError, match=r"1 of 4 targets failed, more than archive\.max_failed_fraction = 0\.24"):
            run(targets, strict)
        assert not any(path.exists() for path in run.paths)


def test_an_interrupted_query_goes_on_where_it_was(run, irsa, monkeypatch):
    targets = table_of(run, "name,ra,dec\n" + "".join(f"t{i},{10 + i},10\n" for i in range(6)))
    archive = run.archive(connections=1)
    from swath.archive import query

    real, count = query.search, []

    def dies(*arguments):
        count.append(1)
        if len(count) > 4:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(query, "search", dies)
    with pytest.raises(KeyboardInterrupt):
        run(targets, archive)
    monkeypatch.setattr(query, "search", real)
    irsa.clear()
    run(targets, archive)
    assert len(irsa.asked("sync")) == 2 + 1  # two targets, and whether the collection exists
    irsa.clear()
    run(targets, archive)  # complete: asked anew
    assert len(irsa.asked("sync")) == 6


def test_a_service_that_is_down_is_given_up(run):
    targets = table_of(run, "name,ra,dec\n" + "".join(f"t{i},{10 + i},10\n" for i in range(40)))
    with Hostile(run.irsa.url, [Rule("sync", "html")]) as proxy:
        archive = run.archive(proxy.url, connections=1, http={"retries": 1})
        with pytest.raises(RunError, match="40 of 40 targets failed"):
            run(targets, archive)
        assert len(proxy.log) == 6 * 2
        proxy.rules = []
        assert run(targets, archive).empty


def test_a_target_that_moves_is_looked_for_where_it_goes(run):
    # 0.01 deg beside the image: 36 arcsec, which 3 arcsec/yr make in 12 years.
    beside = DEC + 20.5 * 6.15 * 1.42 / 3600 + 0.01
    assert run(Targets(ra=RA, dec=beside)).empty
    assert len(run(Targets(ra=RA, dec=beside, pmdec=-8000.0))) == 3


def test_young_answers_are_asked_for_again_only_when_the_config_says_so(run, irsa):
    run(cache_days=1.0)
    irsa.clear()
    run(cache_days=1.0)
    assert not irsa.log
    run()
    assert len(irsa.asked("sync")) == 1


def test_a_damaged_earlier_answer_is_asked_for_anew(run, caplog):
    run(cache_days=1.0)
    (kept,) = (run.folder / "query" / "cache").glob("J*.json")
    kept.write_text(kept.read_text()[:100])
    assert len(run(cache_days=1.0)) == 3
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(("how", "words"), [("row", "has no file itself"), ("gone", "the datalink is gone")])
def test_an_expired_datalink_is_told(run, irsa, how, words, caplog):
    irsa.expired = {FILES[2]: how}
    found = run(service="obscore")
    assert found.selected.sum() == 2
    entries = run.told(3)
    lost = [entry for entry in entries.values() if entry["url"] is None]
    assert len(lost) == 1
    assert words in lost[0]["reason"]
    assert words in caplog.text


def test_a_datalink_that_fails_now_leaves_what_it_was(run, irsa):
    run(service="obscore")
    before = run.told(3)
    run.forget()
    irsa.expired = dict.fromkeys(FILES, "gone")
    run(service="obscore")
    assert run.told(3) == before


def test_no_more_connections_than_the_config_says(run, irsa):
    irsa.limit = 2
    targets = table_of(run, "name,ra,dec\n" + "".join(f"t{i},{10 + i},10\n" for i in range(12)))
    run(targets, http={"retries": 0})
    assert irsa.most <= 2
    assert 503 not in irsa.counts()


def test_repeated_queries_write_the_same_bytes(run):
    run()
    first = [path.read_bytes() for path in run.paths[:3]]
    run()
    assert [path.read_bytes() for path in run.paths[:3]] == first


def test_without_targets_there_is_nothing_to_ask(run):
    with pytest.raises(InputError, match=r"set targets\.ra and dec, or targets\.table"):
        run(Targets())


def test_a_datalink_on_a_strange_host_is_not_asked(run):
    archive = run.archive()
    with session(archive.http, allowed_hosts(archive)) as web:
        entry = links.find(web, "http://127.0.0.2:1/datalink?ID=x", None, now())
    assert entry["url"] is None
    assert "host 127.0.0.2 is not among those allowed" in entry["reason"]
