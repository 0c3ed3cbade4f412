"""Patches: the model that is drawn is the one that was fitted, and every kind of patch has its figures."""

import numpy as np
import pytest
from astropy.io import fits
from fake_products import PATCH, SOURCES
from pictures import drawn, size
from swath.config.figures import Montage
from swath.config.fit import Fit
from swath.plots.choice import order
from swath.plots.montage import cut, draw_montage, title
from swath.plots.patch import apart, draw_overview, draw_patch, headline, white
from swath.plots.rendering import positions, read_drawn

DPI = 40


@pytest.fixture
def patch(fitted):
    settings, payload, fit = fitted
    return read_drawn(payload, fit, settings)


def altered(fitted, folder, payload=None, fit=None):
    """The patch with changes to its files: functions that change the open HDU lists."""
    settings, *paths = fitted
    out = []
    for path, change in zip(paths, (payload, fit), strict=True):
        with fits.open(path) as hdus:
            if change is not None:
                change(hdus)
            hdus.writeto(folder / path.name)
        out.append(folder / path.name)
    return settings, *out


def test_drawn_chi2_is_the_fits_own(patch):
    """The optimiser summed chi2 over its own model; a source drawn elsewhere, or with another size, would change it."""
    assert np.isfinite(patch.pulls).sum() == patch.npix
    assert np.nansum(patch.pulls.astype(float) ** 2) == pytest.approx(patch.chi2, rel=1e-4)


def test_residuals_are_noise(patch):
    """Of N pixels with unit noise the mean square is 1 +- sqrt(2 / N); fitted parameters take a few away."""
    pulls = patch.pulls[np.isfinite(patch.pulls)]
    assert np.mean(pulls**2) == pytest.approx(1, abs=5 * np.sqrt(2 / len(pulls)))
    for image in white(patch)[2:]:
        assert np.nanstd(image) == pytest.approx(1, abs=0.03)


def test_the_wings_of_a_saturated_source_are_in_the_model(patch):
    """Its core is masked in both bands, so the catalogue reports nothing, but its wings were fitted."""
    x, y = (round(v) for v in SOURCES[5][:2])
    box = (slice(None), slice(y - 12, y + 13), slice(x - 12, x + 13))
    assert np.isnan(patch.data[box]).any()
    assert np.nanmax(patch.data[box]) > 100
    assert np.nanstd(patch.pulls[box]) < 1.3


def test_positions_are_the_fitted_ones_in_every_band(patch):
    x, y = positions(patch, patch.owned)
    assert x.shape == (4, 2)
    for found, truth in ((x, 0), (y, 1)):
        np.testing.assert_allclose(found, [[source[truth]] * 2 for source in SOURCES[:4]], atol=0.15)


def test_figures_of_an_ordinary_patch(fitted, tmp_path):
    settings, payload, fit = fitted
    for name in ("a", "b"):
        draw_patch(payload, fit, tmp_path / f"{name}.png", tmp_path / f"{name}m.png", settings, Montage(), DPI)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "am.png").read_bytes() == (tmp_path / "bm.png").read_bytes()
    assert drawn(tmp_path / "a.png")
    assert drawn(tmp_path / "am.png")
    assert size(tmp_path / "am.png")[1] == round((0.75 + 4 * 1.0 + 0.75) * DPI)  # four owned sources


def test_switched_off_figures_are_not_written(fitted, tmp_path):
    settings, payload, fit = fitted
    draw_patch(payload, fit, None, tmp_path / "m.png", settings, Montage(), DPI)
    assert [path.name for path in tmp_path.iterdir()] == ["m.png"]


@pytest.mark.parametrize(("start", "most", "rows"), [(0, 2, 2), (3, 24, 1), (0, None, 4), (9, 5, 1)])
def test_the_montage_shows_as_many_sources_as_asked_for(patch, start, most, rows, tmp_path):
    sheet = draw_montage(patch, Montage(start=start, max_sources=most, cutout_size=16), DPI)
    assert sheet.height == pytest.approx(0.75 + rows * 1.0 + 0.75)
    sheet.save(tmp_path / "m.png")
    assert drawn(tmp_path / "m.png")


@pytest.mark.parametrize(
    ("choice", "ids", "first"),
    [("row", [], "1"), ("snr", [], "1"), ("chi2", [], None), ("id", ["S2", "no", "S1"], "3")],
)
def test_the_montage_chooses_and_keeps_the_numbers_of_the_overview(patch, choice, ids, first):
    """S0 is the brightest source; the third row of the owned ones is S2."""
    sheet = draw_montage(patch, Montage(choice=choice, ids=ids, max_sources=2, cutout_size=16), DPI)
    lines = [text.get_text() for text in sheet.figure.texts]
    rows = [line for line in lines if "chi2/npix" in line]
    assert len(rows) == 2
    if first:
        assert rows[0].startswith(f"{first}: S")
    assert "2 of 4 owned sources" in lines[0]
    assert ("figures.montage.max_sources: 2" in lines[0]) == (choice != "id")
    assert any("each band at its own" in line for line in lines) == (patch.scene["x"].ndim == 2)


