"""Images from a real archive to zero points: DaCHS publishes the shipped field, query to zeropoint run on it."""

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive.dachs.published import FIELD
from astropy.io import fits
from astropy.wcs import WCS
from runs import ROOT, Run, overlay

pytestmark = [pytest.mark.slow, pytest.mark.workflow, pytest.mark.services]
RA, DEC = 336.652, -0.980
SIDE, SCALE = 440, 0.396


def run_of(archive: str, folder: Path, bands: list[str], cutouts: bool, grid: dict, **more: dict) -> Run:
    """A run on images of the archive, stopped after the zero points; one large patch: this is not about the fit."""
    config = {
        "archive": {
            "service": "obscore",
            "tap_url": archive,
            "collections": ["SDSS Stripe 82"],
            "http": {"allow_http": True},
        },
        "inputs": {"image_list": None, "archive": {"bands": bands, "cutouts": cutouts}},
        "grid": grid,
        "download": {"batches": 2},
        "patches": {"ngrid": 1},
    }
    run = Run(folder, overlay(config, more))
    run.output = run.snakemake("--until", "zeropoint").stdout
    return run


@pytest.fixture(scope="module")
def whole(dachs, tmp_path_factory) -> Run:
    """Whole files, on the pixels of one of them."""
    grid = {"like": str(ROOT / "config/tiny480/S82_r.fits.gz")}
    return run_of(dachs.tap, tmp_path_factory.mktemp("archive") / "whole", ["g", "r"], False, grid)


@pytest.fixture(scope="module")
def cut(dachs, tmp_path_factory) -> Run:
    """Cutouts, on a grid with north up: the images have it to the right; the reference stars are the archive's too."""
    grid = {"ra": RA, "dec": DEC, "width": SIDE, "pixel_scale_arcsec": SCALE}
    fetch = {"mag_max": 22.0, "fetch": {"enabled": True, "urls": [dachs.tap]}}
    stars = {"inputs": {"gaia": None}, "gaia": fetch}
    return run_of(dachs.tap, tmp_path_factory.mktemp("archive") / "cut é", ["g", "r", "i"], True, grid, **stars)


def catalog_of(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.path("catalog.csv"), dtype={"ID": str, "gaia_source_id": str})


def files_of(run: Run) -> pd.DataFrame:
    parts = [pd.read_parquet(run.path(f"download/b{number:03d}.parquet")) for number in range(2)]
    return pd.concat(parts).set_index("obs_id")


def test_whole_images_reach_the_grid_unchanged(whole):
    files = files_of(whole)
    assert (files.status == "ok").all()
    for band in "gr":
        shipped = gzip.decompress((FIELD / f"S82_{band}.fits.gz").read_bytes())
        assert whole.path(files.file[f"94-1-12-{band}"]).read_bytes() == shipped
        with fits.open(io.BytesIO(shipped)) as one, fits.open(whole.path(f"regrid/{band}.fits")) as other:
            np.testing.assert_array_equal(one[0].data, other[0].data)
            for key in ("ZP_AUTO", "EGAIN", "SATURATE", "FILTER"):
                assert one[0].header[key] == other[0].header[key]


def test_cutouts_hold_the_grid_and_little_else(cut):
    files = files_of(cut)
    assert (files.status == "ok").all()
    header = fits.getheader(cut.path("regrid/r.fits"))
    corners = WCS(header).all_pix2world([(0, 0), (SIDE - 1, 0), (SIDE - 1, SIDE - 1), (0, SIDE - 1)], 0)
    for file in files.file:
        with fits.open(cut.path(file)) as hdus:
            ny, nx = hdus[0].shape
            x, y = WCS(hdus[0].header).all_world2pix(corners, 0).T
        assert -0.5 <= x.min() <= x.max() <= nx - 0.5
        assert -0.5 <= y.min() <= y.max() <= ny - 0.5


def test_reference_stars_are_fetched(cut):
    found = pd.read_csv(cut.path("query/reference.csv")).set_index("source_id")
    truth = pd.read_csv(FIELD / "synphot.csv").set_index("source_id")
    assert sorted(found.index) == sorted(truth.index)
    for band in "gri":
        np.testing.assert_allclose(found[f"mag_{band}"][truth.index], truth[f"mag_{band}"], atol=1e-4)


@pytest.mark.parametrize("kind", ["whole", "cut"])
def test_magnitudes_agree_with_the_reference_stars(kind, request):
    catalog = catalog_of(request.getfixturevalue(kind))
    reference = pd.read_csv(FIELD / "synphot.csv", dtype={"source_id": str})
    both = catalog.merge(reference, left_on="gaia_source_id", right_on="source_id")
    assert len(both) >= (10 if kind == "whole" else 6)
    for band in "gr":
        # The zero point is their own median; the scatter of bright stars is a few hundredths.
        assert abs(np.median(both[f"MAG_{band}_fit"] - both[f"mag_{band}"])) < 0.03


def test_stars_are_as_bright_on_either_grid(whole, cut):
    one, other = catalog_of(whole).set_index("ID"), catalog_of(cut).set_index("ID")
    good = one.index[(one.TYPE == "STAR") & (one.FLUX_r_fit / one.FLUXERR_r_fit > 50) & ~one.excluded_any]
    good = good[~other.excluded_any[good]]
    assert len(good) >= 6
    for band in "gr":
        difference = other[f"MAG_{band}_fit"][good] - one[f"MAG_{band}_fit"][good]
        # PSFs of a dozen stars each and zero points of as many: 2 % apart at most in the middle
        assert abs(np.median(difference)) < 0.03
    east = (other.RA_fit - one.RA_fit)[good] * 3600
    assert abs(np.median(east)) < 0.03  # a tenth of a pixel; a wrong origin would show as 0.4


def test_nothing_is_asked_again(whole):
    assert whole.planned("--until", "zeropoint") == {}
