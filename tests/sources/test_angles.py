"""Angles: sign and convention errors are what these tests are for."""

from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord, position_angle
from hypothesis import given
from hypothesis import strategies as st
from swath.images import read_header
from swath.sources.angles import phi_from_theta, sky_position_angle, theta_from_phi
from swath.sources.positions import equatorial_wcs
from swath.tables import read_table

from .synthetic import make_header

STRIPE82 = Path(__file__).parents[2] / "config" / "tiny480"


def difference(first, second):
    """Difference of two axes, in -90 ... 90 degrees."""
    return (np.asarray(first) - np.asarray(second) + 90) % 180 - 90


@given(st.floats(-720, 720), st.sampled_from(["x", "y"]))
def test_theta_comes_back_in_its_own_convention(theta, axis):
    phi = phi_from_theta(np.array(theta), axis)
    assert 0 <= phi < 180
    assert 0 <= theta_from_phi(phi, axis) < 180
    assert difference(theta_from_phi(phi, axis), theta) == pytest.approx(0, abs=1e-9)


def test_theta_from_y_is_a_quarter_turn_ahead_of_theta_from_x():
    assert phi_from_theta(np.array(30.0), "x") == 30
    assert phi_from_theta(np.array(30.0), "y") == 120
    assert phi_from_theta(np.array(150.0), "y") == 60


def test_stripe82_states_the_same_axes_in_three_conventions():
    """THETA from +y, THETA_IMAGE from +x and PA_SKY of real galaxies; written with one and two decimals."""
    table = read_table(STRIPE82 / "input_catalog.csv")
    table = table[np.isfinite(table["THETA"].to_numpy())]
    phi = phi_from_theta(table["THETA"].to_numpy(), "y")
    assert np.abs(difference(phi, table["THETA_IMAGE"])).max() < 0.11
    wcs = equatorial_wcs(read_header(STRIPE82 / "S82_r.fits.gz"))
    angle = sky_position_angle(wcs, table["X"].to_numpy(), table["Y"].to_numpy(), phi)
    assert np.abs(difference(angle, table["PA_SKY"])).max() < 0.11
    assert len(table) > 20


@pytest.mark.parametrize("angle", [0, 25, 130])
@pytest.mark.parametrize("parity", [-1, 1])
@pytest.mark.parametrize("dec", [0, -60, 89.9])
def test_position_angles_of_turned_and_mirrored_frames(angle, parity, dec):
    """Against the bearing from the pixel to a point 0.01 pix along phi (astropy); exact to 1e-3 deg."""
    wcs = equatorial_wcs(make_header(angle=angle, parity=parity, sip=True, dec=dec))
    x, y, phi = np.array([20.0, 200.5, 390.0]), np.array([280.0, 150.0, 3.0]), np.array([0.0, 77.0, 160.0])
    start = SkyCoord(*wcs.all_pix2world(x, y, 0), unit="deg")
    step = 0.01
    ahead = wcs.all_pix2world(x + step * np.cos(np.radians(phi)), y + step * np.sin(np.radians(phi)), 0)
    ahead = SkyCoord(*ahead, unit="deg")
    expected = position_angle(start.ra, start.dec, ahead.ra, ahead.dec).deg
    assert np.abs(difference(sky_position_angle(wcs, x, y, phi), expected)).max() < 1e-3


def test_north_up_east_left_counts_from_north_through_east():
    wcs = equatorial_wcs(make_header())
    angles = sky_position_angle(wcs, np.full(3, 199.0), np.full(3, 149.0), np.array([90.0, 180.0, 120.0]))
    np.testing.assert_allclose(difference(angles, [0, 90, 30]), 0, atol=1e-6)


def test_what_is_not_known_stays_unknown():
    angles = sky_position_angle(
        equatorial_wcs(make_header()), np.array([np.nan, 5.0]), np.array([1.0, 5.0]), np.array([0.0, np.nan])
    )
    assert np.isnan(angles).all()
