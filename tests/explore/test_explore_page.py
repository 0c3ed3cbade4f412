"""The page as people use it, in Chromium, from disk: it opens, sorts, filters, and keeps everything on one source."""

import csv
import io
import re

import numpy as np
import pytest
from fake_explore import BANDS, CORNER, NASTY, build, shade

READY = "document.body.dataset.ready"
CELLS = """
const root = document.querySelector("#table > *").shadowRoot;
const rows = [...root.querySelectorAll(".slick-row")].map((row) => [parseFloat(row.style.top), row]);
const panes = new Map();
for (const [top, row] of rows) {
  const cells = [...row.querySelectorAll(".slick-cell")].map((cell) => cell.textContent);
  panes.set(top, [...(panes.get(top) ?? []), ...cells]);
}
return [...panes.entries()].sort((a, b) => a[0] - b[0]).map(([, cells]) => cells);
"""
HEAD = """
const heads = [...document.querySelector("#table > *").shadowRoot.querySelectorAll(".slick-header-column")];
const box = heads.find((head) => head.textContent.trim() === arguments[0]).getBoundingClientRect();
return [box.x + 20, box.y + box.height / 2];
"""
SHOWN = "return document.getElementById('source').hidden ? null : document.getElementById('name').textContent"


@pytest.fixture
def page(chromium, tile):
    """The browser with the tile's page open."""
    chromium.open(tile.page, READY)
    return chromium


def screen(page, x, y):
    """Window position of a full-frame pixel."""
    left, top, _, _ = page.box("#sky")
    dx, dy = page.js("return swath.page.view.toScreen(arguments[0], arguments[1])", float(x), float(y))
    return left + dx, top + dy


def lone(tile, distance=40):
    """Rows of fitted sources that are far from all others and from the edge, brightest first."""
    apart = np.hypot(tile.x[:, None] - tile.x, tile.y[:, None] - tile.y) + np.eye(len(tile.x)) * 1e3
    good = (apart.min(axis=1) > distance) & tile.table["x_pix_fit"].notna().to_numpy()
    edge = np.minimum(tile.x - CORNER[0], tile.y - CORNER[1]) < 30
    rows = np.flatnonzero(good & ~edge)
    return rows[np.argsort(-tile.table["FLUX_r_fit"].to_numpy()[rows])]


def test_page_opens_without_a_word_and_asks_for_nothing_but_itself(page, tile):
    assert page.messages() == []
    assert page.requests() == [tile.page.resolve().as_uri()]
    assert page.text("#count") == "60 of 60 sources"
    assert page.js("return document.title") == "tile é: catalogue"
    assert page.js("return document.getElementById('image').naturalWidth") == 400


def test_page_names_no_other_address(tile):
    """Also where a browser would fetch only later: sources, links and style sheets."""
    html = tile.page.read_text(encoding="utf-8")
    outside = re.sub(r"<script[^>]*>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", outside)
    assert "@import" not in outside
    assert not re.search(r"<script[^>]+src=|<link[^>]+stylesheet", html.split("<script", 1)[0])


def test_ids_are_shown_to_the_letter_and_not_run(page):
    found = [row[0] for row in page.js(CELLS)]
    assert found[: len(NASTY)] == list(NASTY)
    assert page.js("return document.title") == "tile é: catalogue"


def test_text_of_others_is_shown_in_the_panel_and_not_run(page):
    page.js("swath.page.select(2)")
    assert page.text("#name") == NASTY[2]
    page.js("swath.page.select(13)")
    assert "<i>singular</i>" in page.text("#detail")
    assert page.js("return document.querySelectorAll('#detail header i, #detail header img').length") == 0
    page.js("for (const d of document.querySelectorAll('#tail details')) d.open = true")
    page.settle()
    assert page.js("return document.title") == "tile é: catalogue"
    assert page.messages() == []


def test_a_click_on_the_head_sorts_and_missing_values_stay_last(page, tile):
    place = page.js(HEAD, "MAG_r")
    order = "return [...swath.page.tableView.data.index]"
    magnitudes = tile.table["MAG_r_fit"].to_numpy()
    for sign in (1, -1):
        page.click(*place)
        page.settle()
        found = magnitudes[page.js(order)]
        known = np.isfinite(found)
        assert known[: known.sum()].all()
        assert (np.diff(sign * found[known]) >= 0).all()
    assert not known.all()


def test_ids_sort_by_the_numbers_in_them(page):
    page.click(*page.js(HEAD, "ID"))
    page.settle()
    ids = [row[0] for row in page.js(CELLS)]
    assert (
        ids.index("8647475119820964043") < ids.index("8647475119820964044") < ids.index("S00008") < ids.index("S00009")
    )


