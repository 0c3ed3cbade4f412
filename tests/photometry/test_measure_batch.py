"""Batches: one row for every planned exposure, positions at its epoch, tables that open elsewhere."""

import hashlib
import logging

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time
from spherex.build import SKY, Scene, celestial, image_header, write, write_calibration
from spherex.fetched import checksums
from swath.config.aperture import Aperture
from swath.errors import ConfigError, InputError, RunError
from swath.photometry.batch import measure_batch
from swath.photometry.columns import COLUMNS, NAMES, STATUSES
from swath.photometry.gather import gather
from swath.photometry.quality import QUALITY
from swath.spherex.maskbits import DOCUMENTED
from swath.spherex.mef import read_exposure
from swath.tables import read_table, write_csv, write_parquet

TARGETS = pd.DataFrame(
    {
        "target": ["one", "fast"],
        "slug": ["one-00000001", "fast-00000002"],
        "ra": [SKY[0], SKY[0]],
        "dec": [SKY[1], SKY[1]],
        "epoch": [2016.0, 2016.0],
        "pmra": [0.0, 3000.0],
        "pmdec": [0.0, -2000.0],
    }
)


def plan(target, exposure, file="", status="ok", calibration="", **others):
    """A row of the download table."""
    return {
        "target": target, "exposure": exposure, "obs_id": exposure[:6], "band": "D1", "collection": "spherex_qr2",
        "release": "qr2", "version": "v20", "mjd": 60797.8, "exptime": 113.6, "selected": True, "status": status,
        "file_reason": "" if status == "ok" else "503 four times", "file": file, "size": 0, "sha256": "",
        "calibration": calibration, "calibration_size": 0, "calibration_sha256": "",
    } | others  # fmt: skip


def fetched(folder, row):
    """The row with size and checksum of its files, unless it tells them."""
    told = dict(row)
    for name, prefix in (("file", ""), ("calibration", "calibration_")):
        if (path := folder / row[name]).is_file() and not row[f"{prefix}sha256"]:
            told |= checksums(path, prefix)
    return told


@pytest.fixture
def run(tmp_path):
    """Measures a download table in a folder; returns the table that was written."""

    def measured(plans, settings=None, targets=TARGETS, name="b000.parquet"):
        columns = plan("", "")
        plans = [fetched(tmp_path, row) for row in plans]
        table = pd.DataFrame(plans) if plans else pd.DataFrame({key: pd.Series(dtype="str") for key in columns})
        write_parquet(tmp_path / "plans.parquet", table)
        write_csv(tmp_path / "targets.csv", targets)
        measure_batch(
            tmp_path / "plans.parquet", tmp_path / "targets.csv", settings or Aperture(), tmp_path, tmp_path / name
        )
        return pd.read_parquet(tmp_path / name)

    return measured


def test_every_exposure_has_a_row_and_a_status(tmp_path, run, caplog):
    """Fetched or not, readable or not, on the image or not."""
    write(tmp_path / "a.fits", Scene(sources=((*SKY, 500.0),)), psf=False)
    write(tmp_path / "far.fits", Scene(sky=(10.0, 10.0)))
    write_calibration(tmp_path / "cal.fits", 1)
    (tmp_path / "bad.fits").write_text("<html>busy</html>")
    slug = TARGETS.slug[0]
    with caplog.at_level(logging.WARNING):
        table = run(
            [
                plan(slug, "good", "a.fits", calibration="cal.fits"),
                plan(slug, "lost", status="failed"),
                plan(slug, "html", "bad.fits"),
                plan(slug, "gone", "none.fits"),
                plan(slug, "elsewhere", "far.fits"),
                plan(slug, "nopsf", "a.fits"),
                plan(slug, "nocal", "a.fits", calibration="none.fits"),
            ]
        ).set_index("exposure")
    assert list(table.columns) == [name for name in NAMES if name != "exposure"]
    assert table.status.to_dict() == {
        "good": "ok", "lost": "not_downloaded", "html": "unreadable", "gone": "unreadable", "elsewhere": "off_image",
        "nopsf": "unreadable", "nocal": "unreadable",
    }  # fmt: skip
    assert set(table.status) < set(STATUSES)
    assert table.reason["lost"] == "503 four times"
    assert (table.reason[table.status != "ok"] != "").all()
    assert np.isnan(table.flux[table.status != "ok"]).all()
    assert not table.reason.str.contains(str(tmp_path), regex=False).any()
    assert abs(table.flux["good"] - 500) < 5 * table.flux_err["good"]
    assert table.mjd["good"] == pytest.approx(60797.8237)
    assert "4 of 7 exposures without a flux: unreadable" in caplog.text


