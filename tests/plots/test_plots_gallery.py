"""Montages of the whole tile: the sources that were chosen are the ones that are drawn, from their own patches."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from fake_products import PATCH
from pictures import drawn
from swath.config.figures import Montage
from swath.plots import gallery
from swath.provenance.records import finish_record, start_record

BANDS = ["g", "r"]


@pytest.fixture
def products(fitted, tmp_path):
    """Catalogue and records of a tile with one patch, four fitted sources and two others."""
    settings, payload, fit = fitted
    with fits.open(fit) as hdus:
        rows = hdus["FIT"].data
        table = pd.DataFrame({"ID": [f"S{i}" for i in range(6)], "patch_tag": ""})
        for name, column in (
            ("FLUX_{}_fit", "flux"),
            ("FLUXERR_{}_fit", "flux_err"),
            ("CHI2_{}", "chi2"),
            ("NPIX_{}", "npix"),
        ):
            for index, band in enumerate(BANDS):
                table[name.format(band)] = np.nan
                table.loc[rows["row"], name.format(band)] = rows[column][:, index].astype(float)
        table.loc[rows["row"], "patch_tag"] = PATCH
    table.to_parquet(tmp_path / "catalog.parquet")
    records = {kind: tmp_path / "records" / kind / f"{PATCH}.json" for kind in ("payload", "fit")}
    for kind, path in (("payload", payload), ("fit", fit)):
        finish_record(start_record(records[kind], kind, {}, {}, []), [str(path)])
    return settings, table, tmp_path / "catalog.parquet", [records["payload"]], [records["fit"]]


def texts(products, choice, folder, montage, monkeypatch) -> list[str]:
    """Titles and rows of a montage, as drawn."""
    settings, _, catalog, payloads, results = products
    sheets = []
    draw = gallery.draw_sources
    monkeypatch.setattr(gallery, "draw_sources", lambda *a: sheets.append(draw(*a)) or sheets[-1])
    gallery.draw_gallery(catalog, payloads, results, {choice: folder / "m.png"}, BANDS, settings, montage, 40)
    assert drawn(folder / "m.png")
    return [text.get_text() for text in sheets[0].figure.texts]


def test_the_brightest_come_first_and_no_more_than_asked_for(products, tmp_path, monkeypatch):
    """S0 has 4000 ct, S2 3000 over a larger area, S1 2500: among stars the brighter one wins."""
    lines = texts(products, "snr", tmp_path, Montage(of_tile=3, cutout_size=16), monkeypatch)
    assert lines[0].startswith("3 of 6 sources: highest signal")
    rows = [line for line in lines if "chi2/npix" in line]
    assert len(rows) == 3
    assert rows[0].startswith("S0   star")
    assert rows[0].endswith(f"(patch {PATCH}, number 1 in its overview)")


def test_the_worst_fit_comes_first(products, tmp_path, monkeypatch):
    _, table, catalog, *_ = products
    table.loc[2, "CHI2_g"] = 1e6
    table.to_parquet(catalog)
    rows = texts(products, "chi2", tmp_path, Montage(of_tile=2, cutout_size=16), monkeypatch)
    assert next(line for line in rows if "chi2/npix" in line).startswith("S2   exp")


def test_ids_that_cannot_be_drawn_are_named(products, tmp_path, monkeypatch):
    """S5 is excluded and owned by no patch; 'nobody' does not exist."""
    montage = Montage(ids=["S1", "nobody", "S5"], cutout_size=16)
    lines = texts(products, "id", tmp_path, montage, monkeypatch)
    assert lines[0].startswith("1 of 6 sources")
    assert lines[1].startswith("not fitted or not in the catalogue: nobody, S5; ")
    assert any(line.startswith("S1   star") for line in lines)


def test_a_tile_without_a_fitted_source(products, tmp_path, monkeypatch):
    settings, table, catalog, payloads, results = products
    table.assign(patch_tag="").to_parquet(catalog)
    gallery.draw_gallery(catalog, payloads, results, {"snr": tmp_path / "m.png"}, BANDS, settings, Montage(), 40)
    assert Path(tmp_path / "m.png").stat().st_size
