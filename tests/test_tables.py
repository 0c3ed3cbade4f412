"""Tables: nothing that a table holds may change on its way in or out."""

import gzip

import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from swath.errors import InputError
from swath.tables import (
    catalog_positions,
    find_column,
    identifiers,
    numbers,
    read_table,
    write_csv,
    write_parquet,
)

SUFFIXES = {"csv": ".csv", "parquet": ".parquet", "fits": ".fits", "ecsv": ".ecsv"}
LETTERS = st.characters(min_codepoint=32, max_codepoint=126)
ANY_ID = st.text(LETTERS | st.characters(min_codepoint=0xA1, max_codepoint=0x2FF), min_size=1, max_size=12)
# FITS pads texts with blanks and ECSV trims them: outer blanks are not part of their texts. FITS texts are ASCII,
# and a row of an ECSV file that begins with # is a comment.
PLAIN_ID = st.text(LETTERS, min_size=1, max_size=12).filter(lambda text: text == text.strip() and text[0] != "#")
TRICKY = ["007", "1e5", " NA", "nan", "", "None", "1.0", "0x1F", "-", "+5", "1_000", "True", "8647475119820964206"]


def write(path, table, kind):
    if kind == "csv":
        write_csv(path, table)
    elif kind == "parquet":
        write_parquet(path, table)
    else:
        astropy = Table({name: table[name].to_numpy() for name in table})
        for name in (name for name in table if table[name].dtype != np.int64 and table[name].dtype != np.float64):
            astropy[name] = table[name].astype(str).tolist()
        astropy.write(path, format={"fits": "fits", "ecsv": "ascii.ecsv"}[kind], overwrite=True)
    return path


