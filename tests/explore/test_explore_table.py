"""The page's columns: every source and every value is there, to the digit, and what does not fit is named."""

import base64

import numpy as np
import pandas as pd
import pytest
from fake_explore import BANDS, NASTY, build
from swath.explore.derived import chi2_per_pixel, fates, place
from swath.explore.table import encoded, page_table


@pytest.fixture(scope="module")
def table(tile) -> pd.DataFrame:
    return tile.table


@pytest.fixture(scope="module")
def page(table):
    return {column.name: column for column in page_table(table, BANDS, multi_band=True).columns}


def decoded(packed):
    raw = np.frombuffer(base64.b64decode(packed["data"]), packed["type"])
    return [packed["words"][i] for i in raw] if "words" in packed else raw


def test_all_sources_and_columns_are_in_the_page(page, table):
    assert list(page["ID"].values[: len(NASTY)]) == list(NASTY)
    assert all(len(column.values) == len(table) for column in page.values())
    # RA and DEC of the page are the fitted ones; those given go by another name.
    missing = set(table.columns) - set(page)
    assert not missing
    assert {"RA (input)", "DEC (input)"} <= set(page)


def test_whole_numbers_beyond_53_bits_are_texts(page, table):
    assert page["objid"].kind == "text"
    assert list(page["objid"].values) == [str(value) for value in table["objid"]]


def test_numbers_survive_the_encoding(page, table):
    flux = decoded(encoded(page["FLUX_r_fit"]))
    assert flux == pytest.approx(table["FLUX_r_fit"].to_numpy(), rel=1e-7, nan_ok=True)
    assert (decoded(encoded(page["fit_flags"])) == table["fit_flags"]).all()
    given = decoded(encoded(page["my column"]))
    assert np.array_equal(given, table["my column"].to_numpy(), equal_nan=True)
    assert (decoded(encoded(page["injected"])) == table["injected"]).all()
    fitted = table["RA_fit"].notna().to_numpy()
    assert np.array_equal(decoded(encoded(page["RA"]))[fitted], table["RA_fit"].to_numpy()[fitted])


def test_texts_that_repeat_are_words_and_come_back(page):
    packed = encoded(page["status"])
    assert len(packed["words"]) == 3
    assert decoded(packed) == list(page["status"].values)
    assert encoded(page["ID"])["texts"] == list(page["ID"].values)


def test_sources_without_a_fit_say_why(table):
    kind, status, reason = fates(table, [""])
    assert (kind[6], status[6], reason[6]) == ("not fitted", "excluded", "crop")
    assert (kind[13], status[13], reason[13]) == ("not fitted", "failed", "<i>singular</i>")
    assert (kind[1], status[1], reason[1]) == ("exp", "fitted", "")


def test_positions_fall_back_on_those_given(table, tile):
    x = place(table, "x_pix", [""])
    assert x[1] == tile.x[1]
    assert x[6] == pytest.approx(tile.x[6] + 0.3)


def test_bands_fitted_alone_are_at_their_median_position():
    table = pd.DataFrame(
        {"x_pix": [1.0, 2.0], **{f"x_pix_{band}_fit": [10.0 + i, np.nan] for i, band in enumerate("abc")}}
    )
    assert list(place(table, "x_pix", ["_a", "_b", "_c"])) == [11.0, 2.0]


def test_chi2_per_pixel_counts_only_bands_that_were_seen():
    table = pd.DataFrame(
        {"CHI2_a": [10.0, 10.0, np.nan], "NPIX_a": [10, 10, 0], "CHI2_b": [30.0, np.nan, np.nan], "NPIX_b": [10, 0, 0]}
    )
    assert chi2_per_pixel(table, ["a", "b"]) == pytest.approx([2.0, 1.0, np.nan], nan_ok=True)


def test_a_page_that_would_be_too_large_leaves_columns_out_and_says_which(table):
    whole = page_table(table, BANDS, multi_band=True)
    small = page_table(table, BANDS, multi_band=True, most=20_000)
    assert not whole.left_out
    kept = [column.name for column in small.columns]
    assert set(small.left_out) | set(kept) >= {column.name for column in whole.columns} - {"RA (input)", "DEC (input)"}
    assert {"ID", "type", "flags", "RA", "x", "fit_flags"} <= set(kept)
    assert small.left_out


def test_single_band_catalogues_have_a_page_table(tmp_path):
    table = build(tmp_path, 10, 100, ("g", "r"), multi_band=False).table
    names = {column.name for column in page_table(table, ("g", "r"), multi_band=False).columns}
    assert {"RA_g_fit", "RA_r_fit", "Re_g_fit", "type", "x"} <= names
