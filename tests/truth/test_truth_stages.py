"""Matching with the truth, the PSF's flux, completeness, and what a person reads at the end."""

import numpy as np
import pandas as pd
import pytest
from fake_field import measured
from swath.config.sources import Detection
from swath.errors import InputError, RunError
from swath.files import write_json
from swath.psf import moffat
from swath.psf.grid import disk
from swath.psf.store import BandPsf
from swath.truth.completeness import completeness, detected
from swath.truth.epsf import TruePsf, flux_through
from swath.truth.expected import expected_errors
from swath.truth.match import compare, isolated
from swath.truth.tell import closing, listing, tell
from swath.truth.zeropoint import light_through


def truth() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ID": ["T1", "T2", "T3"],
            "TYPE": ["STAR", "EXP", "STAR"],
            "x": [10.0, 50.0, 90.0],
            "y": [10.0, 20.0, 90.0],
            "RA": [150.0, 150.01, 150.02],
            "DEC": [60.0, 60.01, 60.02],
            "Re": [np.nan, 4.0, np.nan],
            "ELL": [np.nan, 0.2, np.nan],
            "n": [np.nan, 1.0, np.nan],
            "MAG_b1": [18.0, 19.0, 17.0],
            "FLUX_b1": [600.0, 250.0, 1500.0],
            "source_id": [np.nan, np.nan, "77"],
            "blend": 0,
            "in_catalog": [1, 1, 0],
        }
    )


def catalog() -> pd.DataFrame:
    """Rows in another order; the third source was injected as a reference star."""
    nothing = dict.fromkeys(("Re_fit", "Re_err"), np.nan)
    rows = [
        {"ID": "T2", "x_pix_fit": 50.1, "RA_fit": 150.01, "FLUX_b1_fit": 240.0, "Re_fit": 4.4, "Re_err": 0.3},
        {"ID": "gaia_77", "x_pix_fit": 90.0, "RA_fit": 150.02, "FLUX_b1_fit": 1490.0, **nothing},
        {"ID": "T1", "x_pix_fit": 10.0, "RA_fit": 150.0 + 1 / 3.6e6, "FLUX_b1_fit": np.nan, **nothing},
    ]
    table = pd.DataFrame(rows).assign(
        y_pix_fit=[20.0, 90.0, 10.0], DEC_fit=[60.01, 60.02, 60.0], excluded_any=False, opt_converged=True
    )
    return table.assign(x_pix_err=0.1, y_pix_err=0.1, FLUXERR_b1_fit=10.0)


def test_rows_meet_their_truth_whatever_their_order():
    table = compare(truth(), catalog(), ["b1"], True, {"b1": 1.1})
    assert table["ID"].tolist() == ["T1", "T2", "T3"]
    assert table["dx"].tolist() == pytest.approx([0.0, 0.1, 0.0])
    assert table["fitted"].tolist() == [False, True, True]
    assert table["flux_b1"].tolist()[1:] == pytest.approx([264.0, 1639.0])
    assert table["snr_b1"].tolist() == pytest.approx([600 / 11, 250 / 11, 1500 / 11])  # so few: the fit's own errors
    assert table["ra_offset"][0] == pytest.approx(0.5, rel=1e-3)  # 1 mas of RA at 60 degrees


def test_a_star_that_was_not_injected_is_not_active():
    table = compare(truth(), catalog()[lambda rows: rows["ID"] != "gaia_77"], ["b1"], True, {"b1": 1.0})
    assert table["active"].tolist() == [True, True, False]


def test_a_lost_or_strange_source_is_an_error():
    with pytest.raises(InputError, match=r"0 unknown \(\), 1 missing \(T2\)"):
        compare(truth(), catalog()[1:], ["b1"], True, {"b1": 1.0})
    with pytest.raises(InputError, match=r"1 unknown \(X\), 1 missing"):
        compare(truth(), catalog().replace({"ID": {"T2": "X"}}), ["b1"], True, {"b1": 1.0})


def test_signal_to_noise_is_no_matter_of_luck():
    rng = np.random.default_rng(4)
    flux, re, pull = 10 ** rng.uniform(2, 4, 400), rng.uniform(2, 6, 400), rng.normal(size=400)
    right = np.sqrt(400 + flux / 15) * re / 3
    quoted = right * np.exp(0.2 * pull)  # what came out too bright is quoted with a larger error
    smooth = expected_errors(quoted, flux, re, np.full(400, 0.2), np.ones(400))
    assert np.std(np.log(smooth / right)) < 0.05
    assert abs(np.corrcoef(np.log(smooth / right), pull)[0, 1]) < 0.2
    assert np.isnan(expected_errors(np.full(400, np.nan), flux, re, re, re)).all()


