"""What is drawn has the declared counts, distances and errors, and depends on the seed alone."""

import numpy as np
import pandas as pd
import pytest
from astropy.wcs import WCS
from scipy.spatial import cKDTree
from swath.config.simulate import Simulate
from swath.config.sources import Gaia
from swath.errors import ConfigError
from swath.models import shape
from swath.simulate import tables
from swath.simulate.draw import CLOSE, CLOSEST, draw_sources
from swath.simulate.field import true_sources
from swath.simulate.psffield import psf_field
from swath.simulate.sky import wcs_header

FWHM = 3.7
BANDS = ["b1", "b2", "b3", "b4", "b5"]
SETTINGS = Simulate(seed=7)


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    table = tables.with_sky(true_sources(SETTINGS, BANDS, 25.0), WCS(wcs_header(SETTINGS)))
    return tables.with_references(table, SETTINGS, Gaia(), BANDS)


def test_the_seed_is_all_there_is():
    first, again, other = (draw_sources(Simulate(seed=seed), FWHM) for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first, again)
    assert not np.allclose(first["x"], other["x"])


@pytest.mark.slow
def test_a_field_without_room_is_said_instead_of_sought_for_ever():
    with pytest.raises(ConfigError, match="raise side_pix or lower the numbers of sources"):
        draw_sources(Simulate(side_pix=400, stars=6000), FWHM)


def test_counts_and_distances(truth):
    counts = truth["TYPE"].value_counts()
    assert counts.to_dict() == {
        "STAR": SETTINGS.stars + SETTINGS.saturated, "EXP": SETTINGS.exp, "DEV": SETTINGS.dev, "SERSIC": SETTINGS.sersic
    }  # fmt: skip
    nearest = cKDTree(truth[["x", "y"]]).query(truth[["x", "y"]], k=2)[0][:, 1] / np.mean(SETTINGS.fwhm_pix)
    assert nearest.min() >= CLOSEST * (1 - 1e-6)
    assert (nearest[truth["blend"]] <= CLOSE).all()
    assert SETTINGS.blends < truth["blend"].sum() <= 2 * SETTINGS.blends


def test_faint_sources_are_the_many(truth):
    for kind in ("STAR", "EXP", "DEV", "SERSIC"):
        mags = truth.loc[(truth["TYPE"] == kind) & ~truth["saturated"], "MAG_b3"]
        middle = (mags.min() + mags.max()) / 2
        assert (mags > middle).sum() > 2 * (mags <= middle).sum(), kind


def test_the_psf_departs_as_far_as_declared():
    place = np.linspace(0, SETTINGS.side_pix - 1, 33)
    x, y = np.meshgrid(place, place)
    for band in range(5):
        field = psf_field(SETTINGS, band)
        fwhm, ell, _ = field.at(x, y)
        assert np.abs(fwhm / field.fwhm - 1).max() == pytest.approx(SETTINGS.fwhm_variation, rel=1e-6)
        assert fwhm.mean() == pytest.approx(field.fwhm, rel=5e-3)
        assert 0.5 * SETTINGS.ellipticity < ell.max() <= SETTINGS.ellipticity
    assert psf_field(SETTINGS, 0).fwhm == max(SETTINGS.fwhm_pix)


def test_the_catalogue_errs_as_declared(truth):
    wcs = WCS(wcs_header(SETTINGS))
    given = tables.catalog(truth, wcs, SETTINGS, BANDS).set_index("ID")
    true = truth.set_index("ID").loc[given.index]
    x, y = wcs.all_world2pix(given["RA"], given["DEC"], 0)
    galaxy = (true["TYPE"] != "STAR").to_numpy()
    # A standard deviation of n values is known to 1 / sqrt(2 n): 2.4 % of 870, 2.7 % of 680; four of these.
    for error in (x - true["x"], y - true["y"]):
        assert np.std(error) == pytest.approx(SETTINGS.position_error_pix, rel=0.1)
    for band in BANDS:
        assert np.std(np.log(given[f"FLUX_{band}"] / true[f"FLUX_{band}"])) == pytest.approx(0.2, rel=0.1)
    of = shape.from_ellipse(given["Re"], given["ELL"], given["THETA"])[galaxy]
    was = shape.from_ellipse(true["Re"], true["ELL"], true["phi"])[galaxy]
    assert np.std(of - was, axis=0) == pytest.approx([0.15] * 3, rel=0.12)
    assert given.loc[~galaxy, ["Re", "ELL", "THETA"]].isna().all(axis=None)


def test_some_reference_stars_are_not_in_the_catalogue(truth):
    absent = truth[~truth["in_catalog"]]
    assert 0 < len(absent) < 0.15 * (truth["source_id"] != "").sum()
    assert (absent["TYPE"] == "STAR").all()
    assert absent["phot_g_mean_mag"].between(8, 18).all()
    without = tables.with_references(truth, SETTINGS, Gaia(inject=False), BANDS)
    assert without["in_catalog"].all()
    listed = tables.references(truth, BANDS)
    assert set(absent["source_id"]) <= set(listed["source_id"])
    assert listed["source_id"].is_unique
