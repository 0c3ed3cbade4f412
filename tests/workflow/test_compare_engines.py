"""`snakemake compare_engines` and `fit.engine: tractor`, with the real Tractor and with a package of its name."""

import os

import pandas as pd
import pytest
from astropy.io import fits
from runs import Run
from swath.fit.tractor.find import find

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
LACKING = find().problems
real = pytest.mark.skipif(bool(LACKING), reason=" ".join(LACKING))
FEW = {"compare": {"patches": 1}}


@pytest.fixture
def actors(tmp_path):
    """A folder of modules with another package called tractor."""
    package = tmp_path / "modules" / "tractor"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('raise AssertionError("imported")\n')
    (package / "_version.py").write_text('__version__ = "0.2.0"\n')
    return str(package.parent)


def test_another_package_of_the_name_ends_the_run_before_it_begins(tmp_path, actors):
    run = Run(tmp_path / "run")
    done = run.snakemake("compare_engines", check=False, modules=actors)
    assert done.returncode == 1
    assert "is not Dustin Lang's Tractor" in done.stdout
    assert "(version 0.2.0)" in done.stdout
    assert "Traceback" not in done.stdout
    assert not run.path("frames").exists()


def test_check_tells_of_the_engine_that_the_config_asks_for(tmp_path, actors):
    run = Run(tmp_path / "run", {"fit": {"engine": "tractor"}})
    done = run.snakemake("check", check=False, modules=actors)
    assert done.returncode == 1
    assert "the Tractor" in done.stdout
    assert "without it only fit.engine: native works" in done.stdout


@real
def test_both_engines_see_the_same_sources(run_copy):
    run_copy.write(FEW)
    done = run_copy.snakemake("compare_engines", modules=os.environ.get("PYTHONPATH", ""))
    assert "both engines: results/tiny480/compare/engines.html\n" in done.stdout
    page = run_copy.path("compare/engines.html").read_text(encoding="utf-8")
    assert "1 of 4 patches" in page
    assert "data:image/png;base64," in page
    table = pd.read_csv(run_copy.path("compare/engines.csv"))
    stars = table[(table["model"] == "star") & (table["reason_tractor"] == "converged")]
    # Of one error: the Tractor shifts PSFs by Lanczos' seven taps, and neighbours' profiles differ.
    assert stars["difference"].abs().median() < 0.3


@real
def test_a_catalogue_by_the_tractor_has_the_same_columns(run_copy):
    before = run_copy.path("catalog.csv").read_text(encoding="utf-8").splitlines()[0]
    run_copy.write({"fit": {"engine": "tractor", "tractor": {"iterations": 10}}})
    target = "results/tiny480/merge/catalog.parquet"
    run_copy.snakemake(target, modules=os.environ.get("PYTHONPATH", ""))
    fit = next(run_copy.path("fit").glob("*.fits"))
    assert fits.getheader(fit)["ENGINE"].startswith("tractor ")
    merged = pd.read_parquet(run_copy.folder / target)
    assert set(merged.columns) <= set(before.split(","))
    assert merged["opt_converged"].mean() > 0.7
