"""The stage, from files to files."""

import numpy as np
import pandas as pd
import pytest
from swath.config.sources import Detection, Gaia, SaturationCut, Sources
from swath.errors import RunError
from swath.flags import names
from swath.images import read_header
from swath.sources.build import build_sources
from swath.sources.catalog import WRITTEN, place_catalog, read_catalog
from swath.sources.expected import expected_positions
from swath.sources.motion import image_epoch
from swath.sources.positions import Field, equatorial_wcs
from swath.sources.reference import place_reference, read_reference
from swath.tables import write_csv

from .synthetic import make_header, sky_of, write_frame, write_white

BOX = (15, 380, 20, 280)
# in the box, outside the crop, near saturation (2 bands), both, outside the image, unknown
X = [100.0, 10.0, 200.0, 5.0, -50.0, np.nan, 300.0]
Y = [100.0, 100.0, 150.0, 200.0, 100.0, 100.0, 100.0]
SATURATED = {"g": [(203, 152), (5, 205)], "r": [(203, 152)]}
GAIA_ID = 8647475119820964206


@pytest.fixture
def field(tmp_path):
    header = make_header(sip=True, angle=10)
    frames = {band: write_frame(tmp_path / f"{band}.fits", header, band, SATURATED[band]) for band in ("g", "r")}
    write_white(tmp_path / "white.fits", BOX)
    ra, dec = sky_of(header, np.nan_to_num(X), Y)
    ra = np.where(np.isnan(X), np.nan, ra)
    table = pd.DataFrame({"id": [f"00{i}" for i in range(7)], "ra": ra, "dec": dec, "TYPE": "STAR", "note": " x"})
    table.loc[6, "TYPE"] = "GAL"
    write_csv(tmp_path / "catalog.csv", table)
    # matched, new, new but saturated, matched with the excluded row, beyond the box around the active sources
    gx, gy = [100.4, 250.0, 205.0, 200.3, 21.0], [100.3, 120.0, 140.0, 150.2, 270.0]
    ra, dec = sky_of(header, gx, gy)
    stars = {"source_id": np.arange(5) + GAIA_ID, "RA": ra, "Dec": dec, "mag_g": 20.0, "MAG_R": 19.0}
    write_csv(tmp_path / "gaia.csv", pd.DataFrame(stars | {"phot_g_mean_mag": 15.0}))
    return tmp_path, frames


def build(field, sources=None, gaia=None, **files):
    folder, frames = field
    files = {"catalog": folder / "catalog.csv", "reference": folder / "gaia.csv"} | files
    gaia = gaia or Gaia(min_box_size_pix=230, match_radius_arcsec=1.0)
    out = folder / "sources.parquet", folder / "with.csv"
    build_sources(folder / "white.fits", frames, *out, sources or Sources(), gaia, 25.0, **files)
    return pd.read_parquet(out[0])


def test_every_row_is_there_with_its_reason(field):
    table = build(field, gaia=Gaia(enabled=False))
    assert table["ID"].tolist() == [f"00{i}" for i in range(7)]
    assert table["excluded_reason"].tolist() == ["", "crop", "saturation", "crop+saturation", "crop", "crop", ""]
    assert table["excluded_any"].tolist() == [False, True, True, True, True, True, False]
    flags = [names(value) for value in table["fit_flags"]]
    assert flags == [
        [],
        ["EXCLUDED_CROP"],
        ["EXCLUDED_SATURATION"],
        ["EXCLUDED_CROP", "EXCLUDED_SATURATION"],
        ["EXCLUDED_CROP", "BAD_POSITION"],
        ["EXCLUDED_CROP", "BAD_POSITION"],
        ["TYPE_ASSUMED", "SHAPE_ASSUMED"],
    ]
    np.testing.assert_allclose(table["x_pix"], X, atol=1e-5)
    np.testing.assert_allclose(table["x_pix_white"], np.array(X) - 15, atol=1e-5)
    np.testing.assert_allclose(table["y_pix_white"], np.where(np.isnan(X), np.nan, np.array(Y) - 20), atol=1e-5)


def test_the_list_has_its_columns_and_types(field):
    table = build(field)
    assert list(table)[:7] == ["ID", "RA", "DEC", "TYPE", "note", "FLUX_g", "FLUX_r"]
    assert set(list(table)[7:]) == set(WRITTEN)
    kinds = {name: table[name].dtype for name in ("excluded_any", "injected", "fit_flags", "sw_row", "x_pix", "sw_re")}
    assert [str(kind) for kind in kinds.values()] == ["bool", "bool", "int32", "int64", "float64", "float64"]
    assert table["note"].iloc[0] == " x"
    assert table["sw_row"].tolist() == list(range(len(table)))


def test_reference_stars_are_matched_injected_and_left_out(field):
    table = build(field)
    assert table["ID"].tolist()[7:] == [f"gaia_{GAIA_ID + 1}"]
    assert table["gaia_source_id"].tolist() == [str(GAIA_ID), "", str(GAIA_ID + 3), "", "", "", "", str(GAIA_ID + 1)]
    new = table.iloc[7]
    assert (new["x_pix"], new["y_pix"]) == (pytest.approx(250, abs=1e-4), pytest.approx(120, abs=1e-4))
    assert (new["TYPE"], new["sw_model"], new["injected"], new["excluded_any"]) == ("STAR", "star", True, False)
    assert table["FLUX_g"].iloc[[0, 7]].tolist() == pytest.approx([100, 100])


