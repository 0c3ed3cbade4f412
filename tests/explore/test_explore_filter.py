"""The filter: it finds what pandas finds, and a wrong expression says what is wrong with it."""

import numpy as np
import pytest

READY = "document.body.dataset.ready"


@pytest.fixture(scope="module")
def opened(chromium, tile):
    """The browser with the tile's page open, once for all filters."""
    chromium.open(tile.page, READY)
    return chromium


@pytest.fixture
def page(opened):
    """The page without a filter."""
    opened.write("#filter", "")
    opened.keys("Enter")
    assert opened.text("#count") == "60 of 60 sources"
    return opened


FILTERS = {
    "MAG_r < 20 and chi2_r > 3": lambda t: (t["MAG_r_fit"] < 20) & (t["CHI2_r"] / t["NPIX_r"] > 3),
    "TYPE = STAR": lambda t: t["TYPE"] == "STAR",
    "type = star or type = dev": lambda t: t["stype_fit"].isin(["star", "dev"]),
    "flag POOR_FIT": lambda t: t["fit_flags"] & 262144 > 0,
    "not flag poor_fit and not flag BLENDED": lambda t: t["fit_flags"] & (262144 | 4096) == 0,
    "18 < MAG_r <= 20.5": lambda t: (t["MAG_r_fit"] > 18) & (t["MAG_r_fit"] <= 20.5),
    "MAG_u - MAG_z > 0.5": lambda t: t["MAG_u_fit"] - t["MAG_z_fit"] > 0.5,
    "mag_g_fit<18": lambda t: t["MAG_g_fit"] < 18,
    "MAG_r = nan": lambda t: t["MAG_r_fit"].isna(),
    "not (MAG_r < 20)": lambda t: ~(t["MAG_r_fit"] < 20),
    "injected and SNR_r > 50": lambda t: t["injected"] & (t["FLUX_r_fit"] / t["FLUXERR_r_fit"] > 50),
    "injected": lambda t: t["injected"],
    "ID = 8647475119820964043": lambda t: t["ID"] == "8647475119820964043",
    "objid = 8647475119820964050": lambda t: t["objid"] == 8647475119820964050,
    "`my column` > 2 * (1 + 0.5) - abs(-1)": lambda t: t["my column"] > 2,
    "my column >= 2": lambda t: t["my column"] >= 2,
    "s0001": lambda t: t["ID"].str.contains("S0001"),
    "größe": lambda t: t["ID"].str.contains("Größe"),
    'status != "fitted"': lambda t: t["x_pix_fit"].isna(),
    "TYPE ~ b": lambda t: t["TYPE"] == "<b>",
    'TYPE = "<b>" && chi2 < 3 || ID ~ 8647': lambda t: (
        (t["TYPE"] == "<b>") & (t["CHI2_r"] / t["NPIX_r"] < 3) | t["ID"].str.contains("8647")
    ),
    "flag POOR_FIT & (type = star | chi2 < 2)": lambda t: (
        (t["fit_flags"] & 262144 > 0) & ((t["stype_fit"] == "star") | (t["CHI2_r"] / t["NPIX_r"] < 2))
    ),
    "nothing has this name": lambda t: t["injected"] & False,
    "": lambda t: t["injected"] | True,
}


@pytest.mark.parametrize("text", FILTERS)
def test_filters_find_what_pandas_finds(page, tile, text):
    page.write("#filter", text)
    page.keys("Enter")
    assert page.text("#message") == ""
    wanted = np.flatnonzero(FILTERS[text](tile.table))
    assert page.text("#count") == f"{len(wanted)} of 60 sources"
    assert page.js("return [...swath.page.tableView.data.index]") == wanted.tolist()


MISTAKES = {
    "MAGr < 20": "no column “MAGr”",
    "MAG_q < 20": "did you mean MAG_",
    "flag POORFIT": "did you mean POOR_FIT?",
    "MAG_r <": "something is missing after <",
    "(MAG_r < 20": "a closing bracket ) is missing",
    "MAG_r < 20)": "never opened",
    "TYPE < 3": "TYPE is text",
    "MAG_r ~ 3": "MAG_r_fit is a number",
    "MAG_r < 20 and": "ends too early",
    "and MAG_r < 20": "a condition is missing before “and”",
    "MAG_r and TYPE = STAR": "compare it",
    "ID = 'abc": "not closed",
    "MAG_r < bright": "no column “bright”",
    "status = not converged": "quotes",
    "Chi2_R > 2": "could be",
    "MAG_r < 20 # good": "has no meaning",
    "injected > 2": "true or false",
    "flag NOSUCH": "no flag “NOSUCH”",
    "type star": "did you mean type = star?",
    "status fitted": "did you mean status = fitted?",
    "status is not fitted": "did you mean status =",
    "MAG_r above 21.5": "did you mean MAG_r > 21.5?",
    "my column 3": "did you mean my column < 3?",
    "poor_fit": "did you mean flag POOR_FIT?",
    "not poor_fit": "did you mean not flag POOR_FIT?",
    "star": "did you mean type = star?",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_wrong_expression_says_what_is_wrong_and_changes_nothing(page, text):
    page.write("#filter", "flag POOR_FIT")
    page.keys("Enter")
    before = page.text("#count")
    page.write("#filter", text)
    page.keys("Enter")
    assert MISTAKES[text] in page.text("#message")
    assert page.text("#message").endswith("still shown: flag POOR_FIT")
    assert page.text("#count") == before
    assert page.js("return document.getElementById('filter').getAttribute('aria-invalid')") == "true"
    assert page.messages() == []


STARTING = {
    "FLUX_u < 0": "FLUX_u is the starting flux; the fitted one is FLUX_u_fit",
    "flag POOR_FIT and flux_u > 3": "FLUX_u is the starting flux; the fitted one is FLUX_u_fit",
    "FLUX_u > FLUX_u_fit": "FLUX_u is the starting flux; the fitted one is FLUX_u_fit",
    "FLUX_u_fit > 3": "",
    "MAG_r < 20": "",
    "RA > 10": "",
    "FLUX_u <": "",
    "FLUX_u = nan and x_pix > 3": "FLUX_u is the starting flux; the fitted one is FLUX_u_fit\n"
    "x_pix is the starting x in the full image; the fitted one is x_pix_fit",
}


@pytest.mark.parametrize("text", STARTING)
def test_a_name_that_a_fitted_column_has_too_is_pointed_at(page, text):
    """It is only said: the filter means what it says, as the tests against pandas above have it."""
    page.write("#filter", text)
    page.keys("Enter")
    assert page.text("#hint") == STARTING[text]
    page.write("#filter", "")
    page.keys("Enter")
    assert page.text("#hint") == ""
