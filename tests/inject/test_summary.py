"""Completeness, bias and pulls of synthetic catalogues whose errors are known."""

import numpy as np
import pandas as pd
import pytest
from swath.config.inject import Inject
from swath.errors import InputError, RunError
from swath.files import write_json
from swath.flags import FIT
from swath.inject import columns
from swath.inject.bins import binned, judged, magnitude_edges, share
from swath.inject.match import beside, recovered, with_snr
from swath.inject.verdict import band_bounds, complete_to
from swath.inject.words import closing, missed, sentence, tell

SETTINGS = Inject()
COUNT = 6000


def truth(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    kinds = np.where(rng.uniform(size=COUNT) < 0.5, "STAR", "EXP")
    star = kinds == "STAR"
    columns = {
        "ID": [f"INJ01_{i}_0" for i in range(COUNT)],
        "TYPE": kinds,
        "x": rng.uniform(0, 1000, COUNT),
        "y": rng.uniform(0, 1000, COUNT),
        "Re": np.where(star, np.nan, rng.uniform(1, 4, COUNT)),
        "ELL": np.where(star, np.nan, rng.uniform(0, 0.6, COUNT)),
        "phi": 0.0,
        "nearest_pix": 30.0,
        "MAG_r": rng.uniform(18, 24, COUNT),
    }
    return pd.DataFrame(columns).assign(FLUX_r=lambda table: 10 ** (0.4 * (25 - table["MAG_r"])))


def fitted(true: pd.DataFrame, bias: float = 0.0, width: float = 1.0, factor: float = 1.0) -> pd.DataFrame:
    """A catalogue with errors of 1 + a thousandth of the flux, off by `bias` of them, scattered by `width` of them."""
    rng = np.random.default_rng(2)
    error = 1 + 1e-3 * true["FLUX_r"]
    flux = true["FLUX_r"] + error * (bias + width * rng.normal(size=len(true)))
    columns = {"ID": true["ID"], "FLUX_r_fit": flux, "FLUXERR_r_fit": error, "NOISE_FACTOR_r": factor, "fit_flags": 0}
    return pd.DataFrame(columns).sample(frac=1, random_state=4)  # rows in any order


def table(**changes: float) -> pd.DataFrame:
    true = truth()
    return with_snr(beside(true, fitted(true, **changes), ["r"], 1), ["r"]).assign(detected=True)


def test_rows_meet_their_truth_whatever_their_order():
    found = table()
    assert list(found["ID"]) == list(truth()["ID"])
    assert np.abs(found["flux_r"] - found["true_r"]).max() < 6 * found["err_r"].max()


def test_a_lost_source_is_said():
    true = truth()
    with pytest.raises(InputError, match="lacks 2 of the added sources"):
        beside(true, fitted(true.drop(index=[3, 7])), ["r"], 1)


def test_signal_to_noise_is_the_truths():
    found = table()
    assert np.median(found["snr_r"] / (found["true_r"] / found["err_r"])) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("bias", "width"), [(0.0, 1.0), (0.3, 1.0), (-0.2, 1.4)])
def test_pulls_are_those_that_were_put_in(bias, width):
    bounds = band_bounds(table(bias=bias, width=width), ["r"], SETTINGS)
    # 3 standard errors of 4,000 fluxes: 0.06 w of the median, 0.055 w of the robust sd.
    assert bounds[0].value == pytest.approx(bias, abs=0.06 * width)
    assert bounds[1].value == pytest.approx(width, abs=0.055 * width)
    assert bounds[0].passed == (abs(bias) < 0.1)
    assert bounds[1].passed == (width == 1)
    assert bounds[0].sources > 3500


