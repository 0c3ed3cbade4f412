"""What Bokeh draws on the page: the table, the markers over the picture, and the spectral energy distribution.

The models are empty: the page's script fills them from its own data.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.models import (
    CDSView,
    ColumnDataSource,
    DataTable,
    FixedTicker,
    HoverTool,
    IndexFilter,
    InlineStyleSheet,
    LinearAxis,
    Model,
    NumberFormatter,
    PanTool,
    Plot,
    Range1d,
    Scatter,
    Segment,
    StringFormatter,
    TableColumn,
    WheelZoomTool,
)

from .table import PageColumn

TABLE_STYLE = """
:host { font: 12.5px/1.4 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.slick-header-column { background: #f2f4f6 !important; color: #4a5361; border-color: #e3e6ea !important; }
.slick-header-column:hover { background: #e8edf3 !important; }
.slick-cell { border-color: #eef0f2 !important; padding: 2px 6px !important; font-variant-numeric: tabular-nums; }
.slick-row.odd { background: #fafbfc; }
.slick-row:hover { background: #f0f5fb; }
.slick-cell.selected, .bk-data-table .slick-cell.selected { background: #d6e6f8 !important; }
.slick-cell.active { border-color: transparent !important; }
"""
SOFT, LINE = "#667080", "#e3e6ea"
FORMATS = {"RA": "0.000000", "DEC": "0.000000", "x": "0.0", "y": "0.0"}
WIDTHS = {"RA": 92, "DEC": 88, "type": 76, "status": 92, "chi2": 60}
WIDEST = {"flags": 360}


def plots(shown: Sequence[PageColumn], bands: Sequence[str], wavelengths: Sequence[float] | None) -> dict[str, Any]:
    """The page's Bokeh document as JSON, and which of its roots goes into which element: `plots` and `roots`."""
    document = Document()
    filtered = IndexFilter(name="filter")
    roots = {
        "plot": _field(filtered),
        "table": _table(filtered, shown),
        "sed": _spectrum(bands, wavelengths),
    }
    for root in roots.values():
        document.add_root(root)
    return {
        "plots": json.loads(serialize_json(document.to_json())),
        "roots": {root.id: element for element, root in roots.items()},
    }


def _table(filtered: IndexFilter, shown: Sequence[PageColumn]) -> Model:
    return DataTable(
        source=_source("rows", *(column.name for column in shown)),
        view=CDSView(filter=filtered),
        columns=[_column(column) for column in shown],
        name="grid",
        index_position=None,
        autosize_mode="none",
        frozen_columns=1,
        multi_selectable=False,
        reorderable=False,
        row_height=25,
        sizing_mode="stretch_both",
        stylesheets=[InlineStyleSheet(css=TABLE_STYLE)],
    )


def _column(column: PageColumn) -> TableColumn:
    if column.kind == "number":
        form = FORMATS.get(column.name, "0.000" if column.unit == "mag" else "0.00")
        formatter = NumberFormatter(format=form, text_align="right", nan_format="–")
        width = WIDTHS.get(column.name, 78)
    else:
        longest = max((len(text) for text in column.values), default=0) if column.kind == "text" else 5
        most = WIDEST.get(column.name, 190)
        formatter, width = StringFormatter(), WIDTHS.get(column.name, int(np.clip(8 * longest + 20, 70, most)))
    return TableColumn(field=column.name, title=column.name.removesuffix("_fit"), formatter=formatter, width=width)


def _field(filtered: IndexFilter) -> Model:
    """Markers on nothing: the picture lies behind, and follows these ranges.

    They have a source of their own: one with selected rows would be drawn with other glyphs.
    """
    wheel = WheelZoomTool(speed=1 / 400)
    plot = _bare(Range1d(0, 1), Range1d(0, 1), name="plot", tools=[PanTool(), wheel])
    plot.toolbar.active_scroll = wheel
    marker = Scatter(x="x", y="y", marker="shape", line_color="colour", fill_color=None, line_width=1.4, size=9)
    plot.add_glyph(_source("marks", "x", "y", "shape", "colour"), marker, view=CDSView(filter=filtered), name="markers")
    ring = Scatter(x="x", y="y", line_color="white", fill_color=None, line_width=2.2, size=20)
    plot.add_glyph(_source("chosen", "x", "y"), ring, name="ring")
    return plot


def _spectrum(bands: Sequence[str], wavelengths: Sequence[float] | None) -> Model:
    """Flux or magnitude against wavelength, or against the bands side by side."""
    place = list(wavelengths) if wavelengths else list(range(len(bands)))
    margin = 0.06 * (max(place) - min(place)) or 0.5
    source = _source("points", "x", "y", "low", "high", "shape", "band", "text")
    plot = _bare(Range1d(min(place) - margin, max(place) + margin), Range1d(0, 1), name="sed")
    labels = dict(zip(place, bands, strict=True))
    style = {"axis_line_color": LINE, "major_tick_line_color": LINE, "minor_tick_line_color": None}
    style |= {"major_label_text_color": SOFT, "major_label_text_font_size": "11px", "axis_label_text_color": SOFT}
    style |= {"axis_label_text_font_size": "11px", "axis_label_text_font_style": "normal"}
    below = LinearAxis(
        ticker=FixedTicker(ticks=place),
        major_label_overrides=labels,
        major_label_orientation="horizontal" if len(bands) <= 10 else "vertical",
        axis_label="band, at its effective wavelength" if wavelengths else "band",
        **style,
    )
    plot.add_layout(below, "below")
    plot.add_layout(LinearAxis(name="sed_y", **style), "left")
    plot.add_glyph(source, Segment(x0="x", x1="x", y0="low", y1="high", line_color="#2563a8", line_width=1.5))
    points = Scatter(x="x", y="y", marker="shape", size=8, line_color="#2563a8", fill_color="white", line_width=1.8)
    marks = plot.add_glyph(source, points)
    plot.add_tools(HoverTool(renderers=[marks], tooltips=[("@band", "@text")]))
    return plot


def _source(name: str, *columns: str) -> ColumnDataSource:
    return ColumnDataSource({column: [] for column in columns}, name=name)


def _bare(x_range: Model, y_range: Model, **options: Any) -> Plot:
    return Plot(
        x_range=x_range,
        y_range=y_range,
        toolbar_location=None,
        sizing_mode="stretch_both",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        min_border=0,
        **options,
    )
