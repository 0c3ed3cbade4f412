"""Completeness, bias and pulls of synthetic catalogues whose errors are known."""

import numpy as np
import pandas as pd
import pytest
from swath.config.inject import Inject
from swath.errors import InputError
from swath.flags import FIT
from swath.inject.bins import binned, judged, magnitude_edges, share
from swath.inject.match import beside, recovered, with_snr
from swath.inject.verdict import band_bounds, complete_to, sentence

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


def test_the_verdict_in_words():
    rows = [{"bound": "flux pulls: robust sd", "of": "u", "value": 1.31, "passed": False}]
    text = sentence(rows, {"u": 22.304, "g": None}, 700)
    assert "u (errors should be 1.31 times as large)" in text
    assert "u 22.30, g -" in text
    assert "hold in every band" in sentence([], {}, 700)