def test_hard_ids_survive_csv_and_parquet_to_the_letter(tmp_path):
    table = pd.DataFrame({"ID": TRICKY, "RA": np.arange(len(TRICKY), dtype=float)})
    for kind in ("csv", "parquet"):
        assert read_table(write(tmp_path / f"t.{kind}", table, kind))["ID"].tolist() == TRICKY


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@given(ids=st.lists(ANY_ID, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_id_survives_csv_and_parquet(tmp_path, kind, ids):
    table = pd.DataFrame({"ID": ids, "RA": np.linspace(0, 1, len(ids))})
    assert read_table(write(tmp_path / f"t.{kind}", table, kind))["ID"].tolist() == ids


@pytest.mark.parametrize("kind", ["fits", "ecsv"])
@given(ids=st.lists(PLAIN_ID, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_id_without_outer_blanks_survives_fits_and_ecsv(tmp_path, kind, ids):
    table = pd.DataFrame({"ID": ids, "RA": np.linspace(0, 1, len(ids))})
    assert read_table(write(tmp_path / f"t.{kind}", table, kind))["ID"].tolist() == ids


@pytest.mark.parametrize("kind", SUFFIXES)
def test_whole_numbers_beyond_2_53_stay_exact(tmp_path, kind):
    values = [2**53 + 1, 8647475119820964206, -(2**63) + 1]
    table = pd.DataFrame({"objid": np.array(values, np.int64), "RA": [1.0, 2.0, 3.0]})
    assert read_table(write(tmp_path / "t", table, kind))["objid"].tolist() == values


@given(values=st.lists(st.floats(allow_infinity=False, width=64), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_floats_come_back_bit_by_bit(tmp_path, values):
    table = pd.DataFrame({"RA": values})
    write_csv(tmp_path / "t.csv", table.assign(ID="a"))
    np.testing.assert_array_equal(numbers(read_table(tmp_path / "t.csv")["RA"]), np.array(values))


def test_missing_values_stay_missing_and_whole_numbers_whole(tmp_path):
    big = 2**60 + 1
    table = Table({"ID": ["a", "b"]})
    table["n"] = MaskedColumn(np.array([big, 5], np.int64), mask=[False, True])
    table["f"] = np.array([np.nan, 0.5], ">f8")
    table["mag"] = np.arange(4.0).reshape(2, 2)
    for kind in ("fits", "ascii.ecsv"):
        table.write(tmp_path / "t", format=kind, overwrite=True)
        found = read_table(tmp_path / "t")
        assert found["n"].iloc[0] == big
        assert found["n"].isna().tolist() == [False, True]
        assert found["f"].isna().tolist() == [True, False]
        assert found["mag_1"].tolist() == [1.0, 3.0]
        assert all(dtype.kind != "V" for dtype in found.dtypes)
    write_csv(tmp_path / "t.csv", found[["ID", "n"]])
    assert (tmp_path / "t.csv").read_text() == f"ID,n\na,{big}\nb,\n"
    assert read_table(tmp_path / "t.csv")["n"].iloc[0] == big


def test_csv_columns_are_what_all_their_texts_say(tmp_path):
    (tmp_path / "t.csv").write_text(
        "ID,whole,gaps,real,name,padded,flag,none,huge\n"
        "1,1,1,1e3,NA,007,True,,99999999999999999999\n"
        "2,-2,,nan,x,008,False,nan,1\n"
    )
    found = read_table(tmp_path / "t.csv")
    expected = ["str", "int64", "Int64", "float64", "str", "str", "bool", "float64", "str"]
    assert [str(dtype) for dtype in found.dtypes] == expected
    assert found["name"].tolist() == ["NA", "x"]
    assert found["padded"].tolist() == ["007", "008"]
    assert found["huge"].iloc[0] == "99999999999999999999"
    np.testing.assert_array_equal(found["real"], [1000.0, np.nan])


def test_bom_carriage_returns_blanks_in_the_header_and_gzip_are_read(tmp_path):
    content = b"\xef\xbb\xbfID, RA ,DEC\r\n007,1,2\r\n"
    (tmp_path / "t.csv").write_bytes(content)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(content))
    for name in ("t.csv", "t.csv.gz"):
        assert read_table(tmp_path / name).to_dict("list") == {"ID": ["007"], "RA": [1], "DEC": [2]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"ID,RA\n", "no rows"),
        (b"ID,RA,RA\n1,2,3\n", "'RA' appears 2 times"),
        (b"ID,RA,\n1,2,3\n", "without a name"),
        (b"ID,RA\n1,2,3\n", "Expected 2 columns, got 3"),
        (b"ID,RA\n\xe9,2\n", "not a readable table"),
        (b"PAR1 no Parquet", "not a readable table"),
        (b"# %ECSV 1.0\n", "not a readable table"),
    ],
)
def test_unusable_files_are_named_with_the_reason(tmp_path, content, words):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_missing_files_and_empty_tables_on_request(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "nothing.csv")
    (tmp_path / "t.csv").write_text("ra,dec\n")
    assert len(read_table(tmp_path / "t.csv", allow_empty=True)) == 0


def test_lists_have_no_place_in_a_flat_table(tmp_path):
    pd.DataFrame({"ID": ["a"], "f": [[1.0, 2.0]]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="column f holds"):
        read_table(tmp_path / "t.parquet")


def test_equal_tables_give_equal_bytes(tmp_path):
    table = pd.DataFrame({"ID": ["007"], "RA": [0.1], "n": pd.array([None], "Int64"), "ok": [True]})
    for kind, writer in (("parquet", write_parquet), ("csv", write_csv)):
        first, second = tmp_path / f"a.{kind}", tmp_path / "deeper" / f"b.{kind}"
        writer(first, table)
        writer(second, table.copy())
        assert first.read_bytes() == second.read_bytes()


def test_parquet_keeps_types(tmp_path):
    table = pd.DataFrame({"b": [True, False], "i": np.array([1, 2], np.int32), "f": [np.nan, 1.0], "s": ["", "x"]})
    write_parquet(tmp_path / "t.parquet", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table)


def test_columns_are_found_in_any_case_but_never_guessed():
    assert find_column(["ra", "Dec"], "DEC") == "Dec"
    assert find_column(["ra", "RA"], "RA") == "RA"
    assert find_column(["x"], "RA") is None
    with pytest.raises(InputError, match="ra, Ra all read as RA"):
        find_column(["ra", "Ra"], "RA")


def test_numbers_name_the_rows_that_are_none():
    with pytest.raises(InputError, match=r"column RA: .* row 2 \(12:30:00\)"):
        numbers(pd.Series(["1.5", "12:30:00", ""], name="RA"))
    np.testing.assert_array_equal(numbers(pd.Series([" 05.5", "--", "-1e1"], name="RA")), [5.5, np.nan, -10.0])


def test_identifiers_in_floating_point_are_accepted_only_while_exact():
    assert identifiers(pd.Series([1.0, np.nan, 3.0])).tolist() == ["1", "", "3"]
    assert identifiers(pd.Series([2**63 - 1, 7])).tolist() == ["9223372036854775807", "7"]
    with pytest.raises(InputError, match=r"column objid: .* row 2"):
        identifiers(pd.Series([1.0, 8.647475119820964e18], name="objid"))


def test_catalog_positions_are_found_whatever_their_case(tmp_path):
    (tmp_path / "t.csv").write_text("name,ra,Dec\na,1,2\nb,,4\n")
    ra, dec = catalog_positions(tmp_path / "t.csv")
    np.testing.assert_array_equal(ra, [1, np.nan])
    np.testing.assert_array_equal(dec, [2, 4])
    (tmp_path / "t.csv").write_text("name,alpha\na,1\n")
    with pytest.raises(InputError, match="found: name, alpha"):
        catalog_positions(tmp_path / "t.csv")
