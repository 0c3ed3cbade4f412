"""`snakemake test_field`: a tile of the same DAG, from nothing to the verdict; exit code 1 for a missed bound."""

import json
import subprocess

import pytest
from runs import Run

pytest.importorskip("galsim")
pytestmark = [pytest.mark.slow, pytest.mark.workflow]
# As small as a verdict can be: 50 galaxies of each kind above S/N 10, 6 stars in the cell.
SMALL = {
    "simulate": {
        "seed": 11, "side_pix": 800, "bands": 2, "stars": 110, "saturated": 2, "exp": 75, "dev": 85, "sersic": 75,
        "blends": 8, "psf_ngrid": 1, "patch_ngrid": 2,
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def field(tmp_path_factory) -> Run:
    run = Run(tmp_path_factory.mktemp("truth") / "field é", SMALL)
    done = run.snakemake("test_field", check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    assert done.stdout.count("std. error  allowed") == 1  # the table's head: it is told once
    run.output = done.stdout
    return run


def test_products_and_nothing_of_the_users_tile(field):
    folder = field.folder / "results/test_field"
    found = json.loads((folder / "truth/verdict.json").read_text())
    assert found["passed"]
    assert (folder / "truth/truth.png").stat().st_size > 20_000
    assert (folder / "truth/verdict.csv").is_file()
    assert not (field.folder / "results/tiny480/catalog.csv").exists()


def test_the_verdict_is_said_last_on_the_standard_output(field):
    again = subprocess.run(field.command("test_field"), capture_output=True, text=True, cwd=field.folder, check=True)
    last = again.stdout.splitlines()[-1]
    count = len(json.loads((field.folder / "results/test_field/truth/verdict.json").read_text())["bounds"])
    assert last == f"{count} of {count} bounds kept"
    assert last in field.output


def test_only_the_table_is_told_again(field):
    assert field.planned("test_field") == {"test_field": 1}


def test_another_fit_setting_reruns_the_fits_and_not_the_field(field):
    planned = field.planned("test_field", "--config", "fit={tolerance: 0.01}")
    assert planned["fit"] == 4
    assert not {"simulate", "truth", "load", "stars"} & set(planned)


def test_a_missed_bound_is_exit_code_1_and_our_sentence(field):
    path = field.folder / "results/test_field/truth/verdict.json"
    found = json.loads(path.read_text())
    found |= {"passed": False, "missed": ["median flux bias, star: +0.7 %, allowed -0.3 to +0.3"]}
    path.write_text(json.dumps(found))
    done = field.snakemake("test_field", check=False)
    assert done.returncode == 1
    assert "median flux bias, star: +0.7 %" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_users_tile_may_not_have_its_name(tmp_path):
    done = Run(tmp_path, {"tile": "test_field"}).snakemake("-n", check=False)
    assert done.returncode == 1
    assert "test_field is the name of the simulated field" in done.stdout
