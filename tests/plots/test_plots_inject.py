"""The figure of added sources shows the bounds that are judged, not the declared limits."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from swath.plots.inject import ALLOWED, MISSED, draw_medians, draw_widths

BINS = pd.DataFrame(
    {"type": ["star", "galaxy"], "mag_min": 18.0, "mag_max": 19.0, "pull_sd": [1.4, np.nan], "pull_sd_err": 0.1,
     "pull_median": [0.1, np.nan], "pull_median_err": 0.1}
)  # fmt: skip


@pytest.mark.parametrize("draw", [draw_medians, draw_widths])
@pytest.mark.parametrize("passed", [True, False])
def test_green_is_what_is_allowed_of_the_dashed_line(draw, passed):
    axes = Figure().subplots()
    draw(axes, BINS, "g", {"value": 1.189, "error": 0.062, "low": 0.814, "high": 1.186, "passed": passed})
    (green,) = (patch for patch in axes.patches if patch.get_facecolor()[:3] == to_rgb(ALLOWED))
    box = green.get_extents().transformed(axes.transData.inverted())
    assert (box.y0, box.y1) == pytest.approx((0.814, 1.186))
    (line,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert set(line.get_ydata()) == {1.189}
    assert (line.get_color() == MISSED) != passed
    assert axes.get_title(loc="left") == "all: 1.189 ± 0.062, allowed 0.814 to 1.186"


def test_a_band_of_which_nothing_is_judged_has_no_green():
    axes = Figure().subplots()
    draw_widths(axes, BINS.head(0), "g", {"value": None, "error": None, "low": 0.9, "high": 1.15, "passed": False})
    assert not axes.patches
