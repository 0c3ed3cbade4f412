"""A folder of images as an archive: pieces of the shipped field, laid on grids, give the field's own catalogue."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from runs import ROOT, Run

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
FIELD = ROOT / "config/tiny480"
BANDS = ("g", "r", "i")
PIECES = {"left": np.s_[:, :243], "right": np.s_[:, 237:]}  # a resampled pixel needs all that it covers in one image


def cut(folder, pieces, bands=BANDS):
    """Write pieces of the images of some bands, with the WCS that they then have."""
    folder.mkdir(parents=True)
    for band in bands:
        with fits.open(FIELD / f"S82_{band}.fits.gz") as hdus:
            pixels, header = hdus[0].data, hdus[0].header
        for name, (rows, columns) in pieces.items():
            own = header.copy()
            own["CRPIX1"] -= columns.start or 0
            own["CRPIX2"] -= rows.start or 0
            fits.writeto(folder / f"{band}_{name}.fits", pixels[rows, columns], own)


def listed(folder, grid, bands=BANDS, **more):
    """A run on the images of `folder`/files."""
    config = {
        "inputs": {
            "image_list": None,
            "archive": {"bands": list(bands), "header": {"sky_sigma": "SKYSIG"}, "match_sky": False},
        },
        "archive": {"service": "list", "list": str(folder / "files"), "collections": []},
        "download": {"batches": 2},
        "grid": grid,
        "figures": {"enabled": False},
        "explore": {"enabled": False},
    }
    return Run(folder, config | more)


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    """Pieces on a grid that is turned by 3 degrees, shifted by fractions of a pixel, and a little wider."""
    folder = tmp_path_factory.mktemp("turned field")
    cut(folder / "files", PIECES)
    # Of the images x runs north: a grid whose y axis points east keeps the catalogue's THETA, but for 3 degrees.
    grid = {"ra": 336.65203, "dec": -0.97921, "width": 500, "pixel_scale_arcsec": 0.396, "rotation_deg": 93}
    run = listed(folder, grid, noise={"correct_errors": True})
    run.output = run.snakemake("--until", "zeropoint").stdout
    return run


def noise_of(run, band):
    return json.loads(run.path(f"noise/{band}.json").read_text())


def catalog(run):
    return pd.read_csv(run.path("catalog.csv"), dtype={"ID": str}).set_index("ID")


def test_the_dry_run_shows_every_job_from_the_query_to_the_catalogue(tmp_path):
    cut(tmp_path / "files", PIECES)
    grid = {"ra": 336.65, "dec": -0.98, "width": 400, "pixel_scale_arcsec": 0.396}
    planned = listed(tmp_path, grid).planned()
    wanted = {"query": 1, "batches": 1, "download": 2, "regrid": 3, "load": 3, "white": 1, "merge": 1, "zeropoint": 1}
    assert wanted.items() <= planned.items()
    assert planned["fit"] == planned["payload"] > 1


def test_a_whole_image_on_its_own_grid_reaches_load_to_the_last_bit(default_run, tmp_path):
    """Weights take the place of SKYSIG, so that the sky, and with it the frame, may differ in the last digits."""
    cut(tmp_path / "files", {"whole": np.s_[:, :]}, ("g",))
    run = listed(tmp_path, {"like": str(FIELD / "S82_g.fits.gz")}, ("g",))
    run.snakemake("--until", "load")
    with fits.open(run.path("regrid/g.fits")) as made, fits.open(FIELD / "S82_g.fits.gz") as given:
        assert made[0].data.tobytes() == given[0].data.tobytes()
    with fits.open(run.path("frames/g.fits")) as one, fits.open(default_run.path("frames/g.fits")) as other:
        for name in ("IMAGE", "SIGMA"):
            limit = 1e-6 * np.nanmax(np.abs(other[name].data))
            np.testing.assert_allclose(one[name].data, other[name].data, rtol=0, atol=limit, equal_nan=True)
        for key in ("ZPIN", "GAIN", "SATUR", "MJD-OBS"):
            assert one["IMAGE"].header[key] == other["IMAGE"].header[key]
    assert run.planned("--until", "load") == {}


def test_pieces_on_a_turned_grid_give_the_fluxes_of_the_field(default_run, turned):
    """The same light and the same noise, resampled: what differs is less than the errors, and nothing is biased."""
    one, other = catalog(default_run), catalog(turned)
    assert list(one.index) == list(other.index)
    for band in BANDS:
        flux, error = f"FLUX_{band}_fit", f"FLUXERR_{band}_fit"
        errors = one[error] * noise_of(default_run, band)["factor"]
        good = (one[flux] > 10 * errors) & other[flux].notna() & ~one.excluded_any & ~other.excluded_any
        assert good.sum() >= 20
        bright = good & (one.TYPE == "STAR") & (one[flux] > 50 * errors)
        # The sum of a PSF that is made of a dozen stars is known to 1 or 2 %; zero points take that out of magnitudes.
        ratio = np.median((other[flux] / one[flux])[bright])
        assert ratio == pytest.approx(1, abs=0.03), band
        assert abs(np.median((other[f"MAG_{band}_fit"] - one[f"MAG_{band}_fit"])[bright])) < 0.015, band
        pulls = ((other[flux] / ratio - one[flux]) / errors)[good]
        assert np.median(np.abs(pulls)) < 0.7, band
        # Errors of the same light must be the same, however its noise is shared between pixels.
        assert np.median((other[error] / errors)[good]) == pytest.approx(1, abs=0.15), band
    moved = np.hypot((other.RA_fit - one.RA_fit) * 3600, (other.DEC_fit - one.DEC_fit) * 3600)
    assert np.nanmedian(moved[good]) < 0.02


def test_the_noise_that_resampling_hides_is_the_noise_that_empty_sky_has(default_run, turned):
    """noise/<band>.json measures it among the sources; regrid knows it from the resampling alone."""
    for band in BANDS:
        before, after = noise_of(default_run, band), noise_of(turned, band)
        known = json.loads(turned.path(f"regrid/{band}.json").read_text())
        near = min(known["noise"], key=lambda row: abs(row["area"] - after["area"]))
        assert near["factor"] > 1.3
        # 2 to 3 % is the error of each; what the images' own noise has in common with the resampling adds as much.
        assert after["factor"] / before["factor"] == pytest.approx(near["factor"], rel=0.12), band


def test_nothing_is_left_to_do_and_a_changed_grid_asks_for_no_file_again(turned):
    assert turned.planned("--until", "zeropoint") == {}
    planned = turned.planned("--until", "load", "--config", "grid={method: cubic}")
    assert planned == {"regrid": 3, "load": 3}
