"""PSF cells: stars fitted again as they are, curves that agree with the truth, and a figure for every kind of cell."""

import numpy as np
import pytest
from astropy.io import fits
from fake_products import CELL, CROP, SETTINGS, SOURCES, band_psf, draw, epsf_stars
from pictures import drawn, has_colour, pixels
from swath.figures import PSF_KINDS
from swath.plots import psfstamps
from swath.plots.psf import draw_psf
from swath.plots.psfcurves import scores
from swath.plots.psfstars import encircled, headline, psf_encircled, read_cell
from swath.psf import grid, store

DPI = 50


def figures(tile, epsf, folder, settings=SETTINGS, kinds=PSF_KINDS, colorbar=True, most=100, frames=None):
    outputs = {kind: folder / f"{kind}.png" for kind in kinds}
    draw_psf(
        CELL, CROP, epsf, frames or tile.each("frames"), tile.each("stars"), outputs, settings, DPI, most, colorbar, 2
    )
    return outputs


def epsf(tile, folder, stars=None, **changes):
    path = folder / "epsf.fits"
    store.write(path, [band_psf(band, **changes) for band in tile.bands], epsf_stars(tile) if stars is None else stars)
    return path


@pytest.fixture
def bands(tile):
    return read_cell(CELL, tile.path("epsf.fits"), tile.each("frames"), tile.each("stars"), SETTINGS, 100)


def test_stars_are_fitted_where_and_how_bright_they_are(bands):
    """Noise of a star's flux in a PSF fit: sqrt(noise area of the PSF) x sky, plus its photons; positions alike."""
    for factor, band in zip((1.0, 1.5), bands, strict=True):
        order = band.rows["star_id"]
        truth = np.array([SOURCES[i][2] for i in (0, 1, 4, 2)])[order] * factor
        half = band.stamps.size // 2
        x = band.stamps.corner_x + half + band.fits.dx
        np.testing.assert_allclose(x, np.array([SOURCES[i][0] for i in (0, 1, 4, 2)])[order], atol=0.06)
        error = np.sqrt(50.0 + truth / 20.0)
        assert (np.abs(band.fits.flux - truth) < 5 * error + 0.02 * truth).all()
        assert np.nanstd(band.residual / band.noise) == pytest.approx(1, abs=0.05)


def test_stars_come_brightest_first_and_held_out_ones_last(bands):
    assert list(bands[0].rows["star_id"]) == [0, 1, 3, 2]
    assert psfstamps.kinds(bands[0]) == ["used", "from another cell", "clipped", "held out"]


def test_too_many_stars_are_thinned_and_keep_their_share_held_out(tile):
    band = read_cell(CELL, tile.path("epsf.fits"), tile.each("frames"), tile.each("stars"), SETTINGS, 2)[0]
    assert list(band.rows["held_out"]) == [False, True]
    assert "2 of 4 drawn" in headline(band)


def test_encircled_energy_of_stars_is_that_of_their_psf(bands):
    """The stars are drawn with the PSF itself: the curves differ by noise, within 8 pixels below 3 % of the light."""
    radii = np.arange(2.0, 9.0)
    for band in bands:
        np.testing.assert_allclose(encircled(band, radii)[:2], [psf_encircled(band.psf, radii)] * 2, atol=0.03)


def test_encircled_energy_follows_the_psfs_convention():
    psf = band_psf("g", norm_radius=8.0)
    curve = psf_encircled(psf, np.array([3.0, 8.0]))
    image = psf.planes[0].astype(float)
    assert curve[1] == pytest.approx(1)
    assert curve[0] == pytest.approx((grid.disk(29, 3) * image).sum() / (grid.disk(29, 8) * image).sum())


