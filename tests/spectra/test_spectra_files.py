"""The files of a light curve: SPXQuery's columns, every exposure, the same numbers in every format, equal bytes."""

import json

import fake_photometry
import numpy as np
import pandas as pd
import pytest
from astropy import units
from astropy.table import QTable, Table
from swath.config.aperture import Aperture
from swath.config.lightcurve import LightCurve
from swath.errors import InputError
from swath.spectra.columns import FIELDS, IRSA, NAMES, SPECTRUM
from swath.spectra.lightcurve import write_lightcurve
from swath.spectra.read import read_lightcurve, summarize

SPXQUERY = (
    "obs_id,mjd,flux,flux_error,mag_ab,mag_ab_error,wavelength,bandwidth,band,flag,flag_binary,pix_x,pix_y,"
    "is_upper_limit,snr"
)
NAMES_OF_FILES = ("lightcurve.csv", "lightcurve.ecsv", "lightcurve.vot", "photometry.json", "spectrum.csv")
SLUG = "star-0a1b2c3d"


def write(folder, table, settings=None, slug=SLUG, name=None, aperture=None):
    folder.mkdir(exist_ok=True)
    photometry, targets = fake_photometry.write(folder, table)
    if name is not None:
        known = Table.read(targets, format="ascii.ecsv")
        known["target"] = [name]
        known.write(targets, format="ascii.ecsv", overwrite=True)
    outputs = [folder / file for file in NAMES_OF_FILES]
    write_lightcurve(photometry, slug, settings or LightCurve(), *outputs, targets, aperture)
    return folder


@pytest.fixture(scope="module")
def mixed():
    """60 measurements: some lost, flagged, faint, negative; one of unknown time."""
    table = fake_photometry.lost(fake_photometry.photometry(60), [3, 10])
    table.loc[4, "flags"] |= 1 << 10
    table.loc[5, ["flux", "mag"]] = [-40.0, 21.0]
    table.loc[6, "mjd"] = np.nan
    table.loc[7, "quality"] = 1 << 16 | 1
    table.loc[8, "reason"] = 'he said "no", # and\nleft'
    return table


@pytest.fixture(scope="module")
def files(tmp_path_factory, mixed):
    return write(tmp_path_factory.mktemp("lightcurve") / "a", mixed)


def test_the_first_columns_are_spxquerys_in_its_order(files):
    header = next(line for line in (files / "lightcurve.csv").read_text().splitlines() if not line.startswith("#"))
    assert header.startswith(SPXQUERY + ",")
    assert header.split(",") == list(NAMES)


def test_every_planned_exposure_is_a_row_in_order_of_time(files, mixed):
    table = read_lightcurve(files / "lightcurve.csv")
    assert sorted(table["exposure"]) == sorted(mixed["exposure"])
    assert (np.diff(table["mjd"].to_numpy()[:-1]) >= 0).all()
    assert np.isnan(table["mjd"].iloc[-1])
    assert (table["status"] == "not_downloaded").sum() == 2


def test_the_numbers_are_those_of_the_photometry(files, mixed):
    table = read_lightcurve(files / "lightcurve.csv").set_index("exposure").loc[mixed["exposure"]]
    for field in FIELDS:
        if field.of and field.name != "exposure":
            np.testing.assert_array_equal(table[field.name].to_numpy(), mixed[field.of].to_numpy(), field.name)


def test_all_formats_hold_the_same_table(files):
    tables = [read_lightcurve(files / f"lightcurve.{ending}") for ending in ("csv", "ecsv", "vot")]
    for other in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], other, check_exact=True)
        assert other.attrs["target"] == tables[0].attrs["target"] == "Star of 'x, y' # 1"


def test_flags_are_a_number_binary_digits_and_names(files):
    row = read_lightcurve(files / "lightcurve.csv").set_index("flag_names").loc["HOT SOURCE"]
    assert row["flag"] == 2**21 + 2**10
    assert int(row["flag_binary"], 2) == row["flag"]
    assert len(row["flag_binary"]) == 32


def test_quality_bits_have_names(files):
    assert "APERTURE_FILLED NEGATIVE_FLUX" in set(read_lightcurve(files / "lightcurve.csv")["quality_names"])


