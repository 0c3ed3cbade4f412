"""A wrong sources.theta_from is said, a right one and random angles are not."""

import numpy as np
import pandas as pd
import pytest
from swath.merge.turned import turned


def catalogue(offset: float, count: int = 40, scatter: float = 8.0, ell: float = 0.5) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    start = rng.uniform(-180, 180, count)
    fit = (start + offset + rng.normal(0, scatter, count)) % 180
    return pd.DataFrame({"THETA": start, "ELL": ell, "THETA_fit": fit, "ELL_fit": ell, "THETA_err": 3.0})


def test_angles_from_the_other_axis_are_said_with_the_value_to_set():
    assert turned(catalogue(90), [""], "x").endswith("Set sources.theta_from: y")
    assert turned(catalogue(-90), [""], "y").endswith("Set sources.theta_from: x")


@pytest.mark.parametrize("table", [
    catalogue(0), catalogue(180), catalogue(0, scatter=500.0), catalogue(90, count=7), catalogue(90, ell=0.1),
    catalogue(90).assign(THETA_err=40.0), catalogue(90).assign(THETA=np.nan), catalogue(90).drop(columns="THETA"),
])  # fmt: skip
def test_right_random_few_round_and_uncertain_angles_say_nothing(table):
    assert turned(table, [""], "x") == ""


def test_each_band_counts_where_bands_are_fitted_alone():
    table = catalogue(90).rename(columns=lambda name: name.replace("_fit", "_g_fit").replace("_err", "_g_err"))
    assert "theta_from: y" in turned(table, ["_g"], "x")
