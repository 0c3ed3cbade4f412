"""The grid: its header against astropy's WCS, and what makes it none."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from skies import tan, write
from swath.config.grid import Grid
from swath.config.load import load_config
from swath.errors import ConfigError, InputError
from swath.regrid import field
from swath.regrid.grid import grid_header, reach_deg, shape_of


def wcs_of(header):
    return WCS(header)


@pytest.mark.parametrize(
    ("width", "height", "unit", "shape"), [(300, 200, "pix", (200, 300)), (3, None, "arcmin", (450, 450))]
)
def test_the_middle_of_the_grid_lies_at_its_centre(width, height, unit, shape):
    grid = Grid(ra=10.0, dec=-30.0, width=width, height=height, size_unit=unit, pixel_scale_arcsec=0.4)
    header = grid_header(grid)
    assert shape_of(header) == shape
    ny, nx = shape
    middle = wcs_of(header).pixel_to_world((nx - 1) / 2, (ny - 1) / 2)
    assert middle.separation(SkyCoord(10.0, -30.0, unit="deg")).arcsec < 1e-6


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, -120.0])
def test_rotation_is_the_position_angle_of_the_y_axis_and_east_is_left(angle):
    header = grid_header(Grid(ra=10.0, dec=40.0, width=101, pixel_scale_arcsec=2.0, rotation_deg=angle))
    wcs = wcs_of(header)
    middle, up, right = (wcs.pixel_to_world(*place) for place in ((50, 50), (50, 51), (51, 50)))
    assert middle.position_angle(up).wrap_at("180d").deg == pytest.approx(angle, abs=1e-6)
    assert (middle.position_angle(right).deg - angle) % 360 == pytest.approx(270, abs=1e-6)
    assert middle.separation(up).arcsec == pytest.approx(2.0, rel=1e-6)


def test_the_circle_of_the_query_holds_the_corners():
    header = grid_header(Grid(ra=10.0, dec=80.0, width=3000, height=1000, pixel_scale_arcsec=3.0, rotation_deg=20))
    corners = wcs_of(header).pixel_to_world([-0.5, 2999.5, -0.5, 2999.5], [-0.5, -0.5, 999.5, 999.5])
    apart = corners.separation(SkyCoord(10.0, 80.0, unit="deg")).deg
    assert (apart <= reach_deg(header)).all()
    assert apart.max() > 0.99 * reach_deg(header)


def test_a_grid_like_a_file_has_its_wcs_to_the_letter(tmp_path):
    write(tmp_path / "a.fits", np.zeros((30, 40)), tan((30, 40), 0.7, 33, (5.5, -200)))
    header, given = grid_header(Grid(like=str(tmp_path / "a.fits"))), fits.getheader(tmp_path / "a.fits")
    assert shape_of(header) == (30, 40)
    for key in ("CRPIX1", "CRVAL2", "PC1_2", "CDELT1"):
        assert header[key] == given[key]
    assert "MJD-OBS" not in header


def test_grids_that_are_none(tmp_path):
    with pytest.raises(ConfigError, match="grid: 100000 x 3 pix"):
        grid_header(Grid(ra=1, dec=1, width=1e5, height=3, pixel_scale_arcsec=1))
    with pytest.raises(InputError, match="no such file"):
        grid_header(Grid(like=str(tmp_path / "none.fits")))
    fits.writeto(tmp_path / "b.fits", np.zeros((3, 3)))
    with pytest.raises(InputError, match="no celestial WCS"):
        grid_header(Grid(like=str(tmp_path / "b.fits")))


FIELD = {
    "tile": "f",
    "inputs": {"archive": {"bands": {"g": None, "r": ["R1", "R2"]}}},
    "grid": {"ra": 10, "dec": 20, "width": 100, "pixel_scale_arcsec": 1},
    "archive": {"service": "sia2"},
}


def test_the_field_is_one_target_with_a_circle_and_cutouts_that_cover_it(tmp_path):
    config = load_config(FIELD, tmp_path)
    asked = field.asked_targets(config)
    assert (asked["name"], asked["ra"], asked["dec"]) == ("f", 10.0, 20.0)
    assert field.asked_archive(config)["radius_arcsec"] == pytest.approx(50 * np.sqrt(2), rel=1e-3)
    assert field.asked_files(config)["cutout"]["size"] is None
    config = load_config({**FIELD, "inputs": {"archive": {**FIELD["inputs"]["archive"], "cutouts": True}}}, tmp_path)
    size = field.asked_files(config)["cutout"]["size"]
    assert float(size.removesuffix("deg")) * 3600 > 100 * np.sqrt(2)


def test_the_centre_of_a_grid_like_a_file_is_its_middle(tmp_path):
    write(tmp_path / "a.fits", np.zeros((31, 41)), tan((31, 41), 0.7, 33))
    config = load_config({**FIELD, "grid": {"like": "a.fits"}}, tmp_path)
    assert field.centre(config) == pytest.approx((150.0, 2.0), abs=1e-6)


def test_configs_without_archive_images_are_asked_as_they_are(tmp_path):
    config = load_config({"targets": {"ra": 1, "dec": 2}}, tmp_path)
    assert field.asked_targets(config)["ra"] == 1
    assert field.asked_archive(config)["radius_arcsec"] == config.archive.radius_arcsec


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grid": {}}, "grid.ra, dec, width and pixel_scale_arcsec"),
        ({"grid": {"like": "a.fits", "ra": 3}}, "either grid.like or"),
        ({"targets": {"ra": 1, "dec": 2}}, "asks one archive for one kind of thing"),
        ({"inputs": {"archive": {"bands": ["g", "G"]}}}, "different names"),
        ({"inputs": {"archive": {"bands": ["g"]}, "images": ["a"]}}, "and only one"),
        ({"inputs": {"archive": {"bands": ["g"], "header": {"gain": "os.system"}}}}, "an expression of both"),
        ({"inputs": {"archive": {"bands": ["g"], "header": {"zero_point": "measure"}}}}, "an expression of both"),
        ({"inputs": {"archive": {"bands": [{"name": "a/b"}]}}}, "bands"),
        ({"psf": {"method": "supplied"}}, "another psf.method"),
        ({"archive": {}}, "archive.service: obscore, sia2 or list"),
    ],
)
def test_contradictions_are_told(tmp_path, change, words):
    with pytest.raises(ConfigError, match=words):
        load_config(FIELD | change, tmp_path)


def test_bands_are_names_entries_or_a_mapping(tmp_path):
    for bands in (
        ["g", {"name": "r", "filters": ["R1", "R2"]}],
        {"g": None, "r": ["R1", "R2"]},
        {"g": [], "r": ["R1", "R2"]},
    ):
        config = load_config(FIELD | {"inputs": {"archive": {"bands": bands}}}, tmp_path)
        assert [(band.name, band.filters) for band in config.inputs.archive.bands] == [("g", ()), ("r", ("R1", "R2"))]
