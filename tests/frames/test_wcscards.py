import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from swath.frames.wcscards import LINEAR, copy_cards, linear_matrix, pixel_scale, shift_origin, wcs_problems, wcs_terms

from .synthetic import SIP, header

NO_CD = dict.fromkeys(LINEAR)


@given(angle=st.floats(-180, 180), steps=st.tuples(st.floats(1e-5, 1e-2), st.floats(1e-5, 1e-2)))
def test_the_three_ways_to_write_the_matrix_agree_with_wcslib(angle, steps):
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    common = {**NO_CD, "CDELT1": -steps[0], "CDELT2": steps[1]}
    rotated = header(**common, CROTA2=angle)
    assert np.allclose(linear_matrix(rotated), WCS(rotated).pixel_scale_matrix.ravel(), rtol=1e-9, atol=1e-15)
    skew = {"PC1_1": cos, "PC1_2": -sin, "PC2_1": sin, "PC2_2": cos}
    written = header(**common, **skew)
    assert np.allclose(linear_matrix(written), WCS(written).pixel_scale_matrix.ravel(), rtol=1e-9, atol=1e-15)
    as_cd = header(**dict(zip(LINEAR, linear_matrix(written), strict=True)))
    assert linear_matrix(as_cd) == linear_matrix(written)


def test_zero_elements_may_be_left_out():
    assert linear_matrix(header(CD1_2=None, CD2_1=None)) == [-1.1e-4, 0, 0, 1.1e-4]
    assert linear_matrix(header(**NO_CD, CDELT1=-2e-4, CDELT2=2e-4)) == [-2e-4, 0, 0, 2e-4]


def test_pixel_scale():
    assert pixel_scale(header(**NO_CD, CDELT1=-2e-4, CDELT2=5e-5)) == pytest.approx(3600 * 1e-4)


def test_cards_are_copied_to_the_letter_and_nothing_else():
    text = "CRVAL1  =     150.100000000000 / kept as written"
    source = fits.Header([fits.Card.fromstring(text)]) + header(**SIP, CRVAL1=None, LONPOLE=180.0, GAIN=3.0)
    source["DATE-OBS"], source["MJD-OBS"], source["CTYPE1A"] = "2024-01-02", 60311.0, "LINEAR"
    copied = fits.Header(copy_cards(source))
    assert copied.cards["CRVAL1"].image.strip() == text
    assert set(source) - set(copied) == {"FILTER", "ZP_AUTO", "SKYSIG", "EGAIN", "GAIN", "CTYPE1A"}


def test_moved_origin_keeps_the_sky_with_distortions():
    full = header(**SIP)
    cut = full.copy()
    shift_origin(cut, 7, 11)
    before = WCS(full).pixel_to_world(20.25, 30.75)
    after = WCS(cut).pixel_to_world(20.25 - 7, 30.75 - 11)
    assert before.separation(after).deg < 1e-12


def test_terms_hold_distortions_but_not_their_inverse():
    terms = wcs_terms(header(**SIP, AP_1_0=1e-5, PV1_1=1.0))
    assert terms["A_2_0"] == 3.1e-6
    assert terms["PV1_1"] == 1.0
    assert "AP_1_0" not in terms
    assert "A_ORDER" not in terms


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"CRPIX2": None}, "CRPIX2 missing"),
        (NO_CD, "CD1_1"),
        ({"CD1_1": 0.0, "CD1_2": 0.0}, "singular"),
        ({"CRVAL1": "10:00:00"}, "not a number"),
        ({"CD1_1": "x"}, "not a number"),
        ({"CUNIT1": "arcsec"}, "'arcsec', expected 'deg'"),
        ({"CPDIS1": "LOOKUP"}, "CPDIS1: distortion tables"),
    ],
)
def test_unusable_wcs(changes, message):
    assert message in " ".join(wcs_problems(header(**changes)))


def test_usable_wcs():
    assert wcs_problems(header(**SIP)) == []
