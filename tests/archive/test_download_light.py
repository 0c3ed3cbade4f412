"""PSFs that are fetched once for each calibration: what is left out, what is held, and that nothing else changes."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from archive.fileserver import FileServer
from archive.irsa import Irsa
from archive.irsafiles import copies, exposures
from archive.mefs import mef
from archive.tilefolder import TARGETS, Tile, level2
from astropy.io import fits
from spherex.build import SKY, Scene, write

UUIDS = ("e8475479-3e69-465e-a9aa-d6bbfe06d43d", "11111111-3e69-465e-a9aa-d6bbfe06d43d")


def before_psf(content: bytes) -> bytes:
    """The bytes up to the PSF, as astropy finds it."""
    with fits.open(io.BytesIO(content)) as hdus:
        return content[: next(hdu.fileinfo()["hdrLoc"] for hdu in hdus if hdu.name in ("PSF", "EPSF"))]


def served(files: dict[str, bytes], tmp_path: Path, **settings):
    with FileServer(files) as server:
        tile = Tile(tmp_path, {path[1:]: server.url + path for path in files})
        return tile, tile.run(**settings), server


@pytest.mark.parametrize("release", ["qr2", "qr3"])
def test_cutouts_of_spherex(release, tmp_path):
    scenes = [Scene(detector=detector, release=release, size=(300, 300), seed=detector) for detector in (2, 5)]
    for scene in scenes:
        write(tmp_path / scene.name, scene)
    known = [copy for one in exposures([tmp_path / scene.name for scene in scenes]) for copy in copies(one, 6)]
    with Irsa(known) as irsa:
        tile = Tile(tmp_path / "tile", {one.name: irsa.file_url(one) for one in known})
        tile.targets({**TARGETS, "ra": [SKY[0]], "dec": [SKY[1]]})
        table = tile.run(cutout={"size": "60px"})
        whole = {one.name: b"".join(one.cutout(f"{SKY[0]},{SKY[1]}", "60px")) for one in known}
        assert irsa.most <= 4  # a request that is not read to its end may still count when the next one comes
        assert irsa.counts()[200] == 12
    assert (table.status == "ok").all()
    for one in known:
        assert tile.content(table, one.name) == before_psf(whole[one.name])
        assert table["size"][one.name] < 200_000
    assert table.calibration.nunique() == 2
    expected = [len(content) - len(before_psf(content)) for content in whole.values()]
    assert sorted(set(tile.saved(table)) - {0}) == sorted(set(expected))
    assert sorted(set(table.left_out)) == sorted(set(expected))
    # Two connections may both find that a PSF is not held yet, for each of two detectors.
    assert (tile.saved(table) == 0).sum() <= 4
    for detector in (2, 5):
        one = next(one for one in known if one.detector == detector)
        path = tile.folder / table.calibration[one.name]
        with fits.open(path) as held, fits.open(io.BytesIO(whole[one.name])) as full:
            full.verify("exception")
            held.verify("exception")
            psf = "EPSF" if release == "qr3" else "PSF"
            assert [hdu.name for hdu in held] == ["PRIMARY", psf, "WCS-WAVE"]
            assert held[0].header["VERSION"] == full[0].header["VERSION"]
            assert held[0].header["DETECTOR"] == detector
            for name in (psf, "WCS-WAVE"):
                assert held[name].header.tostring() == full[name].header.tostring()
                assert fits.FITSDiff(
                    fits.HDUList([fits.PrimaryHDU(), held[name]]), fits.HDUList([fits.PrimaryHDU(), full[name]])
                ).identical
            uuids = {
                line.split()[1:][1]
                for line in full["IMAGE"].header["HISTORY"]
                if re.search("psf|epsf|spectral_wcs", line)
            }
            assert uuids == {line.split()[2] for line in held[0].header["HISTORY"]}


def test_calibrations_are_kept_apart_by_detector_identifiers_and_version(tmp_path):
    kinds = [
        {"detector": 3},
        {"detector": 4},
        {"detector": 3, "uuid": UUIDS[1]},
        {"detector": 3, "version": "6.5.5"},
        {"detector": 3, "version": "6.5.5+psffix1"},
    ]
    files = {f"/{level2(n)}": mef(n, **kinds[n % 5]) for n in range(10)}
    tile, table, _ = served(files, tmp_path, connections=1)
    assert table.calibration.nunique() == 5
    assert (tile.saved(table) == 0).tolist() == [True] * 5 + [False] * 5
    for number, (path, content) in enumerate(files.items()):
        held = fits.getdata(tile.folder / table.calibration[path[1:]], "PSF")
        np.testing.assert_array_equal(held, fits.getdata(io.BytesIO(content), "PSF"))
        assert number % 5 == number or table.calibration.iloc[number] == table.calibration.iloc[number - 5]


@pytest.mark.parametrize("lost", ["missing", "damaged"])
def test_a_calibration_that_is_lost_is_fetched_again_with_one_file(lost, tmp_path):
    files = {f"/{level2(n)}": mef(n) for n in range(8)}
    with FileServer(files) as server:
        tile = Tile(tmp_path, {path[1:]: server.url + path for path in files})
        first = tile.run(connections=1)
        path = tile.folder / first.calibration.iloc[0]
        good = path.read_bytes()
        server.log.clear()
        path.unlink() if lost == "missing" else path.write_bytes(good[:-1] + b"x")
        again = tile.run(connections=1)
        assert path.read_bytes() == good
        assert len(server.log) == 1
    assert again.file.tolist() == first.file.tolist()
    assert again["sha256"].tolist() == first["sha256"].tolist()


def test_files_that_do_not_say_whose_their_psf_is_stay_whole(tmp_path):
    plain = mef(0, version="").replace(b"HISTORY [CALIB]", b"HISTORY [OTHER]")
    nameless = mef(1).replace(b"DETECTOR=", b"DETECTED=")
    behind = io.BytesIO()
    with fits.open(io.BytesIO(mef(2))) as hdus:
        hdus.append(fits.ImageHDU(np.ones((5, 5)), name="NOTES"))
        hdus.writeto(behind)
    files = {f"/{level2(n)}": content for n, content in enumerate([plain, nameless, behind.getvalue()])}
    tile, table, _ = served(files, tmp_path, verify_checksums=False)
    assert [tile.content(table, path[1:]) for path in files] == list(files.values())
    assert (table.calibration == "").all()
    assert (tile.saved(table) == 0).all()


def test_whole_files_on_request(tmp_path):
    files = {f"/{level2(n)}": mef(n) for n in range(3)}
    tile, table, _ = served(files, tmp_path, skip_psf=False)
    assert [tile.content(table, path[1:]) for path in files] == list(files.values())
    assert not (tile.folder / "data" / "calibration").exists()


def test_without_the_wavelengths_of_the_whole_file_nothing_is_taken_for_whole(tmp_path):
    """A file cut right behind its PSF is no source of a calibration."""
    content = mef(0)
    with fits.open(io.BytesIO(content)) as hdus:
        short = content[: hdus["WCS-WAVE"].fileinfo()["hdrLoc"]]
    tile, table, _ = served({f"/{level2(0)}": short}, tmp_path)
    assert "no HDU WCS-WAVE" in table.file_reason.iloc[0]
    assert tile.data() == []
