"""Factors of correlated noise in the catalogue: on the flux errors alone, and named."""

import json
import logging

import pandas as pd
from swath.merge.noise import corrected, noise_factors

BANDS = ["g", "r"]


def write(path, factor):
    path.write_text(json.dumps({"factor": factor}))
    return path


def test_without_files_errors_stay():
    assert noise_factors([], BANDS) == {"g": 1.0, "r": 1.0}


def test_factors_go_into_the_errors_and_are_named(tmp_path):
    factors = noise_factors([write(tmp_path / "g", 1.25), write(tmp_path / "r", 0.9)], BANDS)
    table = pd.DataFrame({"FLUX_g_fit": [5.0], "FLUXERR_g_fit": [2.0], "FLUXERR_r_fit": [10.0]})
    found = corrected(table, factors)
    assert found.iloc[0].to_dict() == {
        "FLUX_g_fit": 5.0, "FLUXERR_g_fit": 2.5, "FLUXERR_r_fit": 9.0, "NOISE_FACTOR_g": 1.25, "NOISE_FACTOR_r": 0.9
    }  # fmt: skip


def test_an_unmeasured_band_is_said_and_stays(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        factors = noise_factors([write(tmp_path / "g", None), write(tmp_path / "r", 1.1)], BANDS)
    assert factors == {"g": 1.0, "r": 1.1}
    assert "g: the noise of empty sky could not be measured" in caplog.text
