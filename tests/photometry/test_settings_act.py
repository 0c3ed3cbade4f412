"""Every key of `aperture` does something."""

import numpy as np
import pytest
from astropy.io import fits
from spherex.build import SKY, Scene, write
from swath.config.aperture import Aperture
from swath.photometry.measure import measure
from swath.photometry.quality import QUALITY
from swath.spherex.mef import read_exposure

PLAIN = {"sources": ((*SKY, 300.0),), "size": (60, 60), "zodi_scale": 1.1}
FLAGGED = PLAIN | {
    "flagged": (*((x, y, "PERSIST") for x in range(33, 60) for y in range(60)), (30, 30, "HOT")),
    "nan": ((30, 29),),
}
MASKED = PLAIN | {"over_masked": 0.9}

# key -> scene, what else is set, value, column that it changes
CASES = {
    "method": (PLAIN, {}, "fixed", "aperture_radius"),
    "diameter_pix": (PLAIN, {"method": "fixed"}, 4.0, "aperture_radius"),
    "fwhm_multiplier": (PLAIN, {}, 3.0, "aperture_radius"),
    "correct": (PLAIN, {}, False, "aperture_correction"),
    "psf_error": (PLAIN, {}, 0.1, "flux_err"),
    "bad_flags": (FLAGGED, {}, ("HOT",), "background_area"),
    "empty_flags": (FLAGGED, {}, (), "aperture_area"),
    "max_missing": (FLAGGED, {}, 0.0, "status"),
    "background": (PLAIN, {}, "window", "background_area"),
    "annulus_inner_offset": (PLAIN, {}, 3.0, "background_area"),
    "min_annulus_area": (PLAIN, {}, 200.0, "background_area"),
    "max_outer_radius": (PLAIN, {"min_annulus_area": 500.0}, 7.0, "background_area"),
    "max_annulus_attempts": (MASKED, {"min_annulus_area": 40.0}, 0, "quality"),
    "annulus_expansion_step": (MASKED, {"min_annulus_area": 40.0}, 3.0, "background_area"),
    "window_size": (PLAIN, {"background": "window"}, (21, 31), "background_area"),
    "min_usable_pixels": (MASKED, {"min_annulus_area": 40.0}, 17, "background_area"),
    "bg_sigma_clip_sigma": (PLAIN, {}, 1.0, "background_area"),
    "bg_sigma_clip_maxiters": (PLAIN, {"bg_sigma_clip_sigma": 1.5}, 0, "background_area"),
    "subtract_zodi": (PLAIN, {}, False, "zodi_scale"),
    "zodi_scale_min": (PLAIN, {}, 1.2, "zodi_scale"),
    "zodi_scale_max": (PLAIN, {}, 1.05, "zodi_scale"),
    "zodi_box_pix": (PLAIN, {}, 20, "zodi_scale"),
    "zodi_min_pixels": (MASKED, {}, 3000, "quality"),
    "solid_angle_maps": (PLAIN, {}, "maps", "pixel_area"),
    "magnitude": (PLAIN, {}, "log", "mag"),
    "asinh_softening": (PLAIN, {}, 100.0, "mag"),
}


def test_every_key_has_a_case():
    assert {*CASES, "max_failed_fraction"} == set(Aperture.model_fields)  # that one acts on whole tables


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    """The scenes as exposures."""
    folder = tmp_path_factory.mktemp("scenes")
    made = []
    for number, scene in enumerate((PLAIN, FLAGGED, MASKED)):
        write(folder / f"{number}.fits", Scene(detector=1, **scene))
        made.append(read_exposure(folder / f"{number}.fits"))
    return dict(zip(map(repr, (PLAIN, FLAGGED, MASKED)), made, strict=True))


@pytest.mark.parametrize("key", CASES)
def test_a_key_changes_what_it_is_for(key, exposures, tmp_path):
    scene, others, value, column = CASES[key]
    if key == "solid_angle_maps":
        value = str(tmp_path)
        fits.writeto(tmp_path / "solid_angle_pixel_map_D1_spx.fits", np.full((2040, 2040), 38.5, "f4"))
    before = measure(exposures[repr(scene)], *SKY, Aperture(**others))
    after = measure(exposures[repr(scene)], *SKY, Aperture(**others, **{key: value}))
    assert before["status"] == "ok"
    assert after[column] != before[column]


def test_maps_of_solid_angles(exposures, tmp_path):
    """The flux is proportional to the solid angle; a folder without the detector's map is told."""
    exposure = exposures[repr(PLAIN)]
    plain = measure(exposure, *SKY, Aperture())
    empty = measure(exposure, *SKY, Aperture(solid_angle_maps=str(tmp_path)))
    assert empty["quality"] == QUALITY["AREA_UNMAPPED"]
    assert empty["flux"] == plain["flux"]
    pixels = np.zeros((2040, 2040), "f4")
    pixels[1020, 1019] = 40.0  # the nearest pixel to (1019.3, 1019.6)
    (tmp_path / "maps").mkdir()
    fits.writeto(tmp_path / "maps" / "sapm_D1.fits", pixels)
    mapped = measure(exposure, *SKY, Aperture(solid_angle_maps=str(tmp_path / "maps")))
    assert mapped["flux"] / plain["flux"] == pytest.approx(40.0 / plain["pixel_area"])
    assert mapped["quality"] == 0
