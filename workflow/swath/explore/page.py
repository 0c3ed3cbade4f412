"""The page of a tile: one HTML file that holds its data, its picture and its libraries; the stamps lie beside it."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.resources import Resources
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ..config.explore import Explore
from ..files import read_json, write_text
from ..flags import FIT_FLAGS
from ..merge.files import Facts, read_catalog
from .picture import Picture, draw_picture, encode, sky_grid
from .plots import plots
from .table import PageColumn, PageTable, encoded, packed, page_table

HERE = Path(__file__).parent
SCRIPTS = ("data", "hints", "filter", "sky", "view", "detail", "catalog", "app")
MOST_BANDS = 8  # shown in the table; the others are in the panel and can be filtered by


def make_page(
    tile: str,
    catalog: str | Path,
    white: str | Path,
    frames: Sequence[str | Path],
    indices: Sequence[str | Path],
    output: str | Path,
    settings: Explore,
) -> None:
    """Write the page.

    Parameters
    ----------
    catalog : the tile's Parquet file. white : `white/white.fits`. frames : those of `explore.rgb`, red first.
    indices : the JSON file beside every sheet of stamps. output : `explore/index.html`; stamps are looked for in
        `stamps/` beside it.
    """
    rows, facts = read_catalog(catalog)
    table = page_table(rows, facts.bands, facts.multi_band)
    picture = draw_picture(white, frames, settings)
    grid = sky_grid(white, picture.extent)
    data = {
        **_facts(tile, table, facts, settings),
        "picture": {"extent": picture.extent, "block": picture.block},
        "sky": {"nodes": len(grid), **packed(grid.ravel())},
        "stamps": stamp_places(indices, len(rows), len(facts.bands)),
    }
    write_text(output, _html(tile, data, table, facts, picture, settings))


def stamp_places(indices: Sequence[str | Path], count: int, bands: int) -> dict[str, Any]:
    """Which sheet and block hold each of `count` sources (sheet -1: none), and the ends of their scales."""
    sheet, slot = np.full(count, -1, "i4"), np.zeros(count, "i4")
    ends = np.full((count, bands, 2), np.nan, "f4")
    sheets, side = [], 0
    for path in indices:
        index = read_json(path)
        rows, side = index["rows"], index["side"]
        sheet[rows], slot[rows] = len(sheets), np.arange(len(rows))
        if rows:
            ends[rows] = index["ends"]
        sheets.append({"tag": index["patch"], "columns": index["columns"]})
    places = {"sheet": sheet, "slot": slot, "ends": ends.ravel()}
    return {"side": side, "sheets": sheets} | {name: packed(values) for name, values in places.items()}


def shown_columns(table: PageTable, bands: Sequence[str]) -> list[PageColumn]:
    """Columns of the page's table: identity, place, brightness in some bands, quality."""
    named = {column.name: column for column in table.columns}
    step = max(1, -(-len(bands) // MOST_BANDS))
    calibrated = any(np.isfinite(named[f"MAG_{band}_fit"].values).any() for band in bands if f"MAG_{band}_fit" in named)
    bright = [f"{'MAG' if calibrated else 'FLUX'}_{band}_fit" for band in bands[::step]]
    wanted = ["ID", "type", "status", *bright, "chi2", "Re_fit", "RA", "DEC", "flags"]
    return [named[name] for name in wanted if name in named]


def _facts(tile: str, table: PageTable, facts: Facts, settings: Explore) -> dict[str, Any]:
    shown = shown_columns(table, facts.bands)
    return {
        "tile": tile,
        "bands": facts.bands,
        "wavelengths": settings.wavelengths,
        "zp_ref": facts.zp_ref,
        "flags": [flag._asdict() for flag in FIT_FLAGS],
        "columns": [encoded(column) for column in table.columns],
        "shown": [column.name for column in shown],
        **plots(shown, facts.bands, settings.wavelengths),
    }


def _html(tile: str, data: dict, table: PageTable, facts: Facts, picture: Picture, settings: Explore) -> str:
    count, bands = len(table.columns[0].values), len(facts.bands)
    left, right, bottom, top = picture.extent
    # In a script element only "<" could end or change what is read as JSON.
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_part("body.html"))
    return template.render(
        tile=tile,
        summary=f"{bands} band{'s' * (bands != 1)} · {right - left:.0f} × {top - bottom:.0f} pix",
        counted=f"{count:,} source{'s' * (count != 1)}",
        example=examples(facts.bands)[1][0],
        examples=examples(facts.bands),
        picture_text=" ".join(settings.rgb) + " as red, green, blue" if settings.rgb else "white stack",
        picture=base64.b64encode(encode(picture.colours)).decode(),
        columns=table.columns,
        left_out=table.left_out,
        data=Markup(body),
        style=Markup(_part("style.css")),
        libraries=[Markup(library) for library in _libraries()],
        script=Markup("\n".join(_part(f"{name}.js") for name in SCRIPTS)),
    )


def examples(bands: Sequence[str]) -> list[tuple[str, str]]:
    """Filters to learn from, with what each of them finds."""
    first, band = bands[0], bands[len(bands) // 2]
    return [
        ("P0001", "sources whose ID holds these letters"),
        (f"MAG_{band} < 20 and chi2_{band} > 3", "bright and badly fitted"),
        ("type = dev or type = exp", "by fitted model; TYPE is the input's"),
        ("flag POOR_FIT", "the flag is set; not flag BLENDED: it is not"),
        (f"18 < MAG_{band} < 19.5", "between two values"),
        (f"MAG_{first} - MAG_{band} > 2.5", "colours: + - * / abs sqrt log10"),
        ('status != "fitted"', "sources without a good fit; their reason is in the panel"),
        (f"SNR_{band} > 10 and (chi2 < 1.5 or injected)", "brackets, and columns that are true or false"),
        ("ID ~ 17", "a part of a text"),
        (f"MAG_{band} = nan", "values that are missing"),
    ]


def _libraries() -> list[str]:
    """Bokeh's scripts for plots and tables."""
    components = ["bokeh", "bokeh-widgets", "bokeh-tables"]
    resources = Resources(mode="inline", minified=True, components=components, log_level="warn")
    return [text.replace("</script", "<\\/script") for text in resources.js_raw]


def _part(name: str) -> str:
    return (HERE / f"page_{name}").read_text(encoding="utf-8")
