"""The reference stars: mirrors in turn, rows in = rows out, and a table that `inputs.gaia` takes as it is."""

import re

import numpy as np
import pytest
from archive.taps import Tap
from astropy.table import MaskedColumn, Table
from astropy.wcs import WCS
from swath.archive import tap
from swath.archive.adql import Position
from swath.archive.gaia import build, circle_of, fetch_reference, place
from swath.config.archive import Http
from swath.config.sources import Fetch, Gaia
from swath.errors import ConfigError, RunError
from swath.sources.reference import read_reference

HTTP = Http(allow_http=True, retries=1, backoff_s=0.01, read_timeout_s=2)
WHERE = Position(150.0, 2.0, 0.1)
MAGNITUDES = ("g=g_sdss_mag", "m400=j_m400")
COUNT = 30


def stars(count=COUNT):
    """As an archive has them: 19 digits, positions at 2016.0, photometry for two of three."""
    rng = np.random.default_rng(3)
    ids = np.array([5_853_498_713_190_525_696 + i * 128 for i in range(count)], dtype=np.int64)[::-1]
    bright = MaskedColumn(rng.uniform(12, 17, count), mask=np.arange(count) % 3 == 0)
    return Table(
        {
            "source_id": ids,
            "ra": 150 + rng.uniform(-0.05, 0.05, count),
            "dec": 2 + rng.uniform(-0.05, 0.05, count),
            "ref_epoch": np.full(count, 2016.0),
            "pmra": MaskedColumn(rng.normal(0, 5, count), mask=np.arange(count) == 4),
            "pmdec": rng.normal(0, 5, count),
            "phot_g_mean_mag": rng.uniform(10, 18, count),
            "mag_0": bright,
            "mag_1": bright + 0.5,
        }
    )


def answer(adql):
    table = stars()
    if "COUNT(*)" in adql:
        return Table({"n": [len(table)]})
    return table if "synthetic_photometry_gspc" in adql else table[table.colnames[:7]]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))


def settings(*services, **more):
    return Gaia(fetch=Fetch(**({"urls": tuple(one.url for one in services), "magnitudes": MAGNITUDES} | more)))


def test_the_table_is_taken_as_it_is(tmp_path):
    with Tap(answer) as service:
        fetch_reference(settings(service), HTTP, WHERE, tmp_path / "gaia.csv")
    table = read_reference(tmp_path / "gaia.csv", ["g", "m400"])
    truth = stars()
    truth.sort("source_id")
    assert table.source_id.tolist() == [str(value) for value in truth["source_id"]]  # all 19 digits
    for name, given in (("ra", "ra"), ("pmdec", "pmdec"), ("phot_g_mean_mag", "phot_g_mean_mag")):
        np.testing.assert_array_equal(table[name], truth[given])
    np.testing.assert_array_equal(table.mag_g, truth["mag_0"].filled(np.nan))
    np.testing.assert_array_equal(table.mag_m400, truth["mag_1"].filled(np.nan))
    assert (table.ref_epoch == 2016).all()
    assert np.isnan(table.pmra.to_numpy()).sum() == 1


def test_mirrors_are_asked_in_turn(tmp_path, caplog):
    with Tap(answer) as broken, Tap(answer) as refusing, Tap(answer) as good, Tap(answer) as spare:
        broken.plan = [(500, {}, b"<html>error</html>")] * 9
        refusing.answer = lambda adql: (_ for _ in ()).throw(ValueError("no table gaiadr3.gaia_source"))
        fetch_reference(settings(broken, refusing, good, spare), HTTP, WHERE, tmp_path / "gaia.csv")
        assert broken.url in caplog.text
        assert "no table gaiadr3.gaia_source" in caplog.text
        assert good.log
        assert not spare.log


