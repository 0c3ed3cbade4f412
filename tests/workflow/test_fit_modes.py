"""The fit's modes and its choice of models, through the workflow: from a finished run, the fits alone begin anew."""

import pandas as pd
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
AFTER_PAYLOAD = {"fit", "merge", "zeropoint", "manifest", "facts", "all", "noise"}
QUIET = {"figures": {"enabled": False}, "explore": {"enabled": False}}


def read(run) -> pd.DataFrame:
    return pd.read_parquet(run.path("catalog.parquet"))


def test_positions_and_shapes_of_the_catalogue_are_kept(run_copy):
    free = read(run_copy)
    run_copy.write(QUIET | {"fit": {"mode": "forced"}})
    assert set(run_copy.planned()) <= AFTER_PAYLOAD
    run_copy.snakemake()
    table = read(run_copy)
    galaxy = table["stype_fit"] != "star"
    assert table["x_pix_fit"].to_numpy() == pytest.approx(table["x_pix"].to_numpy(), abs=1e-9)
    assert table["Re_fit"][galaxy].to_numpy() == pytest.approx(table["Re"][galaxy].to_numpy(), rel=1e-9)
    for name in ("x_pix_err", "RA_err", "Re_err", "ELL_err", "THETA_err", "xy_pix_corr"):
        assert table[name].isna().all(), name
    assert table["opt_converged"].all()
    # What is held takes its part out of the errors.
    ratio = table["FLUXERR_r_fit"] / free["FLUXERR_r_fit"]
    assert (ratio < 1.05).mean() > 0.9
    assert ratio[galaxy].median() < 0.95
    assert table["MAG_r_fit"].notna().sum() > 40


def test_models_are_chosen_and_the_input_type_stays(run_copy):
    given = read(run_copy)
    run_copy.write(QUIET | {"fit": {"models": "auto"}})
    run_copy.snakemake("--until", "merge")
    table = pd.read_parquet(run_copy.path("merge/catalog.parquet"))
    assert table["TYPE"].tolist() == given["TYPE"].tolist()
    assert (table["stype_fit"] != given["stype_fit"]).any()
    assert set(table["model_runner_up"]) <= {"star", "exp", "dev", "sersic"}
    assert (table["dchi2_runner_up"] >= 0).all()
    assert (given["model_runner_up"] == "").all()
    # Bright reference stars are stars.
    bright = (table["gaia_source_id"] != "") & (table["FLUX_r_fit"] / table["FLUXERR_r_fit"] > 50)
    assert (table["stype_fit"][bright] == "star").mean() > 0.9


def test_models_and_held_positions_contradict_each_other(run_copy):
    run_copy.write({"fit": {"mode": "forced", "models": "auto"}})
    done = run_copy.snakemake("-n", check=False)
    assert done.returncode != 0
    assert "fit.models: catalog for fit.mode" in done.stdout


def test_correlations_with_neighbours_are_those_of_blends(default_run):
    table = read(default_run)
    strongest = table["neighbour_corr_r"]
    assert strongest.between(-1, 1).all()
    tied = strongest.abs() > 0.05
    assert tied.sum() >= 2
    assert table["blend_fraction"][tied].median() > table["blend_fraction"][~tied].median()
