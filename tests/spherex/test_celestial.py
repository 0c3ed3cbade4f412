"""Places on sky and detector, against astropy's own reading of the whole header."""

import numpy as np
import pytest
from swath.errors import InputError
from swath.spherex import celestial as ours

from spherex.build import SKY, Scene, celestial, image_header, pixel_area

SKIES = [SKY, (0.0001, 12.0), (359.9999, -45.0), (120.0, 80.0), (266.4, -80.0)]


@pytest.mark.parametrize("sky", SKIES)
@pytest.mark.parametrize("at", [(3.2, 2036.0), (1019.3, 1019.6), (2030.1, 12.4)])
def test_cutouts_of_all_the_sky(sky, at):
    """In corners of the detector SIP moves a place by pixels; at RA 0 and near poles angles wrap."""
    header = image_header(Scene(detector=4, sky=sky, at=at, size=(30, 20), roll=77.0))
    reference, wcs = celestial(header), ours.celestial(header)
    x, y = np.array([0.3, 14.2, 29.4]), np.array([18.9, 7.7, 0.1])
    ra, dec = reference.all_pix2world(x, y, 0)
    for i in range(3):
        assert ours.to_pixel(wcs, ra[i], dec[i]) == pytest.approx((x[i], y[i]), abs=1e-7)
        assert ours.pixel_area(wcs, x[i], y[i]) == pytest.approx(pixel_area(reference, x[i], y[i]), rel=1e-6)


def test_at_a_pole():
    """Right ascensions of neighbouring pixels differ by all of a circle."""
    header = image_header(Scene(at=(1019.0, 1020.0), size=(10, 10)))
    header["CRVAL1"], header["CRVAL2"], header["LATPOLE"] = 10.0, 89.9995, 89.9995
    reference, wcs = celestial(header), ours.celestial(header)
    for x, y in ((0.0, 0.0), (9.0, 2.0), (4.4, 5.1)):
        assert ours.to_pixel(wcs, *reference.all_pix2world(x, y, 0)) == pytest.approx((x, y), abs=1e-6)
        assert ours.pixel_area(wcs, x, y) == pytest.approx(37.86, rel=1e-3)


def test_detector_pixel_of_a_cutout_and_of_the_whole_frame():
    """CRPIX1A is 1 in a whole frame, whose first pixel is the detector's; a cutout that starts at 692 has -691."""
    whole, cut = (image_header(Scene(at=(700.0, 300.0), size=size)) for size in (None, (16, 16)))
    assert ours.detector_offset(whole) == (0.0, 0.0)
    assert (cut["CRPIX1A"], cut["CRPIX2A"]) == (-692.0, -292.0)
    assert ours.detector_offset(cut) == (693.0, 293.0)


def test_the_other_side_of_the_sky_is_nowhere():
    """A gnomonic projection has no such place, and SIP polynomials would bring one back."""
    wcs = ours.celestial(image_header(Scene()))
    assert np.isnan(ours.to_pixel(wcs, (SKY[0] + 180) % 360, -SKY[1])).all()
    assert np.isnan(ours.to_pixel(wcs, SKY[0] + 90, SKY[1])).all()


@pytest.mark.parametrize(
    ("card", "value", "said"),
    [("CRPIX1", None, "CRPIX1 is missing"), ("CRVAL2", "x", "CRVAL2 is 'x'"), ("CTYPE1", "GLON-CAR", "GLON-CAR")],
)
def test_headers_without_what_is_needed(card, value, said):
    header = image_header(Scene())
    if value is None:
        del header[card]
    else:
        header[card] = value
    with pytest.raises(InputError, match=said):
        ours.celestial(header)