def test_markers_lie_on_their_stars(chromium, tile, tmp_path):
    """In the picture of the window: the light of a star, and the selected star's ring, are around the same place."""
    page = chromium
    page.open(tile.page, READY)
    page.js("document.getElementById('marked').click()")
    for row in lone(tile)[:3]:
        page.js(
            "swath.page.select(-1); swath.page.view.reset(); swath.page.view.centre(arguments[0], arguments[1])",
            tile.x[row] + 9,
            tile.y[row] - 7,
        )
        x, y = screen(page, tile.x[row], tile.y[row])
        scale = page.js("return swath.page.view.scale()")
        light = window(page.picture(), x, y, 7 * scale)
        weight = np.maximum(light.sum(axis=2).astype(float) - 250, 0)
        assert np.hypot(*offset(weight, x, y)) / scale < 0.5  # of a pixel
        page.js("swath.page.select(arguments[0])", int(row))
        x, y = screen(page, tile.x[row], tile.y[row])
        ring = window(page.picture(), x, y, 30)
        white = (ring.min(axis=2) > 235).astype(float)
        distance = np.hypot(*(grid + 0.5 - 30 for grid in np.indices(white.shape)))
        white[distance < 14] = 0  # the star's own core
        assert white.sum() > 40
        assert np.hypot(*offset(white, x, y)) / scale < 0.5


def window(picture, x, y, reach):
    """Pixels of a screenshot around a place."""
    x0, y0, side = round(x - reach), round(y - reach), round(2 * reach)
    return picture[y0 : y0 + side, x0 : x0 + side]


def offset(weight, x, y):
    """Centroid of a `window` about its place [screen pixels]."""
    reach = len(weight) / 2
    yy, xx = np.indices(weight.shape) + 0.5
    return (
        (xx * weight).sum() / weight.sum() + round(x - reach) - x,
        (yy * weight).sum() / weight.sum() + round(y - reach) - y,
    )


def test_a_click_on_a_marker_selects_the_source_and_its_row(page, tile):
    row = int(lone(tile)[-1])
    page.click(*screen(page, tile.x[row], tile.y[row]))
    page.settle()
    assert page.js(SHOWN) == tile.table["ID"][row]
    assert page.js("return [...swath.page.rows.selected.indices]") == [row]
    assert tile.table["ID"][row] in [cells[0] for cells in page.js(CELLS)]  # scrolled into view


def test_a_click_on_nothing_closes_the_panel(page, tile):
    page.js("swath.page.select(0); swath.page.view.reset()")
    assert page.js(SHOWN) == NASTY[0]
    left, top, _, height = page.box("#sky")
    page.click(left + 30, top + height / 2)
    assert page.js(SHOWN) is None


def test_a_click_on_a_row_shows_the_source_in_the_middle_of_the_picture(page, tile):
    left, top, _, _ = page.box("#table")
    page.click(left + 60, top + 30 + 25 * 5 + 12)
    page.settle()
    assert page.js(SHOWN) == NASTY[5]
    x, y = screen(page, tile.x[5], tile.y[5])
    box = page.box("#sky")
    assert x == pytest.approx(box[0] + box[2] / 2, abs=1)
    assert y == pytest.approx(box[1] + box[3] / 2, abs=1)


def test_arrows_move_through_the_table_as_it_is_sorted_and_filtered(page, tile):
    page.write("#filter", "flag POOR_FIT")
    page.keys("Enter")
    page.js("document.getElementById('filter').blur()")
    page.click(*page.js(HEAD, "MAG_r"))
    page.keys("ArrowDown")
    order = page.js("return [...swath.page.tableView.data.index]")
    seen = [page.js(SHOWN)]
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keys(key)
        seen.append(page.js(SHOWN))
    ids = [tile.table["ID"][row] for row in order]
    assert seen == [ids[0], ids[1], ids[2], ids[1]]
    page.keys("Escape")
    assert page.js(SHOWN) is None


def test_stamps_are_those_of_the_source(page, tile):
    """The page finds kind, band and slot in the sheet: each tile has the shade that it was given."""
    row = 29  # the fifth of the second patch
    page.js("swath.page.select(arguments[0])", row)
    page.wait("document.getElementById('sheet').naturalWidth > 0")
    rows = np.flatnonzero(tile.table["patch_tag"] == tile.table["patch_tag"][row])
    slot = int(np.flatnonzero(rows == row)[0])
    picture = page.picture()
    boxes = page.js(
        "const box = (s) => { const b = s.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; };"
        "const figures = [...document.querySelectorAll('#stamps figure')];"
        "return figures.map((figure) => [...figure.querySelectorAll('.stamp')].map(box));"
    )
    assert len(boxes) == len(BANDS)
    for band, stamps in enumerate(boxes):
        for kind, (x, y, width, height) in enumerate(stamps):
            inside = picture[round(y + 1) : round(y + height - 1), round(x + 1) : round(x + width - 1)]
            assert inside.min() == inside.max() == round(shade(slot, kind, band) * 255 / 127)
    assert page.messages() == []


