"""A configuration as YAML for people: model order, one line per key, comments on request."""

import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from .base import Section
from .keys import items_of, section_of

INDENT = "  "
WIDTH = 120
COLUMN = 32


def render(section: Section, comments: bool = False, indent: str = "") -> str:
    """The section as YAML text that loads to exactly this section; with `comments`, a sentence at every key."""
    return "\n".join(_lines(section, comments, indent)) + "\n"


def flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, Section):
        given = {name: item for name, item in value if item is not None and item != ()}
        pairs = ", ".join(f"{name}: {flow(item)}" for name, item in given.items())
        plain = next(iter(type(value).model_fields))
        return flow(given[plain]) if list(given) == [plain] else f"{{{pairs}}}"
    return _scalar(value)


def _scalar(value: Any) -> str:
    import yaml

    style = None
    if isinstance(value, str):
        style = '"' if not value.isprintable() else "'" if _read_otherwise(value) else None
    # Dumped within a list, so that commas and brackets in the text are quoted.
    text = yaml.safe_dump(
        [value], default_flow_style=True, default_style=style, width=float("inf"), allow_unicode=style != '"'
    )
    return text.strip()[1:-1]


def _read_otherwise(text: str) -> bool:
    """Is the text something else to some YAML reader (1e-6 a number, y a truth value)?"""
    if text.lower() in ("y", "n"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(section: Section, comments: bool, indent: str) -> Iterator[str]:
    after_section = False
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if comments and after_section and not section_of(field):
            yield ""
        if after_section := section_of(field) is not None:
            yield from _heading(value, name, comments, indent)
            yield from _lines(value, comments, indent + INDENT)
        elif items_of(field) and value:
            yield f"{indent}{name}:"
            yield from (f"{indent}{INDENT}- {flow(item)}" for item in value)
        else:
            line = f"{indent}{name}: {flow(value)}"
            yield from _commented(line, comment(field), indent) if comments else [line]


def _commented(line: str, text: str, indent: str) -> Iterator[str]:
    beside = f"{line:<{COLUMN}}  # {text}"
    if len(beside) <= WIDTH:
        yield beside
    else:
        yield from textwrap.wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        yield line


def _heading(value: Section, name: str, comments: bool, indent: str) -> Iterator[str]:
    if comments:
        yield ""
        yield f"{indent}# {type(value).__doc__.splitlines()[0]}"
    yield f"{indent}{name}:"


def comment(field: FieldInfo) -> str:
    """The key's choices, effect and unit."""
    from .keys import expected

    unit = field.json_schema_extra.get("unit", "")
    choices = (
        expected(field).removeprefix("one of ").replace(", ", " | ") if expected(field).startswith("one of ") else ""
    )
    return (f"{choices}: " if choices else "") + field.description + (f" [{unit}]" if unit else "")
