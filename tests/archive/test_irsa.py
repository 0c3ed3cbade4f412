"""The stand-in for IRSA says what the real one says; its cutouts against the whole files."""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import pyvo
import requests
from archive.irsa import Irsa
from archive.irsafiles import Exposure, copies, exposures
from archive.sphere import intersects
from astropy import units as u
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from pyvo.dal.adhoc import DatalinkResults
from spherex.build import Scene, write

SIZE, RA, DEC = 300, 210.8, 54.3
NAMES = (
    "level2_2025W25_1B_0062_1D1_spx_l2b-v20-2025-253.fits",
    "level2_2025W25_1B_0062_1D3_spx_l2b-v20-2025-253.fits",
    "level2_2025W25_1B_0062_1D3_spx_l2b-v21-2025-300.fits",
)


def make_mef(path: Path, ra: float, dec: float) -> Path:
    """A small file of the form of a level 2 file, north up, with keys A and W, SIP, and a PSF before WCS-WAVE."""
    text = f"""
    OBSID none / EXPIDN 0 / MJD-OBS 60800.25 / MJD-BEG 60800.25 / MJD-AVG 60800.2506 / MJD-END 60800.2513
    DATE-OBS 2025-05-05T06:00:00 / CTYPE1 RA---TAN-SIP / CTYPE2 DEC--TAN-SIP / CRVAL1 {ra} / CRVAL2 {dec}
    CRPIX1 150.5 / CRPIX2 150.5 / CD1_1 {-6.15 / 3600} / CD1_2 0 / CD2_1 0 / CD2_2 {6.15 / 3600} / A_ORDER 2 / B_ORDER 2
    A_2_0 1e-6 / B_0_2 -1e-6 / CRPIX1A 1.0 / CRPIX2A 1.0 / CRVAL1A 0.0 / CRVAL2A 0.0 / CRPIX1W 1.0 / CRPIX2W 1.0
    CRVAL1W 1 / CRVAL2W 1"""
    header = fits.Header()
    for key, value in (card.split() for line in text.strip().splitlines() for card in line.split(" / ")):
        header[key] = float(value) if re.fullmatch(r"[-+.\de]+", value) else value
    rng = np.random.default_rng(7)
    image = np.arange(SIZE * SIZE, dtype="f4").reshape(SIZE, SIZE)
    planes = [fits.ImageHDU(image, header, name="IMAGE"), fits.ImageHDU(image.astype("i4"), name="FLAGS")]
    planes += [fits.ImageHDU(image + 1, name="VARIANCE"), fits.ImageHDU(image + 2, name="ZODI")]
    psf = fits.ImageHDU(rng.normal(size=(121, 51, 51)).astype("f4"), name="PSF")
    wave = fits.BinTableHDU.from_columns([fits.Column("X", "2J", array=[[1, SIZE]])], name="WCS-WAVE")
    primary = fits.PrimaryHDU()
    primary.header["VERSION"] = "6.5.6"
    fits.HDUList([primary, *planes, psf, wave]).writeto(path, checksum=True)
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> list[Exposure]:
    folder = tmp_path_factory.mktemp("mef")
    known = exposures([make_mef(folder / name, RA, DEC) for name in NAMES])
    return [*known, Exposure(NAMES[0], make_mef(folder / "far.fits", RA + 2, DEC), "spherex_qr2_deep", 60900.5)]


@pytest.fixture
def irsa(served) -> Iterator[Irsa]:
    with Irsa(served) as irsa:
        yield irsa


def get(url: str, **options: object) -> requests.Response:
    return requests.get(url, timeout=5, **options)


def circle(*numbers: float) -> tuple[u.Quantity, ...]:
    return tuple(number * u.deg for number in numbers)


JOINED = (
    "SELECT a.uri, p.obs_publisher_did, o.collection, p.energy_bandpassname, p.time_bounds_lower "
    "FROM spherex.artifact a JOIN spherex.plane p ON a.planeid = p.planeid "
    "JOIN spherex.observation o ON o.obsid = p.obsid "
    "WHERE CONTAINS(POINT('ICRS', {ra}, {dec}), p.poly) = 1 ORDER BY p.time_bounds_lower"
)


