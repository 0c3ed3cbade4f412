"""Positions and shapes that are held: the linear optimum, what is reported of it, and what moves beside it."""

import numpy as np
import pytest
from astropy.io import fits
from oddities import SKY, empty, noisy, with_source
from swath.config.fit import Fit
from swath.fit.drawing import Canvas
from swath.fit.job import solve_patch
from swath.fit.problem import problem
from swath.flags import FIT
from swath.images import write_fits
from swath.models.shape import to_ellipse
from swath.patches.payload import FIXED
from swath.patches.stored import stored_sources

FLUX = {"star": [4000.0, 2500.0], "exp": [9000.0, 7000.0], "dev": [6000.0, 8000.0], "sersic": [7000.0, 5000.0]}
PLACE = {"star": (30.3, 31.2), "exp": (38.0, 36.0), "dev": (62.4, 30.1), "sersic": (50.2, 66.6)}


def payload(seed: int = 0):
    """A star and a galaxy that overlap, and two galaxies with room around them."""
    made = empty((96, 96), 2)
    for model, flux in FLUX.items():
        made = with_source(made, model, *PLACE[model], flux, re=3.0, ell=0.4, phi=35.0, index=1.5)
    return noisy(made, np.random.default_rng(seed))


def fitted(made, **settings) -> np.ndarray:
    return solve_patch(made, Fit(**settings), "constant")[0]


def moved(made, dx: float = 0.3, re: float = 1.3):
    """The payload as a catalogue of lesser quality would give it."""
    sources = made.sources.copy()
    sources["x"] += dx
    sources["re"] *= re
    return made._replace(sources=sources)


def linear_optimum(made, band: int) -> tuple[np.ndarray, np.ndarray]:
    """Fluxes and their errors by plain least squares on the unit-flux images, with the noise of the sky."""
    posed = problem(made, Fit(mode="forced", noise="sky"), free_sky=False)
    images = np.zeros((len(made.sources), *made.image.shape[1:]))
    canvas = Canvas(posed)
    for index, stamp in enumerate(canvas.stamps(posed.sources, derivatives=False)):
        x0, x1, y0, y1 = stamp.box
        images[index, y0:y1, x0:x1] = stamp.templates[band, 0]
    design = images.reshape(len(images), -1).T / SKY
    covariance = np.linalg.inv(design.T @ design)
    return covariance @ design.T @ (made.image[band].ravel().astype(float) / SKY), np.sqrt(np.diag(covariance))


@pytest.mark.parametrize("multi_band", [True, False])
def test_forced_fluxes_are_the_linear_optimum(multi_band):
    made = moved(payload())
    rows = fitted(made, mode="forced", noise="sky", multi_band=multi_band)
    for band in range(2):
        flux, error = linear_optimum(made, band)
        # float32 images and stamps that are sized anew for the fluxes found
        assert rows["flux"][:, band] == pytest.approx(flux, abs=0.02 * error.min())
        assert rows["flux_err"][:, band] == pytest.approx(error, rel=2e-3)


@pytest.mark.parametrize("multi_band", [True, False])
def test_what_is_held_keeps_its_value_and_has_no_error(multi_band):
    made = moved(payload())
    rows = fitted(made, mode="forced", multi_band=multi_band)
    galaxy = rows["model"] != "star"
    for name in ("x", "y", "re", "ell", "phi"):
        values = rows[name] if multi_band else rows[name][:, 0]
        chosen = slice(None) if name in "xy" else galaxy
        assert values[chosen] == pytest.approx(made.sources[name][chosen], rel=1e-12, abs=1e-9)
    for name in ("x_err", "y_err", "xy_cov", "re_err", "ell_err", "phi_err"):
        assert np.isnan(rows[name]).all()
    assert np.isnan(rows["n_err"][rows["model"] == "sersic"]).all()
    assert rows["converged"].all()
    assert (rows["flags"] & (FIT["AT_BOUND"] | FIT["ILL_CONDITIONED"] | FIT["NOT_CONVERGED"]) == 0).all()
    assert np.isfinite(rows["flux_err"]).all()


def test_forced_position_moves_shapes_alone():
    made = moved(payload(), dx=0.0)
    rows = fitted(made, mode="forced_position", tolerance=1e-5)
    free = fitted(made, tolerance=1e-5)
    assert rows["x"] == pytest.approx(made.sources["x"], rel=1e-12)
    assert np.isnan(rows["x_err"]).all()
    galaxy = rows["model"] != "star"
    assert (rows["re_err"][galaxy] > 0).all()
    # The start was 30 % too large; the truth, 3 pix, lies within 5 of its errors.
    assert (np.abs(rows["re"] - 3.0) / rows["re_err"])[galaxy].max() < 5
    assert (rows["flux_err"] <= free["flux_err"] * 1.02).all()


def test_errors_shrink_with_what_is_held():
    made = payload()
    free, shapes, forced = (fitted(made, mode=mode)["flux_err"] for mode in ("free", "forced_position", "forced"))
    assert (forced <= shapes * 1.001).all()
    assert (forced < free).all()


