"""What happens where pixels are missing, masked or beyond the image: fluxes stay right, and the row says so."""

import numpy as np
import pytest
from spherex.build import SKY, Scene, write, write_calibration
from swath.config.aperture import Aperture
from swath.errors import ConfigError
from swath.flags import names
from swath.photometry.measure import measure
from swath.photometry.quality import QUALITY_FLAGS
from swath.spherex.mef import read_exposure

FLUX = 800.0


@pytest.fixture
def row(tmp_path):
    """Measures the target of a scene without noise; the target is at (20.3, 19.6) of 40 x 40 pixels."""

    def measured(settings=None, position=SKY, calibration="qr2", psf=True, **scene):
        scene = {"at": (1019.3, 1019.6), "sources": ((*SKY, FLUX),), "noise": False, "size": (40, 40)} | scene
        write(tmp_path / "a.fits", Scene(detector=2, **scene), psf=psf)
        write_calibration(tmp_path / "cal.fits", 2, calibration)
        exposure = read_exposure(tmp_path / "a.fits", None if psf else tmp_path / "cal.fits")
        found = measure(exposure, *position, settings or Aperture())
        return found | {"said": set(names(found["quality"], QUALITY_FLAGS))}

    return measured


X, Y = 19, 20  # pixel that holds the target: (19.3, 19.6) with the cutout from 1000


def test_nothing_special(row):
    found = row()
    assert (found["status"], found["reason"], found["said"]) == ("ok", "", set())
    assert found["flux"] == pytest.approx(FLUX, rel=1e-4)
    assert (round(found["x"]), round(found["y"])) == (X, Y)


def test_a_missing_pixel_beside_the_core_is_filled_by_the_psf(row):
    found = row(nan=((X + 1, Y),))
    assert found["said"] == {"APERTURE_FILLED"}
    assert found["flux"] == pytest.approx(FLUX, rel=1e-3)
    assert found["aperture_area"] < row()["aperture_area"]
    assert found["aperture_correction"] > row()["aperture_correction"]
    assert found["flux_err"] > row()["flux_err"]


def test_too_much_missing_is_no_flux_and_a_reason(row):
    """The core holds more than half of the light."""
    found = row(Aperture(max_missing=0.1), nan=((X, Y),))
    assert found["status"] == "no_pixels"
    assert "aperture.max_missing" in found["reason"]
    assert "flux" not in found
    assert found["wavelength"] > 1
    everything = row(nan=tuple((x, y) for x in range(40) for y in range(40)))
    assert everything["status"] == "no_pixels"


def test_empty_flags_count_as_missing_and_others_do_not(row):
    """HOT holds no measurement; a NONLINEAR core still holds the light, and the row says so."""
    hot, nonlinear = row(flagged=((X + 1, Y, "HOT"),)), row(flagged=((X, Y, "NONLINEAR"),))
    assert hot["said"] == {"APERTURE_FILLED", "APERTURE_BAD"}
    assert nonlinear["said"] == {"APERTURE_BAD"}
    assert nonlinear["flags"] & (1 << 15)
    assert nonlinear["aperture_area"] == row()["aperture_area"]
    assert nonlinear["flux"] == pytest.approx(FLUX, rel=1e-4)


def test_source_never_rejects_the_target(row):
    found = row()
    assert found["flags"] & (1 << 21)
    assert found["said"] == set()


@pytest.mark.parametrize("background", ["annulus", "window"])
def test_over_masked_fields_have_a_background_nevertheless(row, background):
    """99 % of the pixels are SOURCE: both fallbacks act, and both are told."""
    found = row(Aperture(background=background, window_size=(15, 15)), over_masked=0.99)
    assert found["status"] == "ok"
    assert found["said"] == {"BACKGROUND_SOURCE", "ZODI_SOURCE"}
    assert found["flux"] == pytest.approx(FLUX, rel=3e-3)


def test_half_masked_fields_need_no_fallback(row):
    assert row(over_masked=0.5)["said"] == set()
    assert row(Aperture(min_annulus_area=15.0), over_masked=0.7)["said"] == {"BACKGROUND_GROWN"}


def test_no_background_is_a_status(row):
    ring = tuple((x, y, "PERSIST") for x in range(40) for y in range(40) if (x - X) ** 2 + (y - Y) ** 2 > 4)
    found = row(flagged=ring)
    assert found["status"] == "no_background"
    assert "min_usable_pixels" in found["reason"]
    wide = row(Aperture(fwhm_multiplier=20.0))
    assert wide["status"] == "no_background"
    assert "aperture.max_outer_radius (10)" in wide["reason"]


def test_targets_beyond_the_image(row):
    """One beside it, and one on the other side of the sky, where polynomials run wild."""
    beside = row(position=(SKY[0] + 1.0, SKY[1]))
    assert beside["status"] == "off_image"
    assert "40 x 40" in beside["reason"]
    assert "other side" in row(position=((SKY[0] + 180) % 360, -SKY[1]))["reason"]


def test_images_smaller_than_the_aperture(row):
    """Three columns: what of the light lies beyond them is filled, the background is what is left of the annulus."""
    found = row(size=(3, 30))
    assert found["said"] >= {"APERTURE_EDGE", "BACKGROUND_EDGE", "APERTURE_FILLED"}
    assert found["flux"] == pytest.approx(FLUX, rel=1e-3)
    assert row(size=(3, 5))["status"] == "no_background"


def test_flux_of_a_target_on_the_edge_is_right(row):
    """The cutout begins beside the target: its light beyond the edge is filled by the PSF."""
    found = row(size=(12, 40), at=(1019.3, 1019.6), position=_beside(-5.2), sources=((*_beside(-5.2), FLUX),))
    assert found["x"] == pytest.approx(0.1, abs=0.15)
    assert found["said"] >= {"APERTURE_EDGE", "APERTURE_FILLED", "BACKGROUND_EDGE"}
    assert found["flux"] == pytest.approx(FLUX, rel=5e-3)


def _beside(pixels):
    """A position some pixels along x from the target."""
    from spherex.build import celestial, image_header

    header = image_header(Scene(detector=2, size=(12, 40)))
    wcs = celestial(header)
    x, y = wcs.all_world2pix(*SKY, 0)
    return tuple(float(value) for value in wcs.all_pix2world(x + pixels, y, 0))


def test_calibrations_of_others_and_of_none(row, tmp_path):
    other = row(calibration="qr1", psf=False)
    assert other["said"] == {"CALIBRATION_OTHER"}
    assert other["status"] == "ok"
    write(tmp_path / "light.fits", Scene(detector=2), psf=False)
    alone = measure(read_exposure(tmp_path / "light.fits"), *SKY, Aperture())
    assert alone["status"] == "unreadable"
    assert "no PSF" in alone["reason"]


def test_negative_fluxes_stay(row):
    found = row(sources=((*SKY, -200.0),))
    assert found["flux"] == pytest.approx(-200.0, rel=1e-3)
    assert found["said"] == {"NEGATIVE_FLUX"}
    assert found["mag"] > 20.6
    assert np.isnan(row(Aperture(magnitude="log"), sources=((*SKY, -200.0),))["mag"])


def test_unknown_flags_are_a_mistake_of_the_config(row):
    with pytest.raises(ConfigError, match="'HOTT' is no flag"):
        row(Aperture(bad_flags=("HOTT",)))
