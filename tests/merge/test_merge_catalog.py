"""merge: every input row once and untouched, coordinates right under crop and SIP, bytes and schema that never vary."""

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from fake_tile import BANDS, CROP, SIGMA, make, sip_header, write_fit
from hypothesis import given, settings
from hypothesis import strategies as st
from swath import columns
from swath.errors import RunError
from swath.files import read_json, write_json
from swath.flags import FIT
from swath.merge.patches import PatchFit, check_whole

INPUT = ["note", "ID", "RA", "DEC", "count", "FLUX_g"]


@pytest.fixture
def world(tmp_path):
    return make(tmp_path)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**20), n=st.integers(1, 60), npatch=st.integers(0, 7), multi_band=st.booleans())
def test_every_row_once_in_order_whatever_the_patches(tmp_path_factory, seed, n, npatch, multi_band):
    world = make(tmp_path_factory.mktemp("tile"), seed, n, multi_band, max(npatch, 1))
    table = world.merge()
    pd.testing.assert_frame_equal(table[INPUT], world.sources[INPUT])
    assert list(table.columns) == INPUT + list(columns.names(BANDS, multi_band))
    expected = np.array([*world.tags, ""])[world.owner]
    assert list(table["patch_tag"]) == list(expected)
    for i, band in enumerate(BANDS):
        flux = np.where(world.owner >= 0, np.stack(world.fit["flux"])[:, i], np.nan)
        np.testing.assert_array_equal(table[f"FLUX_{band}_fit"], flux)


def test_positions_hold_under_the_crop_with_distortions(world):
    table = world.merge()
    fitted = world.owner >= 0
    x, y = np.stack(world.fit["x"])[:, 0], np.stack(world.fit["y"])[:, 0]
    sky = WCS(sip_header()).pixel_to_world(x[fitted], y[fitted])
    found = SkyCoord(table["RA_fit"][fitted], table["DEC_fit"][fitted], unit="deg")
    # Rounding only: a forgotten crop, a 1-based pixel or a forgotten SIP term would be 15, 0.5 and 0.1 arcsec.
    assert sky.separation(found).max() < 1e-6 * u.arcsec
    np.testing.assert_allclose(table["x_pix_white_fit"][fitted], x[fitted] - CROP[0])
    np.testing.assert_allclose(table["y_pix_white_fit"][fitted], y[fitted] - CROP[2])
    patch = world.owner[fitted]
    np.testing.assert_allclose(table["x_pix_patch_fit"][fitted], x[fitted] - 10 * patch)
    np.testing.assert_allclose(table["y_pix_patch_fit"][fitted], y[fitted] - 5 * patch)
    np.testing.assert_allclose(table["x_pix_patch"][fitted], world.sources["x_pix"][fitted] - 10 * patch)


def test_position_errors_on_the_sky_are_those_of_scattered_pixels(world):
    table, wcs, rng = world.merge(), WCS(sip_header()), np.random.default_rng(5)
    row = np.flatnonzero(world.owner >= 0)[0]
    fit = world.fit.loc[row]
    cov = [[fit["x_err"][0] ** 2, fit["xy_cov"][0]], [fit["xy_cov"][0], fit["y_err"][0] ** 2]]
    x, y = rng.multivariate_normal([fit["x"][0], fit["y"][0]], cov, 20000).T
    centre = wcs.pixel_to_world(fit["x"][0], fit["y"][0])
    east, north = (offset.to_value("arcsec") for offset in centre.spherical_offsets_to(wcs.pixel_to_world(x, y)))
    # 20000 draws: 0.5 % on a standard deviation, 0.007 on a correlation; 4 sigma.
    np.testing.assert_allclose([table["RA_err"][row], table["DEC_err"][row]], [east.std(), north.std()], rtol=0.02)
    assert table["RADEC_corr"][row] == pytest.approx(np.corrcoef(east, north)[0, 1], abs=0.03)
    assert table["xy_pix_corr"][row] == pytest.approx(0.3)


