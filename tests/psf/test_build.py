"""The PSF of a cell against the truth of simulated frames."""

import json

import numpy as np
import pytest
from astropy.io import fits
from field import flux_bias, simulate
from swath.config.psf import Psf, Stars
from swath.errors import ConfigError, InputError, RunError
from swath.psf import grid, quality, store
from swath.psf.build import build_cell
from swath.psf.components import draw, fit_mixture
from swath.psf.fallback import fallback_psf
from swath.psf.moffat import from_fwhm, render
from swath.psf.quality import Score
from swath.psf.select import hold_out
from swath.psf.stars import read_stars, select_stars
from swath.psf.supplied import SuppliedImage, supplied_psf

SIDE = 500
ONE = {"r00_c00": (0, SIDE, 0, SIDE)}


def stars_of(folder, truth, cells=ONE, **settings):
    path = folder / "stars.fits"
    select_stars(truth.frame, None, None, list(cells.items()), path, Stars(mode="sep", **settings))
    return path


def build(folder, truth, tag="r00_c00", cells=ONE, stars=None, **settings):
    path = stars or stars_of(folder, truth, cells)
    output, meta = folder / f"{tag}.fits", folder / f"{tag}.json"
    images = settings.pop("images", None)
    build_cell(tag, cells, {"g": truth.frame}, {"g": path}, output, meta, Psf(**settings), images)
    (psf,) = store.read(output)
    return psf, json.loads(meta.read_text())["bands"]["g"]


def kinds(truth, table):
    """Kind of the true source nearest to each row."""
    distance = np.hypot(table["x"][:, None] - truth.x, table["y"][:, None] - truth.y)
    return np.where(distance.min(axis=1) < 2, truth.kind[distance.argmin(axis=1)], "")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_only_isolated_unsaturated_stars_are_selected(tmp_path, seed):
    truth = simulate(tmp_path, seed)
    table, _ = read_stars(stars_of(tmp_path, truth))
    chosen = kinds(truth, table[table["selected"]])
    assert set(chosen) == {"star"}
    # Faint sources scatter over the frame: some stars have one too close. Most stars are found all the same.
    assert len(chosen) >= 0.6 * (truth.kind == "star").sum()
    assert (table["reason"][~table["selected"]] != "").all()
    # Every bright object has its row, with a reason where it was not chosen.
    assert set(kinds(truth, table)) >= {"star", "galaxy", "pair"}


def test_the_held_out_stars_do_not_depend_on_the_order(tmp_path):
    truth = simulate(tmp_path, 1)
    table, _ = read_stars(stars_of(tmp_path, truth))
    share = table["held_out"].sum() / table["selected"].sum()
    assert 0.05 < share < 0.35
    assert not (table["held_out"] & ~table["selected"]).any()
    shuffled = np.random.default_rng(0).permutation(table)
    shuffled["held_out"] = False
    hold_out(shuffled, Stars().held_out_fraction, 4)
    assert set(shuffled["star_id"][shuffled["held_out"]]) == set(table["star_id"][table["held_out"]])


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_fluxes_are_right_to_a_per_cent_over_the_whole_cell(tmp_path, seed):
    """Each cell under 1 %: 10 to 14 stars of S/N 100 to 1000, PSF varying by 4 % in width across the cell."""
    truth = simulate(tmp_path, seed)
    psf, _ = build(tmp_path, truth)
    norm = grid.disk(psf.planes.shape[-1], psf.norm_radius)
    biases = [flux_bias(psf.at(x, y), truth.psf(x, y), norm) for x in (50, 250, 450) for y in (50, 250, 450)]
    assert abs(biases[4]) < 0.01
    assert np.abs(biases).max() < 0.015


@pytest.mark.slow
def test_few_stars_are_enough(tmp_path):
    """Four to six stars in each of eight cells: all under 1 %."""
    biases = []
    for seed in range(8):
        truth = simulate(tmp_path, 20 + seed, stars=7)
        psf, _ = build(tmp_path, truth)
        assert not psf.fallback
        assert not psf.pooled  # there are no other cells
        norm = grid.disk(psf.planes.shape[-1], psf.norm_radius)
        biases.append(flux_bias(psf.at(249.5, 249.5), truth.psf(249.5, 249.5), norm))
    assert np.abs(biases).max() < 0.01


def test_linear_variation_pays(tmp_path):
    truth = simulate(tmp_path, 5, stars=24)
    linear, _ = build(tmp_path, truth)
    constant, _ = build(tmp_path, truth, variation="constant")
    assert (len(linear.planes), len(constant.planes)) == (3, 1)

    def misfit(psf):
        corners = [(30, 30), (470, 30), (30, 470), (470, 470)]
        inner = grid.disk(55, 12)
        errors = []
        for x, y in corners:
            true = truth.psf(x, y, 55)
            errors.append(np.sqrt((((psf.at(x, y) - true / (true * inner).sum()) * inner) ** 2).sum()) / true.max())
        return np.mean(errors)

    assert misfit(linear) < 0.6 * misfit(constant)


