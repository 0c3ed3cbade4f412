"""The input catalogue."""

import numpy as np
import pandas as pd
import pytest
from swath.errors import InputError
from swath.sources.catalog import check_catalog, read_catalog


def catalog(**columns):
    return check_catalog(pd.DataFrame({"ID": ["a", "b"], "RA": [1.0, 2.0], "DEC": [3.0, 4.0]} | columns))


def test_names_in_any_case_get_their_spelling(tmp_path):
    (tmp_path / "c.csv").write_text("id,Ra,dec,type,ell,Theta,RE,FLUX_g,note\n007,1,2,star,.1,3,4,5,x\n")
    table = read_catalog(tmp_path / "c.csv")
    assert list(table) == ["ID", "RA", "DEC", "TYPE", "ELL", "THETA", "Re", "FLUX_g", "note"]
    assert table["ID"].tolist() == ["007"]
    assert table["RA"].dtype == table["FLUX_g"].dtype == np.float64


def test_without_ra_or_dec_the_columns_found_are_named(tmp_path):
    (tmp_path / "c.csv").write_text("ID,alpha,delta\n1,2,3\n")
    with pytest.raises(InputError, match=r"no column RA and no column DEC \(found: ID, alpha, delta\)") as caught:
        read_catalog(tmp_path / "c.csv")
    assert "c.csv" in str(caught.value)


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InputError) as caught:
        catalog(ID=["x", "x"], ELL=["a", "0.1"], FLUX_g=["1", "b"])
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["column ELL", "column FLUX_g", "column ID"]


def test_repeated_ids_are_listed_with_their_rows():
    with pytest.raises(InputError, match=r"'x' in rows 1, 2"):
        catalog(ID=["x", "x"])


def test_made_ids_where_there_are_none(caplog):
    caplog.set_level("INFO")
    assert catalog(ID=["", "b"])["ID"].tolist() == ["S000001", "b"]
    table = check_catalog(pd.DataFrame({"RA": [1.0, 2.0], "DEC": [3.0, 4.0]}))
    assert list(table) == ["ID", "RA", "DEC"]
    assert table["ID"].tolist() == ["S000001", "S000002"]
    assert "2 of 2 catalogue rows have no ID" in caplog.text


def test_whole_number_ids_keep_every_digit():
    big = np.array([8647475119820964206, 8647475119820964207], np.int64)
    assert catalog(ID=big)["ID"].tolist() == ["8647475119820964206", "8647475119820964207"]
    with pytest.raises(InputError, match=r"column ID: .*every digit"):
        catalog(ID=big.astype(float))


def test_coordinates_that_are_unknown_stay_and_impossible_ones_are_refused():
    assert np.isnan(catalog(RA=[np.nan, 2.0])["RA"].iloc[0])
    assert catalog(RA=[-10.0, 360.0])["RA"].tolist() == [-10, 360]
    with pytest.raises(InputError) as caught:
        catalog(RA=[361.0, 2.0], DEC=[3.0, -90.5])
    assert "column RA: expected -360 to 360 deg, found row 1 (361.0)" in caught.value.problems[0]
    assert "row 2 (-90.5)" in caught.value.problems[1]


def test_sexagesimal_coordinates_are_named_as_no_numbers():
    with pytest.raises(InputError, match=r"column RA: expected plain numbers, found row 1 \(10:00:00\)"):
        catalog(RA=["10:00:00", "2"])


def test_columns_that_swath_writes_are_kept_under_another_name(caplog):
    table = pd.DataFrame({"ID": ["a"], "RA": [1.0], "DEC": [2.0], "x_pix": [9], "x_pix_input": [8], "RA_fit": [7]})
    found = check_catalog(table, reserved=("RA_fit",))
    assert list(found) == ["ID", "RA", "DEC", "x_pix_input_input", "x_pix_input", "RA_fit_input"]
    assert found["x_pix_input_input"].tolist() == [9]
    assert "RA_fit as RA_fit_input" in caplog.text