def test_a_frame_with_many_targets_is_opened_once(tmp_path, run, monkeypatch):
    opened = []
    monkeypatch.setattr(
        "swath.photometry.batch.read_exposure", lambda *paths: opened.append(paths) or read_exposure(*paths)
    )
    write(tmp_path / "a.fits", Scene())
    write(tmp_path / "b.fits", Scene(seed=1))
    table = run([plan(slug, name, f"{name}.fits") for slug in TARGETS.slug for name in "ab"])
    assert (table.status == "ok").all()
    assert len(opened) == 2


@pytest.mark.parametrize("which", ["a.fits", "cal.fits"])
def test_a_file_that_is_not_the_one_that_was_fetched_is_not_measured(which, tmp_path, run):
    """One flipped bit, in a pixel or in the PSF: still FITS, and a flux would come out."""
    write(tmp_path / "a.fits", Scene(sources=((*SKY, 500.0),)), psf=False)
    write_calibration(tmp_path / "cal.fits", 1)
    row = fetched(tmp_path, plan(TARGETS.slug[0], "a", "a.fits", calibration="cal.fits"))
    assert run([row]).status.item() == "ok"
    path = tmp_path / which
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    table = run([row])
    assert table.status.item() == "unreadable"
    assert table.reason.item() == (
        f"{which}: its SHA-256 is not the one of the file that was fetched; fetch it again with --forcerun download"
    )
    path.write_bytes(bytes(damaged[:-2880]))
    assert "bytes, expected" in run([row]).reason.item()


def test_flags_of_files_with_other_bits_mean_the_same_in_the_table(tmp_path, run):
    """What the light curve rejects by name is what this file calls so."""
    write(tmp_path / "a.fits", Scene(sources=((*SKY, 500.0),)))
    with fits.open(tmp_path / "a.fits", mode="update") as hdus:
        header = hdus["FLAGS"].header
        header["MP_SOURCE"], header["MP_HOT"] = header["MP_HOT"], header["MP_SOURCE"]
    table = run([plan(TARGETS.slug[0], "a", "a.fits")], Aperture(bad_flags=(), empty_flags=()))
    assert table["flags"].item() == 1 << DOCUMENTED["HOT"]


def test_bugs_are_rows_too(tmp_path, run, monkeypatch):
    write(tmp_path / "a.fits", Scene())
    monkeypatch.setattr("swath.photometry.batch.measure", lambda *_: 1 / 0)
    table = run([plan(TARGETS.slug[0], "a", "a.fits"), plan(TARGETS.slug[0], "b", status="failed")])
    assert sorted(table.status) == ["error", "not_downloaded"]
    assert "ZeroDivisionError" in table.reason[table.status == "error"].item()


def test_mistakes_of_the_config_end_the_job(tmp_path, run):
    write(tmp_path / "a.fits", Scene())
    with pytest.raises(ConfigError, match="HOTT"):
        run([plan(TARGETS.slug[0], "a", "a.fits")], Aperture(bad_flags=("HOTT",)))


