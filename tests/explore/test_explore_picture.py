"""The picture: sources are where the extent says, colours follow fluxes, size is bounded, and the sky is the WCS's."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.wcs import WCS
from fake_explore import CORNER, header
from PIL import Image
from swath.config.explore import Explore
from swath.explore.picture import NO_DATA, draw_picture, encode, lupton, sky_grid

ROOT = Path(__file__).parents[2]


def centre(colours, extent, x, y, reach=6):
    """Centroid [full-frame pix] of the light within `reach` pixels of (x, y), the median taken off."""
    block = (extent[1] - extent[0]) / colours.shape[1]
    light = colours.astype(float).sum(axis=2)
    yy, xx = np.indices(light.shape)
    px, py = extent[0] + (xx + 0.5) * block, extent[2] + (yy + 0.5) * block
    weight = np.where((px - x) ** 2 + (py - y) ** 2 < reach**2, np.maximum(light - np.median(light) - 60, 0), 0)
    return (px * weight).sum() / weight.sum(), (py * weight).sum() / weight.sum()


@pytest.mark.parametrize("most", [4000, 150])
def test_a_bright_star_is_at_its_pixel_whatever_the_block(tile, most):
    """Blocks of 3 pixels that do not divide 400: an edge half a pixel off, or a stretched last block, would show."""
    picture = draw_picture(tile.white, [], Explore(picture_max_pix=most))
    assert picture.extent[0] == CORNER[0] - 0.5
    assert picture.extent[2] == CORNER[1] - 0.5
    fluxes = tile.table["FLUX_r_fit"].to_numpy()
    apart = np.hypot(tile.x[:, None] - tile.x, tile.y[:, None] - tile.y) + np.eye(len(tile.x)) * 99
    alone = np.flatnonzero((apart.min(axis=1) > 25) & (fluxes > np.nanmedian(fluxes)))
    assert len(alone) >= 3
    for row in alone:
        found = centre(picture.colours, picture.extent, tile.x[row], tile.y[row], 6 if most > 400 else 9)
        # A compressed core's centroid wanders by a tenth of a pixel, in blocks of three by a little more.
        assert np.hypot(found[0] - tile.x[row], found[1] - tile.y[row]) < (0.3 if picture.block == 1 else 0.6)


def test_colours_are_those_of_the_bands(tile):
    picture = draw_picture(tile.white, [tile.frames[band] for band in ("r", "g", "u")], Explore(rgb=("r", "g", "u")))
    row = int(np.nanargmax(np.where(tile.table["FLUX_r_fit"] < 3000, tile.table["FLUX_r_fit"], np.nan)))
    x, y = (round(v) - c for v, c in zip((tile.x[row], tile.y[row]), CORNER, strict=True))
    red, green, blue = picture.colours[y, x].astype(int)
    assert red > green > blue  # fluxes 1.5 : 1 : 0.5


def test_pixels_without_data_have_their_own_colour():
    planes = np.random.default_rng(1).normal(size=(3, 40, 40))
    planes[:, 3, 4] = np.nan
    planes[0, 8, 8] = np.nan
    colours = lupton(planes, Explore())
    assert tuple(colours[3, 4]) == NO_DATA
    assert tuple(colours[8, 8]) != NO_DATA


def test_no_band_tints_sky_and_stars_by_its_noise_or_level():
    """Bands of unlike noise and sky: what is equally far above the noise in each is grey, and so is the noise."""
    rng = np.random.default_rng(3)
    planes = rng.normal(size=(3, 200, 200))
    planes[:, 100:110, 100:110] += 30
    planes *= np.array([2.0, 1.0, 0.3])[:, None, None]
    planes += np.array([50.0, -1.0, 3.0])[:, None, None]
    colours = lupton(planes, Explore()).astype(float)
    sky = np.ones((200, 200), bool)
    sky[95:115, 95:115] = False
    assert np.ptp(colours[sky].mean(axis=0)) < 1  # of 255; 176 where the bands are taken as fluxes
    assert np.ptp(colours[100:110, 100:110].mean(axis=(0, 1))) < 6
    assert np.ptp(colours[sky], axis=1).mean() < 0.5 * colours[sky].mean()  # 1.9 if unfaded


def test_a_band_without_noise_or_data_leaves_the_others_theirs():
    planes = np.random.default_rng(4).normal(size=(3, 60, 60))
    planes[0], planes[1] = np.nan, 5.0
    planes[2, 30, 30] = 200
    colours = lupton(planes, Explore())
    assert colours[30, 30, 2] > 200 > 40 > colours[30, 30, :2].max()


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_an_empty_field_can_be_drawn(value):
    assert lupton(np.full((3, 20, 20), value), Explore()).shape == (20, 20, 3)


def test_the_encoded_picture_is_upright_and_bounded():
    colours = np.zeros((30, 40, 3), "u1")
    colours[:10] = 255
    image = np.asarray(Image.open(io.BytesIO(encode(colours))))
    assert image.shape == (30, 40, 3)
    assert image[-1].mean() > 200 > 50 > image[0].mean()
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), "u1")
    assert len(encode(noise, most=60_000)) < 60_000 < len(encode(noise))


def test_interpolated_sky_is_that_of_the_wcs(tile):
    """Bilinear between the nodes, as the page does it; a transposed grid or an origin off by one is arcseconds away."""
    picture = draw_picture(tile.white, [], Explore())
    grid = sky_grid(tile.white, picture.extent)
    left, right, bottom, top = picture.extent
    x, y = np.random.default_rng(2).uniform((left, bottom), (right, top), (50, 2)).T
    u, v = (x - left) / (right - left) * (len(grid) - 1), (y - bottom) / (top - bottom) * (len(grid) - 1)
    i, j = u.astype(int), v.astype(int)
    p, q = (u - i)[:, None], (v - j)[:, None]
    low, high = ((1 - p) * grid[j + k, i] + p * grid[j + k, i + 1] for k in (0, 1))
    a, b, c = ((1 - q) * low + q * high).T
    ra, dec = WCS(header()).all_pix2world(x, y, 0)
    milliarcseconds = 3.6e6
    assert np.abs(np.degrees(np.arctan2(b, a)) - ra).max() * milliarcseconds < 1
    assert np.abs(np.degrees(np.arctan2(c, np.hypot(a, b))) - dec).max() * milliarcseconds < 1


@pytest.mark.slow
def test_equal_inputs_give_equal_pages(tmp_path):
    """Two processes, as two runs are: nothing of the page may count what was drawn before, or the time of day."""
    script = (
        "import sys; from pathlib import Path; from fake_explore import build; build(Path(sys.argv[1]), 12, 80).make()"
    )
    places = os.pathsep.join(map(str, (ROOT / "workflow", ROOT / "tests/explore")))
    pages = []
    for name in ("a", "b"):
        command = [sys.executable, "-c", script, str(tmp_path / name)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": places}, capture_output=True)
        pages.append((tmp_path / name / "explore/index.html").read_bytes())
    assert pages[0] == pages[1]
