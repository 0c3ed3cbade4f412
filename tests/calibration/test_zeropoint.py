"""zeropoint: known zero points come back with honest errors, and what is wrong with the stars is told."""

import json
import logging

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from fake_catalog import BANDS, ZP, make_stars, run
from swath import columns
from swath.calibration.stars import halves
from swath.calibration.zeropoint import SUMMARY, TRACT7DT
from swath.errors import ConfigError
from swath.flags import FIT

PRODUCTS = ("catalog.csv", "catalog.fits", "catalog.parquet", "zp_summary.csv", "zp_all_bands__per_object.csv",
            "zeropoint.json")  # fmt: skip


def test_known_zero_points_come_back_in_spite_of_outliers(tmp_path):
    table, reference = make_stars(80, seed=1)
    table.loc[:7, [f"FLUX_{band}_fit" for band in BANDS]] *= 1.6
    catalog, summary, stars = run(tmp_path, table, reference)
    for band in BANDS:
        assert abs(summary["zp_median"][band] - ZP[band]) < 4 * summary["zp_err"][band]
        assert summary["zp_err"][band] < 0.005
        assert summary["scatter"][band] == pytest.approx(0.01, abs=0.006)
        assert summary["zp_minus_ref"][band] == pytest.approx(summary["zp_median"][band] - 25)
        assert stars.query("band == @band")["is_clipped"][:8].sum() >= 7
        expected = summary["zp_median"][band] - 2.5 * np.log10(catalog[f"FLUX_{band}_fit"])
        np.testing.assert_allclose(catalog[f"MAG_{band}_fit"], expected)
        assert catalog[f"DEPTH_{band}"][0] == pytest.approx(20 + summary["zp_minus_ref"][band])
    assert list(summary["n_raw"]) == list(summary["n_kept"] + summary["n_clipped"])
    assert list(summary["n_reference"]) == list(summary["n_raw"] + summary["n_rejected"])


@pytest.mark.slow
def test_pulls_over_many_catalogues(tmp_path):
    pulls, halves_pulls, colors, alarms = [], [], [], []
    for seed in range(60):
        _, summary, _ = run(tmp_path / "run", *make_stars(25, seed=seed, scatter=0.015))
        pulls += [(summary["zp_median"][band] - ZP[band]) / summary["zp_err"][band] for band in BANDS]
        halves_pulls += list(summary["half_pull"])
        colors += list(summary["color_term"] / summary["color_term_err"])
        alarms += list(summary["trend_sigma"])
    # 180 values: 5 % on a width, 0.075 on a mean; Student tails of some 20 stars widen by a few percent.
    assert np.std(pulls) == pytest.approx(1, abs=0.2)
    assert abs(np.mean(pulls)) < 0.3
    assert np.std(halves_pulls) == pytest.approx(1, abs=0.25)
    assert np.std(colors) == pytest.approx(1, abs=0.25)
    # Chance gives 4.6 % beyond 2 sigma and 0.006 % beyond 4.
    assert np.mean(np.array(alarms) > 2) < 0.12
    assert max(alarms) < 4


def test_one_bright_star_does_not_decide(tmp_path):
    table, reference = make_stars(40, seed=3, scatter=0.02, noise=3.0)
    table.loc[0, "FLUX_r_fit"] = 10 ** (0.4 * (ZP["r"] + 0.05 - reference["mag_r"][0]))
    table.loc[0, "FLUXERR_r_fit"] = 1e-3
    _, summary, stars = run(tmp_path, table, reference)
    assert stars.query("band == 'r'")["is_kept"].iloc[0]
    assert abs(summary["zp_median"]["r"] - ZP["r"]) < 4 * summary["zp_err"]["r"]


def test_too_few_stars_leave_the_columns_there_and_empty(tmp_path, caplog):
    table, reference = make_stars(20, seed=4, noise=5.0)
    table.loc[2:, "opt_converged"] = False
    with caplog.at_level(logging.WARNING):
        catalog, summary, _ = run(tmp_path, table, reference, min_stars=3)
    assert caplog.text.count("no zero point") == 3
    assert "2 usable stars, zeropoint.min_stars is 3 (left out: 18 not converged)" in summary["reason"]["g"]
    assert set(summary["status"]) == {"failed"}
    assert summary["zp_median"].isna().all()
    assert list(summary["n_nonconverged"]) == [18, 18, 18]
    empty = [f"{name}_{band}{end}" for band in BANDS for name, end in [("MAG", "_fit"), ("ASINHMAG", "_fit")]]
    assert catalog[empty].isna().all(axis=None)
    assert list(catalog["DEPTH_g"].unique()) == [20.0]


