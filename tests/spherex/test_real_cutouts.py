"""The 42 real cutouts: places, wavelengths and pixel areas, against values made by two other ways."""

import csv
import io

import numpy as np
import pytest
from astropy.io import fits
from swath.errors import InputError
from swath.spherex.mef import read_exposure

from spherex.realfiles import DATA, real_files

REFERENCE = list(csv.DictReader((DATA / "ngc6888_reference.csv").open()))


@pytest.fixture(scope="module")
def completed(tmp_path_factory):
    """The real files with the planes that their author did not keep."""
    folder = tmp_path_factory.mktemp("real")
    for name, data in real_files().items():
        with fits.open(io.BytesIO(data)) as hdus:
            shape = hdus["IMAGE"].shape
            planes = [
                fits.ImageHDU(np.zeros(shape, "i4"), name="FLAGS"),
                fits.ImageHDU(np.ones(shape), name="VARIANCE"),
            ]
            fits.HDUList([hdus[0], hdus["IMAGE"], *planes, hdus["WCS-WAVE"]]).writeto(folder / name)
    return folder


def test_all_files_and_no_others_are_in_the_reference():
    assert len(REFERENCE) == 42
    assert {row["file"] for row in REFERENCE} == set(real_files())


@pytest.mark.parametrize("row", REFERENCE, ids=lambda row: row["file"][21:45])
def test_place_wavelength_and_area(row, completed):
    """Tolerances are those asked for; what is found is 1e-15 um, 1e-6 pix, 1e-7 of the area."""
    exposure = read_exposure(completed / row["file"])
    x, y = exposure.pixel(float(row["ra"]), float(row["dec"]))  # given to 1e-7 deg: 6e-5 pix
    assert (x, y) == pytest.approx((2.5, 2.5), abs=1e-4)
    assert exposure.on_detector(2.5, 2.5) == pytest.approx((float(row["det_x0"]), float(row["det_y0"])), abs=1e-6)
    wave, width = exposure.wavelength(2.5, 2.5)
    for name in ("astropy", "bilin"):
        assert wave == pytest.approx(float(row[f"lambda_{name}"]), abs=1e-9)
        assert width == pytest.approx(float(row[f"band_{name}"]), abs=1e-9)
    assert exposure.pixel_area(2.5, 2.5) == pytest.approx(float(row["omega_wcs_arcsec2"]), rel=1e-4)
    assert exposure.mjd == pytest.approx(float(row["mjd_avg"]), abs=1e-9)
    assert exposure.detector == int(row["detector"])
    assert exposure.version == row["version"]
    assert {"average_psf", "spectral_wcs"} <= set(exposure.identifiers)
    assert exposure.psfs is None


def test_a_pixel_that_is_not_a_number_stays_one(completed):
    row = next(row for row in REFERENCE if int(row["n_nan"]))
    pixels = read_exposure(completed / row["file"]).pixels(-1, -1, 8, 8)
    assert np.isnan(pixels.image[pixels.inside]).sum() == int(row["n_nan"])
    assert pixels.inside.sum() == 36
    assert np.isnan(pixels.image[~pixels.inside]).all()


def test_a_real_file_as_its_author_kept_it_lacks_planes(tmp_path):
    name, data = next(iter(real_files().items()))
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match="no HDU FLAGS, VARIANCE"):
        read_exposure(tmp_path / name)
