"""Star stamps from a frame on disk: borders, masks, neighbours, backgrounds."""

import numpy as np
import pytest
from astropy.io import fits
from swath.config.psf import Background, LocalBackground
from swath.images import write_fits
from swath.psf import stamps as st
from swath.psf.detect import NEIGHBOURS
from swath.psf.select import STAR

NONE = np.zeros(0, NEIGHBOURS)


def write_frame(path, image, mask=None, sigma=1.0, noise="sky"):
    mask = np.zeros(image.shape, "u1") if mask is None else mask
    header = fits.Header([("BAND", "g"), ("GAIN", 5.0), ("NOISE", noise), ("SKYSIG", sigma)])
    noise_map = np.where(mask == 0, sigma, np.nan).astype("f4")
    planes = {"IMAGE": image.astype("f4"), "SIGMA": noise_map, "TOTAL": noise_map, "MASK": mask}
    write_fits(path, [fits.PrimaryHDU(), *(fits.ImageHDU(data, header, name=name) for name, data in planes.items())])
    return path


def stars_at(*places, cells=None):
    table = np.zeros(len(places), STAR)
    table["x"], table["y"] = np.array(places).T
    table["hlr"], table["cell"] = 2.0, "r00_c00" if cells is None else cells
    return table


def neighbour(x, y, a, b=None, theta=0.0):
    table = np.zeros(1, NEIGHBOURS)
    table[0] = (x, y, 1.0, a, b or a, theta, False)
    return table


@pytest.fixture
def ramp(tmp_path):
    """Every pixel holds x + 1000 y."""
    y, x = np.indices((120, 150))
    return write_frame(tmp_path / "g.fits", x + 1000.0 * y)


def test_stamps_hold_the_pixels_around_the_star(ramp):
    stars = stars_at((60.4, 50.6), (100.0, 30.0))
    cut = st.read_stamps(ramp, stars, NONE, 31, Background())
    assert cut.data.shape == (2, 31, 31)
    assert cut.data[:, 15, 15].tolist() == [60 + 51_000, 100 + 30_000]
    np.testing.assert_allclose(cut.offset, [[0.4, 0.0], [-0.4, 0.0]], atol=1e-12)
    assert cut.good.all()
    assert (cut.variance == 1).all()
    assert cut.gain == 5.0


def test_what_lies_outside_the_image_is_not_good(ramp):
    cut = st.read_stamps(ramp, stars_at((5.0, 115.0)), NONE, 31, Background())
    assert cut.good.sum() == (5 + 1 + 15) * (15 + 1 + 4)
    assert np.isinf(cut.variance[~cut.good]).all()
    assert (cut.data[~cut.good] == 0).all()


def test_masked_pixels_are_not_good(tmp_path):
    mask = np.zeros((80, 80), "u1")
    mask[40, 42] = 2
    path = write_frame(tmp_path / "g.fits", np.ones((80, 80)), mask)
    cut = st.read_stamps(path, stars_at((40.0, 40.0)), NONE, 31, Background())
    assert np.argwhere(~cut.good[0]).tolist() == [[15, 17]]


def test_the_order_of_the_stars_is_kept_over_cells(ramp):
    stars = stars_at((100.0, 60.0), (30.0, 30.0), (110.0, 40.0), (50.0, 80.0), cells=["b", "a", "b", "a"])
    cut = st.read_stamps(ramp, stars, NONE, 21, Background())
    assert cut.data[:, 10, 10].tolist() == [60_100, 30_030, 40_110, 80_050]


def test_noise_maps_with_the_sources_noise_get_no_photons_on_top(tmp_path):
    path = write_frame(tmp_path / "g.fits", np.ones((80, 80)), noise="total")
    assert st.read_stamps(path, stars_at((40.0, 40.0)), NONE, 31, Background()).gain == np.inf


def test_neighbours_are_masked_as_ellipses():
    star = stars_at((50.0, 50.0))[0]
    mask = st.neighbour_mask(star, neighbour(62.0, 50.0, 6.0, 2.0, np.pi / 2), 20, 20, 61)
    assert mask[50 - 20, 62 - 20]
    assert mask[55 - 20, 62 - 20]  # along the major axis, which points up
    assert not mask[50 - 20, 65 - 20]
    assert mask.sum() == pytest.approx(np.pi * 12, rel=0.2)


def test_neither_the_star_itself_nor_its_core_is_masked():
    star = stars_at((50.0, 50.0))[0]
    assert not st.neighbour_mask(star, neighbour(50.8, 50.5, 8.0), 20, 20, 61).any()
    big = st.neighbour_mask(star, neighbour(70.0, 50.0, 30.0), 20, 20, 61)
    assert not big[30, 28:33].any()
    assert big[30, 36]
    assert not st.neighbour_mask(star, neighbour(300.0, 50.0, 30.0), 20, 20, 61).any()


def stamps_with(level, seed=1, size=61):
    rng = np.random.default_rng(seed)
    data = level + rng.normal(size=(1, size, size))
    return st.Stamps(
        data, np.ones_like(data), np.ones(data.shape, bool), *np.zeros((2, 1), int), *np.zeros((2, 1)), 1.0
    )


def test_local_background_is_the_level_without_the_stars_own_wing():
    # 1571 pixels in the annulus: the median is good to 0.032; red if the own wing is counted as background
    stamps, wing = stamps_with(3.0), np.full((1, 61, 61), 0.7)
    stamps = stamps._replace(data=stamps.data + wing)
    assert st.local_background(stamps, wing, LocalBackground())[0] == pytest.approx(3.0, abs=0.13)


def test_local_background_ignores_outliers_and_masked_pixels():
    stamps = stamps_with(0.0)
    stamps.data[0, :6] = 500.0
    good = stamps.good.copy()
    good[0, -6:] = False
    stamps.data[0, -6:] = 1e6
    level = st.local_background(stamps._replace(good=good), 0 * stamps.data, LocalBackground())
    assert level[0] == pytest.approx(0, abs=0.2)


def test_local_background_can_be_off_or_without_pixels():
    stamps = stamps_with(3.0)
    assert st.local_background(stamps, 0 * stamps.data, LocalBackground(enabled=False))[0] == 0
    few = LocalBackground(min_pixels=100_000)
    assert st.local_background(stamps, 0 * stamps.data, few)[0] == 0


def test_annulus_is_clamped_to_the_stamp():
    ring = st.annulus(31, LocalBackground())
    assert ring.any()
    assert ring[15, 0]
    assert not ring[15, 15]


def test_cell_background_follows_a_slope_under_sources(tmp_path):
    # the slope is 2 sigma over 300 pixels; a mesh of 32 pixels with 1000 unmasked pixels each is good to 0.05 sigma
    rng = np.random.default_rng(2)
    slope = 2.0 * np.indices((300, 300))[1] / 300
    image = slope + rng.normal(size=slope.shape)
    image[100:112, 100:112] += 100.0
    settings = Background(enabled=True, boxsize=32, filtersize=3)
    path = write_frame(tmp_path / "g.fits", image)
    found = st.cell_background(st.read_frame(path), settings)
    assert np.abs(found - slope)[30:-30, 30:-30].max() < 0.35
    cut = st.read_stamps(path, stars_at((150.0, 150.0)), NONE, 61, settings)
    plain = st.read_stamps(path, stars_at((150.0, 150.0)), NONE, 61, Background())
    np.testing.assert_allclose(np.median(plain.data - cut.data), 1.0, atol=0.1)
