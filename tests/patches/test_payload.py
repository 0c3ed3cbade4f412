"""The payload: who is in it, in which role, with which pixels and starting values."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from swath.config.fit import Fit, Patches
from swath.errors import RunError
from swath.fit.job import fit_patch
from swath.flags import FIT
from swath.images import write_fits
from swath.models.psf import PixelPsf
from swath.models.render import render
from swath.patches.build import build_patches, halo
from swath.patches.payload import EXCLUDED, FIXED, HALO, OWNED, build_payload, read_payload
from swath.psf.store import STARS, BandPsf, write

SIDE, BANDS = 200, ["g", "r"]


def stamp(fwhm: float) -> np.ndarray:
    y, x = np.indices((41, 41)) - 20
    image = np.exp(-(x**2 + y**2) / 2 / (fwhm / 2.3548) ** 2)
    return image / image.sum()


# x, y, flux, active: owned, halo, beyond the halo and bright, beyond and faint, excluded, not a number
STARS_IN = [
    (50.0, 60.0, 4000.0, True),
    (110.0, 50.0, 5000.0, True),
    (138.0, 40.0, 4e5, True),
    (146.0, 90.0, 50.0, True),
    (70.0, 105.0, 3000.0, False),
    (np.nan, np.nan, 10.0, False),
]


@pytest.fixture
def tile(tmp_path):
    rng = np.random.default_rng(2)
    psfs = [BandPsf(b, stamp(f)[None].astype("f4"), 99.5, 99.5, 100.0, "stack", False, "", k == 1, 9, 2, 12.0)
            for k, (b, f) in enumerate(zip(BANDS, (3.5, 4.0), strict=True))]  # fmt: skip
    write(tmp_path / "r00_c00.fits", psfs, np.zeros(0, STARS))
    drawn = PixelPsf(np.stack([p.planes for p in psfs]).astype("f8"), [99.5] * 2, [99.5] * 2, [100.0] * 2)
    images = np.zeros((2, SIDE, SIDE))
    for x, y, flux, _ in STARS_IN[:5]:
        at = (round(x), round(y))
        one = render(drawn, "star", np.array([x, y]), np.zeros(4), at, 48, (SIDE, SIDE), False)
        x0, x1, y0, y1 = one.box
        images[:, y0:y1, x0:x1] += flux * one.templates[:, 0]
    images += rng.normal(size=images.shape) * np.sqrt(25 + np.maximum(images, 0) / 5)
    for band, image in zip(BANDS, images, strict=True):
        header = fits.Header([("BAND", band), ("GAIN", 5.0), ("NOISE", "sky"), ("SKYSIG", 5.0), ("ZPREF", 25.0)])
        planes = [image, np.full_like(image, 5), np.full_like(image, 5)]
        hdus = [
            fits.ImageHDU(p.astype("f4"), header, name=n)
            for p, n in zip(planes, ("IMAGE", "SIGMA", "TOTAL"), strict=True)
        ]
        write_fits(
            tmp_path / f"{band}.fits",
            [fits.PrimaryHDU(), *hdus, fits.ImageHDU(np.zeros(image.shape, "u1"), name="MASK")],
        )
    x, y, flux, active = (np.array(column) for column in zip(*STARS_IN, strict=True))
    pd.DataFrame({
        "ID": [f"00{i}" for i in range(6)], "x_pix": x, "y_pix": y, "excluded_any": ~active, "sw_model": "star",
        "fit_flags": [0, FIT["TYPE_ASSUMED"], FIT["TYPE_ASSUMED"], 0, 0, 0],
        "gaia_source_id": pd.Series(["", "", "77", "", "", ""]).astype("str"),
        "sw_re": np.nan, "sw_ell": np.nan, "sw_phi": np.nan, "FLUX_g": np.nan,
        "FLUX_r": [np.nan, 4321.0, *[np.nan] * 4],
    }).to_parquet(tmp_path / "sources.parquet")  # fmt: skip
    return tmp_path


def build(folder, plan_patches=None) -> dict:
    tags = [f"r00_c00_pr0{r}_pc0{c}" for r in (0, 1) for c in (0, 1)]
    plan = {
        "tile": "t", "bands": BANDS, "shape": [SIDE, SIDE], "crop": [0, SIDE, 0, SIDE],
        "cells": {"r00_c00": [0, SIDE, 0, SIDE]}, "patches": {"r00_c00": plan_patches or tags},
    }  # fmt: skip
    build_patches(
        folder / "sources.parquet",
        {band: (str(folder / f"{band}.fits"), band) for band in BANDS},
        plan,
        Patches(ngrid=2, halo_min_pix=30),
        41,
        folder / "patches.csv",
        folder / "patches.json",
        folder / "sources.fits",
    )
    return json.loads((folder / "patches.json").read_text())


def payload(folder, tag="r00_c00_pr00_pc00"):
    build(folder)
    build_payload(
        tag, folder / "patches.json", folder / "sources.fits", folder / "r00_c00.fits", folder / "p.fits", Fit()
    )
    return read_payload(folder / "p.fits")


def test_hub_and_table(tile):
    hub = build(tile)
    first = hub["patches"][0]
    assert (first["base"], first["roi"], first["n_sources"]) == ([0, 100, 0, 100], [0, 130, 0, 130], 1)
    assert [patch["n_sources"] for patch in hub["patches"]] == [1, 3, 0, 0]
    assert hub["bands"][1] == {"band": "r", "frame": str(tile / "r.fits"), "sha256": "r"}
    table = pd.read_csv(tile / "patches.csv")
    assert list(table["patch_tag"]) == [patch["tag"] for patch in hub["patches"]]
    assert table.loc[0, ["x0_base", "x1_base", "y0_roi", "y1_roi"]].tolist() == [0, 100, 0, 130]


def test_an_active_source_without_a_patch_is_an_error(tile):
    with pytest.raises(RunError, match="no planned patch"):
        build(tile, ["r00_c00_pr00_pc00"])


def test_roles(tile):
    found = payload(tile)
    roles = {str(row["ID"]): int(row["role"]) for row in found.sources}
    # 003 is too faint to shine in from beyond the halo; 005 has no position.
    assert roles == {"000": OWNED, "001": HALO, "002": FIXED, "004": EXCLUDED}


def test_pixels_and_psfs_are_those_of_the_frames(tile):
    found = payload(tile)
    with fits.open(tile / "r.fits") as hdus:
        assert (found.image[1] == hdus["IMAGE"].data[:130, :130]).all()
    assert found.psf.shape == (2, 1, 41, 41)
    assert list(found.bands["band"]) == BANDS
    assert list(found.bands["psf_pooled"]) == [False, True]
    assert list(found.bands["psf_fallback"]) == [False, False]


def test_starting_fluxes_are_given_or_measured(tile):
    found = payload(tile)
    start = {str(row["ID"]): row["flux_start"] for row in found.sources}
    # S/N of the aperture is 40 and more: 5 sigma.
    assert start["000"] == pytest.approx([4000, 4000], rel=0.12)
    assert start["001"][1] == 4321.0
    assert start["002"] == pytest.approx([4e5, 4e5], rel=0.02)


def test_a_starting_flux_beyond_any_star_is_measured_instead(tile):
    """One such row made the fit of all its patch fail: the normal equations overflow."""
    table = pd.read_parquet(tile / "sources.parquet")
    table.loc[1, "FLUX_r"] = 1e300
    table.to_parquet(tile / "sources.parquet")
    start = {str(row["ID"]): row["flux_start"] for row in payload(tile).sources}
    assert start["001"][1] == pytest.approx(5000, rel=0.12)


def test_the_fit_of_a_payload_is_right_and_reports_what_it_owns(tile):
    payload(tile)
    fit_patch(tile / "p.fits", tile / "fit.fits", Fit(), "plane")
    with fits.open(tile / "fit.fits") as hdus:
        assert hdus[0].header["STATUS"] == "ok"
        (row,) = hdus["FIT"].data
        scene = hdus["SCENE"].data
        assert (row["ID"], row["row"], row["converged"]) == ("000", 0, True)
        assert np.abs((row["flux"] - 4000) / row["flux_err"]).max() < 4.5
        assert abs(row["x"] - 50) / row["x_err"] < 4.5
        assert row["flags"] & FIT["PSF_POOLED"]
        assert not row["flags"] & FIT["PSF_FALLBACK"]
        assert len(scene) == 4
        nuisance = scene[scene["role"] == EXCLUDED][0]
        assert np.abs((nuisance["flux"] - 3000) / nuisance["flux_err"]).max() < 4.5


def test_an_empty_patch_writes_an_empty_product(tile):
    payload(tile, "r00_c00_pr01_pc01")
    fit_patch(tile / "p.fits", tile / "fit.fits", Fit(), "plane")
    with fits.open(tile / "fit.fits") as hdus:
        assert hdus[0].header["STATUS"] == "empty"
        assert len(hdus["FIT"].data) == 0


def test_halo_follows_the_psf_the_minimum_and_the_galaxies():
    settings = Patches(halo_min_pix=20, halo_max_pix=100)
    assert halo(55, settings, np.array([np.nan])) == 29
    assert halo(21, settings, np.array([])) == 20
    assert halo(21, settings, np.array([8.0, np.nan])) == 50
    assert halo(21, settings, np.array([80.0])) == 100