def test_big_neighbours_reach_farther():
    table = pd.DataFrame({"x": [0.0, 20.0, 100.0, 120.0], "y": 0.0, "Re": [np.nan, np.nan, 9.0, np.nan]})
    assert isolated(table).tolist() == [True, True, False, False]


def star(fwhm: float, x: float = 0.0) -> np.ndarray:
    image = moffat.render(moffat.from_fwhm(fwhm, 3.5), 55, x)
    return image / (image * disk(55, 12.0)).sum()


def test_flux_through_a_psf():
    right = star(3.6)
    assert flux_through(right, right) == pytest.approx(1, abs=1e-9)
    assert flux_through(right, 7 * star(3.6, 0.02)) == pytest.approx(7, rel=1e-3)  # its place is left free
    assert flux_through(right, star(3.4)) > 1.02  # a sharper star than the PSF seems brighter
    assert flux_through(right * 0.98, right) == pytest.approx(1 / 0.98, rel=1e-6)


def test_what_the_stars_of_a_zero_point_should_give():
    axis = np.linspace(50, 250, 3)
    x, y = (values.ravel() for values in np.meshgrid(axis, axis))
    # the true PSF grows over the field; the run's is the one in its middle
    total = [moffat.render(moffat.from_fwhm(3.6 + 0.001 * (place - 150), 3.5), 61) for place in x]
    true = TruePsf(x, y, np.stack(total))
    psf = BandPsf("b1", star(3.6)[None], 150.0, 150.0, 150.0, "stack", False, "", False, 9, 0, 12.0)
    stars = pd.DataFrame({"x": [150.0, 60.0, 240.0], "y": [150.0, 100.0, 200.0], "flux": [1e3, 1e3, 1e3]})
    share = light_through(stars, {"r00_c00": ((0, 300, 0, 300), psf)}, true, 1.0, 15.0)
    assert share == pytest.approx((total[4] * disk(61, 12.0)).sum(), abs=2e-4)
    lone = light_through(stars[2:], {"r00_c00": ((0, 300, 0, 300), psf)}, true, 1.0, 15.0)
    assert lone < share - 0.01
    assert np.isnan(light_through(stars[:0], {"r00_c00": ((0, 300, 0, 300), psf)}, true, 1.0, 15.0))


def test_detections_count_for_one_source_each():
    rng = np.random.default_rng(2)
    noise = np.ones((120, 120), "f4")
    white = rng.normal(size=noise.shape)
    white[20:75, 32:87] += 2000 * star(3.6)
    table = pd.DataFrame({"x": [69.2, 69.9, 110.0], "y": [57.1, 58.0, 110.0]})  # 10 pix are cut off in front
    assert detected(table, white.astype("f4"), noise, (10, 130, 10, 130), Detection()).tolist() == [True, False, False]


def test_completeness_counts_by_half_magnitudes():
    table = measured()
    table["detected"] = table["mag"] < 20
    rows = completeness(table)
    assert rows["sources"].sum() == len(table)
    assert set(rows.loc[rows["mag"] < 20, "detected"]) == {1.0}
    assert rows["type"].drop_duplicates().tolist() == ["star", "exp", "dev", "sersic"]


def test_a_missed_bound_ends_with_its_sentence(tmp_path, capsys):
    row = {
        "bound": "median flux bias",
        "of": "star",
        "unit": "%",
        "value": 0.6,
        "error": 0.01,
        "low": -0.3,
        "high": 0.3,
    }
    row |= {"sources": 80, "fewest": 1}
    write_json(tmp_path / "v.json", {"passed": True, "missed": [], "bounds": [row | {"passed": True}]})
    tell(tmp_path / "v.json")
    assert not capsys.readouterr().out
    *_, line, _, last = closing(tmp_path / "v.json").splitlines()
    assert line.split() == ["median", "flux", "bias", "star", "+0.6", "+0.01", "-0.3", "to", "+0.3", "%", "80", "ok"]
    assert last == "1 of 1 bounds kept"
    assert listing([row | {"error": 0.0, "passed": True}]).splitlines()[1].split()[4:6] == ["+0.6", "-"]
    found = {"passed": False, "missed": ["median flux bias, star: +0.6 %"], "bounds": [row | {"passed": False}]}
    write_json(tmp_path / "v.json", found)
    with pytest.raises(RunError, match=r"1 of 1 bounds missed\n.*median flux bias, star: \+0.6 %"):
        tell(tmp_path / "v.json")
    assert "MISSED" in capsys.readouterr().out
