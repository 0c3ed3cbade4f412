"""The grid of PSFs: every cell at its place, with its score or the reason why there is none."""

import numpy as np
import pytest
from fake_products import band_psf, psf_image
from pictures import drawn, has_colour, pixels, size
from swath.plots.psfgrid import draw_psf_grid, headline, tile_words
from swath.psf import store

DPI = 50
NO_STARS = np.zeros(0, store.STARS)


def cells(folder, tags, bands="gr", **changes):
    """PSFs of cells; `changes` of the first cell."""
    paths = {}
    for number, tag in enumerate(tags):
        paths[tag] = folder / f"{tag}.fits"
        store.write(paths[tag], [band_psf(band, **(changes if number == 0 else {})) for band in bands], NO_STARS)
    return paths


def test_a_single_cell_has_one_panel_per_band(tmp_path):
    draw_psf_grid(cells(tmp_path, ["r00_c00"]), "gr", tmp_path / "a.png", DPI)
    draw_psf_grid(cells(tmp_path, ["r00_c00"]), "gr", tmp_path / "b.png", DPI)
    assert drawn(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.slow
def test_fifty_cells_fit_on_a_sheet(tmp_path):
    paths = cells(tmp_path, [f"r{row:02d}_c{column:02d}" for row in range(7) for column in range(7)], fallback=True)
    draw_psf_grid(paths, "gr", tmp_path / "a.png", DPI)
    assert drawn(tmp_path / "a.png")
    assert max(size(tmp_path / "a.png")) < 20 * DPI


def test_cells_lie_as_on_the_image_and_fallbacks_have_their_frame(tmp_path):
    """Row 0 is at the bottom: the red frame of r00_c00 is in the lower left part of the block; a hole is allowed."""
    paths = cells(tmp_path, ["r00_c00", "r01_c00", "r01_c01"], "g", fallback=True)
    draw_psf_grid(paths, "g", tmp_path / "a.png", DPI)
    image = pixels(tmp_path / "a.png")[round(0.75 * DPI) :]  # below the legend
    red = (np.abs(image - np.array([1, 0, 0])).max(axis=-1) < 0.15).nonzero()
    blocks = image.shape[1] / 2
    left = [column for row, column in zip(*red, strict=True) if column < blocks]
    rows = [row for row, column in zip(*red, strict=True) if column < blocks]
    assert np.mean(left) < blocks / 2
    assert np.mean(rows) > 2 * DPI


def test_differences_show_the_cell_that_is_not_like_the_others(tmp_path):
    wide = np.roll(psf_image(), 1, axis=1)[None].astype("f4")
    draw_psf_grid(cells(tmp_path, ["r00_c00", "r00_c01"], "g", planes=wide), "g", tmp_path / "a.png", DPI)
    assert has_colour(pixels(tmp_path / "a.png")[:, -3 * DPI :], (0.4, 0.0, 0.12), 0.2)  # deep red of the differences


def test_words_of_a_score():
    assert tile_words(band_psf("g")).splitlines()[1:] == ["3 stars, 1 held out", "0.0040"]
    assert tile_words(band_psf("g", rms_score=0.0)).endswith("no excess over the noise")
    assert tile_words(band_psf("g", rms_score=None, n_held=0)).endswith("no score: too few stars")
    assert tile_words(band_psf("g", method="moffat", n_stars=0, n_held=0, rms_score=None)).endswith("moffat\nno score")


def test_headlines_count_what_is_not_as_usual():
    psfs = {(0, 0): band_psf("g"), (0, 1): band_psf("g", pooled=False, fallback=True, rms_score=None)}
    assert headline("g", psfs) == "g: 2 PSFs, 1 pooled, 1 fallback, 1 without a score, median 0.004"
