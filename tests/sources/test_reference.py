"""The table of reference stars."""

import numpy as np
import pytest
from swath.errors import InputError
from swath.sources.positions import Field, equatorial_wcs
from swath.sources.reference import bright_enough, place_reference, read_reference

from .synthetic import make_header


def write(path, text):
    path.write_text(text)
    return path


def test_columns_in_any_case_and_exact_identifiers(tmp_path):
    path = write(tmp_path / "g.csv", "SOURCE_ID,Ra,DEC,Mag_G,phot_G_mean_mag\n8647475119820964206,1,2,18.5,17\n")
    table = read_reference(path, ["g"])
    assert table["source_id"].tolist() == ["8647475119820964206"]
    assert table[["ra", "dec", "mag_g", "phot_g_mean_mag"]].iloc[0].tolist() == [1, 2, 18.5, 17]


def test_bands_that_differ_by_case_only_are_kept_apart(tmp_path):
    table = read_reference(write(tmp_path / "g.csv", "ra,dec,mag_g,mag_G\n1,2,18,17\n"), ["g", "G"])
    assert table[["mag_g", "mag_G"]].iloc[0].tolist() == [18, 17]


def test_row_numbers_serve_where_there_are_no_identifiers(tmp_path):
    table = read_reference(write(tmp_path / "g.csv", "ra,dec,mag_g\n1,2,3\n4,5,6\n"), ["g"])
    assert table["source_id"].tolist() == ["row1", "row2"]


def test_the_g_cut_and_its_absence(tmp_path, caplog):
    caplog.set_level("INFO")
    table = read_reference(
        write(tmp_path / "a.csv", "ra,dec,mag_g,phot_g_mean_mag\n1,2,3,8\n1,3,3,18.1\n1,4,3,\n"), ["g"]
    )
    assert bright_enough(table, 8, 18).tolist() == [True, False, False]
    table = read_reference(write(tmp_path / "b.csv", "ra,dec,mag_g\n1,2,99\n"), ["g"])
    assert bright_enough(table, 8, 18).tolist() == [True]
    assert "no phot_g_mean_mag" in caplog.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ra,decl,mag_g\n1,2,3\n", "no column dec"),
        ("ra,dec,mag_r\n1,2,3\n", r"no column mag_<band> of any band \(g\)"),
        ("ra,dec,mag_g\n1,2,bright\n", r"column mag_g: .* row 1 \(bright\)"),
        ("ra,dec,mag_g\n1,95,3\n", "column dec: expected -90 to 90"),
        ("source_id,ra,dec,mag_g\n1,2,3,4\n1,5,6,7\n", r"repeated in row 2 \(1\)"),
        ("source_id,ra,dec,mag_g\n,2,3,4\n", "source_id: empty in row 1"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as caught:
        read_reference(write(tmp_path / "g.csv", text), ["g"])
    assert "g.csv" in str(caught.value)


def test_marks_for_unknown_are_no_magnitudes(tmp_path, caplog):
    text = "ra,dec,mag_g\n1,2,99\n1,3,-999\n1,4,1e300\n1,5,18.5\n1,6,inf\n1,7,\n"
    table = read_reference(write(tmp_path / "g.csv", text), ["g"])
    assert table["mag_g"].fillna(-1).tolist() == [-1, -1, -1, 18.5, -1, -1]
    assert "column mag_g: 4 magnitudes outside -5 to 40 count as not known: row" in caplog.text


def test_a_field_without_reference_stars_is_possible(tmp_path):
    assert len(read_reference(write(tmp_path / "g.csv", "ra,dec,mag_g\n"), ["g"])) == 0


def test_gaia_stars_move_from_2016_to_the_images(tmp_path):
    header = make_header(ra=150.0, dec=0.0)
    field = Field(equatorial_wcs(header), (300, 400), (0, 400, 0, 300), 2026.0)
    path = write(tmp_path / "g.csv", "ra,dec,mag_g,pmra,pmdec\n150,0,3,1000,0\n150,0,3,,\n")
    here = place_reference(read_reference(path, ["g"]), field)
    # 1 arcsec/yr for 10 yr are 20 pixels of 0.5 arcsec, East is towards -x.
    np.testing.assert_allclose(here.x, [199 - 20, 199], atol=1e-4)
    np.testing.assert_allclose(here.y, 149, atol=1e-3)
