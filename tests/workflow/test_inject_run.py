"""`snakemake inject` on the default field: sources of known flux, reduced by the same rules, and what they show."""

import json

import numpy as np
import pandas as pd
import pytest
from runs import TILE, Run

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
BANDS = ["u", "g", "r", "i", "z"]
SETTINGS = {"noise": {"correct_errors": True}, "inject": {"realisations": 1, "bin_mag": 2.0}}


@pytest.fixture(scope="module")
def field(default_run, tmp_path_factory) -> Run:
    """The finished default run, with its flux errors corrected and sources added to it."""
    import shutil

    folder = tmp_path_factory.mktemp("inject") / "copy"
    shutil.copytree(default_run.folder, folder, symlinks=True)
    run = Run(folder, SETTINGS)
    done = run.snakemake("inject", check=False)  # 150 sources: a bound may be missed
    run.output = done.stdout
    verdict = run.path("inject/verdict.json")
    assert verdict.is_file(), run.output[-6000:]
    assert done.returncode == (0 if json.loads(verdict.read_text())["passed"] else 1)
    return run


def test_the_verdict_is_said_with_table_and_figure(field):
    assert field.output.count(" sources added: ") == 1
    assert field.output.count("90 % are recovered to [mag]: u ") == 1
    assert f"table: {TILE}/inject/summary.csv" in field.output
    assert f"figure: {TILE}/inject/inject.png" in field.output
    assert field.path("inject/inject.png").stat().st_size > 20_000


def test_every_added_source_is_there_and_nearly_all_bright_ones_are_recovered(field):
    truth = pd.read_csv(field.folder / f"{TILE}_inject_01/injected/truth.csv")
    table = pd.read_csv(field.path("inject/sources.csv"))
    assert len(table) == len(truth) > 100
    assert list(table["ID"]) == list(truth["ID"])
    summary = pd.read_csv(field.path("inject/summary.csv"))
    every = summary[summary["type"] == "all"]
    assert (every.groupby("band")["injected"].sum() == len(truth)).all()
    assert (every.groupby("band")["recovered"].first() > 0.9).all()


def test_fluxes_are_those_that_were_put_in(field):
    """150 sources: 4 standard errors. Light added twice, at the wrong scale or half a pixel off would be far out."""
    found = json.loads(field.path("inject/verdict.json").read_text())
    for bound in found["bounds"]:
        about = 1 if "sd" in bound["bound"] else 0
        assert abs(bound["value"] - about) < 0.2 + 4 * bound["error"], bound


def test_the_factor_in_the_errors_is_the_measured_one_and_named(field):
    table = pd.read_csv(field.folder / f"{TILE}_inject_01/merge/catalog.csv")
    for band in BANDS:
        measured = json.loads(field.path(f"noise/{band}.json").read_text())
        assert 0.7 < measured["factor"] < 1.4
        assert np.allclose(table[f"NOISE_FACTOR_{band}"], measured["factor"])


def test_added_light_shares_psfs_and_noise_with_the_users_field(field):
    folder = field.folder / f"{TILE}_inject_01"
    assert not (folder / "epsf").exists()
    assert not (folder / "noise").exists()
    assert (folder / "fit").is_dir()


def test_all_of_it_is_verified(field):
    """Records of the derived tile and of what was added to the user's: nothing is lost, changed or stray."""
    done = field.snakemake("verify")
    assert "OK" in done.stdout
    assert "no record knows" not in done.stdout


def test_how_it_is_judged_reruns_no_fit(field):
    planned = field.planned("inject", "--config", "inject={realisations: 1, bin_mag: 1.5, min_snr: 10}")
    assert planned == {"inject_summary": 1, "fig_inject": 1, "inject": 1}


def test_another_seed_reruns_what_it_changes_and_nothing_of_the_users(field):
    planned = field.planned("inject", "--config", "inject={realisations: 1, bin_mag: 2.0, seed: 5}")
    assert planned["inject_sources"] == 1
    assert planned["load"] == planned["inject_image"] == len(BANDS)
    assert not {"stars", "epsf", "noise"} & set(planned)


def test_the_catalogue_itself_names_the_factor(field):
    """The default run's own catalogue had errors without it; asked for, merge and what follows run again."""
    before = pd.read_csv(field.path("catalog.csv"))
    assert (before["NOISE_FACTOR_r"] == 1).all()
    field.snakemake("--until", "zeropoint")
    after = pd.read_csv(field.path("catalog.csv"))
    factor = json.loads(field.path("noise/r.json").read_text())["factor"]
    assert np.allclose(after["FLUXERR_r_fit"], factor * before["FLUXERR_r_fit"], equal_nan=True)
    assert np.allclose(after["FLUX_r_fit"], before["FLUX_r_fit"], equal_nan=True)


def test_a_missed_bound_is_exit_code_1_of_the_target_alone_and_keeps_the_products(field):
    path = field.path("inject/verdict.json")
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"passed": False, "missed": ["u: errors look too small, by a test"]}))
    done = field.snakemake("inject", check=False)
    assert done.returncode == 1
    assert done.stdout.count("errors look too small, by a test") == 1
    assert "where to look next" in done.stdout
    assert "Traceback" not in done.stdout
    assert field.path("inject/inject.png").is_file()
    assert field.path("inject/sources.csv").is_file()
    figure = str(field.path("inject/inject.png").relative_to(field.folder))  # what inject.enabled adds to a run
    assert field.snakemake(figure, check=False).returncode == 0