def test_forced_at_the_truth_has_normal_pulls():
    pulls = []
    for seed in range(25):
        rows = fitted(payload(seed), mode="forced")
        truth = np.array([FLUX[model] for model in rows["model"]])
        pulls.append((rows["flux"] - truth) / rows["flux_err"])
    pulls = np.concatenate(pulls).ravel()
    # 200 pulls: their mean is known to 0.07 and their sd to 5 %; four sigma.
    assert abs(pulls.mean()) < 0.28
    assert 0.8 < pulls.std() < 1.2


def test_the_strongest_neighbour_is_that_of_the_covariance():
    made = payload()
    rows = fitted(made, mode="forced", noise="sky")
    star, galaxy = (list(rows["model"]).index(name) for name in ("star", "exp"))
    for band in range(2):
        assert rows["neighbour_corr"][star, band] == pytest.approx(rows["neighbour_corr"][galaxy, band])
        assert -0.9 < rows["neighbour_corr"][star, band] < -0.05
    alone = with_source(empty((64, 64), 2), "star", 30, 30, 5000.0)
    assert fitted(noisy(alone, np.random.default_rng(0)))["neighbour_corr"][0].tolist() == [0.0, 0.0]


def stored(tmp_path, made, rows, nband: int) -> np.ndarray:
    write_fits(tmp_path / "fit.fits", [fits.PrimaryHDU(), fits.BinTableHDU(rows, name="SCENE")])
    names = [("row", "i4"), ("ID", "U8"), ("active", "?"), ("assumed", "?"), ("model", "U8")]
    table = np.zeros(made.sources["row"].max() + 1, [*names, *((n, "f8") for n in ("x", "y", "re", "ell", "phi"))])
    table["row"] = np.arange(len(table))
    for name in ("ID", "model", "x", "y", "re", "ell", "phi"):
        table[name][made.sources["row"]] = made.sources[name]
    return stored_sources(tmp_path / "fit.fits", table, nband)


@pytest.mark.parametrize("multi_band", [True, False])
def test_stored_sources_are_what_the_fit_found(tmp_path, multi_band):
    made = payload()
    rows = fitted(made, multi_band=multi_band)
    found = stored(tmp_path, made, rows, 1)
    best = np.argmax(rows["flux"] / rows["flux_err"], axis=1)
    for name in ("x", "y", "re", "ell", "phi", "n"):
        want = rows[name] if multi_band else rows[name][np.arange(len(rows)), best]
        assert np.array_equal(found[name], want, equal_nan=True)
    assert found["model"].tolist() == rows["model"].tolist()
    assert found["flux"].shape == (4, 1)


def test_a_patch_without_a_fit_is_measured_where_the_catalogue_has_its_sources(tmp_path):
    made = payload()
    rows = fitted(made)
    for name in ("x", "y", "re", "ell", "phi", "n"):
        rows[name] = np.nan
    found = stored(tmp_path, made, rows, 2)
    assert np.array_equal(found["x"], made.sources["x"])
    assert np.array_equal(found["re"], made.sources["re"], equal_nan=True)
    assert np.isnan(found["n"]).all()


def test_stored_shapes_reach_the_solver_unchanged(tmp_path):
    """Also those that no catalogue could start from: smaller than half a pixel, thinner than 0.1."""
    made = payload()
    rows = fitted(made)
    galaxy = np.flatnonzero(rows["model"] != "star")
    rows["re"][galaxy[0]], rows["ell"][galaxy[1]] = 0.2, 0.915
    found = stored(tmp_path, made, rows, 2)
    kinds = {name: made.sources.dtype[name] for name in made.sources.dtype.names} | {"n": "f8", "assumed": "?"}
    sources = np.zeros(len(found), list(kinds.items()))
    for name in set(kinds) - {"flux_start"}:
        sources[name] = found[name]
    sources["flux_start"] = 100.0
    again = fitted(made._replace(sources=sources), mode="forced")
    for name in ("x", "y", "re", "ell", "n"):
        assert again[name] == pytest.approx(rows[name], rel=1e-9, nan_ok=True)


def test_forced_shapes_are_the_catalogues_beyond_the_bounds_of_a_fit():
    """Bounds of a free fit: an axis ratio of 0.08, 200 pixels of sqrt(a b); what cannot be drawn is flagged."""
    made = payload()
    thin, large, thinner = np.flatnonzero(made.sources["model"] != "star")
    for row, (re, ell) in {thin: (400.0, 0.95), large: (450.0, 0.1), thinner: (3.0, 0.995)}.items():
        made.sources["re"][row], made.sources["ell"][row] = re, ell
    rows = fitted(made, mode="forced")
    kept = [thin, large]
    for name in ("re", "ell", "phi"):
        assert rows[name][kept] == pytest.approx(made.sources[name][kept], rel=1e-9)
    assert rows["ell"][thinner] == pytest.approx(0.99)
    assert np.flatnonzero(rows["flags"] & FIT["AT_BOUND"]).tolist() == [thinner]
    assert np.isfinite(rows["flux_err"]).all()
    free = fitted(made)
    assert (free["ell"][[thin, large, thinner]] < 0.92).all()


def test_a_fixed_neighbour_is_modelled_as_the_catalogue_has_it():
    made = with_source(payload(), "exp", 20.0, 70.0, 3000.0, re=8.0, ell=0.95, role=FIXED)
    posed = problem(made, Fit(), free_sky=False)
    re, ell, _ = to_ellipse(posed.sources.nonlinear[-1, 2:5])
    assert (re, ell) == (pytest.approx(8.0), pytest.approx(0.95))
