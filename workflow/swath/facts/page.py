"""Tables as one plain page: no script, nothing to load, fit to print."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from .tables import Cell, Table

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1f24; background: #fff; max-width: 72rem; margin: 1.5rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
p { margin: .3rem 0; color: #57606a; } nav a { margin-right: 1rem; color: #0550ae; }
table { border-collapse: collapse; font-size: .9rem; } div { overflow-x: auto; } img { max-width: 100%; }
th, td { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #d8dee4; }
th { border-bottom: 2px solid #8c959f; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
@media print { nav { display: none; } body { font-size: 10px; max-width: none; margin: 0; }
  h2, tr { break-inside: avoid; } h2 { break-after: avoid; } }
"""


def page(title: str, subtitle: str, tables: Sequence[Table], pictures: Sequence[tuple[str, bytes]] = ()) -> str:
    """The whole HTML document; pictures (caption, PNG) stand behind the first table."""
    links = "".join(f'<a href="#{_anchor(table)}">{escape(table.title)}</a>' for table in tables)
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head>',
        f"<body><h1>{escape(title)}</h1><p>{escape(subtitle)}</p><nav>{links}</nav>",
        *map(_section, tables[:1]),
        *(_picture(*picture) for picture in pictures),
        *map(_section, tables[1:]),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _section(table: Table) -> str:
    wide = [all(_numeric(row[i]) for row in table.rows) and bool(table.rows) for i in range(len(table.header))]
    head = "".join(_cell("th", name, right) for name, right in zip(table.header, wide, strict=True))
    rows = "\n".join(
        f"<tr>{''.join(_cell('td', cell, right) for cell, right in zip(row, wide, strict=True))}</tr>"
        for row in table.rows
    )
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    heading = f'<h2 id="{_anchor(table)}">{escape(table.title)}</h2>'
    return f"{heading}\n<div><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>{note}"


def _picture(caption: str, png: bytes) -> str:
    data = b64encode(png).decode()
    return f'<p><img src="data:image/png;base64,{data}" alt="{escape(caption)}"></p>'


def _cell(kind: str, value: Cell, right: bool) -> str:
    text = "" if value is None else str(value)
    return f"<{kind}{' class=n' if right else ''}>{escape(text)}</{kind}>"


def _numeric(value: Cell) -> bool:
    """Numbers, percentages, and what stands for none of them."""
    text = "" if value is None else str(value)
    text = text.removesuffix(" %").lstrip("+-").replace(".", "", 1)
    return text in ("", "–") or text.isdecimal()


def _anchor(table: Table) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in table.title.lower())