def test_norm_centre_and_meta(tmp_path):
    truth = simulate(tmp_path, 1)
    psf, meta = build(tmp_path, truth)
    norm = grid.disk(55, psf.norm_radius)
    assert psf.planes.shape == (3, 55, 55)
    assert (psf.planes[0] * norm).sum() == pytest.approx(1, abs=1e-5)
    assert np.abs((psf.planes[1:] * norm).sum(axis=(1, 2))).max() < 1e-5
    # The truth is symmetric: its centre is its middle pixel.
    assert np.hypot(*grid.centre(psf.planes[0].astype("f8"), truth.fwhm)) < 0.02
    assert meta["nstars_used"] == psf.n_stars
    assert len(meta["stars"]) == psf.n_stars + psf.n_held + sum(not (s["used"] or s["held_out"]) for s in meta["stars"])
    assert meta["epsf_qa"]["fwhm_pix"] == pytest.approx(4.0, abs=0.5)
    assert psf.rms_score < 0.03
    assert abs(psf.ee_score) < 0.03


def test_two_runs_give_the_same_bytes(tmp_path):
    truth = simulate(tmp_path, 1)
    stars = stars_of(tmp_path, truth)
    build(tmp_path, truth, stars=stars)
    first = (tmp_path / "r00_c00.fits").read_bytes()
    build(tmp_path, truth, stars=stars)
    assert (tmp_path / "r00_c00.fits").read_bytes() == first


def test_a_cell_without_stars_takes_those_of_its_neighbours(tmp_path):
    truth = simulate(tmp_path, 1)
    cells = {
        "r00_c00": (0, 20, 0, 20), "r00_c01": (20, SIDE, 0, 20),
        "r01_c00": (0, 20, 20, SIDE), "r01_c01": (20, SIDE, 20, SIDE),
    }  # fmt: skip
    psf, meta = build(tmp_path, truth, "r00_c00", cells)
    assert psf.pooled
    assert not psf.fallback
    assert psf.n_stars >= 4
    assert {star["pooled_from"] for star in meta["stars"]} == {"r01_c01"}


@pytest.mark.parametrize("model", ["moffat", "ncircular_gaussian", "gaussian_mixture"])
def test_no_stars_at_all_gives_the_declared_fallback(tmp_path, model):
    truth = simulate(tmp_path, 1)
    path = stars_of(tmp_path, truth, snr_min=1e9)
    psf, meta = build(tmp_path, truth, stars=path, fallback={"model": model})
    assert psf.fallback
    assert psf.method == model
    assert "0 stars" in psf.reason
    assert meta["reason"] == psf.reason
    # Its width is the header's FWHM; its wings are a guess.
    assert meta["epsf_qa"]["fwhm_pix"] == pytest.approx(4.0, abs=0.4)


def test_a_failed_score_is_not_used(tmp_path):
    truth = simulate(tmp_path, 5, stars=30)
    psf, _ = build(tmp_path, truth, score_max_rms=1e-9)
    assert psf.fallback
    assert "held-out" in psf.reason


@pytest.mark.slow
def test_photutils_builder_is_there_for_comparison(tmp_path):
    truth = simulate(tmp_path, 1, stars=20)
    psf, _ = build(tmp_path, truth, method="epsfbuilder")
    assert psf.method == "epsfbuilder"
    assert not psf.fallback
    norm = grid.disk(55, psf.norm_radius)
    # Its wing noise is why it is not the default.
    assert abs(flux_bias(psf.planes[0], truth.psf(249.5, 249.5), norm)) < 0.2


def test_mixture_form(tmp_path):
    truth = simulate(tmp_path, 1)
    psf, _ = build(tmp_path, truth, form="gaussian_mixture")
    norm = grid.disk(55, psf.norm_radius)
    assert len(psf.planes) == 3
    assert abs(flux_bias(psf.planes[0], truth.psf(249.5, 249.5), norm)) < 0.03
    image = render(from_fwhm(4.0, 3.5), 41)
    assert np.abs(draw(fit_mixture(image, 4), 41) - image).max() < 0.01 * image.max()


@pytest.mark.parametrize("fwhm", [2.5, 4.0, 7.0])
def test_fallback_has_the_asked_width(fwhm):
    for model in ("moffat", "ncircular_gaussian", "gaussian_mixture"):
        stamp = fallback_psf(fwhm, Psf(fallback={"model": model})).planes[0]
        above = (stamp > stamp.max() / 2).sum()
        assert 2 * np.sqrt(above / np.pi) == pytest.approx(fwhm, rel=0.15, abs=0.4)
        assert (stamp * grid.disk(55, 12)).sum() == pytest.approx(1)


