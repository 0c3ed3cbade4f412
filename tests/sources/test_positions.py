"""Sky to pixels."""

import numpy as np
import pytest
from swath.errors import InputError
from swath.sources.positions import equatorial_wcs, locate, to_pixels

from .synthetic import make_header


@pytest.mark.parametrize("sip", [False, True])
def test_pixels_come_back_from_the_sky(sip):
    wcs = equatorial_wcs(make_header(sip=sip, angle=33))
    x, y = np.meshgrid(np.linspace(0, 399, 9), np.linspace(0, 299, 7))
    found = to_pixels(wcs, *wcs.all_pix2world(x.ravel(), y.ravel(), 0))
    # 1e-6 pix is the tolerance of the inversion of the distortion.
    np.testing.assert_allclose(found, [x.ravel(), y.ravel()], atol=3e-6)


def test_far_sources_fail_without_taking_the_others_along():
    """One source across the sky makes astropy raise for all; the distortion diverges for the degrees-away one."""
    wcs = equatorial_wcs(make_header(sip=True))
    ra, dec = wcs.all_pix2world([10.0, 390.0], [20.0, 290.0], 0)
    x, y = to_pixels(wcs, np.array([ra[0], 330.0, 155.0, np.nan, ra[1]]), np.array([dec[0], -30.0, 33.0, 30.0, dec[1]]))
    np.testing.assert_allclose([x[0], y[0], x[4], y[4]], [10, 20, 390, 290], atol=3e-6)
    assert np.isnan(x[[1, 3]]).all()
    assert np.isnan(y[[1, 3]]).all()
    assert not (0 <= x[2] < 400 and 0 <= y[2] < 300)


def test_what_comes_out_is_true_however_far():
    """Degrees away the distortion has no inverse: astropy's last guesses there must not be taken for pixels."""
    wcs = equatorial_wcs(make_header(sip=True))
    rng = np.random.default_rng(4)
    ra, dec = 150 + rng.uniform(-8, 8, 500), 30 + rng.uniform(-8, 8, 500)
    x, y = to_pixels(wcs, ra, dec)
    good = np.isfinite(x)
    assert 0 < good.sum() < 500
    back = wcs.all_pix2world(x[good], y[good], 0)
    # 1e-6 of a pixel of 0.5 arcsec, stretched up to tenfold by the distortion.
    np.testing.assert_allclose(back, [ra[good], dec[good]], atol=2e-9)


def test_no_sources_and_no_numbers():
    wcs = equatorial_wcs(make_header())
    assert to_pixels(wcs, np.empty(0), np.empty(0))[0].shape == (0,)
    here = locate(np.array([np.nan, np.inf]), np.array([30.0, 30.0]), wcs)
    assert np.isnan(here.x).all()


def test_frames_of_other_coordinates_are_refused():
    header = make_header()
    header["CTYPE1"], header["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
    with pytest.raises(InputError, match=r"image\.fits: .* GLON-TAN"):
        equatorial_wcs(header, "image.fits")
    header = make_header()
    header["RADESYS"] = "FK4"
    with pytest.raises(InputError, match="FK4"):
        equatorial_wcs(header)


def test_old_dates_do_not_disturb(recwarn):
    header = make_header()
    header["DATE-OBS"] = "19/09/98"
    equatorial_wcs(header)
    assert not recwarn.list
