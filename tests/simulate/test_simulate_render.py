"""Rendered images hold the light, the places and the noise that the truth says."""

import sys

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from swath.config.simulate import Simulate
from swath.config.sources import Gaia
from swath.errors import RunError
from swath.psf import moffat
from swath.psf.grid import disk
from swath.simulate import render
from swath.simulate.field import write_band, write_truth
from swath.simulate.pixels import observe
from swath.simulate.psffield import PsfField, psf_field
from swath.simulate.sky import Camera, wcs_header

galsim = pytest.importorskip("galsim")
SMALL = Simulate(seed=3, side_pix=320, bands=2, stars=20, saturated=1, exp=5, dev=5, sersic=5, blends=4, psf_ngrid=1)
ROUND = PsfField(3.6, 3.5, 301, np.zeros(5), np.zeros(5), np.zeros(5))


def one(kind: str, x: float = 150.3, y: float = 149.6, re: float = 3.0, ell: float = 0.3, n: float = 1.0):
    row = {"TYPE": kind, "x": x, "y": y, "Re": re, "ELL": ell, "phi": 30.0, "n": n}
    return pd.DataFrame([row])


@pytest.mark.parametrize(("kind", "n"), [("STAR", 0.0), ("EXP", 1.0), ("DEV", 4.0), ("SERSIC", 2.3)])
def test_an_image_holds_the_true_flux_at_the_true_place(kind, n):
    image = render.render_sources(one(kind, n=n), np.array([5e4]), ROUND, 1.0)
    # The stamp leaves out what is below a hundredth of the noise per pixel: 1e-3 of this source.
    assert image.sum() == pytest.approx(5e4, rel=2e-3)
    y, x = np.indices(image.shape)
    assert (image * x).sum() / image.sum() == pytest.approx(150.3, abs=0.01)
    assert (image * y).sum() / image.sum() == pytest.approx(149.6, abs=0.01)


def test_galaxies_end_at_eight_half_light_radii():
    image = render.render_sources(one("DEV", ell=0.0, re=5.0, n=4.0), np.array([1e6]), ROUND._replace(fwhm=2.5), 1e-3)
    y, x = np.indices(image.shape)
    beyond = image[np.hypot(x - 150.3, y - 149.6) > 8 * 5 + 12].sum()
    assert beyond / image.sum() < 1e-3  # without an end, 5 % of a de Vaucouleurs profile lies there


def test_a_shape_has_the_declared_angle():
    image = render.render_sources(one("EXP", ell=0.6, re=6.0), np.array([1e6]), ROUND, 1.0)
    y, x = np.indices(image.shape)
    dx, dy = x - 150.3, y - 149.6
    xx, xy, yy = ((image * term).sum() for term in (dx * dx, dx * dy, dy * dy))
    assert np.degrees(np.arctan2(2 * xy, xx - yy)) / 2 == pytest.approx(30.0, abs=0.5)


def test_encircled_energy_against_an_integration_of_our_own():
    image = moffat.render(moffat.from_fwhm(3.6, 3.5), 61)
    own = (image * disk(61, 12.0)).sum()  # of unit total flux, whatever lies outside the stamp
    assert render.encircled(ROUND, np.array([100.0]), np.array([50.0]), 12.0)[0] == pytest.approx(own, abs=2e-5)


def test_noise_and_defects_are_those_declared():
    camera = Camera(25.0, 0.0, 2.0, 4.0, 500.0)
    light = np.full((400, 400), 30.0)
    light[200, 200] = 1e4
    settings = Simulate(seed=5, bad_pixel_fraction=0.01, bad_columns=2)
    image, mask = observe(light, camera, settings, "b1", with_sky=False)
    good = np.isfinite(image) & (mask == 0) & (light < 100)
    # Photons of the source at 4 electrons per unit, and the sky: known to 1 / sqrt(2 * 160000) = 0.2 %.
    assert image[good].std() == pytest.approx(np.sqrt(2.0**2 + 30 / 4), rel=0.01)
    assert image[good].mean() == pytest.approx(30.0, abs=0.05)
    assert image[200, 200] == 500.0
    assert np.isnan(image).sum() == pytest.approx(800, abs=20)
    assert (mask.sum(axis=0) > 100).sum() <= 2


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    made = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        write_truth(
            SMALL, Gaia(), ["b1", "b2"], 25.0, 12.0, *(folder / f"{n}.csv" for n in ("truth", "catalog", "gaia"))
        )
        write_band(SMALL, ["b1", "b2"], "b2", True, *(folder / f"{n}.fits" for n in ("image", "mask", "psf")))
        made.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert made[0] == made[1]
    assert len(made[0]) == 6


def test_the_truth_lies_where_galsims_own_projection_puts_it(tmp_path):
    header = wcs_header(SMALL)
    ra, dec = WCS(header).all_pix2world([10.0, 300.0], [40.5, 7.25], 0)
    wcs = galsim.FitsWCS(header=galsim.FitsHeader(header))
    for place, x, y in zip(zip(ra, dec, strict=True), (10.0, 300.0), (40.5, 7.25), strict=True):
        other = wcs.toWorld(galsim.PositionD(x + 1, y + 1))
        assert other.ra.deg % 360 == pytest.approx(place[0], abs=1e-9)
        assert other.dec.deg == pytest.approx(place[1], abs=1e-9)


def test_the_true_psf_is_that_of_its_place(tmp_path):
    write_band(SMALL, ["b1", "b2"], "b1", False, *(tmp_path / f"{n}.fits" for n in ("image", "mask", "psf")))
    field = psf_field(SMALL, 0)
    with fits.open(tmp_path / "psf.fits") as hdus:
        for place, stamp in zip(hdus["PLACES"].data, hdus["PSF"].data, strict=True):
            assert np.allclose(stamp, render.psf_stamp(field, place["x"], place["y"], 61), atol=1e-9)
            assert stamp.sum() == pytest.approx(1, abs=1e-3)


def test_without_galsim_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "galsim", None)
    with pytest.raises(RunError, match=r"GalSim is not installed.*pip install galsim"):
        render.load_galsim()
