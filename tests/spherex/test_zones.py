"""Zones of PSFs: the erratum of their centres, and that pixels are counted from 1 there."""

import pytest
from swath.errors import InputError
from swath.spherex.mef import read_exposure
from swath.spherex.zones import cube_zones, transposed

from spherex.build import Scene, write
from spherex.calibrationhdus import psf_hdu
from spherex.optics import cube_centres

BEFORE = ["6.2.1", "6.2.0.post8+g4d8e2ad", "6.4.0", "6.5.5", "6.5.5.post3", "", None, "unknown", "6.5.5+g4d8e2ad"]
AFTER = ["6.5.5+psffix1", "6.4.2+psffix1", "6.5.6", "6.10.0", "7.0.1", "6.5.5+g4d8e2ad.psffix1"]


@pytest.mark.parametrize(("version", "expected"), [(v, True) for v in BEFORE] + [(v, False) for v in AFTER])
def test_which_versions_are_transposed(version, expected):
    """By PEP 440: 6.10 is after 6.5, as text it is before."""
    assert transposed(version) is expected


@pytest.mark.parametrize("version", ["6.2.1", "6.5.5+psffix1"])
def test_planes_go_along_x_whatever_the_header_says(version):
    zones = cube_zones(psf_hdu(1, "qr2", version).header, 121, version)
    for plane in (0, 1, 10, 11, 63, 120):
        centre = cube_centres()[plane % 11], cube_centres()[plane // 11]
        assert (zones.x[plane], zones.y[plane]) == pytest.approx(centre, abs=1e-4)


def test_centres_count_pixels_from_1():
    """The border of the first two zones is at 185.954 from 1, which is 184.954 from 0."""
    zones = cube_zones(psf_hdu(1, "qr2", "6.5.6").header, 121, "6.5.6")
    assert [zones.nearest(x, 50.0) for x in (184.9, 185.0, 185.9)] == [0, 1, 1]


@pytest.mark.parametrize("version", ["6.2.1", "6.5.5", "", "6.5.5+psffix1", "6.5.6"])
def test_zone_of_a_file_is_the_same_before_and_after_the_repair(tmp_path, version):
    write(tmp_path / "a.fits", Scene(at=(1900.0, 300.0), size=(8, 8), version=version))
    zone, _ = read_exposure(tmp_path / "a.fits").psfs.at(1900.0, 300.0)
    assert zone == 1 * 11 + 10 + 1


def test_zones_of_the_table_of_qr3(tmp_path):
    """441 of them; D3 has 11 x 41."""
    for detector, zone in ((1, 3 * 21 + 19 + 1), (3, 6 * 11 + 10 + 1)):
        write(tmp_path / "a.fits", Scene(detector=detector, release="qr3", at=(1900.0, 300.0), size=(8, 8)))
        assert read_exposure(tmp_path / "a.fits").psfs.at(1900.0, 300.0)[0] == zone


def test_missing_cards_are_told():
    header = psf_hdu(1, "qr2", "6.5.6").header
    del header["YCTR_7"]
    with pytest.raises(InputError, match="zone centres are missing"):
        cube_zones(header, 121, "6.5.6")