def test_sources_are_ordered_by_signal_and_by_misfit():
    flux, error = np.array([[5.0, 5.0], [9.0, -50.0], [np.nan, 4.0]]), np.ones((3, 2))
    chi2, npix = np.array([[10.0, 20.0], [5.0, np.nan], [0.0, 0.0]]), np.array([[10, 10], [4, 0], [0, 0]])
    assert list(order("snr", flux, error, chi2, npix, "abc")) == [1, 0, 2]  # 9, 7.1, 4: a negative flux is no signal
    assert list(order("chi2", flux, error, chi2, npix, "abc")) == [0, 1, 2]  # 1.5, 1.25, none
    assert list(order("row", flux, error, chi2, npix, "abc")) == [0, 1, 2]
    assert list(order("id", flux, error, chi2, npix, "abc", ["c", "x", "a", "c"])) == [2, 0]


def test_in_single_band_mode_each_band_is_cut_out_at_its_own_position(fitted):
    settings, payload, fit = fitted
    drawn = read_drawn(payload, fit, settings)
    row = drawn.owned[[0]].copy()
    if row["x"].ndim == 1:
        return
    shifted = row.copy()
    shifted["x"][0, 1] += 7.0
    before, after = (cut(drawn, rows, 17, "") for rows in (row, shifted))
    np.testing.assert_array_equal(before.images[:, 0], after.images[:, 0])
    np.testing.assert_array_equal(before.images[:, 1, :, 7:], after.images[:, 1, :, :-7])


def test_titles_say_what_was_fitted(patch):
    text = title(patch.owned[2])
    assert text.startswith("S2   exp   chi2/npix ")
    assert text.endswith("PSF_POOLED")
    assert "4 owned" in headline(patch)
    assert "excluded from the catalogue, fitted as neighbour" in headline(patch)


def test_a_failed_patch_shows_its_data_and_the_reason(fitted, tmp_path):
    def fail(hdus):
        hdus[0].header["STATUS"], hdus[0].header["REASON"] = "failed", "LinAlgError: singular"
        hdus[0].header["NPIX"], hdus[0].header["CHI2"] = 0, 0.0
        for name in hdus["SCENE"].columns.names:
            if hdus["SCENE"].data[name].dtype.kind == "f":
                hdus["SCENE"].data[name][:] = np.nan

    settings, payload, fit = altered(fitted, tmp_path, fit=fail)
    failed = read_drawn(payload, fit, settings)
    assert "failed (LinAlgError: singular)" in headline(failed)
    assert np.nanmax(failed.data) > 100
    draw_patch(payload, fit, tmp_path / "o.png", tmp_path / "m.png", settings, Montage(), DPI)
    assert drawn(tmp_path / "o.png")
    assert drawn(tmp_path / "m.png")


def test_a_patch_without_a_good_pixel_is_drawn(fitted, tmp_path):
    def mask(hdus):
        hdus["MASK"].data[:] = 1
        hdus["SIGMA"].data[:] = np.nan

    settings, payload, fit = altered(fitted, tmp_path, payload=mask)
    draw_patch(payload, fit, tmp_path / "o.png", tmp_path / "m.png", settings, Montage(), DPI)
    assert drawn(tmp_path / "o.png")


@pytest.mark.parametrize("keep", [1, 0])
def test_a_patch_with_one_source_or_none(fitted, tmp_path, keep):
    def cut(name):
        def change(hdus):
            hdus[name] = fits.BinTableHDU(hdus[name].data[:keep], name=name)

        return change

    settings, payload, fit = altered(fitted, tmp_path, payload=cut("SOURCES"), fit=cut("SCENE"))
    patch = read_drawn(payload, fit, settings)
    assert patch.payload.patch == PATCH
    draw_overview(patch, DPI).save(tmp_path / "o.png")
    draw_montage(patch, Montage(), DPI).save(tmp_path / "m.png")
    assert drawn(tmp_path / "o.png")


def test_noise_of_the_sky_alone_is_drawn_as_fitted(tile, tmp_path):
    from fake_products import fit

    settings = Fit(noise="sky")
    patch = read_drawn(*fit(tile, settings, "fit_sky"), settings)
    assert np.nansum(patch.pulls.astype(float) ** 2) == pytest.approx(patch.chi2, rel=1e-4)
    np.testing.assert_allclose(patch.sigma[np.isfinite(patch.sigma)], 1.0)


@pytest.mark.slow
def test_a_montage_of_six_bands_costs_little(tmp_path):
    """Under 0.3 CPU-s per source, reading and drawing the model included; 0.03 with many."""
    from time import process_time

    from fake_products import fit, make

    settings = Fit()
    tile = make(tmp_path, tuple("ugrizy"))
    payload, result = fit(tile, settings)
    begun = process_time()
    draw_patch(payload, result, None, tmp_path / "m.png", settings, Montage(), 120)
    assert (process_time() - begun) / 4 < 0.3


def test_numbers_of_a_blend_stand_apart():
    """Three sources within 4 pix at 1 pt per pix: no number lies on another or on a mark."""
    x, y = np.array([10.0, 12.0, 14.0]), np.array([10.0, 13.0, 10.0])
    places = np.stack([x, y], axis=1) + np.array(apart(x, y, 1.0))
    others = np.concatenate([places, np.stack([x, y], axis=1)])
    for index, place in enumerate(places):
        distance = np.hypot(*((np.delete(others, index, axis=0) - place) / (9.0, 6.5)).T)
        assert distance.min() >= 1


def test_the_legend_holds_roles_that_are_there(patch, tmp_path):
    sheet = draw_overview(patch, DPI)
    labels = [text.get_text() for text in sheet.figure.legends[0].get_texts()]
    assert not [label for label in labels if "(0)" in label]
    assert any(label.startswith("owned (4)") for label in labels)
