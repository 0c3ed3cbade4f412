"""`snakemake --report` on the finished default run, looked at in Chromium as a person would."""

import re

import pytest
from browser import chromium  # noqa: F401

# The default field: one PSF cell with five figures, four patches, five bands.
CATEGORIES = {"1 Run": 1, "2 Field": 2, "3 PSFs": 6, "4 Patches": 8, "5 Sources": 4, "6 Zero points": 7}
MENU = "[...document.querySelectorAll('a')].map(a => a.innerText.trim()).filter(t => /^\\d /.test(t))"

pytestmark = [pytest.mark.slow, pytest.mark.workflow]


@pytest.fixture(scope="module")
def report(default_run, tmp_path_factory):
    """The report of the default run, made with the default target."""
    path = tmp_path_factory.mktemp("report é") / "my report.html"
    default_run.snakemake("--report", str(path))
    return path


def choose(browser, category):
    """Open the report's list of a category from its menu; returns how many entries it has."""
    browser.js("[...document.querySelectorAll('a')].find(a => a.innerText.trim() == arguments[0]).click()", category)
    browser.wait("document.querySelector('tbody tr')")
    return browser.js("return document.querySelectorAll('tbody tr').length")


def press(browser, row, button):
    """Press the eye (0) or the i (1) of an entry."""
    script = "document.querySelectorAll('tbody tr')[arguments[0]].querySelectorAll('a')[arguments[1]].click()"
    browser.js(script, row, button)
    browser.settle()


def test_the_report_opens_from_disk_and_asks_the_network_for_nothing(report, chromium):  # noqa: F811
    took = chromium.open(report, "document.querySelectorAll('#app a').length > 5")
    assert took < 20
    assert chromium.js(f"return {MENU}") == list(CATEGORIES)
    assert "spread evenly over the field" in chromium.text("#app")
    assert all(url.startswith("file:") for url in chromium.requests())
    assert not [line for line in chromium.messages() if "tailwind" not in line]


@pytest.mark.parametrize("category", [name for name in CATEGORIES if name != "1 Run"])
def test_every_figure_is_there_with_its_caption(report, chromium, category):  # noqa: F811
    ready = "document.querySelectorAll('#app a').length > 5"
    chromium.open(report, ready)
    count = choose(chromium, category)
    assert count == CATEGORIES[category]
    for row in range(count):
        press(chromium, row, 0)
        chromium.wait("[...document.images].some(i => i.src.startsWith('data:image/png') && i.naturalWidth > 400)")
    for row in range(count):
        chromium.open(report, ready)
        choose(chromium, category)
        press(chromium, row, 1)
        chromium.wait("document.querySelector('.prose-invert')")
        caption = chromium.text(".prose-invert")
        assert len(caption.split()) > 10
        assert not re.search(r"[{}]|System Message|None", caption), caption


def test_the_page_of_run_facts_opens_inside(report, chromium):  # noqa: F811
    chromium.open(report, "document.querySelectorAll('#app a').length > 5")
    assert choose(chromium, "1 Run") == 1
    press(chromium, 0, 0)
    chromium.wait("document.querySelector('iframe')")
    chromium.driver.switch_to.frame(0)
    chromium.wait("document.querySelectorAll('table').length > 8")
    text = chromium.text("body")
    chromium.driver.switch_to.default_content()
    for words in ("tiny480: facts of the run", "NEGATIVE_FLUX", "fig_patch", "numpy", "zeropoint", "fitted"):
        assert words in text


def test_facts_count_the_catalogue_and_are_the_same_again_but_for_times(default_run, run_copy):
    page = default_run.path("pages/facts.html").read_text(encoding="utf-8")
    assert re.search(r"rows of the catalogue</td><td class=n>56<", page)
    assert "http" not in page
    run_copy.snakemake("--forcerun", "facts", "--until", "facts")
    again = run_copy.path("pages/facts.html").read_text(encoding="utf-8")
    assert _without_costs(again) == _without_costs(page)


def _without_costs(page):
    before, _, after = page.partition('<h2 id="time-and-memory-per-rule">')
    return before + after.partition("<h2")[2]


def test_figures_outside_of_the_report_are_drawn_all_the_same(run_copy, tmp_path):
    """With one patch in the report, the three others' figures exist and are not in it; nothing is drawn again."""
    run_copy.write({"figures": {"report": {"patches": 1, "cells": 0}}})
    assert set(run_copy.planned()) <= {"all", "facts", "manifest"}
    run_copy.snakemake()
    run_copy.snakemake("--report", str(tmp_path / "r.html"))
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    listed = set(re.findall(r'"results/tiny480/figures/(patches|montage|psf/r00_c00)/', text))
    assert listed == {"patches", "montage"}
    assert len(set(re.findall(r'"results/tiny480/figures/patches/(\w+)\.png"', text))) == 1
    assert len(list(run_copy.path("figures/patches").glob("*.png"))) == 4
