"""Apertures and backgrounds as sets of pixels."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.config.aperture import Aperture
from swath.photometry.regions import aperture_weights, background_regions, stamp_around

place = st.floats(-300, 2500)
radius = st.floats(0.2, 8.0)


@given(place, place, radius)
def test_aperture_has_its_area_and_its_stamp_holds_it(x, y, r):
    stamp = stamp_around(x, y, r, Aperture())
    weights = aperture_weights(stamp, r)
    assert weights.sum() == pytest.approx(np.pi * r**2, rel=1e-9)
    assert (stamp.x0 + stamp.x, stamp.y0 + stamp.y) == pytest.approx((x, y), abs=1e-9)


@given(place, place, st.floats(0.5, 3.0))
def test_annuli_grow_to_the_largest_and_stay_out_of_the_aperture(x, y, r):
    settings = Aperture(min_annulus_area=60.0, max_outer_radius=9.0, annulus_expansion_step=1.5)
    stamp = stamp_around(x, y, r, settings)
    regions = list(background_regions(stamp, r, settings))
    inner = r + settings.annulus_inner_offset
    assert regions[0].sum() == pytest.approx(60.0, abs=25)  # centres of pixels on a ring of some 12 pixels length
    assert 2 <= len(regions) <= 6
    for small, large in pairwise(regions):
        assert not (small & ~large).any()
    for region in regions:
        assert stamp.distance[region].min() >= inner
        assert stamp.distance[region].max() < 9.0
    assert regions[-1].sum() == pytest.approx(np.pi * (81 - inner**2), rel=0.2)


def test_windows_are_boxes_without_the_aperture():
    settings = Aperture(background="window", window_size=(21, 31))
    stamp = stamp_around(100.0, 50.0, 1.5, settings)
    (region,) = background_regions(stamp, 1.5, settings)
    rows, columns = np.nonzero(region)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (21, 31)
    assert region.sum() == 21 * 31 - (stamp.distance < 1.5 + settings.annulus_inner_offset).sum()