def test_a_service_that_cuts_off_in_silence_is_not_believed(tmp_path):
    with Tap(answer) as short, Tap(answer) as whole:
        short.maxrec, short.silent = 20, True
        fetch_reference(settings(short, whole), HTTP, WHERE, tmp_path / "gaia.csv")
        assert len(read_reference(tmp_path / "gaia.csv", ["g"])) == COUNT
        assert any("async" in line for line in short.log)  # as a job it might have given all
        with pytest.raises(RunError, match=f"20 stars came of the {COUNT} that the service counts"):
            fetch_reference(settings(short), HTTP, WHERE, tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_a_quick_answer_cut_off_is_had_whole_as_a_job(tmp_path):
    with Tap(answer) as service:
        service.sync_maxrec, service.silent = 20, True
        fetch_reference(settings(service), HTTP, WHERE, tmp_path / "gaia.csv")
    assert len(read_reference(tmp_path / "gaia.csv", ["g"])) == COUNT


def test_too_many_stars_are_an_error(tmp_path):
    with Tap(answer) as service, pytest.raises(RunError, match=r"not fewer than gaia\.fetch\.maxrec = 30"):
        fetch_reference(settings(service, maxrec=30), HTTP, WHERE, tmp_path / "gaia.csv")


def test_stars_that_come_twice_are_an_error(tmp_path):
    def twice(adql):
        table = answer(adql)
        if "COUNT" not in adql:
            table["source_id"][3] = table["source_id"][4]
        return table

    with Tap(twice) as service, pytest.raises(RunError, match="1 stars came twice"):
        fetch_reference(settings(service), HTTP, WHERE, tmp_path / "gaia.csv")


@pytest.mark.parametrize("count", [Table({"n": [1]})[:0], Table({"n": ["many"]}), Table({"n": [np.nan]})])
def test_a_service_that_counts_no_number_is_passed_over(count, tmp_path):
    with Tap(lambda adql: count if "COUNT" in adql else answer(adql)) as odd, Tap(answer) as mirror:
        fetch_reference(settings(odd, mirror), HTTP, WHERE, tmp_path / "gaia.csv")
    assert len(read_reference(tmp_path / "gaia.csv", ["g"])) == COUNT


def test_an_empty_field_is_a_result(tmp_path):
    with Tap(lambda adql: Table({"n": [0]}) if "COUNT" in adql else stars(1)[:0]) as service:
        fetch_reference(settings(service), HTTP, WHERE, tmp_path / "gaia.csv")
    assert read_reference(tmp_path / "gaia.csv", ["g"]).empty


def test_without_photometry_there_are_no_magnitudes(tmp_path):
    with Tap(answer) as service:
        fetch_reference(settings(service, photometry_table=None), HTTP, WHERE, tmp_path / "gaia.csv")
    assert (tmp_path / "gaia.csv").read_text().splitlines()[
        0
    ] == "source_id,ra,dec,ref_epoch,pmra,pmdec,phot_g_mean_mag"


def test_all_services_silent_are_told(tmp_path):
    told = Gaia(fetch=Fetch(urls=("http://127.0.0.1:9/a", "http://127.0.0.1:9/b")))
    with pytest.raises(RunError, match="no service gave the reference stars") as error:
        fetch_reference(told, HTTP, WHERE, tmp_path / "gaia.csv")
    assert len(error.value.problems) == 2


def test_the_query_is_plain_adql():
    query = build(Gaia(mag_min=8, mag_max=18.5), WHERE)
    where = (
        "CONTAINS(POINT('ICRS', g.ra, g.dec), CIRCLE('ICRS', 150, 2, 0.1)) = 1 AND g.phot_g_mean_mag BETWEEN 8 AND 18.5"
    )
    assert query.count == f"SELECT COUNT(*) AS n FROM gaiadr3.gaia_source AS g WHERE {where}"
    assert query.rows.endswith(where)
    assert "LEFT OUTER JOIN gaiadr3.synthetic_photometry_gspc AS p ON p.source_id = g.source_id" in query.rows
    assert re.search(r"p\.u_sdss_mag AS mag_0, p\.g_sdss_mag AS mag_1", query.rows)
    with pytest.raises(ConfigError, match="no name of a table"):
        build(Gaia(fetch=Fetch(table="a; DROP TABLE b")), WHERE)


def test_the_circle_holds_the_image():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [0.05, 60.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [100.0, 10.0], [-0.001, 0.001]
    where = circle_of(wcs, (400, 1000))
    x, y = np.meshgrid(np.linspace(-0.5, 999.5, 50), np.linspace(-0.5, 399.5, 50))
    sky = wcs.pixel_to_world(x.ravel(), y.ravel())
    center = wcs.pixel_to_world(499.5, 199.5)
    away = center.separation(sky).deg.max()
    # Half the diagonal, 0.54 deg, and the way of the fastest star in 20 years.
    assert away + 200 / 3600 < where.radius < away + 230 / 3600
    assert place(Fetch(), where) == where
    assert place(Fetch(ra=1, dec=2, radius_arcmin=30), where) == Position(1, 2, 0.5)
    with pytest.raises(ConfigError, match="no image says where the field is"):
        place(Fetch(), None)
