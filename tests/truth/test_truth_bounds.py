"""Every bound is kept by a field without bias, and turns red when its bias is put in."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from fake_field import BANDS, measured
from swath.truth.bounds import source_bounds
from swath.truth.epsf import epsf_bounds
from swath.truth.estimate import median
from swath.truth.zeropoint import zero_point_bounds

Bend = Callable[[pd.DataFrame], None]


def missed(table: pd.DataFrame) -> list[str]:
    return [f"{bound.name}, {bound.subject}" for bound in source_bounds(table, BANDS) if not bound.passed]


@pytest.mark.parametrize("seed", range(5))
def test_a_field_without_bias_keeps_every_bound(seed):
    bounds = source_bounds(measured(seed), BANDS)
    assert [bound.sentence for bound in bounds if not bound.passed] == []
    assert len(bounds) == 1 + 4 * 5 + 3 + 2


def of(kind: str, change: Callable[[pd.DataFrame, pd.Series], None]) -> Bend:
    def bend(table: pd.DataFrame) -> None:
        change(table, table["type"] == kind)

    return bend


def brighter(factor: float) -> Callable[[pd.DataFrame, pd.Series], None]:
    """The bright ones alone, so that pulls hardly notice."""

    def change(table: pd.DataFrame, rows: pd.Series) -> None:
        for band in BANDS:
            bright = rows & (table["snr"] > 50)
            table.loc[bright, f"flux_{band}"] *= factor

    return change


def pulls(factor: float, shift: float) -> Callable[[pd.DataFrame, pd.Series], None]:
    """A shift for sources too faint for the flux bias; wider pulls for all."""

    def change(table: pd.DataFrame, rows: pd.Series) -> None:
        faint = rows & ((table["snr"] < 45) | (shift == 0))
        for band in BANDS:
            off = table.loc[faint, f"flux_{band}"] - table.loc[faint, f"true_{band}"]
            table.loc[faint, f"flux_{band}"] = table.loc[faint, f"true_{band}"] + factor * off + shift * 100

    return change


def displaced(axis: str, factor: float, shift: float) -> Callable[[pd.DataFrame, pd.Series], None]:
    def change(table: pd.DataFrame, rows: pd.Series) -> None:
        table.loc[rows, f"d{axis}"] = factor * table[f"d{axis}"] + shift * table[f"{axis}_err"]

    return change


FLUX, PULLS, PLACES = "median flux bias, isolated, S/N > 50", "flux pulls, S/N > 10", "position pulls, S/N > 10"
CASES = {
    f"{FLUX}, star": of("star", brighter(1.008)),
    f"{FLUX}, exp": of("exp", brighter(0.98)),
    f"{FLUX}, dev": of("dev", brighter(1.02)),
    f"{FLUX}, sersic": of("sersic", brighter(1.035)),
    f"{PULLS}: robust sd, star": of("star", pulls(1.8, 0.0)),
    f"{PULLS}: robust sd, exp": of("exp", pulls(0.5, 0.0)),
    f"{PULLS}: robust sd, dev": of("dev", pulls(2.0, 0.0)),
    f"{PULLS}: robust sd, sersic": of("sersic", pulls(2.5, 0.0)),
    f"{PULLS}: median, star": of("star", pulls(1.0, 1.5)),
    f"{PULLS}: median, exp": of("exp", pulls(1.0, -1.5)),
    f"{PULLS}: median, dev": of("dev", pulls(1.0, -1.5)),
    f"{PULLS}: median, sersic": of("sersic", pulls(1.0, 1.5)),
    f"{PLACES}: robust sd, star": of("star", displaced("x", 2.0, 0.0)),
    f"{PLACES}: robust sd, exp": of("exp", displaced("y", 0.4, 0.0)),
    f"{PLACES}: median, dev": of("dev", displaced("x", 1.0, 0.8)),
    f"{PLACES}: median, sersic": of("sersic", displaced("y", 1.0, -0.8)),
    "median Re bias, S/N > 20, exp": lambda table: _scale(table, "Re_fit", "exp", 1.05),
    "median Re bias, S/N > 20, dev": lambda table: _scale(table, "Re_fit", "dev", 0.94),
    "median Re bias, S/N > 20, sersic": lambda table: _scale(table, "Re_fit", "sersic", 1.06),
    "median offset, stars, S/N > 300, RA": lambda table: _add(table, "ra_offset", 12.0),
    "median offset, stars, S/N > 300, DEC": lambda table: _add(table, "dec_offset", -12.0),
    "active sources without a fit, all": lambda table: _unfit(table),
}


def _scale(table: pd.DataFrame, name: str, kind: str, factor: float) -> None:
    table.loc[table["type"] == kind, name] *= factor


def _add(table: pd.DataFrame, name: str, value: float) -> None:
    table[name] += value


def _unfit(table: pd.DataFrame) -> None:
    table.loc[7, "fitted"] = False


@pytest.mark.parametrize("name", CASES)
def test_a_bias_misses_its_own_bound_and_none_of_other_classes(name):
    table = measured()
    CASES[name](table)
    found = missed(table)
    assert name in found
    # A bias of bright fluxes is one of their pulls too, but of no other class and of nothing else.
    subject = name.rpartition(", ")[2]
    assert {item.rpartition(", ")[2] for item in found} == {subject}
    assert all("flux" in item for item in found) or found == [name]


def test_fewer_than_fifty_sources_decide_nothing():
    table = measured()
    few = table[(table["type"] != "dev") | (table.groupby("type").cumcount() < 49)]
    names = missed(few)
    assert f"{PULLS}: median, dev" in names
    assert all(name.endswith("dev") for name in names)


def test_inactive_and_blended_sources_count_where_they_should():
    table = measured()
    excluded = table.index % 5 == 0
    table.loc[excluded, [f"flux_{band}" for band in BANDS]] = np.nan
    table.loc[excluded, ["active", "fitted"]] = False
    assert missed(table) == []
    blended = table.index % 5 == 1
    table["isolated"] = ~blended
    bright = blended & (table["snr"] > 50)
    for band in BANDS:
        table.loc[bright, f"flux_{band}"] *= 1.05
    assert not [name for name in missed(table) if name.startswith(FLUX)]


def test_standard_errors_count_sources_not_fluxes():
    rng = np.random.default_rng(3)
    own = rng.normal(size=(300, 1)) * np.ones((1, 25))
    # The median of 300 Gaussian values is known to 1.25 / sqrt(300) = 0.072; 25 copies of each add nothing.
    assert median(own).error == pytest.approx(0.072, rel=0.25)
    assert median(rng.normal(size=(300, 25))).error == pytest.approx(0.072 / 5, rel=0.25)


def summary(shift_mmag: float = 0.0, error: float = 0.001) -> tuple[pd.DataFrame, pd.DataFrame]:
    truth = pd.DataFrame({"source_id": ["1", "2", ""], "ZPERR_b1": 0.03, "EE_b1": 0.99})
    right = 25.0 - 0.03 + 2.5 * np.log10(0.99)
    row = {"band": "b1", "zp_median": right + shift_mmag / 1e3, "zp_err": error, "n_kept": 40.0}
    return pd.DataFrame([row]), truth


@pytest.mark.parametrize(
    ("shift", "error", "through", "expected"),
    [
        (0.0, 0.001, 0.99, [True, True]),
        (4.0, 0.002, 0.99, [True, True]),
        (4.0, 0.001, 0.99, [True, False]),
        (7.0, 0.003, 0.99, [True, True]),
        (7.0, 0.0015, 0.99, [False, False]),
        (4.0, 0.001, 0.99 * 10**0.0016, [True, True]),  # all stars 0.37 % brighter through this run's PSFs
        (np.nan, np.nan, np.nan, [False, False]),
    ],
)
def test_zero_points_are_judged_by_five_mmag_and_by_their_own_errors(shift, error, through, expected):
    bounds = zero_point_bounds(*summary(shift, error), {"b1": through}, 25.0)
    assert [bound.passed for bound in bounds] == expected


def test_cells_are_judged_against_their_bands_mean():
    rows = [("b1", f"r00_c0{i}", 10, 0.4) for i in range(4)] + [("b1", "r01_c00", 5, 9.0)]
    table = pd.DataFrame(rows, columns=["band", "cell", "stars", "bias"])
    assert all(bound.passed for bound in epsf_bounds(table))  # five stars are too few to judge
    table.loc[2, "bias"] = 2.2
    assert [bound.subject for bound in epsf_bounds(table) if not bound.passed] == ["b1 r00_c02"]
    table["bias"] = 1.7
    assert [bound.name for bound in epsf_bounds(table) if not bound.passed] == ["ePSF flux bias, mean of the cells"]


def test_a_band_in_which_no_cell_has_enough_stars_does_not_pass():
    table = pd.DataFrame({"band": ["b1", "b2"], "cell": "r00_c00", "stars": [9, 5], "bias": 0.1})
    assert [(bound.subject, bound.passed) for bound in epsf_bounds(table) if "mean of" in bound.name] == [
        ("b1", True), ("b2", False)
    ]  # fmt: skip
