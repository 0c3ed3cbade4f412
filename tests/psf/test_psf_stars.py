"""The whole selection of one band, from a frame to the table: who is taken, and why the others are not."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from stardata import paint
from swath.config.psf import Stars
from swath.errors import InputError
from swath.images import write_fits
from swath.psf.select import STAR
from swath.psf.stars import read_stars, select_stars

SIDE = 300
CELLS = [("r00_c00", (0, 300, 0, 300))]
# eleven stars of S/N 250 to 600, no two within 45 pixels
PLACES = [
    (40.2, 40.7), (110.5, 35.1), (180.9, 42.3), (260.3, 38.8), (45.6, 110.2), (130.1, 118.4),
    (215.7, 105.9), (60.4, 190.5), (150.8, 200.2), (235.3, 185.6), (90.9, 262.1),
]  # fmt: skip
STARS = [(x, y, 3000.0 + 900.0 * i, 1.0) for i, (x, y) in enumerate(PLACES)]
WHERE = (190.0, 260.0)  # free of stars


def write(folder, image, mask=None, name="g", **cards):
    mask = np.zeros(image.shape, "u1") if mask is None else mask
    header = fits.Header({"BAND": name, "GAIN": 5.0, "NOISE": "sky", "SKYSIG": 1.0, "ZPREF": 25.0} | cards)
    noise = np.where(mask == 0, 1.0, np.nan).astype("f4")
    planes = {"IMAGE": image.astype("f4"), "SIGMA": noise, "TOTAL": noise, "MASK": mask}
    path = folder / f"frame_{name}.fits"
    write_fits(path, [fits.PrimaryHDU(), *(fits.ImageHDU(data, header, name=key) for key, data in planes.items())])
    return path


def chosen(folder, objects, mask=None, seeds=None, gaia=None, white=None, cells=CELLS, cards=None, **settings):
    """Table STARS for objects; `seeds`: (id, x, y) of reference stars."""
    frame = write(folder, paint(objects, SIDE), mask, **(cards or {}))
    sources = None
    if seeds is not None:
        sources = folder / "sources.parquet"
        ids, x, y = zip(("", 10.0, 10.0), ("", np.nan, np.nan), *seeds, strict=True)
        pd.DataFrame({"gaia_source_id": ids, "x_pix": x, "y_pix": y}).to_parquet(sources)
    output = folder / "stars.fits"
    select_stars(frame, white, sources, cells, output, Stars(**settings), gaia)
    return read_stars(output)[0]


def at(table, x, y, radius=3.0):
    """The row at a place."""
    near = np.hypot(table["x"] - x, table["y"] - y) < radius
    assert near.sum() == 1
    return table[near][0]


def test_all_stars_are_selected_with_true_centres(tmp_path):
    table = chosen(tmp_path, STARS)
    assert table["selected"].sum() == len(STARS)
    for x, y, flux, _ in STARS:
        row = at(table, x, y)
        # a windowed centre is good to about FWHM / 2.35 / (S/N) = 0.015 pixels
        assert (row["x"], row["y"]) == pytest.approx((x, y), abs=0.06)
        # 1 - (1 + (FWHM / alpha)^2)^(1 - beta) = 79 % of this Moffat's light lies within one FWHM
        assert 0.7 * flux < row["flux"] < 0.87 * flux
        assert row["snr"] > 100
    assert (table["cell"][table["selected"]] == "r00_c00").all()
    assert table["held_out"].sum() == 2


@pytest.mark.parametrize("width", [1.15, 1.3, 1.8])
def test_a_round_galaxy_of_the_same_magnitude_is_rejected_by_its_size(tmp_path, width):
    table = chosen(tmp_path, [*STARS, (*WHERE, 6000.0, width)])
    row = at(table, *WHERE)
    assert row["reason"] == "size"
    assert table["selected"].sum() == len(STARS)


def test_a_single_bright_pixel_is_no_star(tmp_path):
    # a cosmic ray is sharper than the stars
    objects = [*STARS, (*WHERE, 6000.0, 0.25)]
    assert at(chosen(tmp_path, objects), *WHERE)["reason"] == "size"


@pytest.mark.parametrize(("distance", "share"), [(7.0, 0.3), (9.0, 0.1), (11.0, 0.05)])
def test_a_blended_star_is_rejected(tmp_path, distance, share):
    x, y = WHERE
    table = chosen(tmp_path, [*STARS, (x, y, 8000.0, 1.0), (x + distance, y, 8000.0 * share, 1.0)])
    assert at(table, x, y)["reason"] in ("neighbour", "size", "not round")


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_an_unresolved_pair_is_rejected_by_its_shape(tmp_path, share):
    # 3 pixels apart: one detection
    x, y = WHERE
    table = chosen(tmp_path, [*STARS, (x - 1, y, 6000.0, 1.0), (x + 2, y + 0.3, 6000.0 * share, 1.0)])
    near = table[np.hypot(table["x"] - x, table["y"] - y) < 6]
    assert not near["selected"].any()


def test_a_faint_or_distant_neighbour_does_no_harm(tmp_path):
    x, y = WHERE
    table = chosen(tmp_path, [*STARS, (x, y, 9000.0, 1.0), (x + 9, y, 90.0, 1.0), (x, y + 20, 3000.0, 1.0)])
    assert at(table, x, y)["selected"]


def test_a_saturated_star_is_rejected_and_so_is_a_masked_one(tmp_path):
    mask = np.zeros((SIDE, SIDE), "u1")
    (x, y), (u, v) = PLACES[5], PLACES[6]
    mask[round(y), round(x)] = 2
    mask[round(v) + 2, round(u)] = 4
    table = chosen(tmp_path, STARS, mask)
    assert at(table, x, y)["reason"] == "saturated"
    assert at(table, u, v)["reason"] == "masked pixels"
    assert table["selected"].sum() == len(STARS) - 2


def test_edge_cells_and_faintness(tmp_path):
    cells = [("r00_c00", (0, 300, 0, 150)), ("r01_c00", (0, 150, 150, 300))]
    table = chosen(tmp_path, [*STARS, (296.0, 90.0, 9000.0, 1.0), (280.0, 120.0, 250.0, 1.0)], cells=cells)
    assert at(table, 296.0, 90.0)["reason"] == "edge"
    assert at(table, 280.0, 120.0)["reason"] == "S/N"
    assert at(table, *PLACES[9])["reason"] == "outside the cells"
    assert at(table, *PLACES[0])["cell"] == "r00_c00"
    assert at(table, *PLACES[7])["cell"] == "r01_c00"


def test_only_the_brightest_of_a_cell(tmp_path):
    table = chosen(tmp_path, STARS, max_stars=4)
    assert table["selected"].sum() == 4
    assert at(table, *PLACES[-1])["selected"]
    assert at(table, *PLACES[0])["reason"] == "fainter than the brightest"
    assert table["held_out"].sum() == 0  # four are not enough to spare one


def test_every_row_has_its_reason(tmp_path):
    table = chosen(tmp_path, [*STARS, (*WHERE, 6000.0, 1.5)])
    assert (table["selected"] == (table["reason"] == "")).all()
    assert not (table["held_out"] & ~table["selected"]).any()
    assert len(np.unique(table["star_id"])) == len(table)


def test_an_empty_frame_and_a_wholly_masked_one(tmp_path):
    assert not chosen(tmp_path, [])["selected"].any()
    assert len(chosen(tmp_path, STARS, np.full((SIDE, SIDE), 4, "u1"))) == 0


SEEDS = [(f"4{i:03d}", x + 0.4, y - 0.3) for i, (x, y) in enumerate(PLACES)]


def test_mode_gaia_takes_reference_stars_only(tmp_path):
    table = chosen(tmp_path, STARS, seeds=SEEDS[:7], mode="gaia")
    assert table["selected"].sum() == 7
    assert set(table["gaia_source_id"][table["selected"]]) == {name for name, *_ in SEEDS[:7]}
    assert at(table, *PLACES[8])["reason"] == "not a reference star"
    # the detection's centre, not the catalogue's
    assert at(table, *PLACES[3])["x"] == pytest.approx(PLACES[3][0], abs=0.03)


def test_mode_sep_ignores_them_and_both_together_take_all(tmp_path):
    assert not chosen(tmp_path, STARS, seeds=SEEDS[:7], mode="sep")["from_gaia"].any()
    table = chosen(tmp_path, STARS, seeds=SEEDS[:7])
    assert table["selected"].sum() == len(STARS)
    assert table["from_gaia"].sum() == 7


def test_without_snapping_the_catalogue_position_stays(tmp_path):
    table = chosen(tmp_path, STARS, seeds=SEEDS, mode="gaia", gaia_snap_to_sep=False)
    assert at(table, *PLACES[3])["x"] == pytest.approx(PLACES[3][0] + 0.4, abs=1e-9)


def test_a_reference_star_may_be_fainter_but_not_a_galaxy(tmp_path):
    # S/N 35: too faint for a plain detection, enough for a reference star
    faint = [(190.0, 260.0, 330.0, 1.0), (250.0, 250.0, 330.0, 1.0), (200.0, 150.0, 5000.0, 1.4)]
    seeds = [*SEEDS[:5], ("faint", 190.0, 260.0), ("galaxy", 200.0, 150.0)]
    table = chosen(tmp_path, [*STARS, *faint], seeds=seeds)
    assert at(table, 190.0, 260.0)["reason"] == ""
    assert at(table, 250.0, 250.0)["reason"] == "S/N"
    assert at(table, 200.0, 150.0)["reason"] == "size"


def test_a_seed_without_detection_is_measured_in_a_forced_aperture(tmp_path):
    # a threshold above all stars: nothing is detected, everything comes from the seeds
    table = chosen(tmp_path, STARS, seeds=[*SEEDS, ("blank", 280.0, 280.0)], thresh_sigma=2000.0)
    assert not table["from_sep"].any()
    assert at(table, 280.0, 280.0)["reason"] == "S/N"
    assert at(table, 280.0, 280.0)["snr"] < 10
    assert at(table, *PLACES[4])["snr"] > 100


def test_a_seed_near_saturation_is_left_out(tmp_path):
    # the brightest star peaks at 500: above 500 / 1.3 but below the limit of 550
    peak = paint(STARS, SIDE).max()
    cards = {"SATUR": 1.1 * peak, "SCALE": 1.0}
    assert at(chosen(tmp_path, STARS, seeds=SEEDS, cards=cards), *PLACES[-1])["reason"] == "saturated"
    assert at(chosen(tmp_path, STARS, seeds=SEEDS[:3], cards=cards), *PLACES[-1])["selected"]
    assert at(chosen(tmp_path, STARS, seeds=SEEDS, cards=cards, gaia_seed_sat_div=1.0), *PLACES[-1])["selected"]


def test_magnitude_limits_of_the_seeds(tmp_path):
    gaia = tmp_path / "gaia.csv"
    magnitudes = [12.0, 14.0, np.nan, *[15.0] * 8]
    pd.DataFrame(
        {"source_id": [name for name, *_ in SEEDS], "ra": 1.0, "dec": 2.0, "phot_g_mean_mag": magnitudes}
    ).to_csv(gaia, index=False)
    table = chosen(tmp_path, STARS, seeds=SEEDS, gaia=gaia, mode="gaia", gaia_mag_min=13.0, gaia_mag_max=14.5)
    # 14.0 is within the limits, and one has no magnitude
    assert table["from_gaia"].sum() == 2


def test_two_seeds_cannot_share_a_detection(tmp_path):
    table = chosen(tmp_path, STARS, seeds=[*SEEDS, ("other", PLACES[0][0] + 2.5, PLACES[0][1])])
    named = table[table["gaia_source_id"] == "other"]
    assert len(named) == 1
    assert not named["from_sep"][0]
    assert at(table[table["from_sep"]], *PLACES[0])["gaia_source_id"] == SEEDS[0][0]


def test_identifiers_beyond_ascii_are_escaped(tmp_path):
    table = chosen(tmp_path, STARS, seeds=[("Gaia-\u03b1", *PLACES[0])])
    assert at(table, *PLACES[0])["gaia_source_id"] == "Gaia-\\u03b1"


def test_neighbours_come_from_the_deeper_white_stack_too(tmp_path):
    # a companion that only the white stack shows: as bright there as the star
    x, y = PLACES[5]
    deep = paint([*STARS, (x + 8, y, 6000.0, 1.0)], SIDE, seed=3)[20:280, 10:290]
    white = tmp_path / "white.fits"
    header = fits.Header({"CROPX0": 10, "CROPY0": 20})
    planes = [("WHITE", deep.astype("f4")), ("NOISE", np.full(deep.shape, 1.0, "f4"))]
    write_fits(white, [fits.PrimaryHDU(), *(fits.ImageHDU(data, header, name=name) for name, data in planes)])
    table = chosen(tmp_path, STARS, white=white)
    assert at(table, x, y)["reason"] == "neighbour"
    assert table["selected"].sum() == len(STARS) - 1
    _, neighbours = read_stars(tmp_path / "stars.fits")
    companion = neighbours[neighbours["from_white"] & (np.hypot(neighbours["x"] - x - 8, neighbours["y"] - y) < 1)]
    assert len(companion) == 1


def test_the_table_is_the_same_whatever_the_run(tmp_path):
    chosen(tmp_path, STARS)
    first = (tmp_path / "stars.fits").read_bytes()
    chosen(tmp_path, STARS)
    assert (tmp_path / "stars.fits").read_bytes() == first


def test_errors_say_what_to_do(tmp_path):
    with pytest.raises(InputError, match="rule `stars` writes it"):
        read_stars(tmp_path / "none.fits")
    fits.PrimaryHDU().writeto(tmp_path / "other.fits")
    with pytest.raises(InputError, match="STARS"):
        read_stars(tmp_path / "other.fits")
    pd.DataFrame({"x_pix": [1.0]}).to_parquet(tmp_path / "sources.parquet")
    frame = write(tmp_path, paint(STARS, SIDE))
    with pytest.raises(InputError, match="gaia_source_id"):
        select_stars(frame, None, tmp_path / "sources.parquet", CELLS, tmp_path / "s.fits", Stars())
    assert not (tmp_path / "s.fits").exists()


def test_rows_have_the_declared_columns(tmp_path):
    assert chosen(tmp_path, STARS).dtype == STAR