def test_negative_fluxes_stay_and_are_upper_limits(files):
    table = read_lightcurve(files / "lightcurve.csv")
    row = table[table["flux"] == -40.0].iloc[0]
    assert row["is_upper_limit"]
    assert row["upper_limit"] == pytest.approx(3 * row["flux_error"])


@pytest.mark.parametrize("kind", ["asinh", "log"])
def test_magnitudes_of_limits_are_of_the_same_kind_as_those_of_fluxes(tmp_path, kind):
    """A limit of 30 uJy: 23.9 - 2.5 lg 30 = 20.207; asinh with b = 20: 23.9 - 1.0857 (asinh(30/40) + ln 20)."""
    table = fake_photometry.photometry(1, flux=0.0, flux_err=10.0)
    folder = write(tmp_path / "a", table, aperture=Aperture(magnitude=kind, asinh_softening=20.0))
    expected = {"log": 20.2072, "asinh": 23.9 - 1.085736 * (0.693147 + 2.995732)}[kind]
    assert read_lightcurve(folder / "lightcurve.ecsv")["upper_limit_mag"][0] == pytest.approx(expected, abs=1e-4)


def test_ecsv_has_units_and_meanings_for_every_column(files):
    table = QTable.read(files / "lightcurve.ecsv", format="ascii.ecsv")
    assert table["flux"].unit == units.uJy
    assert table["wavelength"].to(units.nm)[0].value > 700
    assert table["background"].unit == units.MJy / units.sr
    assert all(column.info.description for column in table.itercols())
    assert table.meta["sigma_threshold"] == 5
    assert (table.meta["ra"], table.meta["pmdec"], table.meta["slug"]) == (210.80227, 3.25, SLUG)


def test_comment_lines_name_every_column_with_its_unit(files):
    lines = [line for line in (files / "lightcurve.csv").read_text().splitlines() if line.startswith("#")]
    for field in FIELDS:
        start = f"# {field.name} [{field.unit}]: " if field.unit else f"# {field.name}: "
        assert any(line.startswith(start) for line in lines), start
    assert any("HOT" in line and line.startswith("# Bad flags") for line in lines)


def test_pandas_reads_the_csv_as_people_read_spxquerys(files):
    table = pd.read_csv(files / "lightcurve.csv", comment="#")
    own = read_lightcurve(files / "lightcurve.csv")
    np.testing.assert_array_equal(table["flux"], own["flux"])
    assert (table["exposure"] == own["exposure"]).all()  # they hold a '#'


def test_json_has_one_object_per_exposure_and_null_for_what_is_unknown(files):
    content = json.loads((files / "photometry.json").read_text())
    table = read_lightcurve(files / "lightcurve.csv")
    assert content["slug"] == SLUG
    assert content["columns"]["flux"]["unit"] == "uJy"
    assert len(content["observations"]) == len(table)
    for row, values in zip(content["observations"], table.to_dict("records"), strict=True):
        assert list(row) == list(NAMES)
        for name, value in values.items():
            assert row[name] is None if value != value else row[name] == value
    lost = next(row for row in content["observations"] if row["status"] == "not_downloaded")
    assert lost["flux"] is lost["background"] is lost["aperture_radius"] is None
    assert lost["reason"] == "HTTP 404 of the archive, 3 attempts"


def test_exposures_of_one_time_are_in_order_of_band_and_name(tmp_path):
    """The six detectors are read at once."""
    table = fake_photometry.photometry(24, mjd=60800.0).sample(frac=1, random_state=2).reset_index(drop=True)
    made = read_lightcurve(write(tmp_path / "a", table) / "lightcurve.csv")
    assert list(zip(made["band"], made["exposure"], strict=True)) == sorted(
        zip(table["band"], table["exposure"], strict=True)
    )


def test_equal_photometry_gives_equal_bytes_and_the_order_of_its_rows_does_not_matter(tmp_path, files, mixed):
    shuffled = mixed.sample(frac=1, random_state=1).reset_index(drop=True)
    again = write(tmp_path / "b", shuffled)
    for name in NAMES_OF_FILES:
        assert (again / name).read_bytes() == (files / name).read_bytes(), name