def test_bins_hold_all_sources_and_their_numbers():
    rows = binned(table(bias=0.2, factor=1.5), ["r"], SETTINGS, {"r": 1.2})
    every = rows[rows["type"] == "all"]
    assert every["injected"].sum() == COUNT
    assert len(every) == 6
    assert list(every["mag_min"][1:]) == list(every["mag_max"][:-1])
    parts = rows[rows["type"] != "all"].groupby("mag_min")["injected"].sum()
    assert list(parts) == list(every["injected"])
    bright = every.iloc[0]
    # 1000 sources: the median within 3 x 1.25 / sqrt(1000) of the truth.
    assert bright["pull_median"] == pytest.approx(0.2, abs=0.12)
    assert bright["bias"] == pytest.approx(0.2 * 100 * (1e-3 + 1 / 398), rel=0.7)
    assert bright["noise_factor"] == 1.5
    assert bright["pull_sd_corrected"] == pytest.approx(bright["pull_sd"] * 1.5 / 1.2)
    assert every.iloc[-1]["fluxes"] == pytest.approx(250, abs=60)  # S/N is 5 at 23.25 mag: a quarter of the bin
    few = binned(table(), ["r"], Inject(min_snr=30), {"r": 1.0})
    assert np.isnan(few[few["type"] == "all"].iloc[-1]["pull_sd"])


def test_recovered_are_usable_bright_and_right():
    found = table()
    good = recovered(found, "r", 5.0, 5.0)
    bright = (found["true_r"] > 10 * found["err_r"]).to_numpy()
    assert good[bright].all()
    assert not good[(found["true_r"] < found["err_r"]).to_numpy()].any()
    flagged = found.assign(usable=False)
    assert not recovered(flagged, "r", 5.0, 5.0).any()
    wrong = found.assign(flux_r=found["true_r"] + 6 * found["err_r"])
    assert not recovered(wrong, "r", 5.0, 5.0).any()


def test_flags_that_spoil_a_flux_make_it_unusable():
    true = truth()
    catalog = fitted(true).set_index("ID")
    flags = [FIT["NOT_CONVERGED"], FIT["SATURATED"] | FIT["BLENDED"], FIT["BLENDED"] | FIT["POOR_FIT"], 0]
    catalog.loc[true["ID"][:4], "fit_flags"] = flags
    found = beside(true, catalog.reset_index(), ["r"], 1)
    assert list(found["usable"][:4]) == [False, False, True, True]
    assert len(judged(with_snr(found, ["r"]).head(4), "r", 0.0)) == 2


def test_completeness_in_magnitudes_is_between_the_bins():
    rows = pd.DataFrame(
        {"band": "r", "type": "all", "mag_min": [20.0, 21.0, 22.0], "mag_max": [21.0, 22.0, 23.0],
         "recovered": [1.0, 0.95, 0.45]}
    )  # fmt: skip
    assert complete_to(rows, "r") == pytest.approx(21.6)
    assert complete_to(rows.head(2), "r") is None


def test_edges_divide_the_range_evenly():
    assert magnitude_edges(18.001, 23.999, 1.0) == pytest.approx(np.linspace(18.001, 23.999, 7))
    assert len(magnitude_edges(20.0, 20.0, 1.0)) == 2


def test_shares_of_none_and_all_have_an_error():
    assert share(0, 100)[0] == 0
    assert share(0, 100)[1] > 0
    assert share(50, 100) == pytest.approx((0.5, 0.05), rel=0.01)


def test_the_documented_columns_are_those_of_the_tables():
    true = truth()
    found = with_snr(beside(true, fitted(true), ["r"], 1).assign(detected=True), ["r"])
    assert [column.name for column in columns.sources(["r"])] == list(found)
    rows = binned(found, ["r"], SETTINGS, {"r": 1.2})
    assert [column.name for column in columns.SUMMARY] == list(rows)


