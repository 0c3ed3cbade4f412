"""Augmentation: what reference stars lend to the catalogue and which become rows."""

import numpy as np
import pandas as pd
import pytest
from swath.config.sources import Gaia
from swath.sources.gaia import append_rows, augment, claims, usable
from swath.sources.positions import Positions

ARCSEC = 1 / 3600


def positions(offsets):
    """Positions at declination 0 whose pixels are their offsets [arcsec]."""
    x, y = (np.array([place[i] for place in offsets], float) for i in (0, 1))
    return Positions(100 + x * ARCSEC, y * ARCSEC, x, y)


def stars_at(offsets, **columns):
    here = positions(offsets)
    ids = [f"{8647475119820964206 + i}" for i in range(len(offsets))]
    frame = {"source_id": pd.Series(ids, dtype="str"), "ra": here.ra, "dec": here.dec, "mag_g": 20.0, "mag_r": 19.0}
    return pd.DataFrame(frame | columns), here


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "ID": ["a", "b", "c"],
            "RA": 100.0,
            "DEC": 0.0,
            "TYPE": ["STAR", "EXP", "STAR"],
            "objid": np.array([2**60 + 1, 2, 3], np.int64),
            "good": [True, False, True],
            "FLUX_g": [np.nan, 7.0, np.nan],
            "FLUX_r": [0.0, np.nan, -1.0],
        }
    )


HERE = positions([(0, 0), (50, 0), (90, 0)])


def run(table, stars, stars_here, near=lambda x, y: np.zeros(len(x), bool), **settings):
    return augment(table, HERE, stars, stars_here, np.ones(len(stars), bool), Gaia(**settings), 25.0, near)


def test_missing_fluxes_are_filled_and_given_ones_stay(table):
    stars, here = stars_at([(0.5, 0), (50.5, 0)])
    found = run(table, stars, here, inject=False)
    # 10^((25 - 20) / 2.5) = 100, 10^((25 - 19) / 2.5) = 251.19; zero and negative fluxes are measurements.
    np.testing.assert_allclose(found.table["FLUX_g"], [100, 7, np.nan])
    np.testing.assert_allclose(found.table["FLUX_r"], [0, 251.18864315, -1])
    assert found.source_id.tolist() == ["8647475119820964206", "8647475119820964207", ""]
    assert not found.injected.any()


def test_unmatched_stars_become_rows_with_exact_names(table):
    stars, here = stars_at([(0.5, 0), (300, 20)], mag_r=[19.0, np.nan])
    found = run(table, stars, here)
    assert found.table["ID"].tolist() == ["a", "b", "c", "gaia_8647475119820964207"]
    new = found.table.iloc[3]
    assert (new["RA"], new["DEC"], new["TYPE"]) == (stars["ra"][1], stars["dec"][1], "STAR")
    assert new["FLUX_g"] == pytest.approx(100)
    assert np.isnan(new["FLUX_r"])
    assert found.injected.tolist() == [False, False, False, True]
    assert found.source_id[3] == "8647475119820964207"
    assert (found.here.x[3], found.here.y[3]) == (300, 20)


def test_the_inputs_own_columns_do_not_change_when_rows_are_added(table):
    stars, here = stars_at([(300, 20)])
    found = run(table, stars, here).table
    assert found["objid"].iloc[0] == 2**60 + 1
    assert found["objid"].isna().tolist() == [False] * 3 + [True]
    assert found["good"].iloc[:3].tolist() == [True, False, True]
    assert table["objid"].dtype == np.int64


def test_saturated_stars_are_matched_but_not_injected(table):
    stars, here = stars_at([(0.5, 0), (300, 20), (400, 20)])
    found = run(table, stars, here, near=lambda x, y: x < 350)
    assert found.source_id[0] == "8647475119820964206"
    assert found.table["ID"].tolist()[3:] == ["gaia_8647475119820964208"]


def test_without_injection_no_rows_are_added(table):
    stars, here = stars_at([(0.5, 0), (300, 20)])
    assert len(run(table, stars, here, inject=False).table) == 3


def test_a_catalogue_that_was_augmented_before_does_not_grow(table):
    stars, here = stars_at([(300, 20)])
    again = append_rows(table, pd.DataFrame({"ID": ["gaia_8647475119820964206"], "RA": 100.0, "DEC": 0.0}))
    found = augment(
        again, HERE.join(positions([(500, 0)])), stars, here, np.ones(1, bool), Gaia(), 25.0, lambda x, y: x < 0
    )
    assert len(found.table) == 4
    assert found.source_id[3] == "8647475119820964206"


def test_claims_come_from_the_columns_then_from_the_id():
    table = pd.DataFrame({"ID": ["a", "gaia_5", "gaia_6"], "Source_ID": pd.array([2**60 + 1, None, 7], "Int64")})
    assert claims(table) == [str(2**60 + 1), "5", "7"]
    assert claims(pd.DataFrame({"ID": ["a"]})) == [""]


def test_only_stars_in_the_range_and_in_the_box_are_used():
    stars, here = stars_at([(10, 10), (10, 10), (190, 10), (np.nan, 5)], phot_g_mean_mag=[15.0, 19.0, 15.0, 15.0])
    active = positions([(5, 5), (20, 20)])
    found = usable(stars, here, active, (0, 200, 0, 200), Gaia(min_box_size_pix=100))
    assert found.tolist() == [True, False, False, False]
    assert not usable(stars, here, active.take(np.array([], int)), (0, 200, 0, 200), Gaia()).any()
