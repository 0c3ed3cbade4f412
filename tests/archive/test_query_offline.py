"""Observations without a service: tables and folders of FITS files."""

import shutil

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from spherex.build import Scene, real_files, write
from swath.archive import observations
from swath.archive.offline import listed
from swath.archive.query import make_observations
from swath.config.archive import Archive
from swath.config.targets import Targets
from swath.errors import InputError
from swath.targets import read_targets

RA, DEC = 210.8, 54.3
ONE = "level2_2025W25_1B_0062_1D3_spx_l2b-v20-2025-253.fits"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("files")
    (made / "sub dir").mkdir()
    write(made / ONE, Scene(detector=3, sky=(RA, DEC), size=(40, 40), mjd=60800.5), psf=False)
    write(made / "sub dir" / "mine.fits", Scene(detector=1, sky=(RA, DEC), size=(40, 40)), psf=False)
    (made / "broken.fits").write_bytes(b"SIMPLE  = no")
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(made / "no_wcs.fits")
    (made / "notes.txt").write_text("x")
    return made


def two(tmp_path):
    (tmp_path / "t.csv").write_text(
        f"name,ra,dec\nin,{RA},{DEC}\nout,{RA},{DEC + 0.2}\nback,{(RA + 180) % 360},{-DEC}\n"
    )
    return Targets(table=str(tmp_path / "t.csv"))


def test_a_folder_gives_the_files_on_which_targets_lie(folder, tmp_path, caplog):
    targets = read_targets(two(tmp_path))
    found = listed(folder, targets, 1 / 3600)
    assert found.target.tolist() == [targets.slug[0]] * 2
    assert found.exposure.tolist() == [ONE, "sub dir/mine.fits"]
    assert found.band.tolist() == ["D3", "D1"]
    assert found.obs_id[0] == "2025W25_1B_0062_1"
    assert found.version.tolist() == ["v20", ""]
    assert found.mjd[0] == pytest.approx(60800.5, abs=0.01)
    assert found.exptime[0] == pytest.approx(113.58, abs=0.01)
    assert found.url[1].endswith("/sub%20dir/mine.fits")
    assert found.url[1].startswith("file:///")
    assert found.bytes[0] == (folder / ONE).stat().st_size
    assert "broken.fits: left out" in caplog.text
    assert "no celestial WCS" in caplog.text


def test_a_circle_may_touch_a_file_from_outside(folder, tmp_path):
    # 0.2 deg are 117 pixels: 97 beyond the border of 40 pixels.
    targets = read_targets(two(tmp_path))
    assert set(listed(folder, targets, 0.19).target) == set(targets.slug[:2])
    assert set(listed(folder, targets, 0.15).target) == {targets.slug[0]}


def test_real_cutouts_are_read(tmp_path):
    for name, body in list(real_files().items())[:5]:
        (tmp_path / name).write_bytes(body)
    found = listed(tmp_path, read_targets(Targets(ra=308.0263, dec=38.3502)), 30 / 3600)
    assert len(found) == 5
    assert set(found.band) <= {"D1", "D2", "D3", "D4", "D5", "D6"}
    assert found.mjd.between(60780, 60840).all()


def test_a_folder_stands_in_for_the_query(folder, tmp_path):
    names = {"targets": "t.ecsv", "observations": "o.ecsv", "parquet": "o.parq", "urls": "u.json", "summary": "s.json"}
    outputs = {name: tmp_path / "query" / file for name, file in names.items()}
    make_observations(two(tmp_path), Archive(service="list", list=str(folder)), tmp_path, outputs)
    assert observations.read(outputs["parquet"]).selected.tolist() == [True, True]
    # ... and what a query has written stands in for another.
    again = {name: tmp_path / "again" / file for name, file in names.items()}
    archive = Archive(service="list", list=str(outputs["observations"]))
    make_observations(two(tmp_path), archive, tmp_path / "again", again)
    pd.testing.assert_frame_equal(observations.read(again["parquet"]), observations.read(outputs["parquet"]))


def test_a_table_names_files_for_all_targets_or_for_one(tmp_path):
    (tmp_path / "o.csv").write_text(f"file,target,band\na/{ONE},,\nhttps://a.b/c.fits,out,g\n,in,\n")
    targets = read_targets(two(tmp_path))
    found = listed(tmp_path / "o.csv", targets, 0)
    assert len(found) == 5
    every = found[found.band == "D3"]
    assert set(every.target) == set(targets.slug)
    assert every.url.iloc[0] == (tmp_path / "a" / ONE).as_uri()
    assert every.version.iloc[0] == "v20"
    assert found.target[found.band == "g"].tolist() == [targets.slug[1]]
    assert found.reason[found.url == ""].tolist() == ["no URL of its file"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", "no column url (or file, or path); found a, b"),
        ("url,target\nx,nobody\n", "no row is of a target"),
    ],
)
def test_tables_that_are_of_no_use(tmp_path, text, expected):
    (tmp_path / "o.csv").write_text(text)
    with pytest.raises(InputError) as error:
        listed(tmp_path / "o.csv", read_targets(two(tmp_path)), 0)
    assert expected in str(error.value)


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        listed(tmp_path / "none", read_targets(two(tmp_path)), 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no FITS file in it"):
        listed(tmp_path / "empty", read_targets(two(tmp_path)), 0)
    shutil.rmtree(tmp_path / "empty")