def test_other_targets_leave_no_trace(tmp_path, files, mixed):
    others = fake_photometry.photometry(20, 7, target="other-11111111")
    both = write(tmp_path / "b", fake_photometry.joined(mixed, others))
    for name in NAMES_OF_FILES:
        assert (both / name).read_bytes() == (files / name).read_bytes(), name


@pytest.mark.parametrize("name", ["<a & b>", "α Cen", "two\nlines", "tab\tand  blanks", '"q"', "# no, column", "$x^2$"])
def test_any_name_of_a_target_is_told_and_read_back(tmp_path, name):
    folder = write(tmp_path / "a", fake_photometry.photometry(2), name=name)
    for ending in ("csv", "ecsv", "vot"):
        assert read_lightcurve(folder / f"lightcurve.{ending}").attrs["target"] == " ".join(name.split())
    assert len(read_lightcurve(folder / "lightcurve.csv")) == 2


def test_texts_beyond_ascii_stay(tmp_path):
    folder = write(tmp_path / "a", fake_photometry.photometry(2, reason="Zeitüberschreitung"))
    tables = [read_lightcurve(folder / f"lightcurve.{ending}") for ending in ("csv", "ecsv", "vot")]
    assert {text for table in tables for text in table["reason"]} == {"Zeitüberschreitung"}


@pytest.mark.parametrize("count", [0, 1])
def test_empty_and_single_light_curves_are_tables_too(tmp_path, count):
    table = fake_photometry.photometry(1) if count else fake_photometry.empty()
    folder = write(tmp_path / "a", table)
    tables = [read_lightcurve(folder / f"lightcurve.{ending}") for ending in ("csv", "ecsv", "vot")]
    for other in tables:
        assert len(other) == count
        pd.testing.assert_frame_equal(tables[0], other, check_exact=True)
    assert len(json.loads((folder / "photometry.json").read_text())["observations"]) == count


def test_the_spectrum_has_its_columns_described(files):
    text = (files / "spectrum.csv").read_text()
    table = pd.read_csv(files / "spectrum.csv", comment="#")
    assert list(table.columns) == [field.name for field in SPECTRUM]
    assert len(table) == 6 * 17
    assert "# flux [uJy]: " in text


def test_summary_in_numbers(files, mixed):
    told = summarize(read_lightcurve(files / "lightcurve.ecsv"))
    assert told["exposures"] == 60
    assert told["good"] + told["upper_limit"] + told["rejected"] == 60
    assert (told["upper_limit"], told["rejected"]) == (1, 3)  # the negative flux; two lost ones and a hot pixel
    assert told["bands"] == dict.fromkeys(["D1", "D2", "D3", "D4", "D5", "D6"], 10)
    assert told["statuses"] == {"not_downloaded": 2, "ok": 58}
    measured = mixed[mixed["status"] == "ok"]
    assert told["mjd"] == (measured["mjd"].min(), measured["mjd"].max())
    assert told["days"] == pytest.approx(measured["mjd"].max() - measured["mjd"].min())


def test_summary_of_nothing(tmp_path):
    folder = write(tmp_path / "a", fake_photometry.empty())
    told = summarize(read_lightcurve(folder / "lightcurve.csv"))
    assert (told["exposures"], told["mjd"], told["days"]) == (0, None, 0.0)
    assert np.isnan(told["flux"])


def test_columns_of_irsas_tool_have_their_counterparts():
    assert set(IRSA.values()) <= set(NAMES)


def test_a_target_that_nobody_asked_for_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no target other-1"):
        write(tmp_path / "a", fake_photometry.photometry(2), slug="other-1")


def test_a_table_without_its_columns_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no column flux, psf_zone"):
        write(tmp_path / "a", fake_photometry.photometry(2).drop(columns=["flux", "psf_zone"]))


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "no such file"), ("", "not a"), ("a,b\n1,2\n", "no column"), ("<?xml version='1.0'?><a/>", "not a"),
     ("# %ECSV 1.0\n", "not a"), ("# only comments", "not a"), ("\x00\xff", "not a")],
)  # fmt: skip
def test_what_is_no_light_curve_is_refused_in_a_sentence(tmp_path, content, told):
    if content is not None:
        (tmp_path / "a").write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=told):
        read_lightcurve(tmp_path / "a")
