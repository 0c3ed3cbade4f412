"""The catalogue browser of a real run: its page opens and has all sources, and a source has its stamps."""

import pandas as pd
import pytest
from browser import chromium  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
READY = "document.body.dataset.ready"


def test_page_of_a_run_shows_every_source_with_its_stamps(default_run, chromium):  # noqa: F811
    catalog = pd.read_parquet(default_run.path("catalog.parquet"))
    chromium.open(default_run.path("explore/index.html"), READY)
    assert chromium.text("#count") == f"{len(catalog)} of {len(catalog)} sources"
    row = int(catalog["FLUX_r_fit"].argmax())
    chromium.js("swath.page.select(arguments[0])", row)
    chromium.wait("document.getElementById('sheet').naturalWidth > 0")
    assert chromium.text("#name") == catalog["ID"][row]
    stamp = chromium.box("#stamps .stamp")
    x, y = (round(stamp[i] + stamp[i + 2] / 2) for i in (0, 1))
    assert (
        chromium.picture()[y - 3 : y + 4, x - 3 : x + 4].max() > 200
    )  # the brightest source in the middle of its data
    assert chromium.messages() == []
    assert all(address.startswith("file:") for address in chromium.requests())


def test_page_can_be_switched_off_and_follows_its_own_settings_only(run_copy):
    assert run_copy.planned() == {}
    run_copy.write({"explore": {"rgb": ["i", "r", "g"]}})
    assert set(run_copy.planned()) - {"all", "manifest", "facts"} == {"explore"}
    run_copy.write({"explore": {"enabled": False}})
    assert not set(run_copy.planned()) & {"explore", "stamps"}
    run_copy.write({"explore": {"rgb": ["i", "r", "Q"]}})
    said = run_copy.snakemake("-n", check=False)
    assert said.returncode == 1
    assert "explore.rgb: no band Q; the bands are u, g, r, i, z" in said.stdout
