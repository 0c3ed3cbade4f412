"""The single tests of the star selection."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.config.psf import Stars
from swath.psf import select
from swath.psf.detect import NEIGHBOURS, reach

PLACES = st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=40, unique=True)


def table(places, **columns):
    stars = np.zeros(len(places), select.STAR)
    stars["x"], stars["y"] = np.array(places, float).reshape(-1, 2).T
    stars["selected"], stars["cell"], stars["star_id"] = True, "r00_c00", np.arange(len(places))
    for name, values in columns.items():
        stars[name] = values
    return stars


def ellipses(*rows):
    """NEIGHBOURS from x, y, flux, a, b, theta."""
    return np.array([(*row, False) for row in rows], NEIGHBOURS)


@given(PLACES, st.randoms(use_true_random=False), st.integers(0, 8), st.floats(0, 0.6))
@settings(deadline=None)
def test_held_out_stars_depend_on_their_places_only(places, random, least, fraction):
    stars = table([(round(x, 1), round(y, 1)) for x, y in places])
    select.hold_out(stars, fraction, least)
    count = stars["held_out"].sum()
    assert count <= np.floor(fraction * len(stars) + 0.5)
    assert len(stars) - count >= min(least, len(stars))
    # only stars whose rounded places coincide may swap
    order = list(range(len(stars)))
    random.shuffle(order)
    shuffled = stars[order]
    shuffled["held_out"] = False
    select.hold_out(shuffled, fraction, least)
    chosen, again = (
        np.sort(t["x"].round() * 1000 + t["y"].round()) for t in (stars, shuffled) for t in [t[t["held_out"]]]
    )
    assert chosen.tolist() == again.tolist()


def test_a_slightly_moved_star_is_held_out_all_the_same():
    # bands measure a star at slightly different places
    rng = np.random.default_rng(1)
    whole = rng.integers(0, 500, (30, 2))
    here, there = table(whole + 0.2), table(whole - 0.2)
    for stars in (here, there):
        select.hold_out(stars, 0.2, 4)
    assert here["held_out"].tolist() == there["held_out"].tolist()
    assert here["held_out"].sum() == 6


@given(PLACES)
def test_every_place_has_at_most_one_cell(places):
    stars = table(places, cell="")
    cells = [
        (f"r{r:02d}_c{c:02d}", (c * 200, c * 200 + 200, r * 200, r * 200 + 200)) for r in range(2) for c in range(2)
    ]
    select.assign_cells(stars, cells)
    for star in stars:
        inside = star["x"] < 399.5 and star["y"] < 399.5
        expected = f"r{int(star['y'] + 0.5) // 200:02d}_c{int(star['x'] + 0.5) // 200:02d}" if inside else ""
        assert star["cell"] == expected


def test_the_brightest_are_kept_cell_by_cell():
    stars = table([(i, 0) for i in range(6)], snr=[10, 60, 30, 50, 40, 20], cell=["a", "a", "a", "b", "b", "b"])
    stars["reason"][1] = "size"
    select.keep_brightest(stars, 1)
    assert (stars["reason"] == "").tolist() == [False, False, True, True, False, False]
    assert stars["reason"][0] == "fainter than the brightest"
    assert stars["reason"][1] == "size"


SETTINGS = Stars(min_sep=12.0, neighbour_flux=0.02)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((60.0, 50.0, 30.0, 3.0, 3.0, 0.0), True),  # 3 % at 10 pixels
        ((60.0, 50.0, 10.0, 3.0, 3.0, 0.0), False),  # 1 %: masked, not rejected
        ((65.0, 50.0, 900.0, 4.0, 4.0, 0.0), False),  # bright, but 15 pixels off
        ((75.0, 50.0, 9000.0, 24.0, 10.0, 0.0), True),  # far off, but its light reaches the star
        ((75.0, 50.0, 9000.0, 24.0, 10.0, np.pi / 2), False),  # the same one pointing elsewhere
    ],
)
def test_comparable_neighbours(other, expected):
    others = ellipses((50.3, 50.0, 1000.0, 6.0, 6.0, 0.0), other)
    assert select.crowded(table([(50.0, 50.0)]), others, 2.0, SETTINGS).tolist() == [expected]


def test_a_star_unknown_to_the_other_image_is_compared_by_its_own_flux():
    others = ellipses((58.0, 50.0, 30.0, 3.0, 3.0, 0.0))
    assert select.crowded(table([(50.0, 50.0)], flux=1000.0), others, 2.0, SETTINGS).all()
    assert not select.crowded(table([(50.0, 50.0)], flux=5000.0), others, 2.0, SETTINGS).any()
    assert not select.crowded(table([(50.0, 50.0)]), others[:0], 2.0, SETTINGS).any()


def test_reach_is_negative_inside_an_ellipse():
    other = ellipses((0.0, 0.0, 1.0, 10.0, 5.0, np.pi / 2))
    found = reach(other, np.array([0.0, 0.0, 8.0, 3.0]), np.array([0.0, 8.0, 0.0, 0.0]))[:, 0]
    assert found == pytest.approx([-5, -2, 3, -2])


def test_elongation_is_relative_to_the_typical_star():
    # trailed stars are good stars; the one that points elsewhere is not
    stars = table([(i, 0) for i in range(4)], a=1.2, b=1.0, theta=[0.0, 0.01, -0.01, np.pi / 2])
    typical = select.typical_ellipse(stars)
    found = select.elongation(stars, typical)
    assert (found[:3] < 1.03).all()
    assert found[3] == pytest.approx(1.44, abs=0.02)
    round_ = select.elongation(stars, select.typical_ellipse(stars[:0]))
    assert round_ == pytest.approx([1.2] * 4, abs=1e-6)