def test_shapes_come_back_in_the_declared_convention(world):
    table = world.merge(theta_from="y")
    row = table.index[(table["stype_fit"] == "sersic")][0]
    phi = world.fit.loc[row, "phi"][0] % 180
    assert table.loc[row, "phi_deg_fit"] == pytest.approx(phi)
    assert table.loc[row, "THETA_fit"] == pytest.approx((phi - 90) % 180)
    assert world.merge(theta_from="x").loc[row, "THETA_fit"] == pytest.approx(phi)
    wcs, x, y = WCS(sip_header()), world.fit.loc[row, "x"][0], world.fit.loc[row, "y"][0]
    step = 0.5 * np.array([np.cos(np.radians(phi)), np.sin(np.radians(phi))])
    ends = [wcs.pixel_to_world(x + sign * step[0], y + sign * step[1]) for sign in (-1, 1)]
    expected = ends[0].position_angle(ends[1]).deg % 180
    # The secant's own angle differs from the tangent's by the meridians' convergence over one pixel.
    assert table.loc[row, "PA_fit"] == pytest.approx(expected, abs=0.01)
    assert table.loc[row, "ELL_fit"] == pytest.approx(1 - table.loc[row, "ab_fit"])
    assert table.loc[row, "Re_fit"] == table.loc[row, "re_pix_fit"]


def test_stars_have_no_shape_and_only_sersics_an_index(world):
    table = world.merge()
    star = table["stype_fit"] == "star"
    shapes = ["ab_fit", "phi_deg_fit", "ELL_fit", "Re_fit", "THETA_fit", "PA_fit", "Re_err"]
    assert table.loc[star, shapes].isna().all(axis=None)
    assert (table["sersic_n_fit"].notna() == (table["stype_fit"] == "sersic")).all()


def test_what_is_known_of_excluded_rows(world):
    table = world.merge()
    out = world.owner < 0
    assert (table.loc[out, "fit_flags"] == world.sources.loc[out, "fit_flags"]).all()
    assert table.loc[out, ["patch_tag", "stype_fit", "patch_status"]].eq("").all(axis=None)
    assert table.loc[out, ["RA_fit", "FLUX_g_fit", "opt_last_dlnp", "DEPTH_g"]].isna().all(axis=None)
    assert not table.loc[out, ["opt_converged", "opt_hit_max_iters"]].any(axis=None)
    assert (table["opt_hit_max_iters"] == (table["patch_tag"].ne("") & ~table["opt_converged"])).all()


def test_psf_audit_follows_the_cell(world):
    table = world.merge()
    bad = table["epsf_tag"] == "r00_c01"
    good = table["epsf_tag"] == "r00_c00"
    assert set(table.loc[bad, "psf_fallback_bands"]) == {"r"}
    assert set(table.loc[bad, "psf_low_star_bands"]) == {"r"}
    assert set(table.loc[bad, "psf_fallback_reasons_json"]) == {'{"r": "1 star"}'}
    assert set(table.loc[bad, "psf_used_epsf_band_count"]) == {2}
    assert table.loc[bad, "psf_score_r"].isna().all()
    assert set(table.loc[good, "psf_fallback_band_count"]) == {0}
    assert set(table.loc[good, "psf_score_r"]) == {0.01}
    assert set(table["psf_frozen_bands_for_optimizer"]) == {""}


def test_depth_is_that_of_a_gaussian_psf(world):
    table = world.merge()
    # A Gaussian of width s has the area 4 pi s^2; the pixels sample s = 1.5 without loss.
    expected = 25 - 2.5 * np.log10(5 * SIGMA * np.sqrt(4 * np.pi * 1.5**2))
    np.testing.assert_allclose(table["DEPTH_g"].dropna(), expected, atol=1e-3)
    assert fits.getheader(world.path("merge", "catalog.fits"), 1)["DEPTH1"] == pytest.approx(expected, abs=1e-3)


