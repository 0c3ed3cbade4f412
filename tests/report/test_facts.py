"""The page of run facts: what is counted is what was put in, and the page is plain, whole and needs nothing."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.facts import counts
from swath.facts.costs import cost_table, costs
from swath.facts.page import page
from swath.facts.tables import Table, number, share
from swath.flags import FIT
from swath.psf.words import no_score, score_text

BANDS = ["g", "r"]


def catalog(single: bool = False) -> pd.DataFrame:
    """Five sources: two stars (one not converged), a galaxy, an excluded one, an injected star."""
    suffix = "_g" if single else ""
    table = pd.DataFrame(
        {
            "injected": [False, False, False, False, True],
            "gaia_source_id": ["1", "", "", "", "5"],
            "patch_tag": ["a", "a", "b", "", "a"],
            "patch_status": ["ok", "ok", "failed", "", "ok"],
            "fit_flags": [0, FIT["POOR_FIT"] | FIT["BLENDED"], FIT["PATCH_FAILED"], FIT["EXCLUDED_CROP"], 0],
            "stype_fit": ["star", "star", "exp", "", "star"],
            f"opt_converged{suffix}": [True, False, True, False, True],
        }
    )
    if single:
        table["opt_converged_r"] = [False, True, True, False, True]
    for band, chi2 in (("g", [10.0, 30.0, 20.0, np.nan, 10.0]), ("r", [np.nan] * 5)):
        table[f"CHI2_{band}"] = chi2
        table[f"NPIX_{band}"] = [10, 10, 10, 0, 10] if band == "g" else 0
    return table


def rows(table: Table) -> dict:
    return {row[0]: list(row[1:]) for row in table.rows}


def test_sources_are_counted_by_where_they_come_from():
    assert [row[1] for row in counts.source_table(catalog()).rows] == [5, 4, 1, 1]


def test_attrition_adds_up():
    table = counts.attrition_table(pd.DataFrame({"reason": ["fitted", "crop"], "count": [3, 1]}))
    assert table.rows == [["fitted", 3, "75.0 %"], ["crop", 1, "25.0 %"], ["all", 4, "100.0 %"]]


def test_flags_are_counted_bit_by_bit():
    found = {name: count for name, (count, *_) in rows(counts.flag_table(catalog())).items()}
    assert found == {"EXCLUDED_CROP": 1, "PATCH_FAILED": 1, "BLENDED": 1, "POOR_FIT": 1, "none": 2}


def test_fits_are_counted_by_model_with_the_median_chi2_of_each_band():
    assert rows(counts.model_table(catalog(), BANDS)) == {
        "exp": [1, "100.0 %", "2.00", "–"],
        "star": [3, "66.7 %", "1.00", "–"],
    }


def test_a_source_fitted_band_by_band_has_converged_when_all_bands_have():
    assert rows(counts.model_table(catalog(single=True), BANDS))["star"][:2] == [3, "33.3 %"]


def test_patches_by_status():
    assert counts.patch_table(catalog()).rows == [["failed", 1, 1, "1", 1], ["ok", 1, 3, "3", 3]]


def test_an_empty_catalogue_has_its_tables():
    empty = catalog()[:0]
    for table in (counts.source_table(empty), counts.flag_table(empty), counts.patch_table(empty)):
        assert page("t", "", [table])


def psf(**changes) -> dict:
    plain = {"method": "stack", "fallback": False, "pooled": False, "nstars_used": 8, "nstars_held_out": 2}
    plain |= {"nstars_clipped": 1}
    return plain | {"rms_score": 0.004, "epsf_qa": {"fwhm_pix": 3.0}} | changes


def test_psfs_without_a_score_have_the_reason():
    cells = [
        {"bands": {"g": psf()}},
        {"bands": {"g": psf(rms_score=None, nstars_held_out=0, pooled=True)}},
        {"bands": {"g": psf(method="moffat", fallback=True, nstars_used=0, rms_score=None)}},
    ]
    row = rows(counts.psf_table(cells, ["g"]))["g"]
    assert row[:8] == [3, 1, 1, 1, 0, "8", "1", "1"]  # used, clipped, held out: medians of the two with stars
    assert row[-2:] == ["0.0040", "2; 1: too few stars to hold one out"]


def test_words_of_scores():
    assert score_text(0.0) == score_text(-0.0, signed=True) == "no excess over the noise"
    assert score_text(0.01234) == "0.0123"
    assert no_score(3) == "of 3 held-out stars none has enough good pixels"


def test_costs_come_from_benchmarks_and_from_the_jobs_own_words(tmp_path):
    """Snakemake's sampling misses short jobs (0.00, NA): what the job told of itself is taken."""
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for name, line in {
        "merge.tsv": "1.5\t0:00:01\t170.5\t0\t0\t0\t0\t0\t0\t1.30",
        "fit/a.tsv": "0.4\t0:00:00\t0.20\t0\t0\t0\t0\t0\t0\t0.00",
        "fit/b.tsv": "0.5\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA",
    }.items():
        path = tmp_path / "benchmarks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + line + "\n")
    told = tmp_path / "logs/fit/a.json"
    told.parent.mkdir(parents=True)
    told.write_text('{"cpu_s": 0.7, "memory_mb": 120}')
    found = costs(tmp_path)
    assert list(found) == ["fit", "merge"]
    assert found["fit"][0] == (0.7, 0.4, 120)
    assert rows(cost_table(tmp_path)) == {
        "fit": [2, "0.7", "0.70", "0.70", "0.9", "120"],
        "merge": [1, "1.3", "1.30", "1.30", "1.5", "170"],
        "all": [3, "2.0", "", "", "", ""],
    }


