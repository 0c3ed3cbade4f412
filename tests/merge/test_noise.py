"""Factors of correlated noise in the catalogue: on the flux errors alone, and named."""

import json
import logging

import numpy as np
import pandas as pd
from swath.merge.files import median_depths
from swath.merge.noise import corrected, noise_factors

BANDS = ["g", "r"]


def write(path, factor, reason=None):
    path.write_text(json.dumps({"factor": factor, "reason": reason}))
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
        factors = noise_factors([write(tmp_path / "g", None, "9 empty places"), write(tmp_path / "r", 1.1)], BANDS)
    assert factors == {"g": 1.0, "r": 1.1}
    assert "g: its flux errors stay as they are, without a noise factor: 9 empty places" in caplog.text
    assert len(caplog.records) == 1


def test_only_finite_depths_go_into_headers():
    columns = {"DEPTH_g": [24.0, 25.0, np.nan], "DEPTH_r": [np.inf, np.inf, 1.0], "DEPTH_i": np.nan}
    found = median_depths(pd.DataFrame(columns), ["g", "r", "i"])
    assert found == {"g": 24.5, "r": None, "i": None}