BOUND = {"unit": "", "error": 0.06, "sources": 500, "fewest": 1, "passed": False}
WIDE = BOUND | {"bound": "flux pulls: robust sd", "of": "u", "value": 1.31, "low": 0.82, "high": 1.18}
OFF = BOUND | {"bound": "flux pulls: median", "of": "u", "value": -0.25, "low": -0.18, "high": 0.18}
BINS = pd.DataFrame(
    {"band": "u", "type": ["all", "all", "all", "star"], "mag_min": [18, 19, 20, 18], "mag_max": [19, 20, 21, 19],
     "pull_sd": [1.5, 1.1, np.nan, 9], "pull_sd_err": [0.1, 0.1, np.nan, 0.1], "pull_median": [0, -0.4, np.nan, 9],
     "pull_median_err": [0.1, 0.1, np.nan, 0.1]}
)  # fmt: skip


def test_the_verdict_in_words():
    text = sentence([WIDE, OFF, BOUND | {"passed": True, "of": "g"}], {"u": 22.304, "g": None}, 700)
    assert "2 of 3 bounds missed (u)" in text
    assert "u 22.30, g -" in text
    assert "keep all bounds" in sentence([], {}, 700)


@pytest.mark.parametrize(
    ("measured", "applied", "said"),
    [
        (1.2, 1.0, "would be 1.092, within what"),
        (1.05, 1.0, "would be 1.248, not within what"),
        (1.2, 1.2, "in the errors already"),
        (None, 1.0, "too little empty sky"),
    ],
)
def test_a_scatter_is_told_with_its_error_its_place_and_what_empty_sky_explains(measured, applied, said):
    (text,) = missed([WIDE, WIDE | {"passed": True}], BINS, {"u": measured}, {"u": applied})
    assert "too small, pulls scatter by 1.310 ± 0.060, allowed 0.820 to 1.180" in text
    assert said in text
    assert "furthest off at 18.0 to 19.0 mag: 1.50 ± 0.10" in text
    (text,) = missed([WIDE | {"value": 0.7}], BINS, {"u": measured}, {"u": applied})
    assert "errors look too large" in text


def test_a_bias_and_a_band_without_fluxes_are_told():
    empty = WIDE | {"value": None, "error": None}
    bias, nothing = missed([OFF, empty], BINS, {"u": 1.0}, {"u": 1.0})
    assert "off by -0.250 ± 0.060 of their errors, allowed -0.180 to 0.180" in bias
    assert "furthest off at 19.0 to 20.0 mag: -0.40 ± 0.10" in bias
    assert "no usable flux" in nothing
    assert "no bin" in missed([OFF], BINS.tail(1), {"u": 1.0}, {"u": 1.0})[0]


@pytest.fixture
def verdict(tmp_path):
    def write(**changes: object) -> str:
        found = {"passed": True, "sentence": "700 sources added", "missed": [], "untested": [], "bounds": [WIDE]}
        write_json(tmp_path / "verdict.json", found | changes)
        return str(tmp_path / "verdict.json")

    return write


def test_bands_that_were_added_later_are_named_once(verdict):
    told = closing(verdict(untested=["y", "z"]), "summary.csv", "inject.png").splitlines()
    assert told[-3:] == [
        "not tested, because added later (inputs.added_images): y, z", "table: summary.csv", "figure: inject.png",
    ]  # fmt: skip
    assert "not tested" not in closing(verdict(), "summary.csv", "inject.png")
    assert "where to look" not in closing(verdict(), "summary.csv", "inject.png")


def test_a_missed_bound_is_an_error_with_its_sentence_and_where_to_look(verdict, capsys):
    tell(verdict(), "summary.csv", "inject.png")
    assert capsys.readouterr().out == ""
    with pytest.raises(RunError) as error:
        tell(verdict(passed=False, missed=["u: errors look too small"], untested=["z"]), "summary.csv", "inject.png")
    assert "inject: 1 of 1 bounds missed; table: summary.csv; figure: inject.png" in str(error.value)
    assert str(error.value).count("  - ") == 3
    assert "u: errors look too small" in str(error.value)
    assert "where to look next" in str(error.value)
    assert "MISSED" in capsys.readouterr().out
