"""The default field: images to a calibrated catalogue."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from runs import ROOT, Run
from swath.columns import names
from swath.flags import FIT

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
BANDS = ["u", "g", "r", "i", "z"]


@pytest.fixture(scope="module")
def catalog(default_run) -> pd.DataFrame:
    return pd.read_csv(default_run.path("catalog.csv"), dtype={"ID": str, "gaia_source_id": str})


def test_every_input_row_is_there_once_in_order_and_untouched(catalog):
    given = pd.read_csv(ROOT / "config/tiny480/input_catalog.csv", dtype={"ID": str})
    assert list(catalog["ID"]) == list(given["ID"])
    for column in given:
        pd.testing.assert_series_equal(catalog[column], given[column])


def test_every_active_source_is_fitted_in_every_band(catalog):
    active = ~catalog["excluded_any"]
    fluxes = catalog.loc[active, [f"FLUX_{band}_fit" for band in BANDS]]
    errors = catalog.loc[active, [f"FLUXERR_{band}_fit" for band in BANDS]]
    assert np.isfinite(fluxes.to_numpy()).all()
    assert (errors.to_numpy() > 0).all()
    assert (catalog["fit_flags"] & (FIT["PATCH_FAILED"] | FIT["NO_DATA"]) == 0).all()
    assert catalog.loc[active, "opt_converged"].mean() > 0.95


def test_columns_are_those_of_the_registry(catalog):
    assert set(names(BANDS, multi_band=True)) <= set(catalog.columns)


def test_fitted_positions_are_where_the_catalogue_has_them(catalog):
    bright = (catalog["FLUX_r_fit"] / catalog["FLUXERR_r_fit"] > 100) & (catalog["TYPE"] == "STAR")
    east = (catalog["RA_fit"] - catalog["RA"])[bright] * 3600 * np.cos(np.radians(-0.93))
    north = (catalog["DEC_fit"] - catalog["DEC"])[bright] * 3600
    # Windowed centroids lie 0.04 arcsec off the catalogue's own; a wrong pixel origin would show as 0.4.
    assert abs(np.median(east)) < 0.08
    assert abs(np.median(north)) < 0.08


def test_magnitudes_agree_with_the_reference_stars(catalog):
    reference = pd.read_csv(ROOT / "config/tiny480/synphot.csv", dtype={"source_id": str})
    both = catalog.merge(reference, left_on="gaia_source_id", right_on="source_id")
    assert len(both) >= 10
    for band in "gri":
        difference = both[f"MAG_{band}_fit"] - both[f"mag_{band}"]
        # The zero point is their own median; the scatter of bright stars is a few hundredths.
        assert abs(np.median(difference)) < 0.02
        assert 1.4826 * np.median(np.abs(difference - np.median(difference))) < 0.05


def test_zero_points_are_close_to_the_headers(default_run):
    facts = json.loads(default_run.path("zeropoint/zeropoint.json").read_text())
    for band in facts["bands"]:
        assert abs(band["zp_median"] - facts["zp_ref"]) < 0.1


def test_three_formats_hold_the_same(default_run, catalog):
    parquet = pd.read_parquet(default_run.path("catalog.parquet"))
    table = Table.read(default_run.path("catalog.fits"))
    assert list(parquet.columns) == list(catalog.columns) == table.colnames
    for column in ("FLUX_r_fit", "RA_fit", "MAG_i_fit"):
        assert (parquet[column].to_numpy() == catalog[column].to_numpy()).all()
        assert (np.asarray(table[column]) == catalog[column].to_numpy()).all()
    assert str(table["RA_fit"].unit) == "deg"


def test_snapshot_and_log_are_kept(default_run):
    snapshot = min(default_run.path("runs").glob("config_used_*.yaml"))
    text = snapshot.read_text(encoding="utf-8")
    assert "snakemake" in text
    assert "tile: tiny480" in text
    log = default_run.path("run.log").read_text(encoding="utf-8")
    for word in ("load", "white", "sources", "stars", "epsf", "patches", "payload", "fit", "merge", "zeropoint"):
        assert word in log


def test_records_hold_the_checksum_of_every_product(default_run):
    import hashlib

    records = list(default_run.path("records").rglob("*.json"))
    products = [product for record in records for product in json.loads(record.read_text())["outputs"]]
    assert len(products) > 40
    for product in products[::7]:
        data = (default_run.folder / product["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (product["size"], product["sha256"])


def test_the_environment_may_lie_in_a_folder_with_a_space(tmp_path):
    """A clone in "my work" has its environment there; Snakemake puts the interpreter's path into a shell command."""
    run = Run(tmp_path / "field")
    (tmp_path / "my work é").symlink_to(sys.prefix)
    python = tmp_path / "my work é/bin/python"
    done = subprocess.run(
        [str(python), *run.command("--until", "load")[1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.path("frames/g.fits").is_file()