def test_a_missing_sheet_is_said(chromium, tmp_path):
    made = build(tmp_path, 12, 100)
    made.make()
    for sheet in (tmp_path / "explore/stamps").glob("*.png"):
        sheet.unlink()
    chromium.open(made.page, READY)
    chromium.js("swath.page.select(1)")
    chromium.wait("document.getElementById('stamps').innerText.includes('is not beside this page')")


def test_panel_gives_fluxes_flags_and_the_reason_of_a_missing_fit(page, tile):
    page.js("swath.page.select(40)")
    text = page.text("#detail")
    assert "POOR_FIT" in text
    assert "chi2 per pixel of the core is above fit.poor_fit_chi2 in at least one band" in text
    assert f"{tile.table['MAG_r_fit'][40]:.3f} ± {tile.table['MAGERR_r_fit'][40]:.3f}" in text
    chips = "return [...document.querySelectorAll('#head .flag')].map((chip) => [chip.textContent, chip.title])"
    assert page.js(chips) == [
        ["BLENDED", page.js("return swath.page.data.flags.find((flag) => flag.name === 'BLENDED').meaning")],
        ["POOR_FIT", "chi2 per pixel of the core is above fit.poor_fit_chi2 in at least one band"],
    ]
    page.js("swath.page.select(6)")
    assert "excluded: crop" in page.text("#detail")
    assert "No stamps" in page.text("#detail")
    page.js("swath.page.select(44)")
    assert "> 22.50" in page.text("#detail")


def test_spectrum_can_be_shown_as_magnitude_or_flux(page, tile):
    page.js("swath.page.select(8)")
    points = "return [...Bokeh.documents[0].get_model_by_name('points').data.y]"
    assert page.js(points) == pytest.approx([tile.table[f"MAG_{band}_fit"][8] for band in BANDS], rel=1e-6)
    page.js("document.querySelector('#unit button[value=flux]').click()")
    assert page.js(points) == pytest.approx([tile.table[f"FLUX_{band}_fit"][8] for band in BANDS], rel=1e-6)


def test_colours_can_follow_type_or_flag(page, tile):
    def legend():
        return page.text("#legend").split("\n") if "\n" in page.text("#legend") else page.text("#legend")

    assert "star" in str(legend())
    for value, wanted in (("flags", "no flag"), ("POOR_FIT", "without")):
        page.js(
            "const s = document.getElementById('colour'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))",
            value,
        )
        assert wanted in str(legend())
    flagged = (tile.table["fit_flags"] & 262144 > 0).to_numpy()
    colours = np.array(page.js("return [...Bokeh.documents[0].get_model_by_name('marks').data.colour]"))
    assert len(set(colours[flagged])) == len(set(colours[~flagged])) == 1
    assert set(colours[flagged]) != set(colours[~flagged])


def test_wheel_and_drag_move_the_picture_and_reset_brings_it_back(page):
    view = "return [swath.page.plot.x_range.start, swath.page.plot.x_range.end, swath.page.plot.y_range.start]"
    whole = page.js(view)
    left, top, width, height = page.box("#sky")
    page.wheel(left + width / 2, top + height / 2, -400)
    page.wait(f"swath.page.plot.x_range.start > {whole[0]} + 5")
    zoomed = page.js(view)
    page.drag((left + 300, top + 200), (left + 380, top + 200))
    page.wait(f"swath.page.plot.x_range.start < {zoomed[0]} - 1")
    assert page.js(SHOWN) is None  # a drag is no click
    edges = page.js("const b = document.getElementById('image').getBoundingClientRect(); return [b.x, b.width]")
    expected = screen(page, CORNER[0] - 0.5, 0)[0]
    assert edges[0] == pytest.approx(expected, abs=0.5)
    page.js("document.getElementById('reset').click()")
    assert page.js(view) == pytest.approx(whole)


def test_hover_tells_the_place_on_the_sky_and_the_source(page, tile):
    row = int(lone(tile)[0])
    page.move(*screen(page, tile.x[row], tile.y[row]))
    text = page.text("#readout")
    ra, dec = (float(v.replace("−", "-")) for v in re.match(r"RA (\S+)\s+DEC (\S+)", text).groups())
    from astropy.wcs import WCS
    from fake_explore import header

    true_ra, true_dec = WCS(header()).all_pix2world(tile.x[row], tile.y[row], 0)
    pixel = 1.02e-4 / page.js("return swath.page.view.scale()")
    assert abs(ra - true_ra) < 2 * pixel
    assert abs(dec - true_dec) < 2 * pixel
    assert tile.table["ID"][row] in page.text("#tip")


