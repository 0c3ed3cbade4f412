"""What reruns, and what does not."""

import shutil

import pytest
import yaml
from conftest import ROOT, Run

pytestmark = [pytest.mark.slow, pytest.mark.workflow]


def test_run_again_does_nothing(default_run):
    assert default_run.planned() == {}


def test_a_zero_point_value_reruns_the_zero_point_and_what_follows(run_copy):
    run_copy.write({"zeropoint": {"clip_sigma": 2.5}})
    assert set(run_copy.planned()) - {"all"} == {"zeropoint", "fig_zeropoint"}


def test_spelling_and_order_of_the_config_rerun_nothing(run_copy):
    config = yaml.safe_load(run_copy.config.read_text(encoding="utf-8"))
    config["load"]["zp_ref"] = 25
    turned = {key: dict(reversed(v.items())) if isinstance(v, dict) else v for key, v in reversed(config.items())}
    run_copy.config.write_text(yaml.safe_dump(turned, sort_keys=False), encoding="utf-8")
    assert run_copy.planned() == {}


def test_process_settings_rerun_nothing(run_copy):
    run_copy.write({"log": {"level": "DEBUG"}, "figures": {"enabled": False}})
    assert run_copy.planned() == {}


def test_fit_values_leave_the_payloads_alone(run_copy):
    run_copy.write({"fit": {"tolerance": 0.01}})
    planned = run_copy.planned()
    assert "fit" in planned
    assert "merge" in planned
    assert not {"load", "white", "sources", "stars", "epsf", "patches", "payload"} & set(planned)


def test_editing_a_module_reruns_the_rules_that_import_it(default_run, tmp_path):
    root = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".git", "results", ".snakemake", "__pycache__", ".venv", "*.egg-info")
    shutil.copytree(ROOT, root, ignore=ignored)
    folder = tmp_path / "run"
    shutil.copytree(default_run.folder, folder, symlinks=True)
    run = Run(folder, root=root)
    run.config.write_text(default_run.config.read_text(encoding="utf-8"), encoding="utf-8")
    assert run.planned() == {}
    edited = root / "workflow/swath/psf/stack.py"
    edited.write_text(edited.read_text(encoding="utf-8") + "\nEDITED = True\n", encoding="utf-8")
    planned = set(run.planned())
    assert {"epsf", "payload", "fit", "merge", "zeropoint"} <= planned
    assert not {"load", "white", "sources", "stars"} & planned


def test_until_merge_stops_there(tmp_path):
    run = Run(tmp_path)
    planned = set(run.planned("--until", "merge"))
    assert "merge" in planned
    assert not {"zeropoint", "fig_zeropoint"} & planned


def test_forcerun_zeropoint_reruns_it_alone(default_run):
    assert set(default_run.planned("--forcerun", "zeropoint")) - {"all"} == {"zeropoint", "fig_zeropoint"}


def test_show_config_prints_config_hash_and_differences(default_run):
    text = default_run.snakemake("show_config").stdout
    assert "tile: tiny480" in text
    assert "patches.ngrid: 2" in text
    assert "default 6" in text


@pytest.mark.parametrize("cells", [True, False])
@pytest.mark.parametrize("patches", [True, False])
def test_the_four_skip_combinations(tmp_path, cells, patches):
    """Two sources in one corner of a 4 x 4 grid of cells with 2 x 2 patches each."""
    listed = (ROOT / "config/tiny480/input_catalog.csv").read_text().splitlines()
    header = listed[0].split(",")
    x, y = header.index("X"), header.index("Y")
    corner = [row for row in listed[1:] if float(row.split(",")[x]) < 120 and float(row.split(",")[y]) < 120]
    (tmp_path / "corner.csv").write_text("\n".join([listed[0], *corner]) + "\n")
    run = Run(
        tmp_path / "run",
        {
            "inputs": {"catalog": str(tmp_path / "corner.csv")},
            "gaia": {"inject": False},
            "psf": {"ngrid": 4, "skip_empty_cells": cells},
            "patches": {"skip_empty": patches},
            "figures": {"enabled": False},
        },
    )
    planned = run.planned()
    assert planned["epsf"] == (1 if cells else 16)
    in_cell = 4 if not patches else planned["fit"]
    assert planned["fit"] == planned["payload"] == (in_cell if cells or patches else 64)
    assert 1 <= in_cell <= 4
