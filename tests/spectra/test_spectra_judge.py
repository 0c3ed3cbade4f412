"""Classes of measurements, against what the rules say by hand."""

import fake_photometry
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.config.lightcurve import BAD_FLAGS, LightCurve
from swath.spectra.judge import CLASSES, flag_names, judge, sound
from swath.spherex.maskbits import DOCUMENTED

NAN = float("nan")


def judged(settings=None, **columns):
    table = fake_photometry.photometry(1, **columns)
    return judge(table, settings or LightCurve(), DOCUMENTED).iloc[0]


@pytest.mark.parametrize(
    ("flux", "error", "kind", "reason", "limit"),
    [
        (500.0, 100.0, "good", "", NAN),
        (499.0, 100.0, "rejected", "S/N 4.99 below 5", NAN),
        (300.0, 100.0, "rejected", "S/N 3.00 below 5", NAN),
        (299.0, 100.0, "upper_limit", "S/N 2.99 below 3", 599.0),
        (0.0, 100.0, "upper_limit", "S/N 0.00 below 3", 300.0),
        (-200.0, 100.0, "upper_limit", "S/N -2.00 below 3", 300.0),
        (-9000.0, 100.0, "upper_limit", "S/N -90.00 below 3", 300.0),
        (NAN, 100.0, "rejected", "flux or its error is not a number", NAN),
        (500.0, NAN, "rejected", "flux or its error is not a number", NAN),
        (500.0, 0.0, "rejected", "flux or its error is not a number", NAN),
        (500.0, np.inf, "rejected", "flux or its error is not a number", NAN),
    ],
)
def test_class_by_signal_to_noise(flux, error, kind, reason, limit):
    row = judged(flux=flux, flux_err=error)
    assert (row["class"], row["class_reason"]) == (kind, reason)
    np.testing.assert_equal(row["upper_limit"], limit)


def test_thresholds_act():
    assert judged(LightCurve(sigma_threshold=7.0), flux=600.0, flux_err=100.0)["class"] == "rejected"
    assert judged(LightCurve(sigma_threshold=2.0), flux=250.0, flux_err=100.0)["class"] == "good"
    row = judged(LightCurve(upper_limit_sigma=4.0), flux=350.0, flux_err=100.0)
    assert (row["class"], row["upper_limit"]) == ("upper_limit", 750.0)


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_every_bad_flag_of_the_default_rejects_by_name(name):
    row = judged(flags=1 << 21 | 1 << DOCUMENTED[name])
    assert (row["class"], row["class_reason"]) == ("rejected", name)


@pytest.mark.parametrize("name", sorted(set(DOCUMENTED) - set(BAD_FLAGS)))
def test_no_other_flag_rejects_and_the_source_never(name):
    assert judged(flags=1 << DOCUMENTED[name])["class"] == "good"


def test_bad_flags_are_the_users_to_choose_by_name_or_bit():
    settings = LightCurve(bad_flags=("HALO", 5, "20"))
    for bit in (28, 5, 20):
        assert judged(settings, flags=1 << bit)["class"] == "rejected"
    assert judged(settings, flags=1 << DOCUMENTED["HOT"])["class"] == "good"
    assert judged(LightCurve(bad_flags=()), flags=(1 << 30) - 1)["class"] == "good"


def test_an_exposure_without_a_measurement_says_which_status():
    table = fake_photometry.lost(fake_photometry.photometry(3), [1], "off_image", "outside")
    rows = judge(table, LightCurve(), DOCUMENTED)
    assert rows["class"].tolist() == ["good", "rejected", "good"]
    assert rows["class_reason"][1] == "off_image"


def test_a_flux_with_another_status_than_ok_is_not_believed():
    assert judged(status="error")["class"] == "rejected"


def test_an_outlier_is_rejected_and_flagged_ones_are_no_witnesses():
    table = fake_photometry.photometry(8, noise=0)
    table["band"], table["bandwidth"], table["flux"] = "D2", 0.03, 1000.0
    table["wavelength"] = 1.2 + 0.001 * np.arange(8)
    table.loc[3, "flux"] = 2000.0
    rows = judge(table, LightCurve(), DOCUMENTED)
    assert rows["class"].tolist() == ["good"] * 3 + ["rejected"] + ["good"] * 4
    assert rows["class_reason"][3] == "200.0 sigma off its neighbours"
    assert (judge(table, LightCurve(sigma_clip_sigma=None), DOCUMENTED)["class"] == "good").all()
    table.loc[[0, 1, 2], "flags"] = 1 << DOCUMENTED["HOT"]
    assert judge(table, LightCurve(), DOCUMENTED)["class"][3] == "good"  # four neighbours are left, one too few


@given(
    snr=st.lists(st.one_of(st.floats(-20, 60), st.just(NAN)), min_size=1, max_size=40),
    flags=st.integers(0, 2**30 - 1),
    seed=st.integers(0, 99),
)
def test_every_measurement_has_one_class_and_all_but_good_ones_a_reason(snr, flags, seed):
    table = fake_photometry.photometry(len(snr), seed)
    table["flux"] = table["flux_err"] * np.array(snr)
    table.loc[: len(snr) // 2, "flags"] = flags
    rows = judge(table, LightCurve(), DOCUMENTED)
    assert set(rows["class"]) <= set(CLASSES)
    assert ((rows["class_reason"] == "") == (rows["class"] == "good")).all()
    assert (np.isfinite(rows["upper_limit"]) == (rows["class"] == "upper_limit")).all()
    limits = rows["class"] == "upper_limit"
    assert (rows["upper_limit"][limits] >= 3 * table["flux_err"][limits]).all()
    assert (rows["class"][np.isnan(snr)] == "rejected").all()
    assert sound(rows)[(rows["class"] != "rejected").to_numpy()].all()
    assert not sound(rows)[np.isnan(snr)].any()


def test_names_of_flags_lowest_bit_first_and_numbers_for_those_without():
    assert flag_names([0, 1 << 21 | 1 << 10, 1 << 31], DOCUMENTED) == ["", "HOT SOURCE", "BIT31"]
