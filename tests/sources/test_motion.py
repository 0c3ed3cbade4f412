"""Proper motions and epochs, against astropy's own space motion."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from swath.errors import InputError
from swath.sources.motion import at_epoch, image_epoch, propagate


def table_of(**columns):
    return pd.DataFrame(columns)


def test_motion_agrees_with_astropy_near_the_pole_too():
    ra, dec = np.array([10.0, 359.999, 200.0, 77.0]), np.array([-5.0, 60.0, 89.99, -89.5])
    pmra, pmdec, years = np.array([1000.0, 5000.0, -800.0, 30.0]), np.array([-500.0, 10.0, 10300.0, 7.0]), 25.0
    found = SkyCoord(*propagate(ra, dec, pmra, pmdec, np.full(4, years)), unit="deg")
    start = SkyCoord(
        ra * u.deg,
        dec * u.deg,
        pm_ra_cosdec=pmra * u.mas / u.yr,
        pm_dec=pmdec * u.mas / u.yr,
        distance=1 * u.kpc,
        radial_velocity=0 * u.km / u.s,
        obstime=Time("J2000"),
    )
    expected = start.apply_space_motion(dt=years * u.yr)
    # The tangent step differs from the full space motion by less than 0.1 mas at these speeds, 1e-3 of a pixel at most.
    assert found.separation(SkyCoord(expected.ra, expected.dec)).mas.max() < 0.1


def test_rows_without_motion_or_epoch_stay_exactly_where_they_are():
    ra, dec, pm = np.array([10.0, 20.0, np.nan]), np.array([1.0, 2.0, 3.0]), np.array([np.nan, 100.0, 100.0])
    new_ra, new_dec = propagate(ra, dec, pm, pm, np.array([5.0, np.nan, 5.0]))
    np.testing.assert_array_equal(new_ra, ra)
    np.testing.assert_array_equal(new_dec, dec)


def test_epochs_come_from_the_row_then_from_the_default():
    table = table_of(pmRA=[1000.0, 1000.0], PMDEC=[0.0, 0.0], ref_epoch=[2016.0, np.nan])
    ra, dec = at_epoch(table, np.zeros(2), np.zeros(2), 2026.0, 2000.0, "test")
    np.testing.assert_allclose(ra * 3600, [10.0, 26.0], rtol=1e-6)
    np.testing.assert_allclose(dec, 0, atol=1e-12)


@pytest.mark.parametrize(("epoch", "default"), [(None, 2000.0), (2010.0, None)])
def test_without_both_epochs_nothing_moves_and_the_log_says_so(caplog, epoch, default):
    table = table_of(pmra=[1000.0], pmdec=[0.0])
    ra, _ = at_epoch(table, np.array([5.0]), np.array([5.0]), epoch, default, "catalogue")
    assert ra[0] == 5.0
    assert "not applied" in caplog.text


def test_epochs_that_are_no_years_are_refused():
    with pytest.raises(InputError, match=r"catalogue: column epoch: .* row 1 \(51075.0\)"):
        at_epoch(
            table_of(pmra=[1.0], pmdec=[1.0], epoch=[51075.0]), np.zeros(1), np.zeros(1), 2000.0, None, "catalogue"
        )


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"MJD-OBS": 51075.0, "DATE-OBS": "2020-01-01"}, Time(51075.0, format="mjd").jyear),
        ({"MJD-OBS": 0.0, "DATE-OBS": "2015-07-02T12:00:00.25"}, Time("2015-07-02T12:00:00").jyear),
        ({"DATE-OBS": "2015-07-02T12:00:00Z"}, Time("2015-07-02T12:00:00").jyear),
        ({"DATE-OBS": "19/09/98"}, Time("1998-09-19").jyear),
        ({"DATE-OBS": "01/02/15"}, Time("1915-02-01").jyear),
        ({"DATE-OBS": "01/02/2015"}, Time("2015-02-01").jyear),
    ],
)
def test_the_image_epoch_is_read_from_any_form_of_date(cards, expected):
    assert image_epoch(fits.Header(cards), None) == pytest.approx(expected, abs=1e-6)


def test_a_declared_epoch_wins_and_an_unreadable_one_is_none():
    assert image_epoch(fits.Header({"MJD-OBS": 51075.0}), 2011.5) == 2011.5
    assert image_epoch(fits.Header({"DATE-OBS": "some night"}), None) is None
    assert image_epoch(fits.Header(), None) is None
