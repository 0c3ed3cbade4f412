"""Models and starting shapes."""

import numpy as np
import pandas as pd
import pytest
from swath.config.sources import Sources
from swath.flags import names
from swath.sources.start import starting_values


def start(settings=None, **columns):
    return starting_values(pd.DataFrame(columns), settings or Sources())


def test_every_type_and_what_is_assumed():
    types = ["STAR", " exp ", "Dev", "SERSIC", "GAL", "", None, "PSF"]
    found = start(TYPE=types, ELL=[0.1] * 8, THETA=[0.0] * 8, Re=[1.0] * 8, settings=Sources(unknown_type="dev"))
    assert found["sw_model"].tolist() == ["star", "exp", "dev", "sersic"] + ["dev"] * 4
    assert [names(flags) for flags in found["fit_flags"]] == [[]] * 4 + [["TYPE_ASSUMED"]] * 4


@pytest.mark.parametrize("types", [[3, 6], [3.0, np.nan], [None, None]])
def test_types_that_are_no_words_are_unknown(types):
    assert start(TYPE=types, ELL=[0.1] * 2, THETA=[0.0] * 2, Re=[1.0] * 2)["sw_model"].tolist() == ["exp", "exp"]


def test_without_a_type_column_all_are_assumed():
    found = start(RA=[1.0, 2.0], settings=Sources(unknown_type="star"))
    assert found["sw_model"].tolist() == ["star", "star"]
    assert [names(flags) for flags in found["fit_flags"]] == [["TYPE_ASSUMED"]] * 2


@pytest.mark.parametrize(("axis", "phi"), [("x", 30), ("y", 120)])
def test_shapes_are_taken_in_the_declared_convention(axis, phi):
    found = start(TYPE=["EXP"], ELL=[0.3], THETA=[30.0], Re=[2.5], settings=Sources(theta_from=axis))
    assert found[["sw_re", "sw_ell", "sw_phi"]].iloc[0].tolist() == [2.5, 0.3, phi]
    assert found["fit_flags"].tolist() == [0]


@pytest.mark.parametrize(
    ("ell", "theta", "re", "expected"),
    [
        (np.nan, 10.0, 2.0, (2.0, 0.2, 10.0)),
        (1.0, 10.0, 2.0, (2.0, 0.2, 10.0)),
        (-0.1, 10.0, 2.0, (2.0, 0.2, 10.0)),
        (0.5, np.nan, 2.0, (2.0, 0.5, 0.0)),
        (0.5, 10.0, 0.0, (7.0, 0.5, 10.0)),
        (0.5, 10.0, np.inf, (7.0, 0.5, 10.0)),
        (0.5, 10.0, np.nan, (7.0, 0.5, 10.0)),
    ],
)
def test_each_impossible_number_has_its_fallback_and_the_flag(ell, theta, re, expected):
    found = start(TYPE=["SERSIC"], ELL=[ell], THETA=[theta], Re=[re], settings=Sources(re_fallback_pix=7))
    assert tuple(found[["sw_re", "sw_ell", "sw_phi"]].iloc[0]) == expected
    assert names(found["fit_flags"].iloc[0]) == ["SHAPE_ASSUMED"]


def test_a_missing_shape_of_a_star_is_no_fault():
    found = start(TYPE=["STAR"])
    assert found["fit_flags"].tolist() == [0]
    assert found[["sw_re", "sw_ell", "sw_phi"]].isna().all(axis=None)
    assert found["fit_flags"].dtype == np.int32


def test_a_round_galaxy_is_possible():
    assert start(TYPE=["EXP"], ELL=[0.0], THETA=[0.0], Re=[1.0])["fit_flags"].tolist() == [0]
