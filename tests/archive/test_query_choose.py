"""Which processings and releases are taken; nothing is dropped, and what is left out says why."""

import logging

import pandas as pd
import pytest
from swath.archive import observations, products
from swath.archive.batches import batch_names, batch_of, split
from swath.archive.releases import choose, newest
from swath.config.archive import Archive
from swath.errors import ConfigError
from swath.files import read_json, write_json

COLLECTIONS = ("spherex_qr2", "spherex_qr2_deep")


def row(obs, band="D1", version="v20", processed="2025-253", collection="spherex_qr2", release="qr2", target="t"):
    exposure = f"{collection}/{obs}/{band}#{version}-{processed}"
    return {
        "target": target, "exposure": exposure, "obs_id": obs, "band": band, "collection": collection,
        "release": release, "version": version, "processed": processed, "mjd": 61000.0, "url": f"https://a/{exposure}",
        "selected": True, "reason": "",
    }  # fmt: skip


def table(*rows):
    return observations.typed(pd.DataFrame(list(rows)))


def chosen(made, **settings):
    found = choose(made, Archive(collections=COLLECTIONS, **settings))
    assert len(found) == len(made)
    assert (found.selected == (found.reason == "")).all()
    return found


def versions(found):
    return found.version[found.selected].tolist()


def test_the_latest_processing_supersedes_the_others():
    made = table(row("a"), row("a", version="v9"), row("a", version="v21"), row("b"), row("a", band="D2"))
    found = chosen(made)
    assert found.selected.tolist() == [False, False, True, True, True]
    assert found.reason[0] == f"superseded by {found.exposure[2]}"


def test_the_date_of_processing_decides_between_equal_versions():
    found = chosen(table(row("a", processed="2026-001"), row("a", processed="2025-300")))
    assert found.selected.tolist() == [True, False]


def test_one_processing_in_two_collections_is_taken_once_even_with_all():
    made = table(row("a", collection="spherex_qr2_deep"), row("a"), row("a", version="v21"))
    assert chosen(made, reprocessed="all").selected.tolist() == [False, True, True]


def test_pinned_versions_only():
    made = table(row("a"), row("a", version="v21"), row("b", version="v21"))
    found = chosen(made, reprocessed="pin", pin=("v20",))
    assert found.selected.tolist() == [True, False, False]
    assert "pinned" in found.reason[2]
    assert versions(chosen(made, reprocessed="pin", pin=("l2b-v21-2025-253",))) == ["v21", "v21"]


def test_a_pin_that_nothing_has_is_an_error():
    with pytest.raises(ConfigError, match=r"archive\.pin: nothing found is of v99; found l2b-v20-2025-253"):
        chosen(table(row("a")), reprocessed="pin", pin=("v99",))


def test_releases_are_not_mixed(caplog):
    made = table(row("a"), row("b", release="qr3", version="v1", collection="spherex_qr3"))
    with caplog.at_level(logging.WARNING):
        found = chosen(made)
    assert found.selected.tolist() == [False, True]
    assert found.reason[0] == "release not wanted: only qr3"
    assert "only the newest, qr3, is taken" in caplog.text
    assert chosen(made, releases=("qr2", "qr3")).selected.all()


def test_the_newest_release():
    assert newest(["qr2", "qr10", "qr9"]) == "qr10"
    assert newest(["qr9", "dr1"]) == "dr1"


def test_a_band_that_is_unknown_is_an_error_and_one_that_is_only_missing_is_not(caplog):
    made = table(row("a", band="g", version=""), row("b", band="r", version=""))
    with pytest.raises(ConfigError, match=r"archive\.bands: nothing found is of q; found g, r"):
        chosen(made, bands=("q",), service="obscore")
    found = chosen(made, bands=("g", "q"), service="obscore")
    assert found.selected.tolist() == [True, False]
    assert "nothing found is of q" in caplog.text


def test_products_without_versions_never_supersede_each_other():
    made = table(row("a", version=""), row("a", version="", collection="other"))
    assert chosen(made).selected.all()


def test_targets_do_not_supersede_each_other():
    assert chosen(table(row("a"), row("a", version="v21", target="u"))).selected.all()


def test_rows_without_a_sky_are_a_result():
    assert choose(products.empty(), Archive(bands=("D1",))).empty


def split_to(source, folder, names, urls="none.json"):
    """Split the observations of `source` into tables and links in `folder`."""
    split(source, urls, *([folder / f"{name}.{end}" for name in names] for end in ("parquet", "json")))


