"""The tile test_field is the user's run on other files, and its plan needs none of them."""

import pytest
from swath.config.model import Config
from swath.errors import ConfigError
from swath.simulate.derive import TILE, derive, plan_of

USER = {
    "tile": "mine",
    "results": "out",
    "inputs": {"images": ["a.fits"], "catalog": "c.csv"},
    "load": {"zp_ref": 23.9, "saturation_fraction": 0.7},
    "sources": {"theta_from": "y", "catalog_epoch": 2000.0},
    "psf": {"method": "supplied", "ngrid": 9, "norm_radius_pix": 10.0},
    "patches": {"ngrid": 8, "halo_min_pix": 40},
    "fit": {"tolerance": 1e-2},
    "zeropoint": {"color_bands": ["g", "r"], "clip_sigma": 4.0},
    "simulate": {"bands": 3, "side_pix": 900, "psf_ngrid": 2, "patch_ngrid": 3, "crop_margin_pix": 10},
}


def test_how_things_are_computed_stays_the_users():
    config = Config.model_validate(USER)
    derived = derive(config)
    assert derived.tile == TILE
    for name in ("load", "fit", "stars", "merge", "simulate", "results"):
        assert getattr(derived, name) == getattr(config, name), name
    assert derived.psf.norm_radius_pix == 10.0
    assert derived.patches.halo_min_pix == 40
    assert derived.zeropoint.clip_sigma == 4.0


def test_what_it_is_computed_from_does_not():
    derived = derive(Config.model_validate(USER))
    paths = [derived.inputs.catalog, derived.inputs.gaia, *(image.path for image in derived.inputs.images)]
    assert all(path.startswith(f"out/{TILE}/simulated/") for path in paths)
    assert derived.psf.method == "stack"  # nobody supplies the PSFs of a simulated field
    assert derived.sources.theta_from == "x"
    assert derived.sources.catalog_epoch is None
    assert derived.zeropoint.color_bands is None
    assert not derived.figures.enabled


def test_the_plan_needs_no_file():
    plan = plan_of(derive(Config.model_validate(USER)))
    assert plan.bands == ["b1", "b2", "b3"]
    assert plan.shape == (900, 900)
    assert plan.crop == (10, 890, 10, 890)
    assert len(plan.cells) == 4
    assert len(plan.patch_tags) == 36
    assert plan.cells == plan.all_cells


def test_the_users_tile_may_not_have_its_name():
    with pytest.raises(ConfigError, match="test_field is the name of the simulated field"):
        derive(Config(tile=TILE))


def test_a_field_of_tiny_patches_is_refused():
    config = Config.model_validate({**USER, "simulate": {"side_pix": 300, "psf_ngrid": 3, "patch_ngrid": 3}})
    with pytest.raises(ConfigError, match=r"psf_ngrid 3 times patch_ngrid 3.*raise side_pix"):
        plan_of(derive(config))