def test_export_holds_the_filtered_ids_in_the_order_of_the_table(page, tile):
    page.write("#filter", "MAG_r < 19")
    page.keys("Enter")
    page.click(*page.js(HEAD, "MAG_r"))
    text = page.js("return swath.csv(swath.page.columns, swath.page.tableView.data.index)")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    bright = tile.table[tile.table["MAG_r_fit"] < 19].sort_values("MAG_r_fit")
    assert [row["ID"] for row in rows] == list(bright["ID"])
    assert [float(row["RA"]) for row in rows] == pytest.approx(list(bright["RA_fit"]), rel=1e-12)


def test_export_button_saves_a_file(chromium, tile, tmp_path):
    chromium.open(tile.page, READY)
    chromium.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    chromium.js("document.getElementById('export').click()")
    for _ in range(100):
        if saved := [path for path in tmp_path.iterdir() if path.suffix == ".csv"]:
            break
        chromium.settle()
    assert saved[0].read_text(encoding="utf-8").startswith("ID,RA,DEC\n")


def test_flags_and_type_are_seen_without_scrolling(page):
    page.js("swath.page.select(40)")
    left, top, width, height = page.box("#head .flag:last-child")
    assert top + height < 130
    assert left + width < 1400


def test_a_narrow_window_shows_all_columns_by_scrolling_the_table(chromium, tile):
    chromium.open(tile.page, READY, (800, 900))
    chromium.js("swath.page.select(40)")
    table, card = chromium.box("#table > *"), chromium.box("#list")
    assert table[0] + table[2] <= card[0] + card[2]  # beyond it its scroll bars would be cut off
    assert table[1] + table[3] <= card[1] + card[3]
    root = "document.querySelector('#table > *').shadowRoot"
    find = f"const box = {root}.querySelector('.slick-viewport-top.slick-viewport-right');"
    assert chromium.js(find + "box.scrollLeft = 1e5; return box.scrollLeft") > 300
    chromium.settle()
    heads = f"return [...{root}.querySelectorAll('.slick-header-column')]"
    last = chromium.js(heads + ".map((head) => [head.textContent.trim(), head.getBoundingClientRect().x]).at(-1)")
    assert last[0] == "flags"
    assert last[1] < card[0] + card[2] - 60
    tops = chromium.js(
        "return [...document.querySelectorAll('#stamps figure')].map((f) => f.getBoundingClientRect().y)"
    )
    assert len(set(tops)) == 1  # all bands side by side


@pytest.mark.parametrize("size", [(1400, 900), (1000, 700), (800, 900)])
def test_nothing_lies_over_another(chromium, tile, size):
    chromium.open(tile.page, READY, size)
    boxes = {name: chromium.box(name) for name in ("#field", "#legend", "#list", "#detail", "body > header")}
    names = list(boxes)
    for i, a in enumerate(names):
        left, top, width, height = boxes[a]
        assert left >= 0
        assert top >= 0
        assert left + width <= size[0]
        assert top + height <= size[1]
        for b in names[i + 1 :]:
            x, y, w, h = boxes[b]
            assert left + width <= x + 0.5 or x + w <= left + 0.5 or top + height <= y + 0.5 or y + h <= top + 0.5


def test_single_band_tiles_and_colours_open_too(chromium, tmp_path):
    made = build(tmp_path, 20, 120, ("u", "g", "m400-w"), multi_band=False)
    made.make(rgb=("m400-w", "g", "u"), wavelengths=(354, 477, 400))
    chromium.open(made.page, READY)
    chromium.js("swath.page.select(2)")
    chromium.write("#filter", "MAG_m400-w < 20 and chi2_m400-w > 1 and x_pix_g > 0")
    chromium.keys("Enter")
    assert chromium.text("#message") == ""
    wanted = (made.table["MAG_m400-w_fit"] < 20) & (made.table["CHI2_m400-w"] > 50)
    assert chromium.text("#count") == f"{wanted.sum()} of 20 sources"
    assert chromium.messages() == []


def test_one_source_is_enough(chromium, tmp_path):
    made = build(tmp_path, 1, 64, ("g",))
    made.make()
    chromium.open(made.page, READY)
    assert chromium.text("#count") == "1 of 1 sources"
    chromium.js("swath.page.select(0)")
    assert chromium.messages() == []