class Cells(HTMLParser):
    """Texts of all table cells, tags that would load something, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.open: list[str] = []
        self.loading: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.loading += [tag] if tag in ("script", "link", "img", "iframe") else []
        if tag not in ("meta", "br", "!doctype"):
            self.open.append(tag)
        self.cells += [""] if tag in ("td", "th") else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1, max_size=4))
def test_every_text_arrives_as_it_is(texts):
    reader = Cells()
    reader.feed(page("<t>", "&", [Table("a <b>", texts, [texts])]))
    assert reader.cells == texts * 2
    assert not reader.open
    assert not reader.loading


def test_numbers_stand_at_the_right_and_texts_at_the_left():
    html = page("t", "", [Table("T", ["name", "n", "share"], [["a", 3, "5.0 %"], ["b", None, "–"]])])
    assert re.findall(r"<th( class=n)?>", html) == ["", " class=n", " class=n"]
    assert "http" not in html.replace("<!doctype html>", "")


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (float("nan"), "–"), (1.23456, "1.235")])
def test_numbers_that_are_none(value, text):
    assert number(value) == text
    assert share(0, 0) == "–"


def test_the_reason_of_a_missing_zero_point_has_a_column_only_where_there_is_one():
    names = ("zp_median", "zp_err", "scatter", "color_term", "trend_sigma", "depth")
    good = dict.fromkeys(names, 1.0) | {"band": "g", "n_kept": 3, "n_clipped": 0, "reason": ""}
    bad = dict.fromkeys(names) | {"band": "r", "n_kept": 0, "n_clipped": 0, "reason": "no star"}
    assert counts.zero_point_table({"zp_ref": 25, "bands": [good]}).header[-1] == "depth [mag]"
    table = counts.zero_point_table({"zp_ref": 25, "bands": [good, bad]})
    assert table.header[-1] == "why not"
    assert [row[-1] for row in table.rows] == ["", "no star"]
    assert page("t", "", [table])


@pytest.mark.parametrize(("ratio", "text"), [(0.97212, "0.972"), (None, "–")])
def test_the_measured_noise_stands_beside_the_declared(ratio, text):
    facts = {"band": "g", "file": "g.fits", "shape": [4, 5], "zp_in": 25.0, "sky_sigma": 0.2, "fwhm_pix": 3.0}
    facts |= {"n_masked": 0, "n_saturated": 0, "sky": {"model": "plane", "noise_ratio": ratio}}
    table = counts.band_table([facts])
    assert dict(zip(table.header, table.rows[0], strict=True))["measured / declared noise"] == text
