"""White stack and overlay: what is where, in which colour, and how many are counted."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from fake_products import CROP, SIDE, SOURCES, source_list
from pictures import drawn, has_colour, pixels, size
from swath.plots.overlay import draw_overlay, groups
from swath.plots.white import draw_white

DPI = 60


@pytest.fixture
def overlay(tile, tmp_path):
    def run(table: pd.DataFrame) -> np.ndarray:
        table.to_parquet(tmp_path / "sources.parquet")
        draw_overlay(tile.path("white.fits"), tmp_path / "sources.parquet", tmp_path / "o.png", 100, 1, "exp", 60)
        return pixels(tmp_path / "o.png")

    return run


def around(image: np.ndarray, x: float, y: float, reach: int = 12) -> np.ndarray:
    """Pixels of the overlay around a source."""
    side = CROP[1] - CROP[0]
    inch = 7 / (1.03 * side)
    column = (0.7 + (x - CROP[0] + 0.015 * side) * inch) * 100
    row = (0.4 + 7 - (y - CROP[2] + 0.015 * side) * inch) * 100
    return image[round(row) - reach : round(row) + reach, round(column) - reach : round(column) + reach]


def test_the_white_stack_is_drawn_with_its_crop_box(tile, tmp_path):
    draw_white(tile.path("white.fits"), tmp_path / "w.png", DPI, 2)
    draw_white(tile.path("white.fits"), tmp_path / "again.png", DPI, 2)
    assert (tmp_path / "w.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    assert size(tmp_path / "w.png") == (round(11.2 * DPI), round(5.4 * DPI))
    assert drawn(tmp_path / "w.png")
    before = pixels(tmp_path / "w.png")[27:290, 42:306]
    side, inch = 152 * 1.06, 4.4
    edge = round((CROP[0] + 0.03 * 152) / side * inch * DPI)  # the box's left side stands where the crop begins
    assert has_colour(before[100:160, edge - 3 : edge + 4], (1.0, 0.65, 0.0), 0.2)
    assert not has_colour(before[100:160, edge + 8 : edge + 40], (1.0, 0.65, 0.0), 0.2)


def test_a_white_stack_without_any_data_is_drawn(tile, tmp_path):
    with fits.open(tile.path("white.fits")) as hdus:
        for name in ("WHITE", "NOISE", "PREVIEW"):
            hdus[name].data[:] = np.nan
        hdus.writeto(tmp_path / "white.fits")
    draw_white(tmp_path / "white.fits", tmp_path / "w.png", DPI, 4)
    assert drawn(tmp_path / "w.png")


def test_every_source_is_in_one_group_by_type_or_reason_and_reference_stars_have_rings():
    found = {group.label: list(np.flatnonzero(group.which)) for group in groups(source_list(("g",)), "exp", 9)}
    assert found == {
        "STAR": [0, 1],
        "GAL, EXP, DEV, SERSIC": [2],
        "UNKNOWN, fitted as exp": [3],
        "excluded: saturation": [5],
        "excluded: crop": [4],
        "matched with a reference star": [0],
        "injected reference star": [1],
    }


def test_without_types_all_active_sources_are_unknown():
    table = source_list(("g",)).drop(columns="TYPE")
    found = {group.label: group.which.sum() for group in groups(table, "dev", 9)}
    assert found["UNKNOWN, fitted as dev"] == 4
    assert found["STAR"] == 0


def test_markers_are_at_their_sources_in_the_peers_colours(overlay):
    image = overlay(source_list(("g", "r")))
    colours = [(0, 1, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0), None, (1, 0, 0)]
    for (x, y, *_), colour in zip(SOURCES, colours, strict=True):
        if colour:
            assert has_colour(around(image, x, y), colour), (x, y)
    assert not has_colour(around(image, 75, 40), (0, 1, 1))


def test_overlays_of_few_sources_are_drawn(overlay, tmp_path):
    table = source_list(("g",))
    for part in (table[:1], table[5:], table[4:5], table.assign(x_pix=np.nan, y_pix=np.nan), table[:0]):
        overlay(part)
        assert drawn(tmp_path / "o.png")


def test_where_nothing_is_cropped_there_is_one_panel(tile, tmp_path):
    with fits.open(tile.path("white.fits")) as hdus:
        hdus["WHITE"].data = np.ones((SIDE, SIDE), "f4")
        hdus["WHITE"].header.update(CROPX0=0, CROPX1=SIDE, CROPY0=0, CROPY1=SIDE)
        hdus.writeto(tmp_path / "white.fits")
    draw_white(tmp_path / "white.fits", tmp_path / "w.png", DPI, None)
    assert size(tmp_path / "w.png") == (round(8.9 * DPI), round(8.0 * DPI))
