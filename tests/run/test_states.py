"""What `state.json` says of a target, and the stages that a run keeps to."""

import pandas as pd
import pytest
from swath.archive.ledger import FOLDER as LEDGER
from swath.archive.ledger import note_failures
from swath.config.load import load_config
from swath.errors import ConfigError
from swath.files import read_json
from swath.plan import Plan
from swath.run.spectral import RULES, STAGES, Spectral
from swath.run.states import config_of, is_state, write_states
from swath.tables import write_parquet

PLAN = Plan("t", targets=("a-1", "b-2"), batches=("b000", "b001"))


def config(folder, **more):
    return load_config({"tile": "t", "targets": {"ra": 1.0, "dec": 2.0, "name": "a"}, **more}, folder)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def rows(path, *entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(path, pd.DataFrame(entries, columns=["target", "status", "file"]))


def read_state(tile, target):
    return read_json(tile / f"targets/{target}/state.json")


@pytest.fixture
def tile(tmp_path):
    for name in STAGES["query"]:
        touch(tmp_path / name)
    rows(tmp_path / "download/b000.parquet", ("a-1", "ok", "data/D1/x.fits"), ("b-2", "failed", ""))
    return tmp_path


def test_a_stage_is_done_when_all_its_files_are_there(tile):
    write_states(config(tile), PLAN, tile)
    state = read_json(tile / "targets/a-1/state.json")
    assert state["completed_stages"] == ["query"]
    rows(tile / "download/b001.parquet", ("a-1", "ok", "data/D2/y.fits"))
    touch(tile / "photometry.parquet")
    touch(tile / "photometry.ecsv")
    for name in STAGES["lightcurve"]:
        write_states(config(tile), PLAN, tile)
        assert "lightcurve" not in read_state(tile, "a-1")["completed_stages"]
        touch(tile / name.format(target="a-1"))
    write_states(config(tile), PLAN, tile)
    one, other = (read_state(tile, name) for name in PLAN.targets)
    assert one["completed_stages"] == ["query", "download", "aperture", "lightcurve"]
    assert one["missing_stages"] == ["spectrum_plot"]
    assert one["counts"]["download"] == {"ok": 2}
    assert one["files"]["downloaded"] == ["data/D1/x.fits", "data/D2/y.fits"]
    assert other["completed_stages"] == ["query", "download", "aperture"]
    assert other["counts"]["download"] == {"failed": 1}


def test_a_state_is_a_config_that_runs_again(tile):
    write_states(config(tile, archive={"bands": ["D1"]}), PLAN, tile)
    state = read_json(tile / "targets/a-1/state.json")
    assert is_state(state)
    assert load_config(config_of(state), "/elsewhere") == config(tile, archive={"bands": ["D1"]})
    assert config_of({**state, "results": "other"})["results"] == "other"
    assert not is_state({"tile": "t"})


def test_states_are_written_only_when_they_say_something_new(tile):
    path = tile / "targets/a-1/state.json"
    write_states(config(tile), PLAN, tile)
    before = path.stat().st_mtime_ns
    write_states(config(tile), PLAN, tile)
    assert path.stat().st_mtime_ns == before


def test_damaged_tables_and_states_are_no_obstacle(tile):
    (tile / "download/b001.parquet").write_text("garbage")
    write_states(config(tile), PLAN, tile)
    state = read_state(tile, "a-1")
    assert state["counts"]["download"] == {"ok": 1}
    (tile / "targets/a-1/state.json").write_text("{")
    write_states(config(tile), PLAN, tile)
    assert read_state(tile, "a-1") == state


def test_a_state_that_cannot_be_written_is_a_warning(tile, caplog, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("swath.run.states.write_json", full)
    write_states(config(tile), PLAN, tile)
    assert "state.json: not written (No space left on device)" in caplog.text


def test_nothing_is_said_of_targets_before_anything_is_done(tmp_path):
    write_states(config(tmp_path), PLAN, tmp_path)
    assert not (tmp_path / "targets").exists()


class Asked:
    """As much of a run as `left_out` looks at."""

    left_out = Spectral.left_out

    def __init__(self, *stages):
        self.config = load_config({"targets": {"ra": 1.0, "dec": 2.0}, "stages": list(stages)}, ".")


def test_stages_left_out_are_named_when_their_rules_are_to_run():
    everything = {rule for names in RULES.values() for rule in names} | {"manifest", "all"}
    assert Asked(*STAGES).left_out(everything) == ""
    assert Asked("aperture").left_out({"aperture", "photometry", "manifest"}) == ""
    told = Asked("aperture").left_out({"query", "batches", "download", "aperture", "photometry"})
    assert "aperture cannot do without query, download" in told
    assert "add them to stages" in told


def test_a_stage_of_another_name_is_an_error():
    with pytest.raises(ConfigError, match="stages"):
        load_config({"targets": {"ra": 1.0, "dec": 2.0}, "stages": ["plot"]}, ".")


class Wildcards:
    tile = "t"


def test_maps_of_solid_angles_are_files_that_aperture_reads(tmp_path):
    """Another map under an old name is another stamp, and so a rerun."""
    run = object.__new__(Spectral)
    run.out, run.config = "results/{tile}", config(tmp_path)
    run.configs = {"t": run.config}
    assert run.area_maps(Wildcards) == run.stamps(run.area_maps)(Wildcards) == []
    path = tmp_path / "maps/sapm_D1.fits"
    touch(path)
    run.configs = {"t": config(tmp_path, aperture={"solid_angle_maps": "maps"})}
    assert run.area_maps(Wildcards) == [str(path)]
    before = run.stamps(run.area_maps)(Wildcards)
    path.write_bytes(b"another map")
    assert run.stamps(run.area_maps)(Wildcards) != before


class Batch(Wildcards):
    batch = "b000"


def test_a_run_that_is_to_fetch_nothing_takes_what_is_there(tmp_path):
    """It tells `download` what its last job was told: another number would make it run, which the stages forbid."""
    folder = tmp_path / "t" / LEDGER
    folder.mkdir(parents=True)
    runs = {}
    for stages in (["query", "download"], ["aperture"]):
        runs[stages[-1]] = run = object.__new__(Spectral)
        run.out, run.configs = f"{tmp_path}/{{tile}}", {"t": config(tmp_path, stages=stages)}
    told = {name: [run.failed_before(Batch)] for name, run in runs.items()}
    for count in (0, 2, 1, 0, 0):
        note_failures(folder, "b000", count)
        for name, run in runs.items():
            told[name].append(run.failed_before(Batch))
    assert told["download"] == [0, 0, 1, 2, 2, 2]
    assert told["aperture"] == [0, 0, 0, 1, 2, 2]