def test_tap_finds_what_holds_the_position(irsa, served):
    tap = pyvo.dal.TAPService(irsa.tap)
    table = tap.run_sync(JOINED.format(ra=RA, dec=DEC)).to_table()
    assert list(table["collection"]) == ["spherex_qr2"] * 3
    assert sorted(table["uri"]) == sorted(f"ibe/data/spherex/{one.key}" for one in served[:3])
    assert list(table["time_bounds_lower"]) == [60800.25] * 3
    half = SIZE / 2 * 6.15 / 3600
    for offset, count in ((0.98 * half, 3), (1.02 * half, 0)):  # the sides are where the WCS has them, to 2 %
        assert len(tap.run_sync(JOINED.format(ra=RA, dec=DEC + offset))) == count
        assert len(tap.run_sync(JOINED.format(ra=RA + offset / np.cos(np.radians(DEC)), dec=DEC))) == count
    assert len(tap.run_sync(JOINED.format(ra=RA + 2, dec=DEC))) == 1
    picked = tap.run_sync("SELECT TOP 1 * FROM spherex.plane WHERE energy_bandpassname = 'SPHEREx-D3'")
    assert len(picked) == 1
    assert len(tap.run_sync("SELECT DISTINCT collection FROM spherex.observation")) == 2


def test_tap_says_when_it_cuts_off_and_what_is_wrong(irsa):
    tap = pyvo.dal.TAPService(irsa.tap)
    assert len(tap.run_sync("SELECT * FROM spherex.plane", maxrec=2)) == 2
    irsa.maxrec = 3
    with pytest.warns(pyvo.dal.DALOverflowWarning):
        assert len(tap.run_sync("SELECT * FROM spherex.plane")) == 3
    with pytest.raises(pyvo.dal.DALQueryError, match="no such column: nonsense"):
        tap.run_sync("SELECT nonsense FROM spherex.plane")
    with pytest.raises(pyvo.dal.DALQueryError):
        tap.run_sync("DROP TABLE spherex.plane")


def test_tap_jobs_have_their_life(irsa):
    irsa.job_seconds = 0.3
    tap = pyvo.dal.TAPService(irsa.tap)
    job = tap.submit_job("SELECT * FROM spherex.plane", maxrec=3)
    assert job.phase == "PENDING"
    job.run()
    assert job.phase == "EXECUTING"
    job.wait(phases=["COMPLETED"], timeout=5)
    assert len(job.fetch_result()) == 3
    assert b"OVERFLOW" in get(job.result_uri).content
    job.delete()
    assert irsa.jobs == {}
    job = tap.submit_job("SELECT nonsense FROM spherex.plane").run()
    time.sleep(0.35)
    assert job.phase == "ERROR"
    assert "no such column" in job._job.errorsummary.message.content
    job = tap.submit_job("SELECT 1").run()
    job.abort()
    assert job.phase == "ABORTED"


def test_sia_finds_by_collection_and_circle(irsa):
    sia = pyvo.dal.SIA2Service(irsa.sia)
    assert len(sia.search(pos=circle(RA, DEC, 0.001), collection="spherex_qr2")) == 3
    assert len(sia.search(pos=circle(RA, DEC, 0.001), collection="spherex_qrr")) == 0  # without a word, as there
    assert len(sia.search(pos=circle(RA + 2, DEC, 0.001))) == 1
    assert len(sia.search(time=(Time(60900, format="mjd"), Time(60901, format="mjd")))) == 1
    row = sia.search(pos=circle(RA, DEC, 0.001))[0]
    assert row["obs_publisher_did"] == "ivo://irsa.ipac/spherex_qr2?2025W25_1B_0062_1/D1"
    raw = get(irsa.sia, params={"POS": f"circle {RA} {DEC} 0.1", "RESPONSEFORMAT": "VOTABLE", "MAXREC": "1"}).text
    assert '<FIELD ID="col_0" name="s_ra"' in raw
    assert 'value="OVERFLOW"' in raw
    assert "dec value 95 lies outside" in get(irsa.sia, params={"POS": "circle 10 95 0.1"}).text


