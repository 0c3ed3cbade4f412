"""Grids that are too fine for the field are said before anything is computed."""

from swath.checks.division import division_row
from swath.config.model import Config

FINE = Config.model_validate({"psf": {"ngrid": 7}, "patches": {"ngrid": 6}, "inputs": {"images": ["a.fits"]}})
COARSE = Config.model_validate({"psf": {"ngrid": 1}, "patches": {"ngrid": 1}, "inputs": {"images": ["a.fits"]}})


def test_few_sources_in_patches_and_cells_are_noted_with_the_key():
    row = division_row(FINE, cells=47, patches=173, sources=180)
    assert row.status == "note"
    assert [note.split(":")[0] for note in row.notes] == ["patches.ngrid 6", "psf.ngrid 7"]
    assert row.found == "173 patches in 47 PSF cells, 1.0 sources in a patch"


def test_what_cannot_be_divided_less_or_is_not_known_is_not_noted():
    assert division_row(COARSE, cells=1, patches=1, sources=2).notes == ()
    assert division_row(FINE, cells=49, patches=1764, sources=None).notes == ()
    assert division_row(FINE, cells=4, patches=36, sources=1000).notes == ()
