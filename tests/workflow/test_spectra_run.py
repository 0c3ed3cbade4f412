"""From positions on the sky to light curves: real runs against a stand-in of the archive."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
import yaml
from archive.hostile import Hostile, Rule
from archive.irsa import Irsa
from archive.irsafiles import exposures
from astropy.table import Table
from runs import ROOT, Run
from spherex.build import Scene, write
from swath.archive.names import slug
from swath.run import photometer
from swath.tables import read_table

pytestmark = [pytest.mark.slow, pytest.mark.workflow]

STARS = {"a b": (304.69, 42.44, 900.0), "a/b": (304.75, 42.40, -60.0)}
PRODUCTS = ("lightcurve.csv", "lightcurve.ecsv", "lightcurve.vot", "photometry.json")
FIGURES = ("combined_plot.png", "summary_plot.png")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Three detectors, twice each, with both stars on every frame."""
    folder = tmp_path_factory.mktemp("mef")
    paths = []
    for number, (detector, visit) in enumerate((d, v) for d in (1, 4, 6) for v in (0, 1)):
        scene = Scene(
            detector=detector,
            release="qr2",
            sky=STARS["a b"][:2],
            at=(700 + 300 * visit, 900),
            size=(140, 140),
            sources=tuple(STARS.values()),
            seed=number,
            mjd=60850.0 + 30 * visit + 0.1 * detector,
            obs_id=f"2025W2{5 + visit}_1B_0{detector}10_1",
        )
        write(folder / scene.name, scene)
        paths.append(folder / scene.name)
    with Irsa(exposures(paths)) as irsa:
        yield irsa


def config(archive, **sections):
    """A config that asks the stand-in, with `sections` on top."""
    base = {
        "archive": {
            **{"tap_url": archive.tap, "sia_url": archive.sia, "data_url": f"{archive.url}/"},
            **{"collections": ["spherex_qr2"], "http": {"allow_http": True, "backoff_s": 0.05}},
        },
        "download": {"batches": 2, "cutout": {"size": "44px"}},
    }
    return {name: {**base.get(name, {}), **sections.get(name, {})} for name in {**base, **sections}}


class SpectraRun(Run):
    """A working directory whose config knows no images."""

    def write(self, mapping):
        self.config.write_text(yaml.safe_dump({"tile": "stars", **(mapping or {})}), encoding="utf-8")

    def path(self, name):
        return self.folder / "results/stars" / name

    def target(self, name, product):
        return self.path(f"targets/{slug(name)}/{product}")


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    path = tmp_path_factory.mktemp("list") / "targets.csv"
    rows = "\n".join(f"{name},{ra},{dec}" for name, (ra, dec, _) in STARS.items())
    path.write_text(f"Name,RA,Dec\n{rows}\n")
    return path


@pytest.fixture(scope="module")
def finished(archive, targets, tmp_path_factory):
    run = SpectraRun(tmp_path_factory.mktemp("runs") / "two stars", config(archive, targets={"table": str(targets)}))
    run.output = run.snakemake().stdout
    return run


def test_every_target_has_its_products_and_a_second_run_has_nothing_to_do(finished):
    for name in STARS:
        assert all(finished.target(name, product).stat().st_size > 0 for product in (*PRODUCTS, *FIGURES))
        state = json.loads(finished.target(name, "state.json").read_text())
        assert (state["stage"], state["counts"]) == ("complete", {"download": {"ok": 6}, "aperture": {"ok": 6}})
    assert finished.planned() == {}


def test_every_planned_exposure_is_a_row_and_fluxes_are_those_that_were_put_in(finished):
    table = read_table(finished.path("photometry.parquet"))
    assert len(table) == 12
    assert set(table["status"]) == {"ok"}
    for name, (_, _, flux) in STARS.items():
        mine = table[table["target"] == slug(name)]
        assert len(mine) == 6
        # Six independent measurements: 5 sigma fails once in 10^5 runs, and the seeds are fixed.
        weights = 1 / mine["flux_err"] ** 2
        pull = ((mine["flux"] - flux) * weights).sum() / np.sqrt(weights.sum())
        assert abs(pull) < 5
        read = Table.read(finished.target(name, "lightcurve.ecsv"))
        assert len(read) == 6
        np.testing.assert_allclose(np.sort(read["flux"]), np.sort(mine["flux"]), rtol=1e-6)


def test_light_cutouts_were_kept_and_the_psf_fetched_once_for_each_detector(finished):
    files = sorted(finished.path("data").rglob("*.fits"))
    assert len([path for path in files if path.parent.name == "calibration"]) == 3
    assert len(files) == 12 + 3
    assert all(path.stat().st_size < 200_000 for path in files if path.parent.name != "calibration")


def test_nothing_is_written_outside_of_the_run(finished, targets):
    assert sorted(path.name for path in finished.folder.iterdir()) == [".snakemake", "my config.yaml", "results"]
    assert sorted(path.name for path in targets.parent.iterdir()) == ["targets.csv"]


def test_verify_finds_nothing_wrong_and_then_what_was_changed(finished, tmp_path):
    assert "OK: " in finished.snakemake("verify").stdout
    copy = SpectraRun.__new__(SpectraRun)
    copy.folder, copy.root, copy.output = tmp_path / "copy", ROOT, ""
    shutil.copytree(finished.folder, copy.folder)
    copy.config = copy.folder / finished.config.name
    copy.target("a b", "lightcurve.csv").write_text("changed")
    done = copy.snakemake("verify", check=False)
    assert done.returncode == 1
    assert "lightcurve.csv" in done.stdout


