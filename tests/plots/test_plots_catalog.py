"""Figures of the catalogue: the pair of bands, the misfit, and catalogues of every size."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from pictures import drawn, has_colour, pixels
from swath.plots.catalog import draw_catalog
from swath.plots.cmd import colour_pair, draw_cmd
from swath.plots.photometry import read_band
from swath.plots.residuals import pulls, running_median

DPI = 50


def catalog(count: int, bands: str = "gri", calibrated: bool = True, seed: int = 2):
    """Sources of magnitude 17 to 23 with unit chi2; g is shallow."""
    rng = np.random.default_rng(seed)
    mag = np.linspace(17, 23, count)
    table = pd.DataFrame({"ID": [f"S{i}" for i in range(count)], "patch_tag": "r00_c00_pr00_pc00"})
    table["x_pix"], table["y_pix"] = rng.uniform(0, 500, (2, count))
    table["stype_fit"] = np.resize(["star", "exp", "dev", "sersic", ""], count)
    for band in bands:
        error = 30.0 if band == "g" else 1.0
        table[f"FLUX_{band}_fit"] = 10 ** (-0.4 * (mag - 25)) + rng.normal(0, error, count)
        table[f"FLUXERR_{band}_fit"] = error
        table[f"MAG_{band}_fit"] = mag if calibrated else np.nan
        table[f"MAGERR_{band}_fit"] = 1.0857 * error / table[f"FLUX_{band}_fit"]
        table[f"NPIX_{band}"], table[f"DEPTH_{band}"] = 80, 22.5
        table[f"CHI2_{band}"] = rng.chisquare(80, count)
    return table


def draw(table, folder, bands="gri"):
    table.to_parquet(folder / "catalog.parquet")
    draw_catalog(folder / "catalog.parquet", folder / "cmd.png", folder / "res.png", list(bands), 25.0, DPI)
    return pixels(folder / "cmd.png")


def test_the_colour_is_of_the_neighbours_in_which_most_sources_are_seen():
    table = catalog(60)
    assert [one.band for one in colour_pair([read_band(table, band, 25.0) for band in "gri"])] == ["r", "i"]
    assert colour_pair([read_band(table, "r", 25.0)]) is None


def test_without_a_zero_point_magnitudes_are_those_of_the_reference_and_say_so():
    table = catalog(30, calibrated=False)
    one = read_band(table, "r", 25.0)
    flux = table["FLUX_r_fit"].to_numpy()
    np.testing.assert_allclose(one.mag[flux > 0], 25 - 2.5 * np.log10(flux[flux > 0]))
    assert one.unit == "[mag, not calibrated]"


@pytest.mark.parametrize("count", [0, 1, 4, 40])
@pytest.mark.parametrize("calibrated", [True, False])
def test_catalogues_of_every_size_are_drawn(tmp_path, count, calibrated):
    draw(catalog(count, calibrated=calibrated), tmp_path)
    assert drawn(tmp_path / "cmd.png")
    assert drawn(tmp_path / "res.png")


def test_one_source_at_the_edge_of_a_bin_is_counted(tmp_path, monkeypatch):
    table = catalog(1)
    table["MAG_r_fit"] = 20.0
    seen = []
    monkeypatch.setattr(Axes, "hist", lambda self, values, edges, **_: seen.append((values, edges)))
    draw_cmd([read_band(table, "r", 25.0)], table["stype_fit"].to_numpy(), DPI)
    [([values], edges)] = seen
    assert np.histogram(values, edges)[0].tolist() == [1]


def test_sources_without_a_fit_and_a_single_band(tmp_path):
    table = catalog(20, "r")
    for name in ("FLUX_r_fit", "FLUXERR_r_fit", "MAG_r_fit", "CHI2_r"):
        table[name] = np.nan
    table["NPIX_r"] = 0
    draw(table, tmp_path, "r")
    assert drawn(tmp_path / "res.png")


def test_models_have_their_colours_and_the_bytes_are_the_same_again(tmp_path):
    first = draw(catalog(40), tmp_path)
    for colour in ((0.12, 0.47, 0.71), (1.0, 0.5, 0.05), (0.84, 0.15, 0.16)):
        assert has_colour(first, colour, 0.1)
    np.testing.assert_array_equal(first, draw(catalog(40), tmp_path))


def test_pulls_of_chi2_are_a_unit_gaussian():
    """chi2 of 80 pixels has mean 80 and variance 160; 4000 draws give mean and sd of 1 within 5 standard errors."""
    values = pulls(np.random.default_rng(1).chisquare(80, 4000), np.full(4000, 80.0))
    assert np.mean(values) == pytest.approx(0, abs=5 / np.sqrt(4000))
    assert np.std(values) == pytest.approx(1, abs=0.08)
    assert np.isnan(pulls(np.array([1.0]), np.array([0.0]))).all()


def test_a_running_median_follows_a_step():
    x = np.arange(100.0)
    places, values = running_median(x, np.where(x < 50, 1.0, 3.0))
    assert len(places) == 10
    assert list(values) == [1.0] * 5 + [3.0] * 5


def test_the_legend_counts_what_is_drawn_and_the_depth_tells_its_sigma():
    table = catalog(50)
    sheet = draw_cmd([read_band(table, band, 25.0) for band in "ri"], table["stype_fit"].to_numpy(), DPI, 3.0)
    labels = [text.get_text() for text in sheet.figure.legends[0].get_texts()]
    assert len(labels) == 4
    assert all("of 10 drawn" in label for label in labels)
    assert any("3 sigma" in text.get_text() for axes in sheet.figure.axes for text in axes.texts)
