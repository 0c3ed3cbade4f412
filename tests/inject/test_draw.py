"""Added sources: seeded by their place, apart from each other, evenly spread in magnitude; catalogues with errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from swath.config.inject import Inject
from swath.inject.draw import apart, draw_sources, folded, nodes, perturbed, room

DEPTHS = {"g": 23.0, "r": 22.0, "i": 21.5}
BOX = (0, 1500, 0, 1200)


@pytest.fixture(scope="module")
def table():
    return draw_sources(Inject(), 1, [BOX], DEPTHS)


def with_flux(table):
    return table.assign(**{f"FLUX_{band}": 10 ** (0.4 * (25 - table[f"MAG_{band}"])) for band in DEPTHS})


def test_a_source_depends_on_its_node_and_nothing_else(table):
    """The draw of a part of the field, in any order, is that of the whole."""
    part = draw_sources(Inject(), 1, [(700, 1100, 300, 800), (100, 300, 0, 200)], DEPTHS).set_index("ID")
    whole = table.set_index("ID")
    assert len(part) > 100
    assert set(part.index) <= set(whole.index)
    assert part.equals(whole.loc[part.index])


def test_other_seeds_and_realisations_are_other_sources(table):
    for other in (draw_sources(Inject(seed=2), 1, [BOX], DEPTHS), draw_sources(Inject(), 2, [BOX], DEPTHS)):
        distance, _ = cKDTree(table[["x", "y"]]).query(other[["x", "y"]])
        assert np.median(distance) > 3


def test_sources_are_apart_and_inside(table):
    settings = Inject()
    distance = cKDTree(table[["x", "y"]]).query(table[["x", "y"]], k=2)[0][:, 1]
    assert distance.min() >= settings.spacing_pix - 2 * settings.jitter_pix
    assert len(table) == pytest.approx(1500 * 1200 / settings.spacing_pix**2, rel=0.06)
    assert table["x"].between(-0.5, 1499.5).all()
    assert table["y"].between(-0.5, 1199.5).all()
    assert table["ID"].is_unique


def test_subpixel_places_are_even(table):
    for axis in "xy":
        counts, _ = np.histogram(np.mod(table[axis], 1), 4, (0, 1))
        # 6 standard deviations of a count of a quarter of 1400.
        assert np.abs(counts - len(table) / 4).max() < 6 * np.sqrt(len(table) * 3 / 16)


def test_magnitudes_are_even_between_the_limits_in_every_band(table):
    for band, depth in DEPTHS.items():
        below = table[f"MAG_{band}"] - depth
        assert below.between(-5, 1).all()
        counts, _ = np.histogram(below, 6, (-5, 1))
        assert np.abs(counts - len(table) / 6).max() < 5 * np.sqrt(len(table) / 6)
    colour = table["MAG_g"] - table["MAG_r"] - 1.0
    assert 0.2 < colour.std() < 0.6


def test_types_are_mixed_as_asked_for(table):
    shares = table["TYPE"].value_counts(normalize=True)
    assert shares["STAR"] == pytest.approx(0.5, abs=0.06)
    assert shares["DEV"] == pytest.approx(0.2, abs=0.05)
    assert table.loc[table["TYPE"] == "STAR", ["Re", "ELL", "phi"]].isna().all().all()
    assert table.loc[table["TYPE"] != "STAR", ["Re", "ELL", "phi"]].notna().all().all()
    assert (draw_sources(Inject(star_share=1), 1, [BOX], DEPTHS)["TYPE"] == "STAR").all()


@given(st.floats(-50, 50), st.floats(-9, 0), st.floats(0.5, 9))
def test_folding_stays_between_and_keeps_what_is_between(value, low, width):
    found = folded(np.array([value]), low, low + width)[0]
    assert low - 1e-9 <= found <= low + width + 1e-9
    if low <= value <= low + width:
        assert found == pytest.approx(value, abs=1e-9)


def test_sources_stay_away_from_the_catalogue_where_asked(table):
    x, y = np.array([100.0, 700.0, np.nan]), np.array([100.0, 500.0, 4.0])
    kept = apart(table, x, y, 40.0)
    assert kept["nearest_pix"].min() >= 40
    assert len(apart(table, x, y, 0.0)) == len(table) > len(kept)
    assert np.isinf(apart(table, np.array([np.nan]), np.array([1.0]), 5.0)["nearest_pix"]).all()


def test_room_is_what_is_left_of_the_field():
    boxes, nowhere = [(0, 600, 0, 400), (600, 900, 0, 400)], np.array([np.nan])
    assert room(Inject(spacing_pix=20), boxes, nowhere, nowhere) == pytest.approx(900)
    near = Inject(spacing_pix=20, keep_apart_pix=100)
    wanted = (900 * 400 - np.pi * 100**2) / 400
    assert room(near, boxes, np.array([450.0]), np.array([200.0])) == pytest.approx(wanted, rel=2e-3)
    assert room(Inject(keep_apart_pix=1000), boxes, np.array([450.0]), np.array([200.0])) == 0


def test_catalogues_err_as_much_as_asked_for(table):
    true = with_flux(table)
    seen = perturbed(true, Inject(position_error_pix=0.3, flux_error=0.1, shape_error=0.05), 1, list(DEPTHS))
    assert (seen["x"] - true["x"]).std() == pytest.approx(0.3, rel=0.08)
    for band in DEPTHS:
        assert np.log(seen[f"FLUX_{band}"] / true[f"FLUX_{band}"]).std() == pytest.approx(0.1, rel=0.08)
    assert np.abs(np.log(seen["Re"] / true["Re"])).median() < 0.08
    exact = perturbed(true, Inject(position_error_pix=0, flux_error=0, shape_error=0), 1, list(DEPTHS))
    for name in ("x", "y", "Re", "ELL", "FLUX_g"):
        assert exact[name].to_numpy() == pytest.approx(true[name].to_numpy(), nan_ok=True)


def test_nodes_cover_the_box():
    places = np.array([node[2:] for node in nodes(Inject(), 3, [BOX])])
    assert places.min(axis=0).max() < 36 + 4
    assert (places.max(axis=0) > [1500 - 36, 1200 - 36]).all()
