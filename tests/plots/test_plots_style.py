"""Style: same bytes for the same data, sizes that no matplotlibrc changes, colour bars that can be read."""

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import AsinhNorm
from pictures import has_colour, pixels, size
from swath.plots import style
from swath.plots.arrays import blocks, cutout, extent, mosaic, rows_of
from swath.plots.palette import MEANT, reduced


def simple(path, dpi=50):
    sheet = style.Sheet(4, 2, dpi)
    axes = sheet.axes(0.5, 0.3, 1.2, 1.2)
    style.show(axes, np.arange(6.0).reshape(2, 3), matplotlib.colors.Normalize(0, 5), "gray")
    sheet.save(path)


def test_the_same_figure_is_the_same_bytes_and_leaves_no_other_file(tmp_path):
    simple(tmp_path / "a.png")
    simple(tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert b"matplotlib" not in (tmp_path / "a.png").read_bytes().lower()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_size_is_inches_times_dpi_whatever_the_users_settings(tmp_path):
    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.dpi": 13, "figure.constrained_layout.use": True}):
        simple(tmp_path / "a.png")
    assert size(tmp_path / "a.png") == (200, 100)


def test_a_figure_too_large_to_be_drawn_gets_a_lower_resolution(caplog):
    sheet = style.Sheet(10, 500, 1200)
    assert sheet.figure.dpi == style.LARGEST_PIX / 500
    assert "instead of 1200" in caplog.text


def test_first_row_is_at_the_bottom_and_axes_are_where_they_were_put(tmp_path):
    simple(tmp_path / "a.png")
    inner = pixels(tmp_path / "a.png")[15 + 3 : 75 - 3, 25 + 3 : 85 - 3].mean(axis=-1)
    assert inner[-1, 0] == pytest.approx(0, abs=0.02)
    assert inner[0, -1] == pytest.approx(1, abs=0.02)


def test_masked_pixels_are_grey():
    painted = style.paint(np.array([[0.0, np.nan], [np.inf, 1.0]]), matplotlib.colors.Normalize(0, 1), "viridis")
    assert painted.shape == (2, 2, 4)
    assert (painted[0, 1] == painted[1, 0]).all()
    assert painted[0, 1, 0] == painted[0, 1, 1] == painted[0, 1, 2]


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [3.0], [3.0, 3.0], [0.0, 0.0], [-1e-30, 1e-30]])
def test_colour_scales_of_degenerate_values_are_usable(values):
    values = np.array(values)
    for norm in (style.asinh_norm(values), style.symmetric(values, 99)):
        assert norm.vmax > norm.vmin
        assert np.isfinite([norm.vmin, norm.vmax]).all()
        style.paint(values, norm, "gray")


@given(
    low=st.floats(-100, 0), span=st.floats(1e-3, 1e6), width=st.floats(1e-4, 1.0)
)  # width relative to the span: from nearly logarithmic to linear
def test_asinh_ticks_lie_inside_and_apart(low, span, width):
    norm = AsinhNorm(width * span, vmin=low, vmax=low + span)
    ticks = style.asinh_ticks(norm)
    places = np.asarray(norm(ticks))
    assert ((places >= 0) & (places <= 1)).all()
    assert (np.diff(places) >= 0.099).all()


def test_asinh_ticks_of_a_usual_scale_hold_zero_and_round_values():
    assert list(style.asinh_ticks(AsinhNorm(3.0, vmin=-3.0, vmax=300.0))) == [-3, 0, 3, 10, 30, 100, 300]


@given(x=st.floats(-40, 60), y=st.floats(-40, 60), size=st.integers(1, 30))
def test_a_cutout_is_centred_on_the_pixel_of_its_position(x, y, size):
    image = np.arange(20.0 * 30).reshape(20, 30)
    cut = cutout(image, x, y, size)
    rows, columns = np.indices((size, size)) - size // 2
    rows, columns = rows + int(np.rint(y)), columns + int(np.rint(x))
    inside = (rows >= 0) & (rows < 20) & (columns >= 0) & (columns < 30)
    np.testing.assert_array_equal(np.isfinite(cut), inside)
    np.testing.assert_array_equal(cut[inside], (rows * 30 + columns)[inside])


def test_a_cutout_around_no_position_is_empty():
    assert np.isnan(cutout(np.ones((2, 9, 9)), np.nan, 3.0, 5)).all()


def test_tiles_are_laid_like_text_and_found_where_the_mosaic_says():
    tiles = np.zeros((5, 3, 4, 4), "u1")
    tiles[..., 3] = 255
    tiles[..., 0] = np.arange(1, 6)[:, None, None]
    laid = mosaic(tiles, 2, gap=1)
    assert laid.image.shape == (3 * 3 + 2, 2 * 4 + 1, 4)
    for number, left, bottom in zip(range(1, 6), laid.left, laid.bottom, strict=True):
        y, x = int(bottom + 0.5), int(left + 0.5)
        assert (laid.image[y : y + 3, x : x + 4, 0] == number).all()
    assert laid.bottom[0] > laid.bottom[2] > laid.bottom[4]  # first line at the top, row 0 of the image at the bottom
    assert laid.left[0] < laid.left[1]
    assert (laid.image[..., 3] > 0).sum() == 5 * 12


def test_rows_of_tiles():
    assert [rows_of(n, 3) for n in (0, 1, 3, 4)] == [1, 1, 1, 2]


def test_extent_puts_pixel_centres_on_whole_numbers():
    assert extent((10, 20), (5, 4), 2) == (9.5, 17.5, 19.5, 29.5)


def test_sentences_fill_a_panel(tmp_path):
    sheet = style.Sheet(3, 2, 60)
    style.say(sheet.axes(0.2, 0.2, 2.5, 1.5), "nothing to draw")
    sheet.save(tmp_path / "a.png")
    assert has_colour(pixels(tmp_path / "a.png")[30:90], (0, 0, 0))


@pytest.mark.parametrize(
    ("side", "most", "factor"), [(1000, None, 1), (9500, None, 11), (9500, 4, 4), (9500, 1, 1), (100, None, 1)]
)
def test_images_are_averaged_as_far_as_the_picture_asks_for(side, most, factor):
    """7 inches at 120 dpi are 840 pixels: 1000 pix stay as they are, 9500 / 840 is about 11."""
    assert blocks(side, 7, 120, most) == factor


def test_few_colours_lose_no_marker_and_keep_white_white():
    """Noise has more colours than fit; a dot of 4 pixels of a colour that means something is there all the same."""
    noise = np.random.default_rng(2).normal(size=(300, 400))
    painted = style.paint(noise, matplotlib.colors.Normalize(-3, 3), style.RESIDUAL)
    painted[:60] = 255
    for index, name in enumerate(MEANT):
        painted[10:12, 10 * index : 10 * index + 2, :3] = np.rint(255 * np.array(matplotlib.colors.to_rgb(name)))
    image = reduced(painted)
    assert image.mode == "P"
    found = np.asarray(image.convert("RGB")).astype(int)
    assert (found[30:60] == 255).all()
    error = np.abs(found - painted[..., :3]).max(axis=-1)
    assert error[10:12].max() <= 4  # Pillow looks colours up rounded down to 4 steps
    assert error.mean() < 5
