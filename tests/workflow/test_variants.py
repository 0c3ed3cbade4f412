"""Other ways through: one core, other grids, no catalogue, one band at a time, supplied PSFs, damaged input."""

import gzip
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from runs import ROOT, Run
from swath.flags import FIT

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
BANDS = ["u", "g", "r", "i", "z"]
QUIET = {"figures": {"enabled": False}, "explore": {"enabled": False}}


def read(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.path("catalog.csv"), dtype={"ID": str, "gaia_source_id": str})


def fluxes(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return tuple(table[[f"{kind}_{band}_fit" for band in BANDS]].to_numpy(float) for kind in ("FLUX", "FLUXERR"))


def test_one_core_and_inputs_elsewhere_give_the_same_bytes(default_run, tmp_path):
    shutil.copytree(ROOT / "config/tiny480", tmp_path / "own")
    files = {"image_list": "image_list.txt", "catalog": "input_catalog.csv", "gaia": "synphot.csv"}
    inputs = {key: str(tmp_path / "own" / name) for key, name in files.items()}
    run = Run(tmp_path / "run", {**QUIET, "inputs": inputs})
    run.snakemake(cores=1)
    made = [path for suffix in ("fits", "parquet", "csv") for path in run.path("").rglob(f"*.{suffix}")]
    assert len(made) > 20
    for path in made:
        assert path.read_bytes() == default_run.path(path.relative_to(run.path("")).as_posix()).read_bytes(), path


def test_the_catalogue_does_not_depend_on_the_patch_grid(default_run, tmp_path):
    run = Run(tmp_path, {**QUIET, "patches": {"ngrid": 1}})
    run.snakemake()
    (one, error), (two, _) = fluxes(read(run)), fluxes(read(default_run))
    shift = np.abs(one - two) / error
    # Sources that sit in two minima aside, what remains is the light of far neighbours and where the fit stops.
    assert (shift < 0.1).mean() > 0.97
    assert (shift < 0.5).mean() > 0.99
    assert (shift[one / error > 10] < 0.1).mean() > 0.99


def test_sources_are_detected_when_no_catalogue_is_given(tmp_path, default_run):
    run = Run(tmp_path, {**QUIET, "inputs": {"catalog": None}, "sources": {"detection": {"thresh_sigma": 4.0}}})
    run.snakemake()
    table, given = read(run), read(default_run)
    assert table["ID"].is_unique
    bright = given[given["FLUX_r_fit"] / given["FLUXERR_r_fit"] > 40]
    distance = np.hypot(
        bright["x_pix_white_fit"].to_numpy()[:, None] - table["x_pix_white_fit"].to_numpy(),
        bright["y_pix_white_fit"].to_numpy()[:, None] - table["y_pix_white_fit"].to_numpy(),
    )
    assert (distance.min(axis=1) < 1).mean() > 0.95
    near = distance.argmin(axis=1)
    ratio = table["FLUX_r_fit"].to_numpy()[near] / bright["FLUX_r_fit"].to_numpy()
    assert np.median(ratio) == pytest.approx(1, abs=0.03)


def test_each_band_alone(tmp_path, default_run):
    run = Run(tmp_path, {**QUIET, "fit": {"multi_band": False}})
    run.snakemake()
    table, joint = read(run), read(default_run)
    for column in ("x_pix_white_g_fit", "RA_r_fit", "Re_i_fit", "opt_converged_z"):
        assert column in table
    stars = (joint["TYPE"] == "STAR") & (joint["FLUX_r_fit"] / joint["FLUXERR_r_fit"] > 50)
    ratio = table.loc[stars, "FLUX_r_fit"] / joint.loc[stars, "FLUX_r_fit"]
    assert np.median(ratio) == pytest.approx(1, abs=0.005)
    assert table["MAG_r_fit"].notna().sum() > 40


def test_supplied_psfs(tmp_path, default_run):
    images = []
    for band in BANDS:
        with fits.open(default_run.path("epsf/r00_c00.fits")) as hdus:
            stamp = next(hdu.data[0] for hdu in hdus if hdu.header.get("BAND") == band)
        fits.writeto(tmp_path / f"psf_{band}.fits", stamp)
        path = ROOT / f"config/tiny480/S82_{band}.fits.gz"
        images.append({"path": str(path), "psf": str(tmp_path / f"psf_{band}.fits")})
    run = Run(
        tmp_path / "run", {**QUIET, "inputs": {"image_list": None, "images": images}, "psf": {"method": "supplied"}}
    )
    run.snakemake()
    table, own = read(run), read(default_run)
    stars = (own["TYPE"] == "STAR") & (own["FLUX_r_fit"] / own["FLUXERR_r_fit"] > 50)
    assert np.median(table.loc[stars, "FLUX_r_fit"] / own.loc[stars, "FLUX_r_fit"]) == pytest.approx(1, abs=0.01)
    assert (table["psf_fallback_band_count"] == 0).all()


def test_psfs_with_wings_that_are_interpolated_between_cells(tmp_path):
    """2 x 2 cells; switching the interpolation on makes payloads anew and no PSF."""
    config = {**QUIET, "psf": {"ngrid": 2, "form": "hybrid"}, "patches": {"ngrid": 1}}
    run = Run(tmp_path, config)
    run.snakemake("--until", "epsf", "patches")
    assert not set(run.planned("--until", "payload")) & {"stars", "epsf"}
    run.write(config | {"psf": config["psf"] | {"interpolate": True}})
    assert set(run.planned("--until", "payload")) == {"payload"}
    run.snakemake("--until", "fit")
    with fits.open(run.path("payload/r00_c01_pr00_pc00.fits")) as hdus:
        assert len(hdus["CELLS"].data) == 4
        assert hdus["PSF"].shape[1] % 4 == 0
        assert hdus["WINGS"].shape == (5, 4, 1, 5)
    for path in run.path("fit").glob("*.fits"):
        with fits.open(path) as hdus:
            assert hdus[0].header["STATUS"] == "ok"
            assert hdus["FIT"].data["converged"].mean() > 0.9


def saturated_copy(folder, star, peak=60000.0) -> list[str]:
    """The five images with one star's core raised above the saturation level, and a bleed trail."""
    listed = []
    for band in BANDS:
        with gzip.open(ROOT / f"config/tiny480/S82_{band}.fits.gz") as stream, fits.open(stream) as hdus:
            data, header = hdus[0].data.astype("f4"), hdus[0].header
        y, x = np.indices(data.shape)
        distance2 = (x - star["x_pix_white"]) ** 2 + (y - star["y_pix_white"]) ** 2
        data += np.float32(8 * peak) * np.exp(-distance2 / (2 * 1.8**2)).astype("f4")
        level = header.get("SATURATE", 5e4)
        data = np.minimum(data, np.float32(level))
        fits.writeto(folder / f"{band}.fits", data, header)
        listed.append(str(folder / f"{band}.fits"))
    return listed


def test_a_saturated_star_is_flagged_masked_and_spoils_nobody(tmp_path, default_run):
    before = read(default_run)
    bright = before[
        (before["TYPE"] == "STAR") & before["x_pix_white"].between(60, 420) & before["y_pix_white"].between(60, 420)
    ]
    star = bright.sort_values("FLUX_r_fit", ascending=False).iloc[3]
    images = saturated_copy(tmp_path, star)
    run = Run(tmp_path / "run", {**QUIET, "inputs": {"image_list": None, "images": images}})
    run.snakemake()
    after = read(run)
    row = after[after["ID"] == star["ID"]].iloc[0]
    assert row["excluded_saturation"]
    assert row["excluded_reason"] == "saturation"
    assert row["fit_flags"] & FIT["EXCLUDED_SATURATION"]
    assert np.isnan(row["FLUX_r_fit"])
    x, y = round(star["x_pix_white"]), round(star["y_pix_white"])
    with fits.open(run.path("frames/r.fits")) as hdus:
        assert hdus["MASK"].data[y, x] > 0
    distance = np.hypot(before["x_pix_white"] - star["x_pix_white"], before["y_pix_white"] - star["y_pix_white"])
    others = (distance > 20) & ~after["excluded_any"]
    (old, error), (new, error_after) = fluxes(before[others]), fluxes(after[others])
    # The star's added light is 100 times a bright star's. Whoever is farther than the cut keeps its flux within
    # two of its (new) errors, as far as the PSF is known: the wings of the added Gaussian are not the PSF's.
    shift = np.abs(new - old) / np.hypot(error, error_after)
    assert (shift < 1).mean() > 0.95
    assert (shift < 4).all()


def test_a_fit_that_fails_is_rows_with_a_reason(tmp_path, run_copy):
    from swath.config.fit import Fit
    from swath.fit.job import fit_patch

    payload = sorted(run_copy.path("payload").glob("*.fits"))[0]
    with fits.open(payload) as hdus:
        hdus["PSF"].data = np.zeros((5, 1, 4, 4), "f4")  # an even PSF: no fit can use it
        hdus.writeto(tmp_path / "broken.fits")
    fit_patch(tmp_path / "broken.fits", tmp_path / "fit.fits", Fit(), "plane")
    with fits.open(tmp_path / "fit.fits") as hdus:
        assert hdus[0].header["STATUS"] == "failed"
        assert hdus[0].header["REASON"]
        rows = hdus["FIT"].data
        assert (rows["flags"] & FIT["PATCH_FAILED"] > 0).all()
        assert np.isnan(rows["flux"]).all()


def test_too_many_failed_sources_stop_the_run_with_the_reasons(run_copy):
    fit = sorted(run_copy.path("fit").glob("*.fits"))[0]
    with fits.open(fit) as hdus:
        for hdu in hdus[1:3]:
            hdu.data["flux"] = np.nan
            hdu.data["flags"] |= FIT["PATCH_FAILED"]
        hdus[0].header["STATUS"], hdus[0].header["REASON"] = "failed", "LinAlgError: made by a test"
        hdus.writeto(fit, overwrite=True)
    done = run_copy.snakemake("--forcerun", "merge", "--until", "merge", check=False)
    assert done.returncode == 1
    assert "LinAlgError: made by a test" in done.stdout
    assert fit.stem in done.stdout
    assert "Traceback" not in done.stdout


def test_a_crop_that_leaves_nothing_stops_the_run(tmp_path):
    done = Run(tmp_path, {"crop": {"margin": 240}}).snakemake("-n", check=False)
    assert done.returncode == 1
    assert "crop.margin" in done.stdout
    assert "239" in done.stdout


def test_crop_leaves_the_sky_positions_alone(tmp_path, default_run):
    run = Run(tmp_path, {**QUIET, "crop": {"margin": 60}, "gaia": {"inject": False}})
    run.snakemake()
    table, whole = read(run), read(default_run)
    assert table["excluded_crop"].sum() > 3
    inner = ~table["excluded_any"] & (whole["FLUX_r_fit"] / whole["FLUXERR_r_fit"] > 20)
    east = (table["RA_fit"] - whole["RA_fit"])[inner] * 3.6e6
    # Same pixels, other patch borders and other PSF stars: bright positions agree to milliarcseconds.
    assert np.abs(np.median(east)) < 5
    assert (table["x_pix_white_fit"] + 60 - whole["x_pix_white_fit"])[inner].abs().median() < 0.02


def test_config_mistakes_are_all_named_at_once(tmp_path):
    run = Run(tmp_path, {"psf": {"ngird": 3}, "fit": {"tolerance": -1}})
    done = run.snakemake("-n", check=False)
    assert done.returncode == 1
    assert "psf.ngird" in done.stdout
    assert "psf.ngrid" in done.stdout
    assert "fit.tolerance" in done.stdout


def test_two_images_of_one_band_are_an_error(tmp_path):
    path = ROOT / "config/tiny480/S82_g.fits.gz"
    shutil.copy(path, tmp_path / "again.fits.gz")
    run = Run(
        tmp_path / "run", {"inputs": {"image_list": None, "images": [str(path), str(tmp_path / "again.fits.gz")]}}
    )
    done = run.snakemake("-n", check=False)
    assert done.returncode == 1
    assert "again.fits.gz" in done.stdout


def test_plan_is_made_once(default_run):
    plan = default_run.path("plan.json")
    before = plan.stat().st_mtime_ns
    default_run.planned()
    assert plan.stat().st_mtime_ns == before
    assert len(json.loads(plan.read_text())["plan"]["images"]) == 5


def test_odd_names_everywhere(tmp_path, default_run):
    """A tile with a plus sign, IDs and a column beyond ASCII, an ID with a comma, a folder with a hash."""
    listed = (ROOT / "config/tiny480/input_catalog.csv").read_text(encoding="utf-8").splitlines()
    rows = [listed[0] + ",Δmag", *(f"{row},{i}" for i, row in enumerate(listed[1:]))]
    rows[1] = "é" + rows[1]
    rows[2] = '"a,b' + rows[2].split(",")[0] + '",' + rows[2].split(",", 1)[1]
    folder = tmp_path / "run #1 ü"
    folder.mkdir()
    (folder / "katalog é.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    run = Run(folder, {**QUIET, "tile": "S82+1", "inputs": {"catalog": str(folder / "katalog é.csv")}})
    run.snakemake()
    table = pd.read_csv(folder / "results/S82+1/catalog.csv", dtype={"ID": str})
    given = read(default_run)
    assert table["ID"][0] == "é" + given["ID"][0]
    assert table["ID"][1] == "a,b" + given["ID"][1]
    assert list(table["Δmag"]) == list(range(len(table)))
    assert (fluxes(table)[0] == fluxes(given)[0]).all()
    with fits.open(folder / "results/S82+1/catalog.fits") as hdus:
        assert len(hdus[1].data) == len(table)


def test_tiny_sizes_and_absurd_ones_do_not_trap_galaxies(tmp_path, default_run):
    listed = pd.read_csv(ROOT / "config/tiny480/input_catalog.csv", dtype=str)
    galaxies = listed.index[listed["TYPE"] != "STAR"]
    listed.loc[galaxies[::3], "Re"] = "0.01"
    listed.loc[galaxies[1::3], "Re"] = "1e9"
    listed.to_csv(tmp_path / "cat.csv", index=False)
    run = Run(tmp_path / "run", {**QUIET, "inputs": {"catalog": str(tmp_path / "cat.csv")}})
    run.snakemake()
    table, given = read(run), read(default_run)
    changed = given.index.isin([*galaxies[::3], *galaxies[1::3]])
    bright = changed & (given["FLUX_r_fit"] / given["FLUXERR_r_fit"] > 20)
    assert bright.sum() >= 3
    ratio = (table["FLUX_r_fit"] / given["FLUX_r_fit"])[bright]
    # The prior on ln Re has its centre at the start and a width of 1: at S/N of 20 it hardly counts.
    assert ratio.between(0.9, 1.1).all(), ratio
    assert (table.loc[galaxies[1::3], "fit_flags"] & FIT["SHAPE_ASSUMED"] > 0).all()