def test_batches_hold_each_selected_row_once(tmp_path):
    made = table(*(row(f"o{i}", target=t) for i in range(40) for t in "ab"))
    made.loc[3, "selected"] = False
    observations.write(made, tmp_path / "o.ecsv", tmp_path / "o.parquet")
    names = batch_names(4)
    for source in ("o.ecsv", "o.parquet"):
        split_to(tmp_path / source, tmp_path / source[2:], names)
    parts = [observations.read(tmp_path / "parquet" / f"{name}.parquet") for name in names]
    assert sum(map(len, parts)) == 79
    assert all(batch_of(exposure, 4) == i for i, part in enumerate(parts) for exposure in part.exposure)
    for name in names:  # ECSV holds every digit
        assert (tmp_path / "ecsv" / f"{name}.parquet").read_bytes() == (
            tmp_path / "parquet" / f"{name}.parquet"
        ).read_bytes()


def test_a_batch_changes_only_with_its_own_rows(tmp_path):
    made = table(*(row(f"o{i}") for i in range(40)))
    more = table(*(row(f"o{i}") for i in range(41)))
    for name, each in (("one", made), ("two", more)):
        observations.write(each, None, tmp_path / f"{name}.parquet")
        split_to(tmp_path / f"{name}.parquet", tmp_path / name, batch_names(8))
    pairs = [
        [(tmp_path / name / f"{batch}.parquet").read_bytes() for name in ("one", "two")] for batch in batch_names(8)
    ]
    assert sum(one == two for one, two in pairs) == 7


def test_links_go_with_their_batch_without_the_times_of_their_asking(tmp_path):
    made = table(*(row(f"o{i}") for i in range(9)))
    observations.write(made, None, tmp_path / "o.parquet")
    urls = {
        exposure: {"url": f"https://a/{i}", "reason": "", "from": "x", "resolved": "2026-01-01", "cutout": None}
        for i, exposure in enumerate(made.exposure[:5])
    }
    write_json(tmp_path / "urls.json", urls)
    split_to(tmp_path / "o.parquet", tmp_path / "parts", batch_names(3), tmp_path / "urls.json")
    found = {}
    for name in batch_names(3):
        links = read_json(tmp_path / f"parts/{name}.json")
        assert set(links) <= set(observations.read(tmp_path / f"parts/{name}.parquet").exposure)
        found |= links
    assert found == {key: {k: entry[k] for k in ("url", "reason", "cutout")} for key, entry in urls.items()}


def test_spherex_rows_become_observations():
    answer = pd.DataFrame(
        {
            "URI": [
                "ibe/data/spherex/qr2/level2/2025W49_1A/l2b-v20-2025-339/2/level2_2025W49_1A_0332_1D2_spx_l2b-v20-2025-339.fits",
                "ibe/data/spherex/qr2/average_psf/x.fits",
            ],
            "obs_publisher_did": ["ivo://irsa.ipac/spherex_qr2?2025W49_1A_0332_1/D2", ""],
            "collection": ["spherex_qr2"] * 2,
            "energy_bandpassname": ["SPHEREx-D2"] * 2,
            "energy_bounds_lower": [1.1033e-6] * 2,
            "energy_bounds_upper": [1.6499e-6] * 2,
            "time_bounds_lower": [61011.504189] * 2,
            "time_bounds_upper": [61011.505521] * 2,
        }
    )
    found = (
        products.from_spherex(answer, "https://irsa.ipac.caltech.edu/")
        .set_index("band", drop=False)
        .sort_values("reason")
    )
    first = found.iloc[0]
    assert first.url.startswith("https://irsa.ipac.caltech.edu/ibe/data/spherex/qr2/level2/2025W49_1A/")
    assert first.exposure == "ivo://irsa.ipac/spherex_qr2?2025W49_1A_0332_1/D2#v20-2025-339"
    assert (first.obs_id, first.release, first.version) == ("2025W49_1A_0332_1", "qr2", "v20")
    assert first.mjd == pytest.approx(61011.504855, abs=1e-9)
    assert first.wave_min == pytest.approx(1.1033)
    assert found.iloc[1].reason == products.NOT_AN_IMAGE
    assert not found.iloc[1].selected


def test_missing_columns_are_named():
    with pytest.raises(products.BadTable, match="no column uri, collection"):
        products.from_spherex(
            pd.DataFrame({name: [] for name in products.SPHEREX_COLUMNS if name not in ("uri", "collection")}), ""
        )
    with pytest.raises(products.BadTable, match="no column access_url"):
        products.from_obscore(pd.DataFrame({name: [] for name in products.OBSCORE_COLUMNS if name != "access_url"}))


def test_products_that_nothing_tells_apart_are_kept_apart(caplog):
    answer = pd.DataFrame({name: ["1", "1"] for name in products.OBSCORE_COLUMNS} | {"obs_publisher_did": ["x", "x"]})
    answer["access_url"] = ["https://a/b?1", "https://a/b?2"]
    found = products.from_obscore(answer)
    assert found.exposure.nunique() == 2
    assert "no version that tells them apart" in caplog.text