def test_circles_touch_polygons_from_outside():
    square = "POLYGON ICRS 10 0 11 0 11 1 10 1"
    assert intersects("CIRCLE 9.5 0.5 0.51", square)
    assert not intersects("CIRCLE 9.5 0.5 0.49", square)
    assert intersects(square, "CIRCLE 10.5 0.5 0.001")


def test_datalinks_lead_to_files_until_they_expire(irsa, served):
    tap = pyvo.dal.TAPService(irsa.tap)
    link = tap.run_sync(f"SELECT access_url FROM spherex.obscore WHERE access_url LIKE '%{NAMES[2]}'")[0]["access_url"]
    this = next(DatalinkResults.from_result_url(link).bysemantics("#this", include_narrower=False))
    assert this.access_url == irsa.file_url(served[2])
    assert this.content_length == len(get(this.access_url).content)
    irsa.expired = {NAMES[2]: "row"}
    assert "expired" in DatalinkResults.from_result_url(link)[0]["error_message"]
    irsa.expired = {NAMES[2]: "gone"}
    assert get(link).status_code == 404


@pytest.mark.parametrize(
    "center", [f"{RA},{DEC + 0.05}", f"{RA},{DEC + 0.05}deg", f"{RA * 60},{(DEC + 0.05) * 60}arcmin"]
)
@pytest.mark.parametrize("size", ["10px", "61.5arcsec", "0.0170833", "1.025arcmin"])
def test_cutouts_are_pieces_of_the_whole(irsa, served, center, size):
    answer = get(irsa.file_url(served[0]), params={"center": center, "size": size})
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with fits.open(served[0].file) as whole, fits.open(BytesIO(answer.content)) as cut:
        assert [hdu.name for hdu in cut] == [hdu.name for hdu in whole]
        header = cut["IMAGE"].header
        x0, y0 = (round(1 - header[key]) for key in ("CRPIX1A", "CRPIX2A"))
        box = np.s_[y0 : y0 + 10, x0 : x0 + 10]
        for name in ("IMAGE", "FLAGS", "VARIANCE", "ZODI"):
            np.testing.assert_array_equal(cut[name].data, whole[name].data[box])
        np.testing.assert_array_equal(cut["PSF"].data, whole["PSF"].data)
        sky = (RA, DEC + 0.05)
        there = WCS(header).all_world2pix([sky], 0)[0]
        here = WCS(whole["IMAGE"].header).all_world2pix([sky], 0)[0]
        np.testing.assert_allclose(there, here - (x0, y0), atol=1e-5)
        np.testing.assert_allclose(there, [4.5, 4.5], atol=1)
        assert header["CRPIX1W"] == header["CRPIX1A"]


def test_cutouts_end_at_the_border_and_bad_ones_are_refused(irsa, served):
    url = irsa.file_url(served[0])
    corner = get(url, params={"center": "1,150px", "size": "21,10px"})
    assert fits.open(BytesIO(corner.content))["IMAGE"].shape == (10, 11)
    for bad in ({"center": "1,1px"}, {"center": "x", "size": "1"}, {"center": f"{RA + 5},{DEC}", "size": "0.01"}):
        assert get(url, params=bad).status_code == 400
    assert get(url, params={"center": f"{RA},{DEC}", "size": "-3px"}).status_code == 400
    assert get(f"{irsa.url}/ibe/data/spherex/qr2/none.fits").status_code == 404


