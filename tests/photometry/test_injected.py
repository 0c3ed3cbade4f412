"""Sources of known flux in built files of all detectors and both PSF formats: fluxes, errors, none dropped."""

import numpy as np
import pytest
from spherex.build import SKY, Scene
from spherex.injected import FLUXES, field, recovered, scenes
from swath.config.aperture import Aperture
from swath.spherex import zones

pytestmark = pytest.mark.slow

NONE = np.array(FLUXES) == 0


@pytest.mark.parametrize("release", ["qr2", "qr3"])
@pytest.mark.parametrize("detector", range(1, 7))
def test_without_noise_fluxes_are_the_true_ones(tmp_path, detector, release):
    """0.3 % are asked for; splines leave 0.003 %, the end of the EPSF's stamp 0.015 %."""
    table = recovered(tmp_path, field(scenes(detector, release, detector, noise=False), FLUXES, detector), Aperture())
    assert (table.status == "ok").all()
    assert table.flux[~NONE].to_numpy() == pytest.approx(table.true[~NONE].to_numpy(), rel=3e-4)
    assert table.flux[NONE].abs().max() < 0.01
    assert table[["x", "y"]].to_numpy() == pytest.approx(table[["true_x", "true_y"]].to_numpy(), abs=1e-6)


@pytest.mark.parametrize("release", ["qr2", "qr3"])
def test_errors_are_what_fluxes_scatter_by(tmp_path, release):
    """192 pulls: their mean is good to 0.07, their standard deviation to 0.05; both within 4 of that."""
    tables = [recovered(tmp_path, field(scenes(d, release, d), FLUXES * 4, d), Aperture()) for d in range(1, 7)]
    pulls = np.concatenate([(table.flux - table.true) / table.flux_err for table in tables])
    assert len(pulls) == 192
    assert np.isfinite(pulls).all()
    assert abs(pulls.mean()) < 4 / 192**0.5
    assert pulls.std(ddof=1) == pytest.approx(1.0, abs=4 / (2 * 192) ** 0.5)


@pytest.mark.parametrize("background", ["annulus", "window"])
def test_small_apertures_and_windows_are_unbiased_too(tmp_path, background):
    """A radius of 0.9 pix holds half to two thirds of the light, which depends on where in the pixel the source is."""
    settings = Aperture(method="fixed", diameter_pix=1.8, background=background, window_size=(25, 29))
    table = recovered(tmp_path, field(scenes(5, "qr2", 3, noise=False), (-200.0, 500.0, 3e5, 3e5), 3), settings)
    assert table.aperture_correction.min() > 1.3
    assert table.flux.to_numpy() == pytest.approx(table.true.to_numpy(), rel=1e-3)


def test_light_that_the_background_holds_is_given_back(tmp_path):
    """An annulus close to the source holds percents of its light; a plain difference would lose them."""
    close = Aperture(annulus_inner_offset=0.0, min_annulus_area=15.0, bg_sigma_clip_maxiters=0)
    table = recovered(tmp_path, field(scenes(6, "qr3", 4, noise=False), (2e3,) * 4, 4), close)
    assert table.flux.to_numpy() == pytest.approx(2e3, rel=1e-3)


@pytest.mark.parametrize("version", ["6.5.5", "6.5.5+psffix1"])
def test_transposed_zones_leave_no_trace_in_fluxes(tmp_path, version, monkeypatch):
    """In a corner, where the PSF of the transposed zone differs by percents."""
    scene = Scene(detector=4, at=(1900.0, 120.0), version=version, noise=False)
    settings = Aperture(method="fixed", diameter_pix=2.0)
    scene = field(scene, (500.0,) * 4, 1)
    assert recovered(tmp_path, scene, settings).flux.to_numpy() == pytest.approx(500.0, rel=1e-3)
    monkeypatch.setattr(zones, "transposed", lambda told: told != "6.5.5")
    wrong = recovered(tmp_path, scene, settings, light=False).flux / 500 - 1
    assert wrong.abs().min() > 0.01


def test_a_scaled_and_sloping_sky_leaves_no_trace(tmp_path):
    scene = Scene(detector=6, noise=False, zodi_scale=1.3, background=0.2, sky=SKY)
    table = recovered(tmp_path, field(scene, (100.0,) * 4, 2), Aperture())
    assert table.flux.to_numpy() == pytest.approx(100.0, rel=3e-3)
