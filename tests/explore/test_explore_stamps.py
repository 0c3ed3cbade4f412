"""Stamps: each is where the index says, shows what was fitted, and is upright."""

import json

import fake_products
import numpy as np
import pytest
from PIL import Image
from swath.config.fit import Fit
from swath.explore.stamps import GREYS, MASKED, arrange, greys, layout_of, make_stamps, residuals
from swath.plots.rendering import positions, read_drawn

SIDE = 20


@pytest.fixture(scope="module", params=[True, False], ids=["joint", "single"])
def made(request, tmp_path_factory):
    """A fitted patch with its stamps: paths of payload, fit, sheet and index, and the settings."""
    folder = tmp_path_factory.mktemp("stamps")
    settings = Fit(multi_band=request.param)
    payload, fit = fake_products.fit(fake_products.make(folder), settings)
    make_stamps(payload, fit, folder / "sheet.png", folder / "index.json", settings, SIDE)
    return (
        read_drawn(payload, fit, settings),
        np.asarray(Image.open(folder / "sheet.png")),
        json.loads((folder / "index.json").read_text()),
    )


def stamp(sheet, index, slot, kind, band):
    """As the page finds it."""
    columns, bands, side = index["columns"], len(index["bands"]), index["side"]
    left, top = ((slot % columns) * bands + band) * side, ((slot // columns) * 3 + kind) * side
    return sheet[top : top + side, left : left + side]


def test_every_owned_source_has_its_stamps(made):
    drawn, sheet, index = made
    assert index["rows"] == [int(row) for row in drawn.owned["row"]]
    assert np.asarray(index["ends"]).shape == (len(index["rows"]), 2, 2)
    assert sheet.shape[1] == index["columns"] * 2 * SIDE


def test_stamps_show_the_source_at_its_place_upright(made):
    """The brightest pixel of data and model is the one that holds the fitted position."""
    drawn, sheet, index = made
    x, y = positions(drawn, drawn.owned)
    x0, _, y0, _ = drawn.payload.roi
    for slot in range(len(index["rows"])):
        for band in range(2):
            cx, cy = round(x[slot, band]), round(y[slot, band])
            model = stamp(sheet, index, slot, 1, band)[::-1]
            top, right = np.unravel_index(model.argmax(), model.shape)
            assert abs(top - SIDE // 2) <= 1
            assert abs(right - SIDE // 2) <= 1
            data = stamp(sheet, index, slot, 0, band)[::-1]
            inside = drawn.data[band, cy - y0 - 10 : cy - y0 + 10, cx - x0 - 10 : cx - x0 + 10]
            if inside.shape == data.shape:
                assert ((data == MASKED) == ~np.isfinite(inside)).all()
                good = np.isfinite(inside)
                # Equal up to the 128 steps of the scale, so sorted alike.
                assert np.corrcoef(data[good].astype(float), np.arcsinh(inside[good] / 3))[0, 1] > 0.95


def test_residuals_are_about_the_middle_of_their_colours(made):
    _, sheet, index = made
    pulls = stamp(sheet, index, 0, 2, 0)
    pulls = pulls[pulls != MASKED].astype(float) - GREYS
    assert pulls.min() >= 0
    # 127 steps for -5..5 sigma: unit noise is 12.6 steps; 400 pixels average to 0.6.
    assert pulls.mean() == pytest.approx(63, abs=6)


def test_stamps_of_added_bands_stand_beside_those_of_the_fit(tmp_path):
    settings = Fit()
    payload, fit = fake_products.fit(fake_products.make(tmp_path), settings)
    made = {}
    for name, added in (("own", []), ("both", [(payload, fit)])):
        make_stamps(payload, fit, tmp_path / f"{name}.png", tmp_path / f"{name}.json", settings, SIDE, added)
        index = json.loads((tmp_path / f"{name}.json").read_text())
        made[name] = np.asarray(Image.open(tmp_path / f"{name}.png")), index
    (own, index), (both, wide) = made["own"], made["both"]
    assert wide["bands"] == index["bands"] * 2
    assert wide["rows"] == index["rows"]
    for slot in range(len(index["rows"])):
        for kind in range(3):
            for band in range(4):
                assert np.array_equal(stamp(both, wide, slot, kind, band), stamp(own, index, slot, kind, band % 2))


def test_scales_run_from_black_to_white():
    values = np.array([[-2.5, 100.0], [np.nan, 1e6]])
    shown = greys(values, -2.5, 100.0, 1.0)
    assert shown.tolist() == [[MASKED, GREYS - 1], [0, GREYS - 1]]
    assert residuals(np.array([[-9.0, 0.0, 9.0]])).tolist() == [[GREYS, GREYS + 63, GREYS + 126]]


@pytest.mark.parametrize(("count", "bands", "side"), [(1, 1, 8), (7, 5, 40), (100, 5, 40), (3, 40, 64), (0, 5, 40)])
def test_blocks_do_not_overlap(count, bands, side):
    layout = layout_of(count, bands, side)
    blocks = np.broadcast_to(np.arange(1, count + 1, dtype="u1")[:, None, None], (count, 3 * side, bands * side))
    sheet = arrange(blocks, layout)
    assert layout.columns == 1 or layout.columns * bands * side <= 2048
    index = {"columns": layout.columns, "bands": range(bands), "side": side}
    for slot in range(count):
        for kind, band in ((0, 0), (2, bands - 1)):
            assert (stamp(sheet, index, slot, kind, band) == slot + 1).all()


def test_a_patch_whose_fit_failed_has_its_data(tmp_path):
    from astropy.io import fits
    from swath.fit.results import empty_rows
    from swath.patches.payload import read_payload

    payload, fit = fake_products.fit(fake_products.make(tmp_path), Fit())
    with fits.open(fit) as hdus:
        hdus["SCENE"].data = fits.BinTableHDU(empty_rows(read_payload(payload), True)).data
        hdus[0].header["STATUS"] = "failed"
        hdus.writeto(tmp_path / "failed.fits")
    make_stamps(payload, tmp_path / "failed.fits", tmp_path / "s.png", tmp_path / "s.json", Fit(), SIDE)
    index = json.loads((tmp_path / "s.json").read_text())
    data = stamp(np.asarray(Image.open(tmp_path / "s.png")), index, 0, 0, 0)
    assert data[data != MASKED].max() > 100