def test_all_figures_are_drawn_and_the_same_bytes_again(tile, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        figures(tile, tile.path("epsf.fits"), tmp_path / name)
    for kind in PSF_KINDS:
        assert drawn(tmp_path / "a" / f"{kind}.png"), kind
        first, second = ((tmp_path / name / f"{kind}.png").read_bytes() for name in "ab")
        assert first == second, kind


def test_only_the_asked_kinds_are_drawn(tile, tmp_path):
    figures(tile, tile.path("epsf.fits"), tmp_path, kinds=("growth_curve",))
    assert [path.name for path in tmp_path.iterdir()] == ["growth_curve.png"]


def test_held_out_stars_have_their_frame(tile, tmp_path):
    path = figures(tile, tile.path("epsf.fits"), tmp_path, kinds=("stars",))["stars"]
    image = pixels(path)[round(0.55 * DPI) :]  # below the legend
    for colour in ((0, 0.75, 1), (1, 0, 0), (1, 0.65, 0)):
        assert has_colour(image, colour, 0.12)


def test_without_colour_bars(tile, tmp_path):
    paths = figures(tile, tile.path("epsf.fits"), tmp_path, colorbar=False)
    for kind in ("stars", "residuals", "background", "local_background"):
        foot = pixels(paths[kind])[-round(0.65 * DPI) : -2]
        assert (foot.reshape(-1, 3).std(axis=0) < 0.1).all(), kind


def test_a_fallback_without_stars_says_so(tile, tmp_path):
    path = epsf(
        tile,
        tmp_path,
        epsf_stars(tile)[:0],
        method="moffat",
        fallback=True,
        reason="1 star, 2 needed",
        n_stars=0,
        pooled=False,
    )
    band = read_cell(CELL, path, tile.each("frames"), tile.each("stars"), SETTINGS, 100)[0]
    assert headline(band) == "g: moffat (FALLBACK), made without stars; 1 star, 2 needed"
    for kind, figure in figures(tile, path, tmp_path).items():
        assert drawn(figure), kind


def test_a_psf_made_without_stars_is_compared_with_the_cells_own(tile, tmp_path):
    """A supplied or fallback PSF has no stars of its own; those that were selected show how good it is."""
    stars = []
    for path in tile.each("stars"):
        with fits.open(path) as hdus:
            hdus["STARS"].data["selected"][:3] = True
            hdus.writeto(tmp_path / path.name)
        stars.append(tmp_path / path.name)
    path = epsf(tile, tmp_path, epsf_stars(tile)[:0], method="supplied", pooled=False)
    band = read_cell(CELL, path, tile.each("frames"), stars, SETTINGS, 100)[0]
    assert psfstamps.kinds(band) == ["PSF made without it"] * 3
    assert headline(band) == "g: supplied, made without stars; drawn: the cell's selected stars"
    outputs = {kind: tmp_path / f"{kind}.png" for kind in PSF_KINDS}
    draw_psf(CELL, CROP, path, tile.each("frames"), stars, outputs, SETTINGS, DPI, 100, True, 2)
    assert has_colour(pixels(outputs["stars"]), (0.93, 0.51, 0.93), 0.1)
    assert all(drawn(figure) for figure in outputs.values())


def test_one_star(tile, tmp_path):
    path = epsf(tile, tmp_path, epsf_stars(tile)[:1], rms_score=None, ee_score=None)
    for kind, figure in figures(tile, path, tmp_path).items():
        assert drawn(figure), kind


@pytest.mark.parametrize("how", ["masked", "blank"])
def test_frames_without_signal(tile, tmp_path, how):
    frames = []
    for path in tile.each("frames"):
        with fits.open(path) as hdus:
            if how == "masked":
                hdus["MASK"].data[:] = 1
                hdus["SIGMA"].data[:] = hdus["TOTAL"].data[:] = np.nan
                hdus["IMAGE"].header.remove("SKYSIG")
            hdus["IMAGE"].data[:] = 0
            hdus.writeto(tmp_path / path.name)
        frames.append(tmp_path / path.name)
    for kind, figure in figures(tile, tile.path("epsf.fits"), tmp_path, frames=frames).items():
        assert drawn(figure), kind


def test_a_cell_without_bands(tile, tmp_path):
    store.write(tmp_path / "epsf.fits", [], epsf_stars(tile)[:0])
    figures(tile, tmp_path / "epsf.fits", tmp_path, kinds=("stars", "growth_curve", "residuals"))


def test_the_cells_background_is_subtracted_where_the_config_says_so(tile, tmp_path):
    settings = SETTINGS.model_copy(
        update={"background": SETTINGS.background.model_copy(update={"enabled": True, "boxsize": 32, "filtersize": 3})}
    )
    for kind, figure in figures(tile, tile.path("epsf.fits"), tmp_path, settings).items():
        assert drawn(figure), kind


def test_scores_are_quoted_with_their_limits():
    band = type("Band", (), {"psf": band_psf("g")})
    assert scores(band, SETTINGS) == (
        "residual rms / peak: 0.0040 (limit 0.05); encircled energy off by: -0.0020 (limit 0.05)"
    )


def test_a_score_of_zero_is_no_perfect_psf():
    band = type("Band", (), {"psf": band_psf("g", rms_score=0.0, ee_score=-0.0)})
    text = scores(band, SETTINGS)
    assert text.startswith("residual rms / peak: no excess over the noise (limit 0.05); encircled energy off by: no ex")


@pytest.mark.parametrize(("held", "reason"), [(0, "too few stars to hold one out"), (2, "of 2 held-out stars none")])
def test_a_missing_score_has_its_reason(held, reason):
    band = type("Band", (), {"psf": band_psf("g", rms_score=None, n_held=held)})
    assert scores(band, SETTINGS).startswith(f"no score: {reason}")


def test_the_test_stars_are_drawn_at_their_places():
    image = draw(30.3, 40.2, 100.0)
    assert np.unravel_index(image.argmax(), image.shape) == (40, 30)
    assert image.sum() == pytest.approx(100, rel=0.01)