def test_positions_are_those_of_the_exposures_epoch(tmp_path, run):
    """3.6 arcsec a year for 11 and 12 years, against astropy's own propagation: half a pixel a year."""
    places = {}
    for mjd in (61200.0, 61565.25):
        start = SkyCoord(
            SKY[0] * u.deg, SKY[1] * u.deg, 10 * u.pc, obstime=Time("J2016"),
            pm_ra_cosdec=3000 * u.mas / u.yr, pm_dec=-2000 * u.mas / u.yr,
        )  # fmt: skip
        moved = start.apply_space_motion(Time(mjd, format="mjd"))
        places[mjd] = moved.ra.deg, moved.dec.deg
        write(tmp_path / f"{mjd}.fits", Scene(mjd=mjd, sources=((*places[mjd], 1e4),), size=(60, 60)))
    table = run([plan(TARGETS.slug[1], str(mjd), f"{mjd}.fits") for mjd in places]).set_index("exposure")
    for mjd, (ra, dec) in places.items():
        row = table.loc[str(mjd)]
        assert row.ra == pytest.approx(ra, abs=1e-7)
        assert row.dec == pytest.approx(dec, abs=1e-7)
        assert row.flux == pytest.approx(1e4, rel=0.02)
    wcs = celestial(image_header(Scene(mjd=61200.0, size=(60, 60))))
    start = np.array(wcs.all_world2pix(*SKY, 0))
    assert np.hypot(*(table[["x", "y"]].iloc[0] - start)) > 5


def test_motion_without_an_epoch_is_told(tmp_path, run):
    write(tmp_path / "a.fits", Scene())
    table = run([plan(TARGETS.slug[1], "a", "a.fits")], targets=TARGETS.assign(epoch=np.nan))
    assert table.quality.item() & QUALITY["MOTION_UNKNOWN"]
    assert (table.ra.item(), table.dec.item()) == SKY


def test_exposures_of_unknown_targets_are_a_mistake(run):
    with pytest.raises(InputError, match="no target nobody"):
        run([plan("nobody", "a", status="failed")])


def test_empty_batches_make_empty_tables(tmp_path, run):
    table = run([])
    assert len(table) == 0
    assert list(table.columns) == list(NAMES)
    gather([tmp_path / "b000.parquet"], tmp_path / "p.parquet", tmp_path / "p.ecsv")
    assert len(pd.read_parquet(tmp_path / "p.parquet")) == len(Table.read(tmp_path / "p.ecsv")) == 0


def test_too_many_exposures_without_a_file_stop_the_run(tmp_path, run):
    write(tmp_path / "0.fits", Scene(sources=((*SKY, 500.0),)))
    one = TARGETS.slug[0]
    run([plan(one, "0", "0.fits"), plan(one, "1", status="failed"), plan(one, "2", status="failed")])
    files = tmp_path / "b000.parquet", tmp_path / "p.parquet", tmp_path / "p.ecsv"
    gather(files[:1], *files[1:], 0.7)
    files[1].unlink()
    with pytest.raises(RunError, match=r"2 of 3 planned exposures .*2 not_downloaded.*max_failed_fraction = 0\.5"):
        gather(files[:1], *files[1:], 0.5)
    assert not files[1].exists()


def test_batches_are_gathered_sorted_with_units_and_the_same_bytes(tmp_path, run):
    """Whatever the order of the plans and of the batches."""
    for number in range(4):
        write(tmp_path / f"{number}.fits", Scene(mjd=60800.0 - number, sources=((*SKY, 500.0),), seed=number))
    one, fast = TARGETS.slug
    plans = [plan(one, str(n), f"{n}.fits") for n in range(4)] + [plan(fast, "x", status="failed")]
    digests = set()
    for order in (plans, plans[::-1]):
        run(order[:2], name="b0.parquet")
        run(order[2:], name="b1.parquet")
        gather([tmp_path / "b0.parquet", tmp_path / "b1.parquet"], tmp_path / "p.parquet", tmp_path / "p.ecsv")
        digests.add(
            tuple(hashlib.sha256((tmp_path / f"p.{end}").read_bytes()).hexdigest() for end in ("parquet", "ecsv"))
        )
    assert len(digests) == 1
    table = Table.read(tmp_path / "p.ecsv")
    assert list(table["target"]) == [fast] + [one] * 4
    assert list(table["exposure"][1:]) == ["3", "2", "1", "0"]
    assert table["flux"].unit == u.uJy
    assert table["background"].unit == u.MJy / u.sr
    assert table["flags"].dtype == np.int64
    for column in COLUMNS:
        assert (table[column.name].unit or "") == (u.Unit(column.unit) if column.unit else "")
        assert table[column.name].description == column.meaning
    again = read_table(tmp_path / "p.parquet", ("target", "exposure"))
    assert again.flux.to_numpy() == pytest.approx(np.ma.filled(table["flux"], np.nan), nan_ok=True)
