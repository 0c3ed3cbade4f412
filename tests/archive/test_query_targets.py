"""Targets in, one clear error for each mistake."""

import numpy as np
import pytest
from astropy.table import Table
from swath.config.load import load_config
from swath.config.targets import Targets
from swath.errors import ConfigError, InputError
from swath.targets import read_targets


def of(tmp_path, text, name="t.csv", **more):
    (tmp_path / name).write_text(text)
    return read_targets(Targets(table=str(tmp_path / name), **more))


def test_one_target_of_the_config():
    table = read_targets(Targets(ra=304.69, dec=-2.44, pmra=5.0))
    assert table.target.tolist() == ["J304.69000-02.44000"]
    assert table.loc[0, ["ra", "dec", "pmra", "pmdec", "epoch"]].tolist() == [304.69, -2.44, 5.0, 0.0, 2016.0]
    assert read_targets(Targets()).empty


def test_a_table_of_many(tmp_path):
    table = of(tmp_path, "Name,RA,Dec,pmRA,pmDec,ref_epoch\na b,1,2,3,,2000\na/b,359.9,-90,,,\n007,0,90,1,1,2015.5\n")
    assert table.target.tolist() == ["a b", "a/b", "007"]
    assert table.slug.nunique() == 3
    np.testing.assert_array_equal(table.epoch, [2000, 2016, 2015.5])
    np.testing.assert_array_equal(table.pmra, [3, 0, 1])


@pytest.mark.parametrize("suffix", ["fits", "ecsv", "parquet"])
def test_all_formats_give_the_same(tmp_path, suffix):
    made = Table({"target": ["x", "y"], "ra": [1.5, 2.5], "dec": [-1.0, 1.0]})
    path = tmp_path / f"t.{suffix}"
    made.to_pandas().to_parquet(path) if suffix == "parquet" else made.write(path)
    table = read_targets(Targets(table=str(path), epoch=2020.0))
    assert table[["target", "ra", "dec", "epoch"]].values.tolist() == [
        ["x", 1.5, -1.0, 2020.0],
        ["y", 2.5, 1.0, 2020.0],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,ra\na,1\n", "no column dec"),
        ("ra,dec\n1,2\n", "no column name (or target, or id)"),
        ("name,ra,dec\na,361,0\n", "ra outside 0 <= ra < 360 deg, or missing: row 1 (361.0)"),
        ("name,ra,dec\na,360,0\n", "ra outside"),
        ("name,ra,dec\na,1,-90.1\n", "dec outside -90 <= dec <= 90 deg, or missing: row 1 (-90.1)"),
        ("name,ra,dec\na,,0\n", "ra outside 0 <= ra < 360 deg, or missing"),
        ("name,ra,dec\na,1,0\nb,2,0\na,3,0\n", "names that stand twice, expected one row for each: rows 1 (a), 3 (a)"),
        ("name,ra,dec\n,1,0\n", "no name, expected one for each target: row 1"),
        ("name,ra,dec\na,12h,0\n", "column ra: expected plain numbers"),
        ("name,ra,dec,epoch\na,1,0,61000\n", "epoch outside 1800 to 2200 yr: row 1 (61000.0)"),
        ("name,ra,dec,pmra\na,1,0,inf\n", "pmra or pmdec beyond 100000 mas/yr: row 1"),
        ("name,ra,dec,pmdec\na,1,0,5\nb,1,0,-1e9\n", "pmra or pmdec beyond 100000 mas/yr: row 2"),
        ("name,ra,dec\n", "the table has no rows"),
    ],
)
def test_each_mistake_has_its_sentence(tmp_path, text, expected):
    with pytest.raises(InputError) as error:
        of(tmp_path, text)
    assert expected in str(error.value)
    assert "t.csv" in str(error.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        of(tmp_path, "name,ra,dec\n../evil,361,0\na,1,99\na,1,0\n")
    assert len(error.value.problems) == 3


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"targets": {"ra": 361, "dec": 0}}, "targets.ra: found 361"),
        ({"targets": {"ra": 1, "dec": 91}}, "targets.dec: found 91"),
        ({"targets": {"ra": 1}}, "targets.ra and targets.dec together"),
        ({"targets": {"ra": 1, "dec": 0, "table": "t.csv"}}, "and not both"),
        ({"archive": {"radius_arcsec": 0}}, "archive.radius_arcsec: found 0; expected a number above 0"),
        ({"archive": {"bands": ["D7"]}}, "bands of SPHEREx, D1, D2, D3, D4, D5, D6"),
        ({"archive": {"tap_url": "http://irsa.ipac.caltech.edu/TAP"}}, "archive.http.allow_http"),
        ({"archive": {"sia_url": "ftp://a.b/c", "http": {"allow_http": True}}}, "an https URL"),
        ({"archive": {"tap_url": "https://me:secret@a.b/c"}}, "an https URL"),
        ({"archive": {"service": "list"}}, "a table or folder in archive.list"),
        ({"archive": {"reprocessed": "pin"}}, "versions in archive.pin"),
        ({"archive": {"mjd_min": 2, "mjd_max": 1}}, "archive.mjd_min below archive.mjd_max"),
        ({"gaia": {"fetch": {"magnitudes": ["g=a; DROP"]}}}, "texts such as g=g_sdss_mag"),
        ({"gaia": {"fetch": {"ra": 1}}}, "all of gaia.fetch.ra, dec and radius_arcmin, or none"),
    ],
)
def test_config_mistakes_have_one_sentence_each(section, expected):
    base = {"targets": {"ra": 1, "dec": 2}}
    with pytest.raises(ConfigError) as error:
        load_config(base | section, "/")
    assert expected in str(error.value)
    assert len(error.value.problems) == 1