def test_the_augmented_catalogue_can_be_the_next_input(field):
    first = build(field)
    given = pd.read_csv(field[0] / "with.csv", dtype=str, keep_default_na=False)
    assert given["ID"].tolist() == first["ID"].tolist()
    assert "x_pix" not in given
    (field[0] / "again.csv").write_bytes((field[0] / "with.csv").read_bytes())
    second = build(field, catalog=field[0] / "again.csv")
    assert second["ID"].tolist() == first["ID"].tolist()
    assert second["gaia_source_id"].tolist() == first["gaia_source_id"].tolist()
    assert "gaia_source_id_input" in second


def test_switches(field):
    table = build(field, Sources(saturation_cut=SaturationCut(enabled=False)), Gaia(enabled=False))
    assert not table["excluded_saturation"].any()
    table = build(field, Sources(saturation_cut=SaturationCut(require_all_bands=True)), Gaia(enabled=False))
    assert table["excluded_saturation"].tolist() == [False, False, True, False, False, False, False]
    assert not build(field, gaia=Gaia(inject=False))["injected"].any()
    assert "FLUX_r" in build(field, reference=None)


def test_equal_inputs_give_equal_bytes(field):
    build(field)
    first = [(field[0] / name).read_bytes() for name in ("sources.parquet", "with.csv")]
    build(field)
    assert [(field[0] / name).read_bytes() for name in ("sources.parquet", "with.csv")] == first


def test_proper_motions_of_the_catalogue_are_applied(field):
    table = pd.read_csv(field[0] / "catalog.csv", dtype={"id": str})
    write_csv(field[0] / "moving.csv", table.assign(pmra=0.0, pmdec=[500.0] * 6 + [np.nan]))
    files = {"catalog": field[0] / "moving.csv", "reference": None}
    still = build(field, **files)
    moved = build(field, Sources(catalog_epoch=2006.0), **files)
    # The frames are of MJD 57388.5, epoch 2016.0: 10 yr of 0.5 arcsec/yr are 10 pix of 0.5 arcsec.
    assert np.hypot(moved["x_pix"] - still["x_pix"], moved["y_pix"] - still["y_pix"])[0] == pytest.approx(10, rel=0.02)
    assert moved["x_pix"][6] == still["x_pix"][6]
    np.testing.assert_array_equal(moved["RA"], still["RA"])


def test_nothing_left_to_fit_stops_the_run_with_the_counts(field):
    table = pd.read_csv(field[0] / "catalog.csv", dtype={"id": str})
    write_csv(field[0] / "lost.csv", table.iloc[1:6])
    with pytest.raises(RunError, match=r"none of the 5 sources .*: 4 are outside .*\(1 of them .*, 2 near saturated"):
        build(field, catalog=field[0] / "lost.csv")
    assert not (field[0] / "sources.parquet").exists()


def test_without_a_catalogue_sources_are_detected(field):
    folder, _ = field
    yy, xx = np.mgrid[20:280, 15:380]
    rng = np.random.default_rng(3)
    white = rng.normal(0, 1, yy.shape)
    spots = [(100, 100), (150, 222), (333, 60)]
    for x, y in spots:
        white += 300 * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * 1.7**2))
    write_white(folder / "white.fits", BOX, white, np.ones_like(white))
    table = build(field, Sources(detection=Detection(thresh_sigma=4.0)), catalog=None, reference=None)
    found = sorted(zip(table["x_pix"].round(), table["y_pix"].round(), strict=True))
    assert found == sorted(spots)
    assert table["TYPE"].tolist() == ["STAR"] * 3


def expect(catalog, reference, header, sources, gaia):
    """What the plan expects of these files."""
    sky = Field(equatorial_wcs(header), (header["NAXIS2"], header["NAXIS1"]), BOX, image_epoch(header, None))
    stars = read_reference(reference, ())
    here = place_catalog(read_catalog(catalog), sky, sources.catalog_epoch)
    return expected_positions(here, stars, place_reference(stars, sky), BOX, sources, gaia)


@pytest.mark.parametrize("saturation", [True, False])
@pytest.mark.parametrize("least", [1, 230, 3000])
def test_the_plan_expects_every_source_that_turns_out_active(field, saturation, least):
    folder, frames = field
    sources, gaia = Sources(saturation_cut=SaturationCut(enabled=saturation)), Gaia(min_box_size_pix=least)
    table = build(field, sources, gaia)
    header = read_header(frames["g"])
    expected = expect(folder / "catalog.csv", folder / "gaia.csv", header, sources, gaia)
    active = table.loc[~table["excluded_any"], ["x_pix", "y_pix"]].to_numpy()
    distances = np.hypot(*(active[:, None] - expected[None]).transpose(2, 0, 1))
    assert distances.min(axis=1).max() < 1e-9
    # 3 sources and at most 5 reference stars are within the crop box: the others are never expected.
    assert len(expected) <= 8


def test_the_plan_allows_for_the_box_of_fewer_sources(field):
    """Without the saturated source at x = 199 the box of 120 pix around the other one reaches further to the left."""
    folder, frames = field
    ra, dec = sky_of(read_header(frames["g"]), [120.0, 199.0, 65.0], [150.0, 150.0, 150.0])
    write_csv(folder / "pair.csv", pd.DataFrame({"ID": ["a", "b"], "RA": ra[:2], "DEC": dec[:2]}))
    write_csv(folder / "one.csv", pd.DataFrame({"ra": ra[2:], "dec": dec[2:], "mag_g": 20.0, "mag_r": 20.0}))
    files, gaia = (folder / "pair.csv", folder / "one.csv"), Gaia(min_box_size_pix=120)
    table = build(field, gaia=gaia, catalog=files[0], reference=files[1])
    assert table["excluded_saturation"].tolist() == [False, True, False]
    assert table["injected"].tolist() == [False, False, True]
    expected = expect(*files, read_header(frames["g"]), Sources(), gaia)
    np.testing.assert_allclose(expected[:, 0], [120, 199, 65], atol=1e-4)
