"""From files of a star of known flux to its light curve: measured, judged, averaged, and drawn."""

import numpy as np
import pandas as pd
import pytest
from plots.pictures import drawn
from spherex.build import SKY, Scene, write, write_calibration
from spherex.fetched import checksums
from swath.config.aperture import Aperture
from swath.config.lightcurve import LightCurve
from swath.photometry.batch import measure_batch
from swath.photometry.gather import gather
from swath.plots.spectrum import combined_plot
from swath.plots.spectrumsummary import summary_plot
from swath.spectra.lightcurve import write_lightcurve
from swath.spectra.read import read_lightcurve
from swath.tables import write_csv, write_parquet

pytestmark = pytest.mark.slow

FLUX, COUNT, HOT, LOST = 2000.0, 24, 5, 9  # uJy; exposures, and which of them is hot or missing
TARGETS = {"target": ["A star"], "slug": ["A_star-00000001"], "ra": [SKY[0]], "dec": [SKY[1]], "epoch": [2016.0],
           "pmra": [0.0], "pmdec": [0.0]}  # fmt: skip


def plan(folder, number):
    """Make an exposure's file, somewhere on one of the detectors, and the row of the download table that names it."""
    rng = np.random.default_rng(number)
    detector = number % 6 + 1
    at = tuple(rng.uniform(100, 1900, 2))
    path = folder / f"{number}.fits"
    flagged = tuple((19 + i, 19 + j, "HOT") for i in range(3) for j in range(3)) if number == HOT else ()
    write(path, Scene(detector=detector, at=at, sources=((*SKY, FLUX),), seed=number, mjd=60800.0 + number,
                      flagged=flagged), psf=False)  # fmt: skip
    lost = number == LOST
    return {
        "target": "A_star-00000001", "exposure": f"e{number:02d}", "obs_id": f"o{number:02d}", "band": f"D{detector}",
        "collection": "spherex_qr2", "release": "qr2", "version": "v20", "mjd": 60800.0 + number, "exptime": 113.6,
        "selected": True, "status": "failed" if lost else "ok", "file_reason": "404" if lost else "",
        "file": "" if lost else path.name, "calibration": f"cal{detector}.fits",
    } | checksums(path) | checksums(folder / f"cal{detector}.fits", "calibration_")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    for detector in range(1, 7):
        write_calibration(folder / f"cal{detector}.fits", detector)
    write_parquet(folder / "plans.parquet", pd.DataFrame([plan(folder, number) for number in range(COUNT)]))
    write_csv(folder / "targets.csv", pd.DataFrame(TARGETS))
    aperture = Aperture(empty_flags=())
    measure_batch(folder / "plans.parquet", folder / "targets.csv", aperture, folder, folder / "b000.parquet")
    gather([folder / "b000.parquet"], folder / "photometry.parquet", folder / "photometry.ecsv")
    outputs = [folder / name for name in ("l.csv", "l.ecsv", "l.vot", "p.json", "s.csv")]
    write_lightcurve(folder / "photometry.parquet", TARGETS["slug"][0], LightCurve(), *outputs, folder / "targets.csv")
    return folder


def test_every_exposure_is_judged_and_good_fluxes_are_true(folder):
    table = read_lightcurve(folder / "l.csv").set_index("exposure")
    assert len(table) == COUNT
    assert table.loc[f"e{HOT:02d}", ["class", "class_reason"]].tolist() == ["rejected", "HOT"]
    assert table.loc[f"e{LOST:02d}", ["class", "class_reason"]].tolist() == ["rejected", "not_downloaded"]
    good = table[table["class"] == "good"]
    assert len(good) == COUNT - 2
    # 22 pulls: their mean within 4 / sqrt(22), their sd within 4 / sqrt(44) of 1
    pulls = (good["flux"] - FLUX) / good["flux_error"]
    assert abs(pulls.mean()) < 0.85
    assert pulls.std() == pytest.approx(1, abs=0.6)
    assert (good["flag_names"].str.contains("SOURCE")).all()


def test_wavelengths_of_all_bands_and_the_averages_of_the_spectrum(folder):
    table = pd.read_csv(folder / "s.csv", comment="#")
    assert table["measurements"].sum() == COUNT - 2
    assert table["left_out"].sum() == 1
    known = table[table["measurements"] > 0]
    assert set(known["band"]) == {"D1", "D2", "D3", "D4", "D5", "D6"}
    assert known["wavelength"].between(0.7, 5.1).all()
    pulls = (known["flux"] - FLUX) / known["flux_error"]
    assert abs(pulls.mean()) < 4 / np.sqrt(len(known))


def test_both_figures_are_drawn(folder):
    settings = LightCurve()
    combined_plot(folder / "l.ecsv", folder / "c.png", settings.figure)
    summary_plot(folder / "l.ecsv", folder / "s.png", settings)
    assert drawn(folder / "c.png")
    assert drawn(folder / "s.png")