def test_ranges_of_whole_files_but_not_of_cutouts(irsa, served):
    cut = {"center": f"{RA},{DEC}", "size": "10px"}
    url, span = irsa.file_url(served[0]), {"Range": "bytes=5000-8999"}
    whole = get(url).content
    bucket = get(f"{irsa.url}/s3/{served[0].key}", headers=span)
    assert (bucket.status_code, bucket.content) == (206, whole[5000:9000])
    assert bucket.headers["Content-Range"] == f"bytes 5000-8999/{len(whole)}"
    part = get(url, params=cut, headers=span)
    assert (part.status_code, part.content) == (200, get(url, params=cut).content)
    assert get(url).headers["ETag"] != part.headers["ETag"]
    assert get(f"{irsa.url}/s3/{served[0].key}", headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_the_fourth_request_at_once_is_refused(served):
    with Irsa(served, pause=0.3) as irsa, ThreadPoolExecutor(6) as pool:
        gate = threading.Barrier(6)
        answers = list(pool.map(lambda _: (gate.wait(), get(irsa.file_url(served[0])))[1], range(6)))
        assert 4 <= irsa.most <= 6  # a refusal is quick: the last may come after the first has gone
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503, 503, 503]
        assert get(irsa.file_url(served[0])).status_code == 200
        assert irsa.active == 0


def test_a_client_that_stops_reading_is_not_sent_the_rest(served):
    with Irsa(served) as irsa:
        with get(irsa.file_url(served[0]), stream=True) as answer:
            answer.raw.read(2880)
        time.sleep(0.1)
        assert irsa.active == 0
        assert irsa.log[0].sent < int(answer.headers["Content-Length"])


def test_many_exposures_may_share_a_file(served):
    many = copies(served[1], 40)
    with Irsa(many) as irsa:
        table = pyvo.dal.TAPService(irsa.tap).run_sync(JOINED.format(ra=RA, dec=DEC)).to_table()
        assert len(set(table["obs_publisher_did"])) == 40
        np.testing.assert_allclose(np.diff(table["time_bounds_lower"]), 0.01, atol=1e-9)
        found = fits.open(
            BytesIO(get(irsa.file_url(many[7]), params={"center": f"{RA},{DEC}", "size": "10px"}).content)
        )
    header = found["IMAGE"].header
    assert (header["OBSID"], header["EXPIDN"]) == ("2025W25_1B_0069_1", 202525102006913)
    np.testing.assert_allclose(header["MJD-AVG"], many[7].begin + 113.5826 / 2 / 86400, atol=1e-9)
    assert header["DATE-BEG"] if "DATE-BEG" in header else header["DATE-OBS"].startswith("2025-05-05T07:40:48")
    found.verify("exception")


@pytest.mark.parametrize("release", ["qr2", "qr3"])
def test_cutouts_of_built_files_are_small_but_for_their_psf(tmp_path, release):
    scene = Scene(detector=3, release=release, sky=(RA, DEC), sources=((RA, DEC, 800.0),), size=(120, 120), noise=False)
    (truth,) = write(tmp_path / scene.name, scene)
    one = exposures([tmp_path / scene.name])[0]
    with Irsa([one]) as irsa:
        content = get(irsa.file_url(one), params={"center": f"{RA},{DEC}", "size": "40px"}).content
    with fits.open(BytesIO(content)) as cut, fits.open(one.file) as whole:
        names = [hdu.name for hdu in cut]
        assert names == [hdu.name for hdu in whole]
        assert names[-2:] == ["PSF" if release == "qr2" else "EPSF", "WCS-WAVE"]
        psf = cut[-2].fileinfo()
        without = len(content) - (psf["datLoc"] + psf["datSpan"] - psf["hdrLoc"])
        assert without < 200_000 < len(content)
        for hdu in (-2, -1):
            assert cut[hdu].data.tobytes() == whole[hdu].data.tobytes()
        header = cut["IMAGE"].header
        x, y = WCS(header).all_world2pix([(RA, DEC)], 0)[0]
        np.testing.assert_allclose(
            (x + 1 - header["CRPIX1A"], y + 1 - header["CRPIX2A"]),
            (truth["x_detector"], truth["y_detector"]),
            atol=1e-3,
        )
        peak = np.unravel_index(np.argmax(cut["IMAGE"].data), (40, 40))
        assert np.hypot(peak[1] - x, peak[0] - y) < 1