def test_depth_takes_the_noise_at_the_source(world):
    row = np.flatnonzero(world.owner >= 0)[0]
    before = world.merge().loc[row, "DEPTH_g"]
    with fits.open(world.path("frames", "g.fits"), mode="update") as hdus:
        x, y = (round(world.sources.loc[row, axis]) for axis in ("x_pix", "y_pix"))
        hdus["SIGMA"].data[y, x] = 10 * SIGMA
    assert world.merge().loc[row, "DEPTH_g"] == pytest.approx(before - 2.5)
    with fits.open(world.path("frames", "g.fits"), mode="update") as hdus:
        hdus["SIGMA"].data[y, x] = np.nan
    assert world.merge().loc[row, "DEPTH_g"] == pytest.approx(before)


@pytest.mark.parametrize("multi_band", [True, False])
def test_csv_and_fits_and_parquet_hold_the_same(tmp_path, multi_band):
    world = make(tmp_path, multi_band=multi_band)
    table = world.merge()
    text = {name: str for name, dtype in table.dtypes.items() if pd.api.types.is_string_dtype(dtype)}
    gaps = {name: [""] for name, dtype in table.dtypes.items() if dtype in ("float64", "Int64")}
    csv = pd.read_csv(world.path("merge", "catalog.csv"), dtype=text, keep_default_na=False, na_values=gaps)
    for name in table.columns:
        np.testing.assert_array_equal(csv[name].to_numpy(table[name].to_numpy().dtype), table[name].to_numpy())
    rows = Table.read(world.path("merge", "catalog.fits"))
    for column in columns.catalogue(BANDS, multi_band):
        expected = table[column.name].to_numpy()
        found = np.asarray(rows[column.name]).astype(expected.dtype)
        np.testing.assert_array_equal(np.char.strip(found.astype(str)) if column.kind == "str" else found, expected)
        assert (rows[column.name].unit or "") == (u.Unit(column.unit) if column.unit else "")
    assert rows["RA"].unit == u.deg
    assert list(rows["count"].mask) == list(table["count"].isna())
    assert list(rows["ID"]) == list(table["ID"])
    assert "\\ubcc4" in rows["note"].filled("")
    with fits.open(world.path("merge", "catalog.fits"), checksum=True) as hdus:
        hdus.verify("exception")
        header = hdus[1].header
        assert header["DATASUM"]
    comments = {header[f"TTYPE{k}"]: header.get(f"TCOMM{k}") for k in range(1, header["TFIELDS"] + 1)}
    assert all(comments[column.name] == column.meaning for column in columns.catalogue(BANDS, multi_band))


def test_more_columns_than_a_fits_table_has(world, monkeypatch):
    monkeypatch.setattr("swath.merge.files.MOST_FITS_COLUMNS", 50)
    table = world.merge()
    with fits.open(world.path("merge", "catalog.fits")) as hdus:
        found = [name for hdu in hdus[1:] for name in hdu.columns.names]
        assert all(list(hdu.data["ID"]) == list(table["ID"]) for hdu in hdus[1:])
        assert max(len(hdu.columns) for hdu in hdus[1:]) == 50
    assert list(dict.fromkeys(found)) == list(table.columns)


def test_equal_inputs_give_equal_bytes_and_the_order_of_the_fits_does_not_matter(world):
    world.merge("a")
    world.merge("b", fits=sorted(world.folder.glob("fit/*.fits"), reverse=True))
    names = ["catalog.csv", "catalog.fits", "catalog.parquet", "attrition.csv"]
    assert [world.path("a", name).read_bytes() for name in names] == [
        world.path("b", name).read_bytes() for name in names
    ]


def test_attrition_counts_every_row_once(world):
    table = world.merge()
    counts = pd.read_csv(world.path("merge", "attrition.csv"), index_col="reason")["count"]
    assert counts.sum() == len(table)
    crop = (table["excluded_reason"] == "crop") & world.sources["x_pix"].notna()
    assert counts["excluded: crop"] == crop.sum()
    assert counts["excluded: not on the image, or without coordinates"] == world.sources["x_pix"].isna().sum()


