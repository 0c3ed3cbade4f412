"""Where the grid lies in an image, against astropy; and when their pixels are the same."""

import numpy as np
import pytest
from skies import tan
from swath.regrid.geometry import lie_of, whole_shift

SHAPE = (120, 150)


def test_positions_and_areas_are_those_of_the_two_wcs():
    grid, image = tan(SHAPE, 0.5, 20), tan((80, 90), 1.25, -50, (3.3, -2.2))
    lie = lie_of(grid, SHAPE, image, (80, 90))
    x0, x1, y0, y1 = lie.box
    assert (x0, x1, y0, y1) == (0, 150, 0, 120)
    x, y = image.world_to_pixel(grid.pixel_to_world(17, 101))
    assert (lie.x[101, 17], lie.y[101, 17]) == pytest.approx((float(x), float(y)), abs=1e-6)
    assert lie.area == pytest.approx((0.5 / 1.25) ** 2, rel=1e-6)


@pytest.mark.parametrize("offset", [(70, 50), (-60, 3), (0, 0)])
def test_the_box_holds_every_pixel_of_the_grid_that_an_image_covers(offset):
    """A small image between the points of the search mesh must not be lost."""
    grid, image = tan(SHAPE, 1.0), tan((7, 5), 0.9, 30, ra=150.0 - offset[0] / 3600, dec=2.0 + offset[1] / 3600)
    lie = lie_of(grid, SHAPE, image, (7, 5))
    yy, xx = np.mgrid[: SHAPE[0], : SHAPE[1]]
    x, y = image.world_to_pixel(grid.pixel_to_world(xx, yy))
    inside = (x > -0.5) & (x < 4.5) & (y > -0.5) & (y < 6.5)
    assert inside.sum() > 20
    x0, x1, y0, y1 = lie.box
    assert inside[y0:y1, x0:x1].sum() == inside.sum()


@pytest.mark.parametrize(("ra", "dec"), [(150.2, 2.0), (330.0, -2.0), (240.0, 2.0)])
def test_images_elsewhere_do_not_overlap(ra, dec):
    """At the antipode too, which a tangential projection knows nothing of."""
    assert lie_of(tan(SHAPE), SHAPE, tan(SHAPE, ra=ra, dec=dec), SHAPE) is None


def test_the_same_pixels_are_known_whatever_part_of_them_an_image_holds():
    grid = tan(SHAPE, 0.4, 11)
    image = grid[30:90, 20:140]
    assert whole_shift(lie_of(grid, SHAPE, image, (60, 120))) == (-20, -30)
    assert whole_shift(lie_of(image, (60, 120), grid, SHAPE)) == (20, 30)


@pytest.mark.parametrize("other", [tan(SHAPE, 0.4, 11, (0.01, 0)), tan(SHAPE, 0.4001, 11), tan(SHAPE, 0.4, 11.01)])
def test_other_pixels_are_others(other):
    assert whole_shift(lie_of(tan(SHAPE, 0.4, 11), SHAPE, other, SHAPE)) is None
