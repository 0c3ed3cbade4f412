"""The plan of a field whose images are still in an archive: all of it from the config."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.wcs import WCS
from swath.checks.images import check_images
from swath.config.load import load_config
from swath.errors import ConfigError, InputError
from swath.plan import make_plan
from swath.regrid.grid import grid_header

FIELD = {
    "tile": "f",
    "inputs": {"archive": {"bands": {"g": None, "r": ["R1"]}}},
    "grid": {"ra": 10, "dec": 20, "width": 400, "height": 300, "pixel_scale_arcsec": 1},
    "archive": {"service": "sia2"},
    "download": {"batches": 3},
    "psf": {"ngrid": 1},
    "patches": {"ngrid": 2},
}


def planned(folder, **changes):
    config = load_config(FIELD | changes, folder)
    return config, make_plan(config, folder / "plan.json")


def test_shape_bands_and_batches_are_known_before_anything_is_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, plan = planned(tmp_path)
    assert (plan.shape, plan.bands, plan.batches) == ((300, 400), ["g", "r"], ("b000", "b001", "b002"))
    assert plan.images["r"]["path"] == plan.images["r"]["weight"] == "results/f/regrid/r.fits"
    assert (plan.images["r"]["weight_hdu"], plan.images["r"]["mask_hdu"]) == ("WEIGHT", "MASK")
    assert len(plan.patch_tags) == 4


def test_a_catalogue_says_which_patches_are_empty_on_the_grid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(FIELD, tmp_path)
    ra, dec = WCS(grid_header(config.grid)).wcs_pix2world([50.0, 60.0], [250.0, 200.0], 0)
    pd.DataFrame({"RA": ra, "DEC": dec}).to_csv(tmp_path / "c.csv", index=False)
    _, plan = planned(tmp_path, inputs=FIELD["inputs"] | {"catalog": "c.csv"})
    assert plan.patch_tags == ["r00_c00_pr01_pc00"]


def test_products_on_the_grid_do_not_make_the_plan_stale_but_another_grid_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planned(tmp_path)
    before = (tmp_path / "plan.json").stat().st_mtime_ns
    Path("results/f/regrid").mkdir(parents=True)
    Path("results/f/regrid/r.fits").write_text("made")
    planned(tmp_path)
    assert (tmp_path / "plan.json").stat().st_mtime_ns == before
    _, plan = planned(tmp_path, grid=FIELD["grid"] | {"width": 500})
    assert plan.shape == (300, 500)


def test_a_grid_that_is_none_is_told_among_the_inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"none\.fits: no such file"):
        planned(tmp_path, grid={"like": "none.fits"})


def test_correlated_noise_is_noted_unless_it_is_measured(tmp_path):
    for corrected in (False, True):
        images = check_images(load_config(FIELD | {"noise": {"correct_errors": corrected}}, tmp_path))
        notes = [note for row in images.rows for note in row.notes]
        assert bool(notes) != corrected
        assert np.isnan(images.facts[0].gain)


def test_processings_of_one_exposure_are_not_laid_upon_each_other(tmp_path):
    """Their mean would be as noisy as one of them, and called less so."""
    with pytest.raises(ConfigError, match="in which the same light would count twice"):
        load_config(FIELD | {"archive": {"service": "sia2", "reprocessed": "all"}}, tmp_path)
    position = {"targets": {"ra": 1.0, "dec": 2.0}, "archive": {"reprocessed": "all"}}
    assert load_config(position, tmp_path).archive.reprocessed == "all"
