"""Which figures a run makes follows the switches, and nothing that computes imports the plots."""

from types import SimpleNamespace

import pytest
from swath.config.figures import Figures
from swath.figures import PSF_KINDS, figure_files, patch_figures, psf_figures
from swath.provenance.code import PACKAGE, modules

SCRIPTS = PACKAGE.parents[1] / "scripts"
PLAN = SimpleNamespace(bands=["g", "r"], cells={"r00_c00": (), "r00_c01": ()}, patch_tags=["r00_c00_pr00_pc00"])
ALL = {
    "white.png",
    "overlay.png",
    *(f"psf/{cell}/{kind}.png" for cell in PLAN.cells for kind in PSF_KINDS),
    "patches/r00_c00_pr00_pc00.png",
    "montage/r00_c00_pr00_pc00.png",
    "zeropoint/zp_vs_mag__g.png",
    "zeropoint/zp_vs_mag__r.png",
    "zeropoint/zp_map.png",
    "zeropoint/zp_color.png",
}


def test_all_figures_by_default():
    assert sorted(figure_files(Figures(), PLAN)) == sorted(ALL)


@pytest.mark.parametrize(
    ("switch", "gone"),
    [
        ({"white": False}, "white.png"),
        ({"overlay": False}, "overlay.png"),
        ({"patches": False}, "patches/"),
        ({"montage": {"enabled": False}}, "montage/"),
        ({"zeropoint": False}, "zeropoint/"),
        *(({"psf": {kind: False}}, f"/{kind}.png") for kind in PSF_KINDS),
    ],
)
def test_a_switch_takes_away_its_figures_and_no_others(switch, gone):
    assert set(figure_files(Figures(**switch), PLAN)) == {name for name in ALL if gone not in name}


def test_no_figures_at_all():
    assert figure_files(Figures(enabled=False), PLAN) == []


def test_rules_have_the_outputs_that_are_switched_on():
    figures = Figures(psf={"stars": False, "background": False}, patches=False)
    assert set(psf_figures(figures)) == {"growth_curve", "residuals", "local_background"}
    assert patch_figures(figures) == {"montage": ["montage/{patch}.png"]}


def test_only_figure_scripts_import_plots():
    """A change of a figure must rerun nothing that computes: code fingerprints follow imports."""
    for script in SCRIPTS.glob("*.py"):
        imported = any(path.parent.name == "plots" for path in modules(script))
        assert imported == script.name.startswith("fig_"), script.name
