"""The page of truth plots is drawn, whatever there is to show, and says what it shows."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from swath.files import write_json
from swath.plots.truth import draw_truth
from swath.plots.truthfield import draw_offsets, draw_zero_points

sys.path.insert(0, str(Path(__file__).parents[1] / "truth"))
from fake_field import BANDS, measured
from swath.truth.completeness import completeness


def verdict(table: pd.DataFrame) -> dict:
    zero = {"bound": "zero point - true", "of": "b1", "unit": "mmag", "value": 1.0, "error": 0.5}
    cells = [{"band": band, "cell": f"r00_c0{i}", "stars": 9, "bias": 0.1 * i} for band in BANDS for i in range(2)]
    return {
        "passed": True, "missed": [], "bounds": [zero], "epsf": cells,
        "completeness": completeness(table).to_dict("records"),
    }  # fmt: skip


@pytest.mark.parametrize("empty", [False, True])
def test_the_page_is_drawn(tmp_path, empty):
    table = measured()
    if empty:
        table = table.assign(active=False, **{f"flux_{band}": np.nan for band in BANDS})
    table.to_csv(tmp_path / "sources.csv", index=False)
    found = verdict(table)
    if empty:
        found |= {"epsf": [], "bounds": [], "passed": False, "missed": ["all"]}
    write_json(tmp_path / "verdict.json", found)
    for name in ("one.png", "two.png"):
        draw_truth(tmp_path / "sources.csv", tmp_path / "verdict.json", tmp_path / name, BANDS, 60)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    pixels = np.asarray(Image.open(tmp_path / "one.png").convert("L"))
    assert pixels.std() > 10


def test_what_misses_its_bound_widely_is_still_seen():
    """A zero point off by 40 mmag, stars off by 60 mas: the page must not leave them out of its axes."""
    table = measured().assign(ra_offset=60.0, dec_offset=-2.0)
    zero = {"bound": "zero point - true", "of": "b1", "unit": "mmag", "value": -40.0, "error": None}
    figure = Figure()
    places, zero_points = figure.subplots(1, 2)
    draw_offsets(places, table)
    draw_zero_points(zero_points, [zero])
    assert places.get_xlim()[1] > 60
    assert zero_points.get_ylim()[0] < -40