def test_supplied_psf_is_centred_padded_and_normalised(tmp_path):
    image = render(from_fwhm(4.0, 3.5), 41)
    fits.writeto(tmp_path / "psf.fits", 7 * image)
    found = supplied_psf(SuppliedImage(tmp_path / "psf.fits"), Psf()).planes[0]
    assert found.shape == (55, 55)
    assert (found * grid.disk(55, 12)).sum() == pytest.approx(1)
    assert found[27, 27] == found.max()
    small = supplied_psf(SuppliedImage(tmp_path / "psf.fits"), Psf(size=31)).planes[0]
    assert small == pytest.approx(found[12:43, 12:43])


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.ones((40, 41)), "odd"),
        (np.full((41, 41), np.nan), "not numbers"),
        (-np.ones((41, 41)), "positive"),
        (np.roll(render(from_fwhm(4.0, 3.5), 41), 2, axis=1), "off its middle"),
    ],
)
def test_unusable_supplied_psfs_say_why(tmp_path, image, says):
    fits.writeto(tmp_path / "psf.fits", image)
    with pytest.raises(InputError, match=says):
        supplied_psf(SuppliedImage(tmp_path / "psf.fits"), Psf())


def test_stars_across_the_border_take_part_with_less_weight(tmp_path):
    """A linear PSF looks at its neighbours' stars; that alone does not count as pooled."""
    truth = simulate(tmp_path, 5, stars=40)
    cells = {"r00_c00": (0, 250, 0, SIDE), "r00_c01": (250, SIDE, 0, SIDE)}
    psf, meta = build(tmp_path, truth, cells=cells)
    weight = {tag: [s["weight"] for s in meta["stars"] if s["pooled_from"] == tag and s["used"]] for tag in cells}
    assert len(weight["r00_c00"]) >= Psf().pool_min_stars
    assert weight["r00_c01"]
    assert max(weight["r00_c01"]) <= max(weight["r00_c00"]) == 1
    assert not psf.pooled
    assert psf.reason == ""
    alone, meta = build(tmp_path, truth, cells=cells, variation="constant")
    assert {star["pooled_from"] for star in meta["stars"]} == {"r00_c00"}
    assert len(alone.planes) == 1


def test_pooling_is_told(tmp_path):
    truth = simulate(tmp_path, 5, stars=40)
    cells = {"r00_c00": (0, 250, 0, SIDE), "r00_c01": (250, SIDE, 0, SIDE)}
    psf, meta = build(tmp_path, truth, cells=cells, pool_min_stars=25)
    assert psf.pooled
    assert "25 make it independent" in psf.reason
    assert meta["nstars_used"] > meta["nstars_sel"]


@pytest.mark.parametrize(("held", "scores", "pooled", "fallback"), [
    (5, [0.9, 0.01], True, False),
    (5, [0.9, 0.9, 0.9], False, True),
    (4, [0.9], False, False),
])  # fmt: skip
def test_a_failed_score_pools_first_and_falls_back_last(tmp_path, monkeypatch, held, scores, pooled, fallback):
    """Fewer than five held-out stars decide nothing."""
    truth = simulate(tmp_path, 5, stars=60)
    cells = {f"r{r:02d}_c{c:02d}": (c * 167, c * 167 + 167, r * 167, r * 167 + 167) for r in range(3) for c in range(3)}
    stars = stars_of(tmp_path, truth, cells, held_out_fraction=0.0)
    with fits.open(stars) as hdus:
        hdus["STARS"].data["held_out"][np.flatnonzero(hdus["STARS"].data["selected"])[:held]] = True
        # all held-out stars stand in the cell
        hdus["STARS"].data["cell"][hdus["STARS"].data["held_out"]] = "r01_c01"
        hdus["STARS"].data["x"][hdus["STARS"].data["held_out"]] = 250.0
        hdus["STARS"].data["y"][hdus["STARS"].data["held_out"]] = 250.0
        hdus.writeto(tmp_path / "changed.fits")
    given = iter(scores)
    monkeypatch.setattr("swath.psf.quality.score", lambda *_: Score(next(given), 0.0))
    psf, meta = build(tmp_path, truth, "r01_c01", cells, tmp_path / "changed.fits", pool_min_stars=1)
    assert (psf.pooled, psf.fallback) == (pooled, fallback)
    assert ("residual rms 0.900" in psf.reason) == (pooled or fallback)
    assert next(given, None) is None
    assert (psf.rms_score is None) == fallback
    assert meta["reason"] == psf.reason