def test_the_schema_is_the_same_with_and_without_a_zero_point(tmp_path):
    table, reference = make_stars(20)
    runs = {
        "on": run(tmp_path / "on", table, reference),
        "off": run(tmp_path / "off", table, reference, enabled=False),
        "none": run(tmp_path / "none", table, None),
        "few": run(tmp_path / "few", table, reference[:1]),
    }
    first = runs["on"]
    for name, (catalog, summary, stars) in runs.items():
        assert list(catalog.columns) == list(first[0].columns)
        assert list(catalog.dtypes) == list(first[0].dtypes)
        assert list(stars.columns) == list(first[2].columns)
        assert list(summary.columns) == list(SUMMARY[1:])
        assert list(pd.read_csv(tmp_path / name / "catalog.csv").columns) == list(catalog.columns)
        header, expected = (fits.getheader(tmp_path / run / "catalog.fits", 1) for run in (name, "on"))
        forms = [
            [h[f"{key}{k}"] for k in range(1, h["TFIELDS"] + 1) for key in ("TTYPE", "TFORM")]
            for h in (header, expected)
        ]
        assert forms[0] == forms[1]
    assert set(runs["off"][1]["status"]) == {"off"}
    assert set(runs["none"][1]["reason"]) == {"no reference stars (inputs.gaia)"}
    assert list(first[2].columns)[:9] == ["band", "gaia_source_id", "gaiaxp_mag", "flux", "fluxerr", "zp", "zp_err",
                                          "is_kept", "is_clipped"]  # fmt: skip
    assert SUMMARY[: len(TRACT7DT)] == TRACT7DT


def test_why_a_star_was_left_out_is_written_down(tmp_path):
    table, reference = make_stars(30, seed=6)
    table.loc[0, "masked_fraction_r"] = 0.1
    table.loc[1, "fit_flags"] = FIT["BLENDED"] | FIT["PSF_POOLED"]
    table.loc[11, "masked_fraction_g"] = 0.1
    table.loc[2, "stype_fit"] = "exp"
    table.loc[3, "stype_fit"] = ""
    table.loc[4, "FLUX_r_fit"] = -10.0
    table.loc[5, "FLUX_r_fit"] = np.nan
    table.loc[6, "FLUXERR_r_fit"] = table.loc[6, "FLUX_r_fit"] / 5
    table.loc[7, "fit_flags"] = FIT["PSF_POOLED"]
    table.loc[8, "opt_converged"] = False
    table.loc[9, "gaia_source_id"] = ""
    reference.loc[10, "mag_r"] = np.nan
    _, _, stars = run(tmp_path, table, reference)
    reasons = stars.query("band == 'r'").set_index("ID")["reason"]
    expected = {
        "s0": "masked or saturated pixels",
        "s1": "BLENDED",
        "s11": "",
        "s2": "not fitted as a star",
        "s3": "not fitted",
    }
    expected |= {"s4": "negative flux", "s5": "no flux in this band", "s6": "S/N below 10", "s7": ""}
    expected |= {"s8": "not converged", "s10": "no reference magnitude"}
    assert {name: reasons[name] for name in expected} == expected
    assert "s9" not in reasons


def test_negative_fluxes_get_limits_and_asinh_magnitudes(tmp_path):
    table, reference = make_stars(30, seed=7)
    table.loc[0, "FLUX_g_fit"] = -5.0
    catalog, summary, _ = run(tmp_path, table, reference, upper_limit_sigma=3.0)
    row, zero_point = catalog.loc[0], summary["zp_median"]["g"]
    assert np.isnan(row["MAG_g_fit"])
    assert row["MAG_LIMIT_g"] == pytest.approx(zero_point - 2.5 * np.log10(90))
    assert row["ASINHMAG_g_fit"] > zero_point - 2.5 * np.log10(summary["asinh_softening"]["g"])
    assert np.isnan(catalog["MAG_LIMIT_r"][catalog["FLUX_r_fit"] > 90]).all()


