"""Which figures a run makes follows the switches, and nothing that computes imports the plots."""

import re
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.config.figures import Figures
from swath.figures import PSF_KINDS, figure_files, patch_figures, psf_figures, record_of, spread
from swath.provenance.code import PACKAGE, modules

SCRIPTS = PACKAGE.parents[1] / "scripts"
COMPUTING = ("load", "white", "sources", "stars", "epsf", "patches", "payload", "fit", "merge", "zeropoint")
PLAN = SimpleNamespace(bands=["g", "r"], cells={"r00_c00": (), "r00_c01": ()}, patch_tags=["r00_c00_pr00_pc00"])
ALL = {
    "white.png",
    "overlay.png",
    "psf/grid.png",
    "catalog/cmd.png",
    "catalog/residuals.png",
    "sources/snr.png",
    "sources/chi2.png",
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
        ({"catalog": False}, "catalog/"),
        ({"psf": {"grid": False}}, "psf/grid"),
        ({"montage": {"of_tile": 0}}, "sources/"),
        ({"zeropoint": False}, "zeropoint/"),
        *(({"psf": {kind: False}}, rf"c\d\d/{kind}.png") for kind in PSF_KINDS),
    ],
)
def test_a_switch_takes_away_its_figures_and_no_others(switch, gone):
    assert set(figure_files(Figures(**switch), PLAN)) == {name for name in ALL if not re.search(gone, name)}


def test_without_montages_there_are_none_of_patches_and_none_of_the_tile():
    names = figure_files(Figures(montage={"enabled": False, "ids": ["a"]}), PLAN)
    assert set(names) == {name for name in ALL if not name.startswith(("montage/", "sources/"))}


def test_sources_asked_for_by_id_have_a_montage_of_their_own():
    assert set(figure_files(Figures(montage={"ids": ["a"]}), PLAN)) == ALL | {"sources/id.png"}


def test_every_figure_belongs_to_a_job_with_a_record():
    """The page of run facts waits for these records: a wrong name would be a missing input."""
    records = {record_of(name) for name in [*ALL, "sources/id.png"]}
    assert records == {
        "fig_white/white.json",
        "fig_overlay/overlay.json",
        "fig_grid/grid.json",
        "fig_psf/r00_c00.json",
        "fig_psf/r00_c01.json",
        "fig_patch/r00_c00_pr00_pc00.json",
        "fig_catalog/catalog.json",
        "fig_sources/sources.json",
        "fig_zeropoint/zeropoint.json",
    }


@given(count=st.integers(0, 300), most=st.integers(0, 40))
def test_a_spread_is_even_ordered_and_reaches_both_ends(count, most):
    tags = [f"p{index:03d}" for index in range(count)]
    chosen = spread(tags, most)
    assert len(chosen) == min(count, most) == len(set(chosen))
    assert chosen == sorted(chosen)
    if 2 <= most <= count:
        assert (chosen[0], chosen[-1]) == (tags[0], tags[-1])
        steps = [int(b[1:]) - int(a[1:]) for a, b in pairwise(chosen)]
        assert max(steps) - min(steps) <= 1


def test_no_figures_at_all():
    assert figure_files(Figures(enabled=False), PLAN) == []


def test_rules_have_the_outputs_that_are_switched_on():
    figures = Figures(psf={"stars": False, "background": False}, patches=False)
    assert set(psf_figures(figures)) == {"growth_curve", "residuals", "local_background"}
    assert patch_figures(figures) == {"montage": ["montage/{patch}.png"]}


@pytest.mark.parametrize("script", COMPUTING)
def test_nothing_that_computes_imports_what_shows(script):
    """A change of a figure or a page must rerun nothing that computes: code fingerprints follow imports."""
    rooms = {path.relative_to(PACKAGE).parts[0] for path in modules(SCRIPTS / f"{script}.py")}
    assert not rooms & {"plots", "facts", "explore", "figures.py", "report.py"}
    assert PACKAGE / "config/figures.py" not in modules(SCRIPTS / f"{script}.py")


def test_every_figure_script_imports_plots():
    for script in SCRIPTS.glob("fig_*.py"):
        assert any(path.parent.name == "plots" for path in modules(script)), script.name