def test_supplied_psfs_for_all_bands_or_a_clear_error(tmp_path):
    fits.writeto(tmp_path / "g_psf.fits", render(from_fwhm(4.0, 3.5), 41))
    frames, stars = {"g": tmp_path / "none", "r": tmp_path / "none"}, {}
    arguments = "r00_c00", ONE, frames, stars, tmp_path / "p.fits", tmp_path / "p.json", Psf(method="supplied")
    image = SuppliedImage(str(tmp_path / "g_psf.fits"))
    with pytest.raises(ConfigError, match="r has no psf"):
        build_cell(*arguments, {"g": image, "r": SuppliedImage(None)})
    build_cell(*arguments, {"g": image, "r": image})
    found = store.read(tmp_path / "p.fits")
    assert [(psf.band, psf.method, psf.n_stars) for psf in found] == [("g", "supplied", 0), ("r", "supplied", 0)]
    assert len(store.read_stars(tmp_path / "p.fits")) == 0


def test_a_supplied_psf_off_its_centre_is_moved_there(tmp_path):
    fits.writeto(tmp_path / "psf.fits", render(from_fwhm(4.0, 3.5), 41, 0.3, -0.2))
    found = supplied_psf(SuppliedImage(tmp_path / "psf.fits"), Psf()).planes[0]
    assert np.hypot(*grid.centre(found, 4.0)) < 0.02
    fits.writeto(tmp_path / "wide.fits", np.pad(render(from_fwhm(4.0, 3.5), 41), ((0, 0), (10, 10))))
    assert supplied_psf(SuppliedImage(tmp_path / "wide.fits"), Psf()).planes[0].argmax() == 27 * 55 + 27


def test_a_cell_without_bands_still_has_its_files(tmp_path):
    build_cell("r00_c00", ONE, {}, {}, tmp_path / "p.fits", tmp_path / "p.json", Psf())
    assert store.read(tmp_path / "p.fits") == []
    assert json.loads((tmp_path / "p.json").read_text())["bands"] == {}


def test_a_frame_without_a_stated_fwhm_falls_back_on_the_config(tmp_path):
    truth = simulate(tmp_path, 1)
    stars = stars_of(tmp_path, truth, snr_min=1e9)
    with fits.open(truth.frame, mode="update") as hdus:
        del hdus["IMAGE"].header["FWHMPIX"]
    _, meta = build(tmp_path, truth, stars=stars, fallback={"fwhm_pix": 6.5})
    assert meta["epsf_qa"]["fwhm_pix"] == pytest.approx(6.5, abs=0.1)


def test_a_builder_that_fails_is_a_reason_not_a_crash(tmp_path, monkeypatch):
    def fail(*_):
        raise RunError("EPSFBuilder failed (no convergence)")

    monkeypatch.setattr("swath.psf.builder.build", fail)
    psf, _ = build(tmp_path, simulate(tmp_path, 1), method="epsfbuilder")
    assert psf.fallback
    assert "no convergence" in psf.reason


@pytest.mark.slow
def test_photutils_builder_with_oversampling_comes_back_to_the_pixel_grid(tmp_path):
    truth = simulate(tmp_path, 5, stars=30)
    psf, _ = build(tmp_path, truth, method="epsfbuilder", epsfbuilder={"oversampling": 2, "maxiters": 5})
    assert psf.planes.shape == (1, 55, 55)
    assert np.hypot(*grid.centre(psf.planes[0].astype("f8"), 4.0)) < 0.02
    # as wide as the stars: neither twice nor half
    core = psf.planes[0][27 - 4 : 27 + 5, 27 - 4 : 27 + 5]
    true = truth.psf(249.5, 249.5, 9)
    assert np.corrcoef(core.ravel(), true.ravel())[0, 1] > 0.98


def test_a_large_scale_background_is_subtracted_on_request(tmp_path):
    truth = simulate(tmp_path, 1)
    with fits.open(truth.frame, mode="update") as hdus:
        hdus["IMAGE"].data += np.linspace(-40, 80, SIDE, dtype="f4")
    stars = stars_of(tmp_path, truth)
    settings = {"local_background": {"enabled": False}, "stars": stars}
    _, without = build(tmp_path, truth, **settings)
    psf, with_it = build(tmp_path, truth, background={"enabled": True, "boxsize": 64, "filtersize": 3}, **settings)
    norm = grid.disk(55, psf.norm_radius)
    assert abs(flux_bias(psf.planes[0], truth.psf(249.5, 249.5), norm)) < 0.02
    assert with_it["settings"]["background"]["enabled"]
    assert without["epsf_qa"]["ee_edge"] != with_it["epsf_qa"]["ee_edge"]


def test_a_header_fwhm_is_the_width_of_the_fallback_on_pixels():
    for fwhm in (2.5, 4.0, 7.0):
        width = quality.facts(fallback_psf(fwhm, Psf()).planes[0])["fwhm_pix"]
        # linear interpolation of the profile between pixels is good to 0.07 pixels
        assert width == pytest.approx(fwhm, abs=0.08)
