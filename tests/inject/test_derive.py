"""The derived tiles: the user's settings on files with added light."""

import pytest
from swath.config.load import load_config
from swath.config.model import Config
from swath.errors import ConfigError
from swath.inject.derive import derive, number_of, origin, plan_of, tile_names
from swath.plan import Plan

ENTRY = {"path": "/data/r.fits", "hdu": 1, "band": None, "weight": "/data/w.fits", "weight_hdu": None,
         "mask": "/data/m.fits", "mask_hdu": 2, "psf": None, "psf_hdu": None}  # fmt: skip


def field(**update: object) -> tuple[Config, Plan]:
    settings = {"tile": "m31", "inputs": {"images": ["/data/r.fits"], "weight_kind": "total"}, "patches": {"ngrid": 2}}
    config = load_config(settings | update, "/data")
    boxes = {"r00_c01": (100, 200, 0, 100)}
    return config, Plan("m31", {"r": ENTRY}, (200, 200), (0, 200, 0, 200), boxes, boxes, {"r00_c01": ["x"]})


def test_names_and_back():
    config, _ = field(inject={"realisations": 12})
    names = tile_names(config)
    assert names[0] == "m31_inject_01"
    assert names[-1] == "m31_inject_12"
    assert [number_of(name) for name in names] == list(range(1, 13))
    assert {origin(name) for name in names} == {"m31"}
    assert number_of("m31") is None
    assert origin("m31") == "m31"


def test_the_users_tile_may_not_be_named_like_one():
    config, _ = field(tile="m31_inject_03")
    with pytest.raises(ConfigError, match="m31_inject_03"):
        tile_names(config)


def test_computing_is_the_users_and_the_files_are_not():
    config, plan = field(fit={"tolerance": 0.5}, load={"sky": {"model": "mesh"}})
    found = derive(config, plan, "m31_inject_01")
    image = found.inputs.images[0]
    assert image.path == image.weight == "results/m31_inject_01/injected/r.fits"  # weights of weight_kind: total
    assert (image.hdu, image.weight_hdu, image.mask, image.mask_hdu, image.band) == (
        0,
        "WEIGHT",
        "/data/m.fits",
        2,
        "r",
    )
    assert found.inputs.catalog == "results/m31_inject_01/injected/catalog.csv"
    assert found.fit == config.fit
    assert found.patches == config.patches
    assert found.load.sky.model == "off"  # the user's sky is subtracted already
    assert not found.gaia.enabled
    assert found.sources.theta_from == "x"


def test_sky_weights_and_a_sky_per_patch_stay_the_users():
    config, plan = field(inputs={"images": ["/data/r.fits"], "weight_kind": "sky"}, load={"sky": {"model": "patch"}})
    found = derive(config, plan, "m31_inject_01")
    assert found.inputs.images[0].weight == "/data/w.fits"
    assert found.load.sky.model == "patch"


def test_all_patches_of_the_cells_in_use_are_planned():
    config, plan = field()
    found = plan_of(derive(config, plan, "m31_inject_01"), plan)
    assert found.tile == "m31_inject_01"
    assert found.patches == {"r00_c01": [f"r00_c01_pr0{i}_pc0{j}" for i in (0, 1) for j in (0, 1)]}
    assert found.crop == plan.crop
    assert found.bands == ["r"]
