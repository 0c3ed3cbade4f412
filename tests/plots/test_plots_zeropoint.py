"""Zero points: every star where it belongs, and figures for bands with many stars, one, none, or no calibration."""

import numpy as np
import pandas as pd
import pytest
from pictures import drawn, has_colour, pixels, size
from swath.calibration.stars import COLUMNS
from swath.calibration.zeropoint import SUMMARY, solve
from swath.config.products import ZeroPoint
from swath.files import write_json
from swath.plots import zeropoint as figures
from swath.tables import write_csv

DPI = 60


def stars(count: int, seed: int = 3) -> pd.DataFrame:
    """Stars with a zero point of 25.02; the last two are an outlier and one that does not qualify."""
    rng = np.random.default_rng(seed)
    error = rng.uniform(0.005, 0.03, count)
    table = pd.DataFrame(
        {
            "band": "g",
            "gaiaxp_mag": np.linspace(16, 20, count),
            "zp": 25.02 + error * rng.normal(size=count),
            "zp_err": error,
            "x": rng.uniform(0, 1000, count),
            "y": rng.uniform(0, 1000, count),
            "color": rng.uniform(0.2, 2, count),
            "half": np.where(np.arange(count) % 2, "A", "B"),
            "reason": "",
        }
    )
    if count > 5:
        table.loc[count - 2, "zp"] += 1.0
        table.loc[count - 1, "reason"] = "not converged"
    return table.reindex(columns=list(COLUMNS)).assign(is_kept=False, is_clipped=False)


def products(folder, bands):
    """The stage's tables for bands given as number of stars, as `calibrate` writes them."""
    rows, tables = [], []
    for band, count in bands.items():
        table = stars(count)
        summary, table = (
            solve(table, ZeroPoint(), 25.0) if count else ({"status": "failed", "reason": "no star"}, table)
        )
        values = {name: summary.get(name) for name in SUMMARY} | {"band": band}
        rows.append({k: None if isinstance(v, float) and np.isnan(v) else v for k, v in values.items()})
        tables.append(table.assign(band=band))
    write_csv(folder / "stars.csv", pd.concat(tables, ignore_index=True))
    color = ["g", "r"] if len(bands) > 1 else None
    write_json(folder / "zeropoint.json", {"zp_ref": 25.0, "color": color, "bands": rows})


def run(folder, names):
    outputs = {band: folder / f"{band}.png" for band in names}
    figures.draw_zeropoint(
        folder / "stars.csv", folder / "zeropoint.json", outputs, folder / "map.png", folder / "color.png", DPI, 4.0
    )
    return outputs


def test_bands_with_many_stars_one_and_none(tmp_path):
    products(tmp_path, {"g": 20, "r": 4, "i": 1, "z": 0})
    run(tmp_path, ["g", "r", "i", "z", "not-here"])
    for name in ("g", "r", "i", "z", "not-here", "map", "color"):
        assert drawn(tmp_path / f"{name}.png"), name
    assert size(tmp_path / "g.png") == (round(7.2 * DPI), round(5.1 * DPI))
    image = pixels(tmp_path / "g.png")
    assert has_colour(image, (0.12, 0.47, 0.71))  # kept stars
    assert has_colour(image, (0.84, 0.15, 0.16))  # the clipped one


@pytest.mark.slow
def test_bytes_are_the_same_again(tmp_path):
    products(tmp_path, {"g": 12, "r": 12})
    run(tmp_path, ["g", "r"])
    first = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    run(tmp_path, ["g", "r"])
    assert first == {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    assert len(first) == 4


def test_calibration_switched_off(tmp_path):
    write_csv(tmp_path / "stars.csv", pd.DataFrame(columns=list(COLUMNS)))
    row = dict.fromkeys(SUMMARY) | {"band": "g", "status": "off", "reason": "zeropoint.enabled is false"}
    write_json(tmp_path / "zeropoint.json", {"zp_ref": 25.0, "color": None, "bands": [row]})
    run(tmp_path, ["g"])
    assert drawn(tmp_path / "g.png")
    assert drawn(tmp_path / "map.png")


def test_a_single_band_without_a_colour(tmp_path):
    products(tmp_path, {"g": 10})
    run(tmp_path, ["g"])
    assert drawn(tmp_path / "color.png")


def test_the_axis_holds_all_kept_stars_and_others_that_are_near(tmp_path):
    products(tmp_path, {"g": 20})
    table = figures._of_band(pd.read_csv(tmp_path / "stars.csv"), "g")
    low, high = figures._range(table, {"zp_median": 25.02}, 25.0)
    kept = table[table["is_kept"]]
    assert len(kept) == 18
    assert low < (kept["zp"] - kept["zp_err"]).min()
    assert (kept["zp"] + kept["zp_err"]).max() < high < 25.2  # the outlier 1 mag away does not squeeze the others


def test_headlines_tell_the_result_and_the_reason():
    summary, _ = solve(stars(20), ZeroPoint(), 25.0)
    assert figures._result(summary).startswith(f"zero point {summary['zp_median']:.4f} ± {summary['zp_err']:.4f} mag")
    assert figures._result({"reason": "2 usable stars"}) == "no zero point"
    assert figures._trend(summary | {"trend_sigma": None}) == "no plane: too few stars"
    assert f"{summary['trend_sigma']:.1f} sigma" in figures._trend(summary)


def test_the_truth_of_the_test_stars():
    summary, table = solve(stars(20), ZeroPoint(), 25.0)
    assert summary["zp_median"] == pytest.approx(25.02, abs=5 * summary["zp_err"])
    assert table["is_clipped"].sum() == 1


def test_a_star_far_from_all_others_is_an_arrow_and_a_steep_slope_is_red():
    color = np.append(np.linspace(1, 3, 20), 9.0)
    table = pd.DataFrame({"color": color, "residual": 0.01 * np.arange(21), "sigma": 0.01, "is_kept": True})
    summary = {"color_term": 0.1, "color_term_err": 0.01}
    sheet = figures.draw_color({"g": (summary, table), "r": (summary | {"color_term": 0.02}, table)}, ["u", "z"], DPI)
    steep, flat = (axes for axes in sheet.figure.axes if axes.get_title())
    assert "10.0 sigma" in steep.get_title()
    assert (steep.title.get_color(), flat.title.get_color()) == ("red", "black")
    assert 3 < steep.get_xlim()[1] < 5
    arrows = [line for line in steep.lines if line.get_marker() == ">"]
    assert [len(line.get_xdata()) for line in arrows] == [1]
