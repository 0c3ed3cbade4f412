"""What the report says about each figure, and which cells and patches are in it."""

import re
from pathlib import Path

import pytest
from swath.config.figures import Figures
from swath.figures import catalog_figures, patch_figures, psf_figures, source_figures, zeropoint_figures
from swath.report import label, marked, shown

CAPTIONS = Path(__file__).parents[2] / "workflow/report"
EVERYTHING = Figures(montage={"ids": ["a"]})
GROUPS = {
    "psf": psf_figures(EVERYTHING),
    "patch": patch_figures(EVERYTHING),
    "sources": source_figures(EVERYTHING),
    "zeropoint": zeropoint_figures(["g", "r"]),
    "catalog": catalog_figures(),
}


def marker(path, **what):
    return path, what


@pytest.mark.parametrize("group", GROUPS)
def test_every_figure_has_a_caption_and_a_label_of_its_own(group):
    marks = [mark for kind in marked(marker, GROUPS[group], group, "1 Any", "cell").values() for mark in kind]
    assert len(marks) == sum(map(len, GROUPS[group].values()))
    for _, what in marks:
        assert (CAPTIONS / what["caption"].removeprefix("../report/")).read_text(encoding="utf-8").strip()
        assert what["labels"]["cell"] == "{cell}"
        assert what["subcategory"] == "{tile}"
    labels = [what["labels"]["figure"] for _, what in marks]
    assert len(set(labels)) == len(labels)


def test_labels_are_words():
    assert label("psf", "growth_curve", "psf/{cell}/growth_curve.png") == "growth curve"
    assert label("zeropoint", "bands", "figures/zeropoint/zp_vs_mag__m_4.png") == "stars in m_4"


def test_the_constraint_meets_the_chosen_tags_and_no_others():
    tags = [f"r{i:02d}_c00" for i in range(50)]
    found = [tag for tag in tags if re.fullmatch(shown(tags, 3), tag)]
    assert found == ["r00_c00", "r24_c00", "r49_c00"] or found == ["r00_c00", "r25_c00", "r49_c00"]
    assert not any(re.fullmatch(shown(tags, 0), tag) for tag in tags)
    assert all(re.fullmatch(shown(tags, 99), tag) for tag in tags)