def test_fewer_batches_are_made_anew_though_their_files_are_there(finished, archive, targets):
    try:
        finished.write(config(archive, targets={"table": str(targets)}, download={"batches": 1}))
        wanted = {"batches": 1, "download": 1, "aperture": 1, "photometry": 1}
        assert wanted.items() <= finished.planned().items()
    finally:
        finished.write(config(archive, targets={"table": str(targets)}))


def test_a_change_of_the_figure_draws_again_and_measures_nothing(finished, archive, targets):
    try:
        finished.write(config(archive, targets={"table": str(targets)}, lightcurve={"figure": {"dpi": 60}}))
        jobs = finished.planned()
        assert "download" not in jobs
        assert "aperture" not in jobs
        assert jobs["spectrum_plot"] == 2
    finally:
        finished.write(config(archive, targets={"table": str(targets)}))


def test_how_an_archive_is_asked_runs_nothing_again_and_what_and_whom_it_is_asked_does(finished, archive, targets):
    """More patience or room on the disk fetch the same files; other hosts or bands do not."""
    base = config(archive, targets={"table": str(targets)})
    patient = base["archive"]["http"] | {"read_timeout_s": 120, "retries": 9}
    try:
        changed = base["archive"] | {"http": patient, "connections": 1, "maxrec": 5000, "tap_mode": "async"}
        room = base["download"] | {"connections": 1, "attempts": 9, "budget_gb": 2, "low_speed_s": 60}
        finished.write(base | {"archive": changed, "download": room})
        assert finished.planned() == {}
        finished.write(base | {"archive": base["archive"] | {"http": patient | {"hosts": ["elsewhere.org"]}}})
        assert finished.planned()["query"] == 1
        finished.write(base | {"download": base["download"] | {"skip_psf": False}})
        jobs = finished.planned()
        assert jobs["download"] == 2
        assert "query" not in jobs
    finally:
        finished.write(base)


def test_stages_one_by_one_go_on_from_files_alone(archive, tmp_path):
    ra, dec, _ = STARS["a b"]
    run = SpectraRun(tmp_path / "run", config(archive, targets={"name": "a b", "ra": ra, "dec": dec}))
    for until, done in (("query", 1), ("download", 2), ("photometry", 3), ("lightcurve", 4)):
        run.snakemake("--until", until)
        state = json.loads(run.target("a b", "state.json").read_text())
        assert len(state["completed_stages"]) == done
        assert state["stage"] == "partial"
    (tmp_path / "again").mkdir()
    shutil.move(run.target("a b", "state.json"), tmp_path / "state.json")
    run.config = tmp_path / "state.json"
    assert run.planned() == {"spectrum_plot": 1, "manifest": 1, "all": 1}
    run.snakemake()
    assert json.loads(run.target("a b", "state.json").read_text())["stage"] == "complete"


def test_a_stage_that_is_left_out_is_named_when_another_needs_it(archive, tmp_path):
    ra, dec, _ = STARS["a b"]
    position = {"name": "a b", "ra": ra, "dec": dec}
    run = SpectraRun(tmp_path / "run", config(archive, targets=position) | {"stages": ["aperture"]})
    done = run.snakemake(check=False)
    assert done.returncode == 1
    assert "stages: aperture cannot do without query, download" in done.stdout
    assert "Traceback" not in done.stdout
    run.write(config(archive, targets=position) | {"stages": ["query", "download"]})
    run.snakemake()
    assert not run.path("photometry.parquet").exists()
    run.write(config(archive, targets=position) | {"stages": ["aperture"]})
    run.snakemake()
    assert len(read_table(run.path("photometry.parquet"))) == 6
    assert not run.target("a b", "lightcurve.csv").exists()


def test_files_that_could_not_be_had_are_tried_again_by_the_next_run(archive, tmp_path):
    ra, dec, _ = STARS["a b"]
    with Hostile(archive.url, [Rule("GET .*D4_spx", "status", value=503)]) as proxy:
        sections = config(archive, targets={"name": "a b", "ra": ra, "dec": dec}, download={"attempts": 2})
        sections["archive"] |= {"tap_url": f"{proxy.url}/TAP", "data_url": f"{proxy.url}/"}
        run = SpectraRun(tmp_path / "run", sections | {"stages": ["query", "download", "aperture"]})
        run.snakemake()
        table = read_table(run.path("photometry.parquet"))
        assert Counter(table["status"]) == {"ok": 4, "not_downloaded": 2}
        assert all("HTTP 503" in reason for reason in table["reason"][table["status"] != "ok"])
        proxy.rules = []
        proxy.clear()
        run.write(sections | {"stages": ["aperture"]})
        assert "download" not in run.planned()
        run.write(sections | {"stages": ["query", "download", "aperture"]})
        assert "download" in run.planned()
        run.snakemake()
    assert set(read_table(run.path("photometry.parquet"))["status"]) == {"ok"}
    assert len([entry for entry in proxy.log if "center=" in entry.path]) == 2
    assert run.planned() == {}


def test_one_call_from_python(archive, tmp_path):
    ra, dec, flux = STARS["a b"]
    sections = config(archive)
    done = photometer(ra, dec, "a b", directory=tmp_path / "from python", **sections)
    assert len(done.table) == len(done.observations) == len(done.photometry) == 6
    assert abs(np.median(done.table["flux"]) - flux) < 0.1 * flux
    assert done.state["stage"] == "complete"
    assert all((done.folder / name).is_file() for name in FIGURES)
    again = type(done).resume(done.folder / "state.json")
    assert again.run().folder == done.folder
