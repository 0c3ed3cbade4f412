"""The VOTable as other tools see it: valid, with units, UCDs, the spectrum's utypes, frames of sky and time."""

import io
import shutil
import subprocess
import warnings
import xml.etree.ElementTree as ElementTree

import fake_photometry
import pytest
from astropy import units
from astropy.io.votable import exceptions, parse, parse_single_table, validate
from astropy.io.votable.ucd import check_ucd
from astropy.table import QTable
from swath.config.lightcurve import LightCurve
from swath.spectra.columns import FIELDS
from swath.spectra.lightcurve import write_lightcurve

AXES = {
    "spec:Spectrum.Data.SpectralAxis.Value": "wavelength",
    "spec:Spectrum.Data.FluxAxis.Value": "flux",
    "spec:Spectrum.Data.FluxAxis.Accuracy.StatError": "flux_error",
    "spec:Spectrum.Data.TimeAxis.Value": "mjd",
}
SPACE = "{http://www.ivoa.net/xml/VOTable/v1.3}"


def write(folder, table):
    photometry, targets = fake_photometry.write(folder, table)
    names = ("a.csv", "a.ecsv", "a.vot", "a.json", "s.csv")
    write_lightcurve(photometry, "star-0a1b2c3d", LightCurve(), *(folder / name for name in names), targets)
    return folder / "a.vot"


@pytest.fixture(scope="module")
def votable(tmp_path_factory):
    table = fake_photometry.lost(fake_photometry.photometry(30), [3])
    table.loc[5, "flux"] = -40.0
    table.loc[6, "reason"] = "<&> über"
    return write(tmp_path_factory.mktemp("vo"), table)


def test_astropys_validator_has_nothing_to_say(votable):
    told = io.StringIO()
    assert validate(votable, output=told)
    assert "no violations" in told.getvalue()


def test_it_parses_without_a_warning_where_every_departure_is_an_error(votable):
    with warnings.catch_warnings():
        warnings.simplefilter("error", exceptions.VOWarning)
        assert parse(votable, verify="exception").get_first_table().nrows == 30


@pytest.mark.parametrize("count", [0, 30])
def test_stilts_finds_no_error(tmp_path, count):
    if shutil.which("stilts") is None:
        pytest.skip("stilts is not installed (Debian: stilts)")
    path = write(tmp_path, fake_photometry.photometry(count) if count else fake_photometry.empty())
    done = subprocess.run(["stilts", "votlint", str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "ERROR" not in done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_ucd_is_of_the_vocabulary(field):
    assert not field.ucd or check_ucd(field.ucd, check_controlled_vocabulary=True, has_colon=False)


def test_the_spectrum_is_found_by_its_utypes(votable):
    table = parse_single_table(votable)
    assert {field.utype: field.name for field in table.fields if field.utype in AXES} == AXES
    assert {param.name: param.value for param in table.params}["DataModel"] == "Spectrum 1.1"
    ucds = {field.ucd: field.name for field in table.fields}
    assert (ucds["em.wl"], ucds["phot.flux.density"], ucds["time.epoch"]) == ("wavelength", "flux", "mjd")


def test_a_reader_of_spectra_gets_quantities(votable):
    """What readers such as specutils do: columns with units, sorted by wavelength, converted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = QTable.read(votable, format="votable")
    known = table[~table["flux"].mask]
    known.sort("wavelength")
    flux = known["flux"].to(units.erg / units.s / units.cm**2 / units.AA, units.spectral_density(known["wavelength"]))
    assert flux.unit.is_equivalent(units.W / units.m**3)
    assert known["background"].unit == units.MJy / units.sr
    assert len(known) == 29


def test_frames_of_sky_and_time_are_declared_and_referred_to(votable):
    root = ElementTree.parse(votable).getroot()
    time, sky = root.find(f".//{SPACE}TIMESYS"), root.find(f".//{SPACE}COOSYS")
    assert (time.get("timescale"), time.get("timeorigin")) == ("UTC", "MJD-origin")
    assert sky.get("system") == "ICRS"
    refs = {field.get("name"): field.get("ref") for field in root.iter(f"{SPACE}FIELD")}
    assert refs["mjd"] == time.get("ID")
    assert refs["ra"] == refs["dec"] == sky.get("ID")


def test_ids_are_unique_and_the_target_is_named(votable):
    root = ElementTree.parse(votable).getroot()
    ids = [element.get("ID") for element in root.iter() if element.get("ID")]
    assert len(ids) == len(set(ids))
    params = {param.get("name"): param for param in root.iter(f"{SPACE}PARAM")}
    assert params["target"].get("value") == "Star of 'x, y' # 1"
    assert float(params["target_ra"].get("value")) == 210.80227
    infos = {info.get("name"): info.get("value") for info in root.iter(f"{SPACE}INFO")}
    assert float(infos["sigma_threshold"]) == 5
    assert "HOT" in infos["bad_flags"].split()
