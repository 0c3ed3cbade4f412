"""Flux, positions, sky and masks of resampled images, against stars whose flux and place are known."""

import numpy as np
import pytest
from skies import SIGMA, pixels_of, positions, star, stars, tan
from swath.regrid.geometry import lie_of
from swath.regrid.resample import copied, resample

SHAPE, FLUX = (90, 100), 1000.0
NONE = np.zeros(SHAPE, bool)
# image scale 1: the grid's scale, rotation, offset
GRIDS = [(1.0, 0.0, (0.37, 0.21)), (1.0, 17.0, (0.3, 0.1)), (0.7, 200.0, (0.0, 0.5)), (1.4, 45.0, (0.3, 0.1))]


def laid(pixels, image, grid, shape, method, bad=NONE, saturated=NONE, variance=None, noise=None):
    lie = lie_of(grid, shape, image, pixels.shape)
    x0, x1, y0, y1 = lie.box
    planes = {"pixels": pixels, "variance": np.ones(SHAPE) if variance is None else variance}
    planes["noise"] = np.zeros(SHAPE) if noise is None else noise
    return resample(planes, bad, saturated, image, grid[y0:y1, x0:x1], lie, method), lie


def moments(pixels):
    """Flux, centre and FWHM [pix] of the only star."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    flux = pixels.sum()
    cx, cy = (pixels * x).sum() / flux, (pixels * y).sum() / flux
    spread = (pixels * ((x - cx) ** 2 + (y - cy) ** 2)).sum() / flux / 2
    return flux, cx, cy, SIGMA * np.sqrt(spread)


@pytest.mark.parametrize("method", ["exact", "cubic"])
@pytest.mark.parametrize(("scale", "rotation", "offset"), GRIDS)
def test_stars_keep_flux_and_place(method, scale, rotation, offset):
    """FWHM 4 pix of the image, 2.9 to 5.7 of the grid: flux to 1e-4 where 1e-3 is asked for, places to 1e-3 pix.

    Without the ratio of areas fluxes would be wrong by scale squared, with the ratio upside down by its square.
    """
    image = tan(SHAPE)
    shape = tuple(int(n / scale) for n in SHAPE)
    grid = tan(shape, scale, rotation, offset)
    ra, dec = positions(9.3, 2)
    for one_ra, one_dec in zip(ra[::3], dec[::3], strict=True):
        x, y = pixels_of(image, one_ra, one_dec)
        out, lie = laid(star(SHAPE, x, y, 4.0, FLUX), image, grid, shape, method)
        flux, cx, cy, fwhm = moments(out.pixels)
        assert flux == pytest.approx(FLUX, rel=1e-8 if method == "exact" else 1e-4)
        px, py = pixels_of(grid, one_ra, one_dec)
        assert np.hypot(cx + lie.box[0] - px, cy + lie.box[2] - py) < 1e-3
        # exact adds at most the areas of two pixels to the PSF, in quadrature; cubic next to nothing.
        wider = {"exact": 1.09, "cubic": 1.02}[method]
        assert 4.0 / scale < fwhm < wider * np.hypot(4.0, 0.68) / scale


def test_flux_is_kept_where_the_scale_changes_over_the_image():
    """A tangential projection 9 degrees off its centre: pixels are 2.5 % larger there, along one axis."""
    image = tan(SHAPE, 1.0, 10.0, (32000, 3000))
    ra, dec = (float(value) for value in image.wcs_pix2world(50.0, 45.0, 0))
    grid = tan(SHAPE, 1.0, 0.0, ra=ra, dec=dec)
    x, y = pixels_of(image, ra, dec)
    for method in ("exact", "cubic"):
        out, lie = laid(star(SHAPE, x, y, 4.0, FLUX), image, grid, SHAPE, method)
        assert abs(lie.area[45, 50] - 1) > 0.02
        # The light of the star lies on pixels of different areas; the reference is the sum over the image.
        assert out.pixels.sum() == pytest.approx(FLUX, rel=2e-4)


@pytest.mark.parametrize("method", ["exact", "cubic"])
def test_a_constant_sky_stays_constant_per_area(method):
    out, _ = laid(np.full(SHAPE, 7.0), tan(SHAPE), tan((40, 40), 2.0, 30), (40, 40), method)
    assert out.pixels[~out.bad] == pytest.approx(28.0, rel=1e-6)
    assert (~out.bad).mean() > 0.8


@pytest.mark.parametrize("method", ["exact", "cubic"])
def test_bad_pixels_spoil_what_they_touch_and_nothing_else(method):
    pixels = np.full(SHAPE, 5.0)
    bad, saturated = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    bad[50, 40] = bad[20:24, 60:65] = True
    saturated[20:24, 60:65] = True
    pixels[50, 40], pixels[20:24, 60:65] = np.nan, 1e9
    grid = tan(SHAPE, 1.0, 33, (0.2, 0.4))
    out, lie = laid(pixels, tan(SHAPE), grid, SHAPE, method, bad, saturated)
    assert out.pixels[~out.bad] == pytest.approx(5.0, rel=1e-6)
    inner = (lie.x > 10) & (lie.x < 89) & (lie.y > 10) & (lie.y < 79)
    near = np.hypot(lie.x - 40, lie.y - 50)
    assert out.bad[near < 0.5].all()
    reach = {"exact": 1.5, "cubic": 4.3}[method]
    far = (near > reach) & ((np.abs(lie.x - 62) > 2 + reach) | (np.abs(lie.y - 21.5) > 1.5 + reach))
    assert not out.bad[inner & far].any()
    assert out.saturated.any()
    assert not (out.saturated & ~out.bad).any()
    assert not out.saturated[near < 5].any()


def test_what_an_image_does_not_cover_is_bad():
    shape = (130, 130)
    out, lie = laid(np.ones(SHAPE), tan(SHAPE), tan(shape, 1.0, 30), shape, "exact")
    covered = (lie.x > 0.3) & (lie.x < 98.7) & (lie.y > 0.3) & (lie.y < 88.7)
    outside = (lie.x < -0.5) | (lie.x > 99.5) | (lie.y < -0.5) | (lie.y > 89.5)
    assert not out.bad[covered].any()
    assert out.bad[outside].all()


def test_pixels_of_the_grid_itself_are_copied_bit_by_bit():
    rng = np.random.default_rng(1)
    pixels = rng.normal(size=(40, 50)).astype("f4")
    pixels[3, 4] = np.nan
    bad = ~np.isfinite(pixels)
    planes = {"pixels": pixels, "variance": np.ones((40, 50)), "noise": np.zeros((40, 50))}
    out = copied(planes, bad, np.zeros_like(bad), (-5, 10), (0, 60, 0, 45))
    assert np.array_equal(out.pixels[:30, 5:55], pixels[10:], equal_nan=True)
    assert out.pixels.dtype == np.float32
    assert out.bad[:, :5].all()
    assert out.bad[30:].all()
    assert not out.bad[:30, 5:55].any()


def test_stars_of_a_whole_field_come_out_right():
    """Through the interface that the rule uses: nine stars in one image, on a grid of another scale and rotation."""
    image, shape = tan(SHAPE), (70, 70)
    ra, dec = positions(22, 3)
    grid = tan(shape, 1.3, -25, (0.4, 0.2))
    out, lie = laid(stars(image, SHAPE, ra, dec, 4.0, FLUX), image, grid, shape, "exact")
    x, y = pixels_of(grid, ra, dec)
    yy, xx = np.mgrid[: out.pixels.shape[0], : out.pixels.shape[1]]
    for cx, cy in zip(x - lie.box[0], y - lie.box[2], strict=True):
        assert out.pixels[np.hypot(xx - cx, yy - cy) < 8].sum() == pytest.approx(FLUX, rel=1e-3)


@pytest.mark.parametrize("method", ["exact", "cubic"])
def test_a_small_grid_in_a_large_image_is_part_of_a_large_one(method):
    """Only what of the image lies near the grid is looked at; splines reach farther than areas."""
    pixels = np.random.default_rng(6).normal(size=(200, 210))
    planes = {"pixels": pixels, "variance": np.ones(pixels.shape), "noise": np.zeros(pixels.shape)}
    bad = np.zeros(pixels.shape, bool)
    bad[95, 100] = True
    image, grid = tan(pixels.shape), tan((120, 120), 1.0, 25, (0.3, 0.2))
    parts = []
    for first, last in ((0, 120), (50, 70)):
        own = grid[first:last, first:last]
        lie = lie_of(own, (last - first,) * 2, image, pixels.shape)
        parts.append(resample(planes, bad, np.zeros_like(bad), image, own, lie, method))
    whole, part = parts
    assert np.array_equal(whole.bad[50:70, 50:70], part.bad)
    assert part.bad.any()
    assert part.pixels == pytest.approx(whole.pixels[50:70, 50:70], abs=1e-9)