def test_a_slope_over_the_field_is_found_and_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        _, summary, stars = run(tmp_path, *make_stars(60, seed=8, slope=0.05))
    for band in BANDS:
        assert abs(summary["trend_x"][band] - 0.05) < 4 * summary["trend_x_err"][band]
        assert abs(summary["trend_y"][band]) < 4 * summary["trend_y_err"][band]
        assert summary["trend_sigma"][band] > 5
    assert caplog.text.count("varies over the field") == 3
    kept = stars.query("is_kept and snr > 60")
    assert np.corrcoef(kept["x"], kept["residual"])[0, 1] > 0.7


def test_a_color_term_is_found(tmp_path):
    _, summary, _ = run(tmp_path, *make_stars(60, seed=9, color_term=0.04), color_bands=("g", "i"))
    assert set(summary["color"]) == {"g-i"}
    for band in BANDS:
        assert abs(summary["color_term"][band] - 0.04) < 4 * summary["color_term_err"][band]
        assert summary["color_term_err"][band] < 0.01


def test_unknown_color_bands_are_an_error(tmp_path):
    with pytest.raises(ConfigError, match="no band z; the bands are g, r, i"):
        run(tmp_path, *make_stars(10), color_bands=("g", "z"))


def test_halves_belong_to_the_position_alone():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 360, 2000), rng.uniform(-90, 90, 2000)
    half = halves(ra, dec)
    assert list(halves(ra[::-1], dec[::-1])) == list(half[::-1])
    assert np.mean(half == "A") == pytest.approx(0.5, abs=0.05)


def test_the_halves_check_each_other(tmp_path):
    table, reference = make_stars(60, seed=10)
    _, summary, stars = run(tmp_path, table, reference)
    kept = stars.query("is_kept and band == 'r'")
    assert summary["half_a_n"]["r"] == (kept["half"] == "A").sum()
    assert summary["half_difference"]["r"] == pytest.approx(summary["half_b_zp"]["r"] - summary["half_a_zp"]["r"])
    assert abs(summary["half_pull"]["r"]) < 4
    other = kept.loc[kept["half"] == "B", "zp"].median() - summary["half_a_zp"]["r"]
    assert other == pytest.approx(summary["half_difference"]["r"], abs=0.005)


def test_each_band_alone_counts_its_own_converged_stars(tmp_path):
    table, reference = make_stars(30, seed=11, multi_band=False)
    table.loc[:9, "opt_converged_r"] = False
    table["x_pix_i_fit"] += 7.0
    catalog, summary, stars = run(tmp_path, table, reference, multi_band=False)
    assert list(summary["n_nonconverged"]) == [0, 10, 0]
    assert list(catalog.columns)[3:] == list(columns.names(BANDS, False))
    by_band = {band: rows.reset_index() for band, rows in stars.groupby("band")}
    np.testing.assert_allclose(by_band["i"]["x"] - by_band["g"]["x"], 7.0)
    for band in BANDS:
        assert abs(summary["zp_median"][band] - ZP[band]) < 4 * summary["zp_err"][band]


def test_a_band_without_reference_magnitudes_stays_empty(tmp_path):
    table, reference = make_stars(30)
    catalog, summary, _ = run(tmp_path, table, reference.drop(columns="mag_i"))
    assert list(summary["status"]) == ["ok", "ok", "failed"]
    assert "30 no reference magnitude" in summary["reason"]["i"]
    assert catalog["MAG_i_fit"].isna().all()


def test_equal_inputs_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        run(tmp_path / name, *make_stars(30))
    for name in PRODUCTS:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_headers_and_json_hold_the_zero_points(tmp_path):
    _, summary, _ = run(tmp_path, *make_stars(30))
    header = fits.getheader(tmp_path / "catalog.fits", 1)
    facts = json.loads((tmp_path / "zeropoint.json").read_text())
    for i, (band, row) in enumerate(zip(BANDS, facts["bands"], strict=True), start=1):
        assert header[f"BAND{i}"] == row["band"] == band
        assert header[f"ZP{i}"] == pytest.approx(row["zp_median"])
        assert header[f"ZPERR{i}"] == pytest.approx(summary["zp_err"][band])
    assert facts["color"] == ["g", "i"]
