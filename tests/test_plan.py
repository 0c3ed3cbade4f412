"""The plan: made from headers and positions, once, and again when something it was made from changes."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from swath.config.load import load_config
from swath.errors import InputError
from swath.plan import make_plan

SIDE = 100


def image(path, band="g", **cards):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = (150.0, 2.0), (50.5, 50.5), (-1e-4, 1e-4)
    header = wcs.to_header()
    header.update({"FILTER": band, "ZP_AUTO": 25.0, "SKYSIG": 1.0, "EGAIN": 2.0, **cards})
    fits.writeto(path, np.zeros((SIDE, SIDE), "f4"), header, overwrite=True)
    return wcs


@pytest.fixture
def field(tmp_path):
    wcs = image(tmp_path / "g.fits")
    image(tmp_path / "r.fits", "r")
    ra, dec = wcs.pixel_to_world_values([10, 13, 80], [10, 14, 85])
    rows = "\n".join(f"{i},{a},{d}" for i, (a, d) in enumerate(zip(ra, dec, strict=True)))
    (tmp_path / "cat.csv").write_text(f"ID,RA,DEC\n{rows}\n")
    return tmp_path


def config(folder, **sections):
    base = {
        "tile": "t",
        "inputs": {"images": ["g.fits", "r.fits"], "catalog": "cat.csv"},
        "psf": {"ngrid": 2},
        "patches": {"ngrid": 2},
    }
    for name, section in sections.items():
        base[name] = {**base.get(name, {}), **section}
    return load_config(base, folder)


def test_occupied_cells_and_patches_only(field):
    plan = make_plan(config(field), field / "plan.json")
    assert plan.bands == ["g", "r"]
    assert (plan.shape, plan.crop) == ((SIDE, SIDE), (0, SIDE, 0, SIDE))
    assert list(plan.cells) == ["r00_c00", "r01_c01"]
    assert len(plan.all_cells) == 4
    assert plan.patch_tags == ["r00_c00_pr00_pc00", "r01_c01_pr01_pc01"]


def test_everything_is_in_use_when_nothing_is_skipped_or_known(field):
    off = config(field, psf={"skip_empty_cells": False}, patches={"skip_empty": False})
    assert len(make_plan(off, field / "a.json").patch_tags) == 16
    unknown = config(field, inputs={"catalog": None})
    assert len(make_plan(unknown, field / "b.json").patch_tags) == 16


def test_a_crop_moves_the_grid_and_empties_cells(field):
    plan = make_plan(config(field, crop={"margin": 12}), field / "plan.json")
    assert plan.crop == (12, 88, 12, 88)
    # (10, 10) is outside; (13, 14) is not.
    assert plan.patch_tags == ["r00_c00_pr00_pc00", "r01_c01_pr01_pc01"]


def test_the_plan_is_read_back_and_made_anew_when_stale(field, monkeypatch):
    path = field / "plan.json"
    first = make_plan(config(field), path)
    stamp = path.stat().st_mtime_ns
    monkeypatch.setattr("swath.plan._make", lambda *_: pytest.fail("made again"))
    assert make_plan(config(field), path) == first
    assert make_plan(config(field, zeropoint={"clip_sigma": 2.0}), path) == first
    assert path.stat().st_mtime_ns == stamp
    monkeypatch.undo()
    with (field / "cat.csv").open("a") as stream:
        stream.write("3,150.001,2.003\n")
    assert make_plan(config(field), path, trusted=True) == first  # as a job of a run that is under way
    assert len(make_plan(config(field), path).patch_tags) == 3
    assert len(make_plan(config(field, patches={"ngrid": 1}), path).patch_tags) == 3


def test_a_job_without_a_plan_makes_it(field):
    assert make_plan(config(field), field / "plan.json", trusted=True) == make_plan(config(field), field / "other.json")


def test_problems_of_all_images_are_named_at_once(field):
    image(field / "r.fits", "r", EGAIN=-1.0)
    image(field / "g.fits", "g", ZP_AUTO="bright")
    with pytest.raises(InputError) as caught:
        make_plan(config(field), field / "plan.json")
    assert "g.fits" in str(caught.value)
    assert "r.fits" in str(caught.value)
    assert not (field / "plan.json").exists()


def test_a_damaged_plan_is_made_anew(field):
    path = field / "plan.json"
    first = make_plan(config(field), path)
    path.write_text('{"key": 1}')
    assert make_plan(config(field), path) == first
