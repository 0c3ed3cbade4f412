"""What reruns, and what does not."""

import gzip
import shutil

import pytest
import yaml
from runs import ROOT, Run

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
# What gathers the products of a run, and so follows any change of them.
GATHERING = {"all", "manifest", "facts", "explore"}
AFTER_ZEROPOINT = {"zeropoint", "fig_zeropoint", "fig_catalog", "explore", "facts", "manifest"}


def test_run_again_does_nothing(default_run):
    assert default_run.planned() == {}


def test_a_zero_point_value_reruns_the_zero_point_and_what_follows(run_copy):
    run_copy.write({"zeropoint": {"clip_sigma": 2.5}})
    assert set(run_copy.planned()) - {"all"} == AFTER_ZEROPOINT


def test_spelling_and_order_of_the_config_rerun_nothing(run_copy):
    config = yaml.safe_load(run_copy.config.read_text(encoding="utf-8"))
    config["load"]["zp_ref"] = 25
    turned = {key: dict(reversed(v.items())) if isinstance(v, dict) else v for key, v in reversed(config.items())}
    run_copy.config.write_text(yaml.safe_dump(turned, sort_keys=False), encoding="utf-8")
    assert run_copy.planned() == {}


def test_process_settings_rerun_nothing_but_what_tells_them(run_copy):
    run_copy.write({"log": {"level": "DEBUG"}, "figures": {"enabled": False}})
    assert set(run_copy.planned()) <= {"all", "facts", "manifest"}


def test_an_input_replaced_by_an_older_file_is_noticed(tmp_path):
    """As cp -p, rsync or tar put files in place: another content, an earlier time of change."""
    import os

    paths = []
    for band in "gr":
        shutil.copy(ROOT / f"config/tiny480/S82_{band}.fits.gz", tmp_path / f"{band}.fits.gz")
        paths.append(str(tmp_path / f"{band}.fits.gz"))
    shutil.copy(ROOT / "config/tiny480/input_catalog.csv", tmp_path / "cat.csv")
    inputs = {"image_list": None, "images": paths, "catalog": str(tmp_path / "cat.csv")}
    run = Run(tmp_path / "run", {"inputs": inputs, "figures": {"enabled": False}})
    run.snakemake("--until", "sources")
    rows = (tmp_path / "cat.csv").read_text().splitlines()
    (tmp_path / "cat.csv").write_text("\n".join(rows[:-1]) + "\n")
    os.utime(tmp_path / "cat.csv", (1e9, 1e9))
    planned = run.planned("--until", "sources")
    assert "sources" in planned
    assert "load" not in planned
    with gzip.open(tmp_path / "g.fits.gz") as stream:
        content = bytearray(stream.read())
    content[-3000] ^= 1
    with gzip.open(tmp_path / "g.fits.gz", "wb") as stream:
        stream.write(content)
    os.utime(tmp_path / "g.fits.gz", (1e9, 1e9))
    assert run.planned("--until", "sources")["load"] == 1


def test_fit_values_leave_the_payloads_alone(run_copy):
    run_copy.write({"fit": {"tolerance": 0.01}})
    planned = run_copy.planned()
    assert "fit" in planned
    assert "merge" in planned
    assert not {"load", "white", "sources", "stars", "epsf", "patches", "payload"} & set(planned)


def test_one_band_at_a_time_starts_at_the_fit(run_copy):
    run_copy.write({"fit": {"multi_band": False}})
    planned = set(run_copy.planned())
    assert {"fit", "merge", "zeropoint"} <= planned
    assert not {"load", "white", "sources", "stars", "epsf", "patches", "payload"} & planned


def test_skip_switches_rerun_no_psf(run_copy):
    run_copy.write({"psf": {"skip_empty_cells": False}})
    assert "epsf" not in run_copy.planned()


def test_a_merge_value_leaves_the_fits_alone(run_copy):
    run_copy.write({"merge": {"depth_sigma": 3.0}})
    assert not {"load", "sources", "epsf", "payload", "fit"} & set(run_copy.planned())


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
    assert set(default_run.planned("--forcerun", "zeropoint")) - {"all"} == AFTER_ZEROPOINT


def test_show_config_prints_config_hash_and_differences(default_run):
    text = default_run.snakemake("show_config").stdout
    assert "tile: tiny480" in text
    assert "patches.ngrid: 2" in text
    assert "default 6" in text


def corner_run(folder, cells: bool, patches: bool) -> tuple[Run, int]:
    """Sources in one corner of 2 x 2 cells with 2 x 2 patches each; the run, and how many patches they lie in."""
    listed = (ROOT / "config/tiny480/input_catalog.csv").read_text().splitlines()
    header = listed[0].split(",")
    place = {row: tuple(float(row.split(",")[header.index(name)]) for name in "XY") for row in listed[1:]}
    corner = [row for row, (x, y) in place.items() if x < 200 and y < 119]
    folder.mkdir(exist_ok=True)
    (folder / "corner.csv").write_text("\n".join([listed[0], *corner]) + "\n")
    config = {
        "inputs": {"catalog": str(folder / "corner.csv")},
        "gaia": {"inject": False},
        "psf": {"ngrid": 2, "skip_empty_cells": cells},
        "patches": {"skip_empty": patches},
        "figures": {"enabled": False},
        "explore": {"enabled": False},
    }
    return Run(folder / "run", config), len({(x // 120, y // 120) for x, y in map(place.get, corner)})


@pytest.mark.parametrize(
    ("cells", "patches", "epsfs", "fits"),
    [(True, True, 1, None), (True, False, 1, 4), (False, True, 4, None), (False, False, 4, 16)],
)
def test_the_four_skip_combinations(tmp_path, cells, patches, epsfs, fits):
    run, occupied = corner_run(tmp_path / "field", cells, patches)
    planned = run.planned()
    assert occupied == 2
    assert planned["epsf"] == epsfs
    assert planned["fit"] == planned["payload"] == (fits or occupied)


def test_empty_cells_and_patches_run_to_the_end_with_the_same_catalogue(tmp_path):
    """What proves empty writes an empty product; the sources do not care."""
    catalogs = []
    for skip in (True, False):
        run, _ = corner_run(tmp_path / str(skip), skip, skip)
        run.snakemake()
        catalogs.append(run.path("catalog.csv").read_bytes())
        assert len(list(run.path("fit").glob("*.fits"))) == (
            16 if not skip else len(list(run.path("payload").glob("*.fits")))
        )
    assert catalogs[0] == catalogs[1]