def test_unknown_rows_and_rows_twice_stop_the_merge(tmp_path):
    world = make(tmp_path)
    mine = world.fit[world.owner == 0]
    write_fit(world.path("fit", f"{world.tags[1]}.fits"), world.tags[1], pd.concat([mine, world.fit[world.owner == 1]]))
    with pytest.raises(RunError, match=rf"in {world.tags[0]}, {world.tags[1]}"):
        world.merge()
    write_fit(world.path("fit", f"{world.tags[1]}.fits"), world.tags[1], mine.assign(row=mine["row"] + 100))
    with pytest.raises(RunError, match="is not in the source list"):
        world.merge()
    write_fit(world.path("fit", f"{world.tags[1]}.fits"), world.tags[1], world.fit[world.owner == 1].assign(ID="x"))
    with pytest.raises(RunError, match="has ID x, the source list"):
        world.merge()
    write_fit(world.path("fit", f"{world.tags[1]}.fits"), world.tags[1], world.fit[:0])
    with pytest.raises(RunError, match="active, but in no patch"):
        world.merge()


def test_ids_with_blanks_of_any_alphabet_around_them(world):
    """FITS keeps no blanks at the ends; those beyond ASCII (a no-break space from a spreadsheet) are escaped there."""
    ids = pd.Series(["P1\u00a0", "\u3000P2", " P3 ", "\u2028"])
    columns = {"row": np.arange(4), "ID": np.array(["P1\\xa0", "\\u3000P2", "P3", "\\u2028"])}
    check_whole([PatchFit("p", "c", "done", "", columns)], ["p"], ids, np.full(4, True))


def test_missing_and_foreign_patches_stop_the_merge(world):
    files = sorted(world.folder.glob("fit/*.fits"))
    with pytest.raises(RunError, match=f"{files[-1].stem}: in the plan"):
        world.merge(fits=files[:-1])
    with pytest.raises(RunError, match="delivered 2 times"):
        world.merge(fits=[*files, files[0]])


def test_a_plan_without_patches_for_active_sources_stops_the_merge(world):
    write_json(world.path("patches.json"), read_json(world.path("patches.json")) | {"patches": []})
    with pytest.raises(RunError, match="active sources, but no patch at all"):
        world.merge(fits=[])


def test_another_mode_is_told_from_the_files(world):
    with pytest.raises(RunError, match=r"fit\.multi_band"):
        world.merge(multi_band=False)


def test_an_input_column_with_one_of_our_names_is_refused(world):
    world.sources.assign(RA_fit=1.0).to_parquet(world.path("sources.parquet"))
    with pytest.raises(RunError, match="RA_fit"):
        world.merge()


def test_a_lost_patch_stops_the_run_with_its_reason(tmp_path):
    world = make(tmp_path)
    lost = world.fit[world.owner == 1].copy()
    lost["flux"] = [np.full(3, np.nan)] * len(lost)
    lost["flags"] = FIT["PATCH_FAILED"]
    write_fit(world.path("fit", f"{world.tags[1]}.fits"), world.tags[1], lost, "failed", "MemoryError: 12 GB")
    with pytest.raises(RunError) as failure:
        world.merge()
    assert f"{world.tags[1]}: {len(lost)} of {len(lost)} sources not fitted: patch failed (MemoryError: 12 GB)" in str(
        failure.value
    )
    assert not world.path("merge", "catalog.csv").exists()
    world.settings = world.settings.model_copy(update={"max_failed_fraction": 1.0})
    table = world.merge()
    assert set(table.loc[lost.index, "patch_reason"]) == {"MemoryError: 12 GB"}
    assert set(table.loc[lost.index, "patch_status"]) == {"failed"}
    counts = pd.read_csv(world.path("merge", "attrition.csv"), index_col="reason")["count"]
    assert counts["not fitted: patch failed"] == len(lost)


def test_a_tile_without_any_patch_still_has_its_catalogue(tmp_path):
    world = make(tmp_path)
    gone = world.sources.assign(excluded_any=True, excluded_crop=True, excluded_reason="crop")
    gone.to_parquet(world.path("sources.parquet"))
    write_json(world.path("patches.json"), read_json(world.path("patches.json")) | {"patches": []})
    full = make(tmp_path / "full").merge()
    empty = world.merge(fits=[], epsfs=[])
    assert list(empty.dtypes) == list(full.dtypes)
    assert list(empty.columns) == list(full.columns)
