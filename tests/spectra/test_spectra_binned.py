"""The averaged spectrum: by hand, complete, unbiased, with errors that hold."""

import fake_photometry
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swath.config.aperture import Aperture
from swath.config.lightcurve import LightCurve
from swath.spectra.binned import BANDS, binned_spectrum
from swath.spectra.table import light_curve
from swath.spherex.maskbits import DOCUMENTED

UNCLIPPED = LightCurve(sigma_clip_sigma=None)


def curve(table):
    return light_curve(table, "star-0a1b2c3d", UNCLIPPED, Aperture(), DOCUMENTED)


def two(**columns):
    """Two measurements of one bin: 100 +- 10 at 4.00 um and 160 +- 20 at 4.01 um."""
    values = {"band": "D5", "wavelength": [4.0, 4.01], "flux": [100.0, 160.0], "flux_err": [10.0, 20.0]}
    return fake_photometry.photometry(2, **(values | columns))


def test_weights_mean_and_errors_by_hand():
    """Weights 1/100 and 1/400: mean 112, formal error 1/sqrt(0.0125) = 8.944; chi2 = 1.44 + 5.76 of one freedom."""
    table = binned_spectrum(curve(two()), 1)
    row = table.iloc[0]
    assert len(table) == 1
    assert row["flux"] == pytest.approx(112.0)
    assert row["wavelength"] == pytest.approx(4.002)
    assert row["flux_error_formal"] == pytest.approx(np.sqrt(80))
    assert row["chi2_reduced"] == pytest.approx(7.2)
    assert row["flux_error"] == pytest.approx(np.sqrt(80 * 7.2))
    assert row["snr"] == pytest.approx(112 / np.sqrt(576))
    assert (row["measurements"], row["left_out"]) == (2, 0)


def test_less_scatter_than_the_errors_makes_no_error_smaller():
    row = binned_spectrum(curve(two(flux=[100.0, 101.0])), 1).iloc[0]
    assert row["chi2_reduced"] < 1
    assert row["flux_error"] == row["flux_error_formal"] == pytest.approx(np.sqrt(80))


def test_one_measurement_is_itself_and_has_no_scatter():
    row = binned_spectrum(curve(two().iloc[:1]), 1).iloc[0]
    assert (row["flux"], row["flux_error"], row["measurements"]) == (100.0, 10.0, 1)
    assert np.isnan(row["chi2_reduced"])


def test_of_several_processings_of_an_exposure_the_latest_counts_alone():
    """v9 is before v20, and of one version the earlier date before the later one."""
    same = {"obs_id": ["o", "o"], "flux": [100.0, 160.0]}
    for versions, exposures in (
        (["v20", "v9"], ["d#v20", "d#v9"]),
        (["v20", "v20"], ["d#v20-2025-300", "d#v20-2025-099"]),
    ):
        row = binned_spectrum(curve(two(version=versions, exposure=exposures, **same)), 1).iloc[0]
        assert (row["flux"], row["measurements"], row["left_out"]) == (100.0, 1, 1)
    others = two(version=["v20", "v9"], exposure=["d#v20", "d#v9"], obs_id=["o", "p"])
    assert binned_spectrum(curve(others), 1).iloc[0]["measurements"] == 2


def test_flagged_measurements_are_left_out_and_faint_ones_are_not():
    row = binned_spectrum(curve(two(flags=[1 << 21, 1 << 10])), 1).iloc[0]
    assert (row["flux"], row["measurements"], row["left_out"]) == (100.0, 1, 1)
    faint = binned_spectrum(curve(two(flux=[-15.0, 35.0])), 1).iloc[0]  # S/N -1.5 and 1.75: both upper limits
    assert faint["measurements"] == 2
    assert faint["flux"] == pytest.approx(-5.0)


def test_seventeen_bins_a_band_are_as_wide_as_the_bandpasses():
    """102 bins; their widths are the bandwidths of resolving powers 39, 41, 41, 35, 112, 128 within 12 %."""
    table = binned_spectrum(curve(fake_photometry.photometry(60)), 17)
    assert len(table) == 102
    middle = (table["wavelength_low"] + table["wavelength_high"]) / 2
    power = middle / (table["wavelength_high"] - table["wavelength_low"])
    known = table["band"].map({band: values[2] for band, values in fake_photometry.EDGES.items()})
    np.testing.assert_allclose(power, known, rtol=0.12)
    for band, (low, high) in BANDS.items():
        own = table[table["band"] == band]
        assert own["wavelength_low"].iloc[0] == pytest.approx(low)
        assert own["wavelength_high"].iloc[-1] == pytest.approx(high)
        np.testing.assert_array_equal(own["wavelength_low"][1:], own["wavelength_high"][:-1])


def test_a_filter_is_one_bin_and_an_unmeasured_band_has_its_empty_ones():
    table = fake_photometry.photometry(3, band=["g", "g", "D1"], wavelength=[0.47, 0.48, 1.0], bandwidth=0.1)
    made = binned_spectrum(curve(fake_photometry.lost(table, [2])), 5)
    assert made["band"].tolist() == ["D1"] * 5 + ["g"]
    assert made["measurements"].tolist() == [0] * 5 + [2]
    assert (made["wavelength_low"].iloc[-1], made["wavelength_high"].iloc[-1]) == pytest.approx((0.42, 0.53))
    lost = binned_spectrum(curve(fake_photometry.lost(table, [0, 1, 2])), 1)
    assert np.isnan(lost["wavelength_low"].iloc[-1])


def test_nothing_gives_a_table_of_nothing():
    made = binned_spectrum(curve(fake_photometry.empty()), 17)
    assert len(made) == 0
    assert made["flux"].dtype == "float64"


@settings(max_examples=30)
@given(count=st.integers(1, 40), seed=st.integers(0, 99), bins=st.integers(1, 6), shift=st.floats(-0.2, 0.2))
def test_every_measurement_with_a_flux_is_counted_once(count, seed, bins, shift):
    """Also those beyond the nominal ends of their band."""
    table = fake_photometry.photometry(count, seed)
    table["wavelength"] += shift
    table.loc[: count // 3, "flags"] = 1 << 10
    made = binned_spectrum(curve(table), bins)
    assert made["measurements"].sum() + made["left_out"].sum() == count


def test_a_faint_source_is_neither_brightened_nor_dimmed_and_its_errors_hold():
    """S/N 0.5 each: 400 bins of 12; the mean pull is 0 within 4/sqrt(400), their sd 1 within 4/sqrt(800).

    Errors are enlarged where chi2 is above 1 by chance, so that pulls scatter a little less than 1: by 4 % for 11
    degrees of freedom (Monte Carlo of the definition).
    """
    generator = np.random.default_rng(8)
    pulls = []
    for _ in range(400):
        flux = 5 + 10 * generator.normal(size=12)
        table = pd.DataFrame({"flux": flux, "flux_error": 10.0, "wavelength": 4.0, "bandwidth": 0.04, "band": "D5"})
        table["class"], table["class_reason"], table["mjd"] = "upper_limit", "S/N", 60800.0
        table["obs_id"], table["version"], table["exposure"] = [str(i) for i in range(12)], "v20", "d#v20"
        row = binned_spectrum(table, 1).iloc[0]
        pulls.append((row["flux"] - 5) / row["flux_error"])
    assert np.mean(pulls) == pytest.approx(0, abs=0.2)
    assert 0.8 < np.std(pulls) < 1.1
